//! Field values of a span or event into [`Fields`]: what each means.

use std::fmt::Debug;

use tracing_core::field::{Field, Visit};

use crate::event::limits::{ENTRY_IDS_MAX, bounded};
use crate::event::packed::{Encoded, PackedIds, ValueRef, write_id};
use crate::event::{Status, duration_ns_from_ms};

use super::callsite::{IdField, Slot};
use super::fields::Fields;
use super::local;
use super::meaning::Meaning;
use super::reading::{Read, read, read_into};

/// Records the fields of one callsite. As a visitor, which is for spans and events
/// that begin, it formats user values, so it must not visit while a lock is held;
/// applying what was read is harmless.
pub(super) struct FieldRecorder<'a> {
    pub(super) meanings: &'a [Meaning],
    pub(super) fields: &'a mut Fields,
    pub(super) notes: Notes,
}

/// What was noticed while fields were recorded.
#[derive(Default)]
pub(super) struct Notes {
    /// The span is open already: values replace earlier ones.
    pub(super) is_later: bool,
    /// Identity fields that were set on an open span, as bits, and those of them
    /// that nobody had set before.
    pub(super) identities: u8,
    pub(super) were_absent: u8,
    /// What the program stated of the outcome.
    pub(super) stated: Option<Status>,
    pub(super) stated_error: bool,
    /// What was recorded and makes no sense, for the error hook.
    pub(super) misuse: Option<Box<Misuse>>,
    /// Anything was noticed of what follows `were_absent`.
    pub(super) is_any: bool,
}

/// What was recorded and makes no sense.
pub(super) struct Misuse(pub(super) String);

impl<'a> FieldRecorder<'a> {
    /// Records the fields with which a span or event begins.
    #[inline]
    pub(super) fn new(meanings: &'a [Meaning], fields: &'a mut Fields) -> Self {
        FieldRecorder { meanings, fields, notes: Notes::default() }
    }

    /// Records what was read of the field with this index.
    pub(super) fn apply(&mut self, index: usize, read: Read<'_>) {
        match read {
            Read::Text(text) => self.debug_text(index, text),
            Read::List(ids, more) => self.list(index, ids, more),
            Read::Json(json) => self.json(index, json),
        }
    }

    /// Records a text with which a span opens. What is usual is done here, and
    /// ends with the copying.
    #[inline(always)]
    fn opening_text(&mut self, index: usize, text: &str) {
        let Some(meaning) = self.meanings.get(index) else { return };
        let start = meaning.start(self.fields.end_in_place());
        if Meaning::is_plain_from(start, text) {
            self.fields.put_plain(start, meaning, text);
        } else {
            self.text_of(meaning.slot, index, text);
        }
    }

    /// Records a value with which a span opens, as text where that is to travel.
    #[inline(always)]
    fn opening_value(&mut self, meaning: &Meaning, index: usize, value: &dyn Debug) {
        let (start, room) = self.fields.room_in_place();
        let looks_like_list = |room: &[u8]| room.first() == Some(&b'[');
        match read_into(value, room) {
            Ok(0) => self.text_of(meaning.slot, index, ""),
            Ok(len) => {
                if meaning.slot == Slot::EntryIds && looks_like_list(room) {
                    self.notes.was_given_list();
                }
                self.fields.keep_plain(start, meaning, len);
            }
            Err(elsewhere) => elsewhere.hand_on(|read| self.apply(index, read)),
        }
    }

    /// Records a text.
    pub(super) fn text(&mut self, index: usize, text: &str) {
        self.text_of(self.slot(index), index, text);
    }

    #[inline(never)]
    fn text_of(&mut self, slot: Slot, index: usize, text: &str) {
        match slot {
            Slot::Operation => self.fields.set_operation(text, true),
            Slot::OtherOperation => {
                if let Some(operation) = operation_of_other_name(text) {
                    self.fields.set_operation(operation, false);
                }
                self.metadata(index, ValueRef::Str(text));
            }
            Slot::Identity(id) => self.set_identity(id, text, true),
            Slot::OtherSession => self.set_identity(IdField::Session, text, false),
            Slot::OtherResource => self.set_identity(IdField::Resource, text, false),
            Slot::EntryIds => self.fields.set_entry_id(text, true),
            Slot::OtherEntryIds => self.fields.set_entry_id(text, false),
            Slot::Status => self.notes.status(text),
            Slot::Error => {
                self.fields.set_error(text);
                self.notes.stated_error |= !text.is_empty();
                self.notes.is_any = true;
            }
            Slot::DurationMs => self.duration_ms(text.trim().parse().unwrap_or(f64::NAN)),
            Slot::Metadata => self.metadata(index, ValueRef::Str(text)),
            Slot::Kept => self.fields.keep(index, ValueRef::Str(text)),
            Slot::Unknown => {}
        }
    }

    /// `?ids` arrives as one text, which is then one odd id.
    fn debug_text(&mut self, index: usize, text: &str) {
        if self.slot(index) == Slot::EntryIds && text.starts_with('[') {
            self.notes.was_given_list();
        }
        if self.notes.is_later {
            self.text(index, text);
        } else {
            self.opening_text(index, text);
        }
    }

    /// Records a number with which a span opens; whether that was all there is to do.
    #[inline(always)]
    fn opening_number(&mut self, index: usize, value: ValueRef<'_>) -> bool {
        match (self.slot(index), value.encoded()) {
            (Slot::Metadata, Encoded::Fixed(tag, payload)) => {
                self.fields.put_fixed(index, tag, payload)
            }
            _ => false,
        }
    }

    #[inline(never)]
    fn unusual_number<V: Into<ValueRef<'static>>>(&mut self, index: usize, value: V) {
        self.number(index, value.into());
    }

    /// Records a number or a truth value.
    pub(super) fn number(&mut self, index: usize, value: ValueRef<'_>) {
        self.number_of(self.slot(index), index, value);
    }

    #[inline(never)]
    fn number_of(&mut self, slot: Slot, index: usize, value: ValueRef<'_>) {
        match slot {
            Slot::Metadata => self.metadata(index, value),
            Slot::Kept => self.fields.keep(index, value),
            Slot::DurationMs => self.duration_ms(as_f64(value)),
            slot => self.text_of(slot, index, &number_text(value)),
        }
    }

    #[inline]
    fn slot(&self, index: usize) -> Slot {
        self.meanings.get(index).map_or(Slot::Unknown, |meaning| meaning.slot)
    }

    fn metadata(&mut self, index: usize, value: ValueRef<'_>) {
        if self.notes.is_later {
            self.fields.record_metadata(index, value);
        } else {
            self.fields.add_metadata(index, value);
        }
    }

    fn set_identity(&mut self, id: IdField, text: &str, strong: bool) {
        if self.fields.takes_identity(id, text, strong) {
            if self.notes.is_later {
                self.notes.identities |= id.bit();
                let was_absent = !self.fields.has_identity(id);
                self.notes.were_absent |= if was_absent { id.bit() } else { 0 };
            }
            self.fields.put_identity(id, text);
        }
    }

    fn duration_ms(&mut self, ms: f64) {
        let duration_ns = duration_ns_from_ms(ms);
        self.fields.set_duration(duration_ns);
        if duration_ns.is_none() {
            self.notes
                .misused("audit.duration_ms is no duration in milliseconds; left out".to_owned());
        }
    }

    fn list(&mut self, index: usize, ids: &[u8], more: u32) {
        match self.slot(index) {
            Slot::EntryIds => self.fields.set_entry_ids(ids, more, true),
            Slot::OtherEntryIds => self.fields.set_entry_ids(ids, more, false),
            slot => {
                let items: Vec<_> = PackedIds(ids).collect();
                let json = serde_json::to_string(&items).unwrap_or_default();
                match slot {
                    Slot::Metadata => self.metadata(index, ValueRef::Json(&json)),
                    Slot::Kept => self.fields.keep(index, ValueRef::Json(&json)),
                    _ => self.text(index, &json),
                }
            }
        }
    }

    fn entry_ids(&mut self, ids: &[String], strong: bool) {
        let mut packed = Vec::new();
        let (ids, more) = ids.split_at(ids.len().min(ENTRY_IDS_MAX));
        ids.iter().for_each(|id| write_id(&mut packed, &bounded(id)));
        self.fields.set_entry_ids(&packed, more.len() as u32, strong);
    }

    fn json(&mut self, index: usize, json: &str) {
        match self.slot(index) {
            Slot::Metadata => self.metadata(index, ValueRef::Json(json)),
            Slot::Kept => self.fields.keep(index, ValueRef::Json(json)),
            slot @ (Slot::EntryIds | Slot::OtherEntryIds) => {
                match serde_json::from_str::<Vec<String>>(json) {
                    Ok(ids) => self.entry_ids(&ids, slot == Slot::EntryIds),
                    Err(_) => self.text(index, json),
                }
            }
            _ => self.text(index, json),
        }
    }
}

impl Notes {
    /// Notes that success was stated.
    #[inline(always)]
    pub(super) fn succeeded(&mut self) {
        self.stated = Some(Status::Success);
        self.is_any = true;
    }

    fn status(&mut self, text: &str) {
        match Status::parse(text) {
            Some(status) => {
                self.stated = Some(status);
                self.is_any = true;
            }
            None => self.unknown_status(text),
        }
    }

    #[cold]
    #[inline(never)]
    fn was_given_list(&mut self) {
        self.misused(
            "audit.entry_ids was given as text that looks like a list, which is kept as one id; \
             write `audit.entry_ids = tracing_audit::list(&ids)`"
                .to_owned(),
        );
    }

    #[cold]
    fn misused(&mut self, message: String) {
        self.misuse = Some(Box::new(Misuse(message)));
        self.is_any = true;
    }

    #[cold]
    #[inline(never)]
    fn unknown_status(&mut self, text: &str) {
        self.misused(format!(
            "audit.status {text:?} is none of SUCCESS, FAILURE, PARTIAL and UNKNOWN; kept as UNKNOWN"
        ));
        self.stated = Some(Status::Unknown);
        self.is_any = true;
    }
}

impl Visit for FieldRecorder<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.opening_text(field.index(), value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        if !self.opening_number(field.index(), ValueRef::I64(value)) {
            self.unusual_number(field.index(), value);
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        if !self.opening_number(field.index(), ValueRef::U64(value)) {
            self.unusual_number(field.index(), value);
        }
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        if !self.opening_number(field.index(), ValueRef::F64(value)) {
            self.unusual_number(field.index(), value);
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.number(field.index(), ValueRef::Bool(value));
    }

    fn record_bytes(&mut self, field: &Field, value: &[u8]) {
        self.text(field.index(), &bytes_text(value));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        // What user code traces meanwhile is not to be recorded.
        let _busy = local::enter_work();
        let meaning = self.meanings.get(field.index()).filter(|meaning| meaning.is_plain());
        match meaning {
            Some(meaning) => self.opening_value(meaning, field.index(), value),
            None => read(value, |read| self.apply(field.index(), read)),
        }
    }
}

/// Bytes as text, or escaped and said to be no text.
pub(super) fn bytes_text(value: &[u8]) -> std::borrow::Cow<'_, str> {
    match std::str::from_utf8(value) {
        Ok(text) => text.into(),
        Err(_) => format!("[not UTF-8] {}", value.escape_ascii()).into(),
    }
}

fn as_f64(value: ValueRef<'_>) -> f64 {
    match value {
        ValueRef::I64(value) => value as f64,
        ValueRef::U64(value) => value as f64,
        ValueRef::F64(value) => value,
        ValueRef::Bool(_) | ValueRef::Str(_) | ValueRef::Json(_) => f64::NAN,
    }
}

fn number_text(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Bool(value) => value.to_string(),
        ValueRef::I64(value) => value.to_string(),
        ValueRef::U64(value) => value.to_string(),
        ValueRef::F64(value) => value.to_string(),
        ValueRef::Str(text) | ValueRef::Json(text) => text.to_owned(),
    }
}

/// Operations of the OpenTelemetry semantic conventions for generative AI.
fn operation_of_other_name(name: &str) -> Option<&'static str> {
    Some(match name {
        "create_memory" | "update_memory" | "upsert_memory" => "STORE",
        "search_memory" => "RECALL",
        "delete_memory" => "FORGET",
        "retrieval" => "SEARCH",
        _ => return None,
    })
}

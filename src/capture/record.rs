//! Field values of a span or event into [`Fields`]: the `Visit` side.

use std::fmt::Debug;

use tracing_core::field::{Field, Visit};

use crate::event::limits::FIELD_BYTES_MAX;
use crate::event::packed::{PackedIds, ValueRef};
use crate::event::{Status, duration_ns_from_ms};

use super::callsite::Slot;
use super::fields::Fields;
use super::value::{Read, read};

/// Records the fields of one callsite. Formats user values, so it must not run
/// while a lock is held.
pub(super) struct FieldRecorder<'a> {
    pub(super) slots: &'a [Slot],
    pub(super) fields: &'a mut Fields,
    /// What was recorded and makes no sense, for the error hook.
    pub(super) misuse: Option<String>,
}

impl<'a> FieldRecorder<'a> {
    pub(super) fn new(slots: &'a [Slot], fields: &'a mut Fields) -> Self {
        FieldRecorder { slots, fields, misuse: None }
    }

    fn text(&mut self, field: &Field, text: &str) {
        match self.slot(field) {
            Slot::Operation => self.fields.set_operation(text, true),
            Slot::OtherOperation => {
                if let Some(operation) = operation_of_other_name(text) {
                    self.fields.set_operation(operation, false);
                }
                self.fields.add_metadata(field.index(), ValueRef::Str(text));
            }
            Slot::Identity(id) => self.fields.set_identity(id, text, true),
            Slot::OtherIdentity(id) => self.fields.set_identity(id, text, false),
            Slot::EntryIds => self.one_entry_id(text, true),
            Slot::OtherEntryIds => self.one_entry_id(text, false),
            Slot::Status => self.status(text),
            Slot::Error => self.fields.set_error(text),
            Slot::DurationMs => self.duration_ms(text.trim().parse().unwrap_or(f64::NAN)),
            Slot::Metadata => self.fields.add_metadata(field.index(), ValueRef::Str(text)),
            Slot::Unknown => {}
        }
    }

    fn number(&mut self, field: &Field, value: ValueRef<'_>, as_f64: f64) {
        match self.slot(field) {
            Slot::Metadata => self.fields.add_metadata(field.index(), value),
            Slot::DurationMs => self.duration_ms(as_f64),
            _ => self.text(field, &number_text(value)),
        }
    }

    fn slot(&self, field: &Field) -> Slot {
        self.slots.get(field.index()).copied().unwrap_or(Slot::Unknown)
    }

    fn one_entry_id(&mut self, id: &str, strong: bool) {
        if self.fields.replace_entry_ids(strong) {
            self.fields.add_entry_id(id);
        }
    }

    fn entry_ids<'i>(&mut self, ids: impl Iterator<Item = &'i str>, more: u32, strong: bool) {
        if self.fields.replace_entry_ids(strong) {
            ids.for_each(|id| self.fields.add_entry_id(id));
            self.fields.marks.entry_ids_cut = self.fields.marks.entry_ids_cut.saturating_add(more);
        }
    }

    fn status(&mut self, text: &str) {
        let status = Status::parse(text);
        if status.is_none() {
            self.misuse = Some(format!(
                "audit.status {text:?} is none of SUCCESS, FAILURE, PARTIAL and UNKNOWN; kept as UNKNOWN"
            ));
        }
        self.fields.marks.status = Some(status.unwrap_or(Status::Unknown));
    }

    fn duration_ms(&mut self, ms: f64) {
        self.fields.marks.duration_ns = duration_ns_from_ms(ms);
        if self.fields.marks.duration_ns.is_none() {
            self.misuse =
                Some("audit.duration_ms is no duration in milliseconds; left out".to_owned());
        }
    }

    fn list(&mut self, field: &Field, ids: &[u8], more: u32) {
        match self.slot(field) {
            Slot::EntryIds => self.entry_ids(PackedIds(ids), more, true),
            Slot::OtherEntryIds => self.entry_ids(PackedIds(ids), more, false),
            slot => {
                let items: Vec<_> = PackedIds(ids).collect();
                let json = serde_json::to_string(&items).unwrap_or_default();
                match slot {
                    Slot::Metadata => {
                        self.fields.add_metadata(field.index(), ValueRef::Json(&json))
                    }
                    _ => self.text(field, &json),
                }
            }
        }
    }

    fn json(&mut self, field: &Field, json: &str) {
        match self.slot(field) {
            Slot::Metadata => self.fields.add_metadata(field.index(), ValueRef::Json(json)),
            slot @ (Slot::EntryIds | Slot::OtherEntryIds) => {
                match serde_json::from_str::<Vec<String>>(json) {
                    Ok(ids) => {
                        self.entry_ids(ids.iter().map(String::as_str), 0, slot == Slot::EntryIds)
                    }
                    Err(_) => self.text(field, json),
                }
            }
            _ => self.text(field, json),
        }
    }
}

impl Visit for FieldRecorder<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.number(field, ValueRef::I64(value), value as f64);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.number(field, ValueRef::U64(value), value as f64);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.number(field, ValueRef::F64(value), value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.number(field, ValueRef::Bool(value), f64::NAN);
    }

    fn record_i128(&mut self, field: &Field, value: i128) {
        self.text(field, &value.to_string());
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        self.text(field, &value.to_string());
    }

    fn record_bytes(&mut self, field: &Field, value: &[u8]) {
        match std::str::from_utf8(value) {
            Ok(text) => self.text(field, text),
            Err(_) => self.text(field, &format!("[not UTF-8] {}", value.escape_ascii())),
        }
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        read(value, FIELD_BYTES_MAX, |value| match value {
            Read::Text(text) => {
                self.warn_of_debug_list(field, text);
                self.text(field, text);
            }
            Read::List(ids, more) => self.list(field, ids, more),
            Read::Json(json) => self.json(field, json),
        });
    }
}

impl FieldRecorder<'_> {
    /// `?ids` arrives as one text, which is then one odd id.
    fn warn_of_debug_list(&mut self, field: &Field, text: &str) {
        if self.slot(field) == Slot::EntryIds && text.starts_with('[') {
            self.misuse = Some(
                "audit.entry_ids was given as text that looks like a list, which is kept as one id; \
                 write `audit.entry_ids = tracing_audit::list(&ids)`"
                    .to_owned(),
            );
        }
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

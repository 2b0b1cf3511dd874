//! From captured bytes to a row of the buffer.

use std::borrow::Cow;

use crate::capture::{Callsite, Capture, EventKey, IdField, Origin, outcome};
use crate::event::limits::{
    COLLAPSED_FAILURES_KEY, COLLAPSED_KEY, ENTRY_IDS_CUT_KEY, KEY_BYTES_MAX, METADATA_CUT_KEY,
};
use crate::event::packed::{PackedMetadata, ValueRef, write_field};
use crate::event::row::{Row, RowSpan};
use crate::event::{EventId, EventIds, Kind, Operation};

/// Buffers and choices for decoding. Owned by the worker, reused for each event.
pub(super) struct Decoder {
    pub(super) ids: EventIds,
    /// A span that simply closed is no success.
    pub(super) closed_is_unknown: bool,
    operation: String,
    actor: String,
    metadata: Vec<u8>,
    links: Vec<EventId>,
}

/// Wall clock times of the events decoded in one turn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    /// Wall clock minus monotonic clock.
    pub(super) offset_us: i64,
    pub(super) recorded_us: i64,
}

impl Times {
    pub(super) fn wall_us(self, monotonic_ns: u64) -> i64 {
        (monotonic_ns / 1_000) as i64 + self.offset_us
    }
}

impl Decoder {
    pub(super) fn new(ids: EventIds, closed_is_unknown: bool) -> Self {
        Decoder {
            ids,
            closed_is_unknown,
            operation: String::new(),
            actor: String::new(),
            metadata: Vec::new(),
            links: Vec::new(),
        }
    }

    /// The row of a captured operation.
    pub(super) fn row<'a>(
        &'a mut self,
        capture: &'a Capture,
        callsite: &'a Callsite,
        times: Times,
    ) -> Row<'a> {
        self.read_operation(capture, callsite);
        self.read_metadata(capture, callsite);
        self.links.clear();
        self.links.extend(capture.links.iter().map(|link| event_id(&self.ids, *link)));
        let fields = &capture.fields;
        let user_id = fields.identity(IdField::User);
        let explicit = fields.identity(IdField::Actor);
        self.read_actor(explicit, user_id);
        let (status, status_source) = outcome(&capture.seen, self.closed_is_unknown);
        let is_span = capture.origin == Origin::Span;
        let elapsed_ns = capture.ended_ns.saturating_sub(capture.opened_ns);
        Row {
            event_id: self.ids.id(capture.opened_ns, capture.key),
            kind: Kind::Event,
            timestamp_us: times.wall_us(capture.opened_ns),
            recorded_us: times.recorded_us,
            operation: &self.operation,
            actor: &self.actor,
            user_id: user_id.or_else(|| explicit?.strip_prefix("user:")),
            session_id: fields.identity(IdField::Session),
            org_id: fields.identity(IdField::Org),
            resource: fields.identity(IdField::Resource),
            source: fields.identity(IdField::Source),
            entry_ids: fields.entry_ids(),
            status,
            status_source,
            error_message: fields.error(),
            duration_ns: fields.marks.duration_ns.or(is_span.then_some(elapsed_ns)),
            busy_ns: is_span.then_some(capture.busy_ns),
            metadata: PackedMetadata(&self.metadata),
            span: Some(RowSpan {
                name: span_name(callsite, capture.origin),
                target: callsite.metadata.target(),
                parent: capture.parent.map(|parent| event_id(&self.ids, parent)),
                links: &self.links,
            }),
        }
    }

    fn read_operation(&mut self, capture: &Capture, callsite: &Callsite) {
        let named = capture.fields.operation();
        let name = canonical_operation(named.unwrap_or(callsite.metadata.name()));
        self.operation.clear();
        self.operation.push_str(&name);
    }

    fn read_actor(&mut self, explicit: Option<&str>, user_id: Option<&str>) {
        self.actor.clear();
        match (explicit, user_id) {
            (Some(actor), _) => self.actor.push_str(actor),
            (None, Some(user_id)) => {
                self.actor.push_str("user:");
                self.actor.push_str(user_id);
            }
            (None, None) => self.actor.push_str("anonymous"),
        }
    }

    fn read_metadata(&mut self, capture: &Capture, callsite: &Callsite) {
        self.metadata.clear();
        let fields = &capture.fields;
        let declared = fields
            .metadata()
            .filter_map(|(slot, value)| Some((*callsite.names.get(usize::from(slot))?, value)));
        if callsite.repeats_names || fields.marks.re_recorded {
            write_last(&mut self.metadata, declared.chain(fields.named()));
        } else {
            for (name, value) in declared {
                write_field(&mut self.metadata, name, value);
            }
        }
        for (key, count) in [
            (ENTRY_IDS_CUT_KEY, u64::from(fields.marks.entry_ids_cut)),
            (METADATA_CUT_KEY, u64::from(fields.marks.metadata_cut)),
            (COLLAPSED_KEY, capture.collapsed),
            (COLLAPSED_FAILURES_KEY, capture.collapsed_failures),
        ] {
            if count > 0 {
                write_field(&mut self.metadata, key, ValueRef::U64(count));
            }
        }
    }
}

fn event_id(ids: &EventIds, key: EventKey) -> EventId {
    ids.id(key.opened_ns, key.key)
}

/// Events are named after their place in the source, which says nothing.
fn span_name(callsite: &Callsite, origin: Origin) -> &'static str {
    match origin {
        Origin::Span => callsite.metadata.name(),
        Origin::Statement => "event",
    }
}

/// Writes each name once, at its first place, with its last value.
fn write_last<'a>(bytes: &mut Vec<u8>, fields: impl Iterator<Item = (&'a str, ValueRef<'a>)>) {
    let mut last: Vec<(&str, ValueRef<'_>)> = Vec::new();
    for (name, value) in fields {
        match last.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value,
            None => last.push((name, value)),
        }
    }
    for (name, value) in last {
        write_field(bytes, name, value);
    }
}

/// The canonical name, without an allocation where the text is canonical.
fn canonical_operation(text: &str) -> Cow<'_, str> {
    let is_canonical = text.len() <= KEY_BYTES_MAX
        && !text.bytes().any(|byte| byte.is_ascii_lowercase())
        && text.trim().len() == text.len();
    if is_canonical {
        return text.into();
    }
    Operation::from(text).as_str().to_owned().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operation_names_become_canonical() {
        for (given, canonical) in
            [("STORE", "STORE"), ("store", "STORE"), (" Store ", "STORE"), ("my op", "MY OP")]
        {
            assert_eq!(canonical_operation(given), canonical);
        }
    }

    #[test]
    fn the_last_value_of_a_name_counts_at_its_first_place() {
        let fields = [("a", ValueRef::U64(1)), ("b", ValueRef::U64(2)), ("a", ValueRef::U64(3))];
        let mut bytes = Vec::new();
        write_last(&mut bytes, fields.into_iter());
        let read: Vec<_> = PackedMetadata(&bytes).collect();
        assert_eq!(read, [("a", ValueRef::U64(3)), ("b", ValueRef::U64(2))]);
    }
}

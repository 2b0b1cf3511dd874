//! From captured bytes to a row of the buffer.

use std::borrow::Cow;

use crate::capture::{Callsite, Captured, EventKey, IdField, Origin, Recording, Traced};
use crate::clock::Clock;
use crate::event::limits::{
    COLLAPSED_FAILURES_KEY, COLLAPSED_KEY, ENTRY_IDS_CUT_KEY, INTENDED_KEY, KEY_BYTES_MAX,
    LINKS_CUT_KEY, METADATA_CUT_KEY,
};
use crate::event::packed::{PackedIds, PackedMetadata, ValueRef, write_field};
use crate::event::row::{Row, RowSpan};
use crate::event::short::is_same;
use crate::event::{EventId, EventIds, Kind, Operation, Status, StatusSource};

use super::intents::INTENT;

/// Buffers and choices for decoding. Owned by the worker, reused for each event.
pub(super) struct Decoder {
    pub(super) ids: EventIds,
    /// A span that simply closed is no success.
    pub(super) closed_is_unknown: bool,
    /// The name that the last operation was given, and its canonical form.
    named: String,
    operation: String,
    actor: String,
    metadata: Vec<u8>,
    entry_ids: Vec<u8>,
    links: Vec<EventId>,
    error: String,
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
            named: String::new(),
            operation: String::new(),
            actor: String::new(),
            metadata: Vec::new(),
            entry_ids: Vec::new(),
            links: Vec::new(),
            error: String::new(),
        }
    }

    /// The row of a captured operation.
    pub(super) fn row<'a>(
        &'a mut self,
        captured: &Captured<'a>,
        callsite: &'a Callsite,
        times: Times,
        clock: &dyn Clock,
    ) -> Row<'a> {
        let values = &captured.values;
        self.read_operation(captured, callsite);
        let stated_ns = self.read_recordings(captured, callsite);
        self.read_links(captured, clock);
        let user_id = values.identity(IdField::User);
        let explicit = values.identity(IdField::Actor);
        self.read_actor(explicit, user_id);
        let is_intent = captured.origin == Origin::Intent;
        let (status, status_source) = match is_intent {
            true => (Status::Unknown, StatusSource::Open),
            false => captured.outcome(self.closed_is_unknown),
        };
        self.read_error(captured, status_source);
        let is_span = captured.origin == Origin::Span;
        let traced = captured.rare.and_then(|rare| rare.traced);
        let span = Elapsed::of(captured, clock);
        Row {
            event_id: self.ids.id(span.opened_ns, captured.key.key.get()),
            kind: if is_intent { Kind::Log } else { Kind::Event },
            timestamp_us: times.wall_us(span.opened_ns),
            recorded_us: times.recorded_us,
            operation: if is_intent { INTENT } else { &self.operation },
            actor: &self.actor,
            user_id: user_id.or_else(|| explicit?.strip_prefix("user:")),
            session_id: values.identity(IdField::Session),
            org_id: values.identity(IdField::Org),
            resource: values.identity(IdField::Resource),
            source: values.identity(IdField::Source),
            entry_ids: PackedIds(&self.entry_ids),
            part: None,
            status,
            status_source,
            error_message: values.error().or((!self.error.is_empty()).then_some(&self.error)),
            duration_ns: stated_ns.or(is_span.then_some(span.elapsed_ns)),
            busy_ns: is_span.then_some(span.busy_ns),
            metadata: PackedMetadata(&self.metadata),
            span: Some(RowSpan {
                name: span_name(callsite, captured.origin),
                target: callsite.metadata.target(),
                parent: captured.parent.map(|parent| event_id(&self.ids, parent, clock)),
                trace_id: traced.map(Traced::trace_id),
                span_id: traced.map(Traced::span_id),
                links: &self.links,
            }),
        }
    }

    fn read_operation(&mut self, captured: &Captured<'_>, callsite: &Callsite) {
        let named = captured.values.operation_bytes();
        let given = named.unwrap_or(callsite.metadata.name().as_bytes());
        if self.operation.is_empty() || !is_same(self.named.as_bytes(), given) {
            let named = captured.values.operation().filter(|named| !named.trim().is_empty());
            self.note_operation(named.unwrap_or(callsite.metadata.name()));
        }
    }

    /// White space names nothing, and is not remembered: what it stands for
    /// differs from callsite to callsite.
    fn note_operation(&mut self, named: &str) {
        self.named.clear();
        self.named.push_str(if named.trim().is_empty() { "" } else { named });
        self.operation.clear();
        self.operation.push_str(&canonical_operation(named));
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

    /// The error that the rule of a policy finds in the values of the span.
    fn read_error(&mut self, captured: &Captured<'_>, source: StatusSource) {
        self.error.clear();
        let plan = captured.ruled.filter(|_| source == StatusSource::Policy);
        if let Some(error) = plan.and_then(|plan| plan.error_of(captured)) {
            self.error.push_str(&error);
        }
    }

    fn read_links(&mut self, captured: &Captured<'_>, clock: &dyn Clock) {
        self.links.clear();
        if let Some(rare) = captured.rare {
            self.links.extend(rare.links.iter().map(|link| event_id(&self.ids, *link, clock)));
        }
    }

    /// Reads metadata and entry ids; the duration that the program stated, if it
    /// did.
    fn read_recordings(&mut self, captured: &Captured<'_>, callsite: &Callsite) -> Option<u64> {
        let (metadata, entry_ids) = (&mut self.metadata, &mut self.entry_ids);
        metadata.clear();
        if captured.origin == Origin::Intent {
            write_field(metadata, INTENDED_KEY, ValueRef::Str(&self.operation));
        }
        entry_ids.clear();
        let mut duration_ns = None;
        let told_elsewhere = captured.ruled.map_or(0, |plan| plan.told_elsewhere(captured));
        let repeats = callsite.repeats_names || captured.values.repeats_metadata;
        let mut last = Vec::new();
        let mut write = |name, value| match repeats {
            true => note_last(&mut last, name, value),
            false => write_field(metadata, name, value),
        };
        for recording in captured.values.recordings() {
            match recording {
                Recording::Metadata(index, value) => {
                    let name = callsite.names.get(usize::from(index));
                    if let Some(name) = name.filter(|_| !is_in(told_elsewhere, index)) {
                        write(name, value);
                    }
                }
                Recording::Named(name, value) => write(name, value),
                Recording::EntryIds(ids) => ids.apply_to(entry_ids),
                Recording::DurationNs(stated) => duration_ns = stated,
            }
        }
        last.into_iter().for_each(|(name, value)| write_field(&mut self.metadata, name, value));
        write_counts(&mut self.metadata, captured);
        duration_ns
    }
}

/// Whether a set of bits has the one of this index.
fn is_in(bits: u64, index: u16) -> bool {
    bits != 0 && bits.checked_shr(index.into()).unwrap_or(0) & 1 == 1
}

/// The times of an operation.
struct Elapsed {
    opened_ns: u64,
    elapsed_ns: u64,
    busy_ns: u64,
}

impl Elapsed {
    fn of(captured: &Captured<'_>, clock: &dyn Clock) -> Self {
        let opened_ns = clock.ticks_to_ns(captured.key.opened_ticks);
        let since_opened_ns = |ticks| clock.ticks_to_ns(ticks).saturating_sub(opened_ns);
        Elapsed {
            opened_ns,
            elapsed_ns: since_opened_ns(captured.ended_ticks),
            busy_ns: since_opened_ns(captured.key.opened_ticks.saturating_add(captured.busy_ticks)),
        }
    }
}

fn event_id(ids: &EventIds, key: EventKey, clock: &dyn Clock) -> EventId {
    ids.id(clock.ticks_to_ns(key.opened_ticks), key.key.get())
}

/// Writes how much was cut away or collapsed, where anything was.
fn write_counts(metadata: &mut Vec<u8>, captured: &Captured<'_>) {
    let cuts = captured.values.cuts;
    let (links, collapsed, failures) = captured
        .rare
        .map_or((0, 0, 0), |rare| (rare.links_cut, rare.collapsed, rare.collapsed_failures));
    for (key, count) in [
        (ENTRY_IDS_CUT_KEY, u64::from(cuts.entry_ids)),
        (LINKS_CUT_KEY, links),
        (METADATA_CUT_KEY, u64::from(cuts.metadata)),
        (COLLAPSED_KEY, collapsed),
        (COLLAPSED_FAILURES_KEY, failures),
    ] {
        if count > 0 {
            write_field(metadata, key, ValueRef::U64(count));
        }
    }
}

/// Events are named after their place in the source, which says nothing.
fn span_name(callsite: &Callsite, origin: Origin) -> &'static str {
    match origin {
        Origin::Span | Origin::Intent => callsite.metadata.name(),
        Origin::Statement => "event",
    }
}

/// Notes each name once, at its first place, with its last value.
fn note_last<'a>(last: &mut Vec<(&'a str, ValueRef<'a>)>, name: &'a str, value: ValueRef<'a>) {
    match last.iter_mut().find(|(known, _)| *known == name) {
        Some((_, old)) => *old = value,
        None => last.push((name, value)),
    }
}

/// The canonical name, without an allocation where the text is canonical.
pub(super) fn canonical_operation(text: &str) -> Cow<'_, str> {
    let is_canonical = (1..=KEY_BYTES_MAX).contains(&text.len())
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
        for (given, canonical) in [
            ("STORE", "STORE"),
            ("store", "STORE"),
            (" Store ", "STORE"),
            ("my op", "MY OP"),
            ("", "UNNAMED"),
        ] {
            assert_eq!(canonical_operation(given), canonical);
        }
    }

    #[test]
    fn the_last_value_of_a_name_counts_at_its_first_place() {
        let mut last = Vec::new();
        for (name, value) in [("a", 1), ("b", 2), ("a", 3)] {
            note_last(&mut last, name, ValueRef::U64(value));
        }
        assert_eq!(last, [("a", ValueRef::U64(3)), ("b", ValueRef::U64(2))]);
    }
}

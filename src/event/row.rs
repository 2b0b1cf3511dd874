//! An event as borrowed values: what the worker hands to the buffer, and what
//! a segment of the buffer gives back.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::limits::METADATA_DEPTH_MAX;
use super::metadata::bounded_value;
use super::packed::{PackedIds, PackedMetadata, ValueRef, write_field, write_id};
use super::{
    Actor, AuditEvent, EventId, Kind, Metadata, Operation, Part, Sequence, SpanId, SpanInfo,
    Status, StatusSource, TraceId,
};

const YEAR_0_US: i64 = -62_167_219_200_000_000;
const YEAR_10000_US: i64 = 253_402_300_800_000_000;

/// One event, borrowed. Identity is complete: `actor` and `user_id` already
/// complete each other, and `operation` and `actor` are in canonical form.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row<'a> {
    pub(crate) event_id: EventId,
    pub(crate) kind: Kind,
    /// Begin and recording, in microseconds since the Unix epoch.
    pub(crate) timestamp_us: i64,
    pub(crate) recorded_us: i64,
    pub(crate) operation: &'a str,
    pub(crate) actor: &'a str,
    pub(crate) user_id: Option<&'a str>,
    pub(crate) session_id: Option<&'a str>,
    pub(crate) org_id: Option<&'a str>,
    pub(crate) resource: Option<&'a str>,
    pub(crate) source: Option<&'a str>,
    pub(crate) entry_ids: PackedIds<'a>,
    /// Of an entry that is not the whole event.
    pub(crate) part: Option<Part>,
    pub(crate) status: Status,
    pub(crate) status_source: StatusSource,
    pub(crate) error_message: Option<&'a str>,
    pub(crate) duration_ns: Option<u64>,
    pub(crate) busy_ns: Option<u64>,
    pub(crate) metadata: PackedMetadata<'a>,
    pub(crate) span: Option<RowSpan<'a>>,
}

/// The span part of a [`Row`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct RowSpan<'a> {
    pub(crate) name: &'a str,
    pub(crate) target: &'a str,
    pub(crate) parent: Option<EventId>,
    pub(crate) trace_id: Option<TraceId>,
    pub(crate) span_id: Option<SpanId>,
    pub(crate) links: &'a [EventId],
}

impl Row<'_> {
    /// The actor as it is written.
    #[cfg(feature = "journal")]
    pub(crate) fn written_actor(&self) -> &str {
        if self.actor.is_empty() { "anonymous" } else { self.actor }
    }

    /// The owned event at this place of the trail.
    pub(crate) fn to_event(self, sequence: Sequence) -> AuditEvent {
        AuditEvent {
            sequence: Some(sequence),
            kind: self.kind,
            event_id: self.event_id,
            timestamp: time_from_us(self.timestamp_us),
            recorded_at: Some(time_from_us(self.recorded_us)),
            operation: Operation::from(self.operation),
            actor: Actor::from(self.actor),
            user_id: self.user_id.map(str::to_owned),
            session_id: self.session_id.map(str::to_owned),
            org_id: self.org_id.map(str::to_owned),
            resource: self.resource.map(str::to_owned),
            source: self.source.map(str::to_owned),
            entry_ids: self.entry_ids.map(str::to_owned).collect(),
            part: self.part,
            status: self.status,
            status_source: self.status_source,
            error_message: self.error_message.map(str::to_owned),
            duration: self.duration_ns.map(Duration::from_nanos),
            busy: self.busy_ns.map(Duration::from_nanos),
            metadata: self.metadata.map(|(key, value)| (key, metadata_value(value))).collect(),
            span: self.span.map(|span| SpanInfo {
                name: span.name.to_owned(),
                target: span.target.to_owned(),
                parent: span.parent,
                trace_id: span.trace_id,
                span_id: span.span_id,
                links: span.links.to_vec(),
            }),
        }
    }
}

pub(super) fn metadata_value(value: ValueRef<'_>) -> serde_json::Value {
    bounded_value(value.to_value(), METADATA_DEPTH_MAX)
}

/// Microseconds since the Unix epoch, as they come back from an entry: what no
/// text can say is written as the nearest time that one can.
#[cfg(feature = "journal")]
pub(crate) fn written_us(us: i64) -> i64 {
    if (0..YEAR_10000_US).contains(&us) { us } else { time_from_us(us).timestamp_micros() }
}

/// Microseconds since the Unix epoch as a time, of the years 0000 to 9999: an
/// entry has room for four digits.
pub(crate) fn time_from_us(us: i64) -> DateTime<Utc> {
    let us = us.clamp(YEAR_0_US, YEAR_10000_US - 1);
    DateTime::from_timestamp_micros(us).unwrap_or_default()
}

/// Storage for the parts of a [`Row`] that an owned event holds in another
/// form. Reused from event to event.
#[derive(Debug, Default)]
pub(crate) struct RowScratch {
    actor: String,
    entry_ids: Vec<u8>,
    metadata: Vec<u8>,
}

impl RowScratch {
    /// `event` as a row, as if recorded at `recorded_us` unless it says itself
    /// when it was.
    pub(crate) fn row<'a>(&'a mut self, event: &'a AuditEvent, recorded_us: i64) -> Row<'a> {
        self.actor.clear();
        self.actor.push_str(&event.actor.to_string());
        self.entry_ids.clear();
        for id in &event.entry_ids {
            write_id(&mut self.entry_ids, id);
        }
        self.metadata.clear();
        pack_metadata(&event.metadata, &mut self.metadata);
        Row {
            event_id: event.event_id,
            kind: event.kind,
            timestamp_us: event.timestamp.timestamp_micros(),
            recorded_us: event.recorded_at.map_or(recorded_us, |time| time.timestamp_micros()),
            operation: event.operation.as_str(),
            actor: &self.actor,
            user_id: event.user_id.as_deref(),
            session_id: event.session_id.as_deref(),
            org_id: event.org_id.as_deref(),
            resource: event.resource.as_deref(),
            source: event.source.as_deref(),
            entry_ids: PackedIds(&self.entry_ids),
            part: event.part,
            status: event.status,
            status_source: event.status_source,
            error_message: event.error_message.as_deref(),
            duration_ns: event.duration.map(duration_ns),
            busy_ns: event.busy.map(duration_ns),
            metadata: PackedMetadata(&self.metadata),
            span: event.span.as_ref().map(|span| RowSpan {
                name: &span.name,
                target: &span.target,
                parent: span.parent,
                trace_id: span.trace_id,
                span_id: span.span_id,
                links: &span.links,
            }),
        }
    }
}

fn duration_ns(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn pack_metadata(metadata: &Metadata, bytes: &mut Vec<u8>) {
    use serde_json::Value;
    for (key, value) in metadata.iter() {
        let nested;
        let value = match value {
            Value::Bool(value) => ValueRef::Bool(*value),
            Value::String(text) => ValueRef::Str(text),
            Value::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
                (Some(value), ..) => ValueRef::U64(value),
                (_, Some(value), _) => ValueRef::I64(value),
                (.., value) => ValueRef::F64(value.unwrap_or(f64::NAN)),
            },
            Value::Null | Value::Array(_) | Value::Object(_) => {
                nested = value.to_string();
                ValueRef::Json(&nested)
            }
        };
        write_field(bytes, key, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_event_survives_the_way_through_a_row() {
        let mut event = AuditEvent::acl_change(["a"], ["a", "b"])
            .actor("api_key:k")
            .user_id("u")
            .session_id("s")
            .org_id("o")
            .resource("kb")
            .source("::1")
            .entry_ids(["one", "two"])
            .error("because")
            .duration_ms(0.25)
            .metadata("null", json!(null))
            .metadata("object", json!({"n": -1, "f": 0.5, "t": true}))
            .metadata("big", json!(u64::MAX))
            .metadata("negative", -5)
            .metadata("flag", true)
            .timestamp("2025-01-15T10:30:45.123456789Z".parse().unwrap())
            .build();
        event.busy = event.duration;
        event.sequence = Some(Sequence(3));
        event.recorded_at = Some(time_from_us(1_000_000));
        event.span = Some(SpanInfo {
            name: "n".into(),
            target: "t".into(),
            parent: Some(event.event_id),
            trace_id: TraceId::from_bytes([1; 16]),
            span_id: SpanId::from_bytes([2; 8]),
            links: vec![event.event_id],
        });
        let mut scratch = RowScratch::default();
        assert_eq!(scratch.row(&event, 5).to_event(Sequence(3)), event);
        event.recorded_at = None;
        assert_eq!(scratch.row(&event, 5).recorded_us, 5);
    }
}

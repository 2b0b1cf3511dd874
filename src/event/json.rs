//! The canonical JSON of an event: compact, fixed key order, absent keys left
//! out. Every other shape is a translation of it and lives in `export`.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::audit_event::{complete_identity, duration_from_ms};
use super::{
    Actor, AuditEvent, EventId, Kind, Metadata, Operation, Part, Sequence, SpanInfo, Status,
    StatusSource,
};

/// RFC 3339, UTC, microseconds.
pub(crate) fn time_text(time: &DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}

impl Serialize for AuditEvent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        entry(&mut map, "sequence", &self.sequence)?;
        if self.kind != Kind::Event {
            map.serialize_entry("kind", &self.kind)?;
        }
        map.serialize_entry("event_id", &self.event_id)?;
        map.serialize_entry("timestamp", &time_text(&self.timestamp))?;
        entry(&mut map, "recorded_at", &self.recorded_at.as_ref().map(time_text))?;
        map.serialize_entry("operation", &self.operation)?;
        map.serialize_entry("actor", &self.actor)?;
        entry(&mut map, "user_id", &self.user_id)?;
        entry(&mut map, "session_id", &self.session_id)?;
        entry(&mut map, "org_id", &self.org_id)?;
        entry(&mut map, "resource", &self.resource)?;
        entry(&mut map, "source", &self.source)?;
        if !self.entry_ids.is_empty() {
            map.serialize_entry("entry_ids", &self.entry_ids)?;
        }
        entry(&mut map, "part", &self.part)?;
        map.serialize_entry("status", &self.status)?;
        map.serialize_entry("status_source", &self.status_source)?;
        entry(&mut map, "error_message", &self.error_message)?;
        entry(&mut map, "duration_ms", &self.duration_ms())?;
        entry(&mut map, "busy_ms", &self.busy_ms())?;
        if !self.metadata.is_empty() {
            map.serialize_entry("metadata", &self.metadata)?;
        }
        entry(&mut map, "span", &self.span)?;
        map.end()
    }
}

/// Writes a key unless its value is absent.
fn entry<M: SerializeMap, T: Serialize>(
    map: &mut M,
    key: &'static str,
    value: &Option<T>,
) -> Result<(), M::Error> {
    match value {
        Some(value) => map.serialize_entry(key, value),
        None => Ok(()),
    }
}

/// The keys of an event as any of our documents may hold them. Absent and null
/// are the same; unknown keys are ignored, so that newer documents stay
/// readable.
#[derive(Deserialize)]
struct Keys {
    sequence: Option<Sequence>,
    kind: Option<Kind>,
    event_id: EventId,
    timestamp: DateTime<Utc>,
    recorded_at: Option<DateTime<Utc>>,
    operation: Operation,
    actor: Option<Actor>,
    user_id: Option<String>,
    session_id: Option<String>,
    org_id: Option<String>,
    resource: Option<String>,
    source: Option<String>,
    entry_ids: Option<Vec<String>>,
    part: Option<Part>,
    status: Status,
    status_source: Option<StatusSource>,
    error_message: Option<String>,
    duration_ms: Option<f64>,
    busy_ms: Option<f64>,
    metadata: Option<Metadata>,
    span: Option<SpanInfo>,
}

impl<'de> Deserialize<'de> for AuditEvent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let keys = Keys::deserialize(deserializer)?;
        let (actor, user_id) = complete_identity(keys.actor, keys.user_id);
        Ok(AuditEvent {
            sequence: keys.sequence,
            kind: keys.kind.unwrap_or_default(),
            event_id: keys.event_id,
            timestamp: keys.timestamp,
            recorded_at: keys.recorded_at,
            operation: keys.operation,
            actor,
            user_id,
            session_id: keys.session_id,
            org_id: keys.org_id,
            resource: keys.resource,
            source: keys.source,
            entry_ids: keys.entry_ids.unwrap_or_default(),
            part: keys.part,
            status: keys.status,
            status_source: keys.status_source.unwrap_or(StatusSource::Explicit),
            error_message: keys.error_message,
            duration: keys.duration_ms.and_then(duration_from_ms),
            busy: keys.busy_ms.and_then(duration_from_ms),
            metadata: keys.metadata.unwrap_or_default(),
            span: keys.span,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{SpanId, TraceId};

    #[test]
    fn keys_come_in_their_order_and_absent_ones_not_at_all() {
        let mut event = AuditEvent::builder("store")
            .timestamp("2025-01-15T10:30:45.123456Z".parse().unwrap())
            .duration_ms(45.2)
            .metadata("importance", 0.8)
            .build();
        event.event_id = EventId::from_u128(0);
        assert_eq!(
            serde_json::to_string(&event).unwrap(),
            r#"{"event_id":"evt_00000000000000000000000000","timestamp":"2025-01-15T10:30:45.123456Z","operation":"STORE","actor":"anonymous","status":"SUCCESS","status_source":"explicit","duration_ms":45.2,"metadata":{"importance":0.8}}"#
        );
    }

    #[test]
    fn a_full_event_comes_back() {
        let mut event = AuditEvent::access_denied(["user:c"], ["role:admin"])
            .user_id("c")
            .session_id("s")
            .org_id("o")
            .resource("kb")
            .source("10.0.0.1")
            .entry_ids(["doc"])
            .error("no")
            .duration_ms(1.5)
            .build();
        event.sequence = Some(Sequence(7));
        event.recorded_at = Some(event.timestamp);
        event.kind = Kind::Log;
        event.busy = event.duration;
        event.part = "2/3".parse().ok();
        event.span = Some(SpanInfo {
            name: "open".into(),
            target: "app".into(),
            parent: Some(EventId::from_u128(5)),
            trace_id: TraceId::from_bytes([8; 16]),
            span_id: SpanId::from_bytes([9; 8]),
            links: vec![EventId::from_u128(6)],
        });
        let text = serde_json::to_string(&event).unwrap();
        assert_eq!(serde_json::from_str::<AuditEvent>(&text).unwrap(), event);
    }
}

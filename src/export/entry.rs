//! The entry of the second reference system: `action`, `timestamp`, `actor`,
//! `orgId`, `knowledgeBaseId` and `details` in `camelCase`.
//!
//! Our metadata are its `details`. A single entry id is `documentId` there,
//! several are `entryIds`, and the duration is `latencyMs`
//! (`processingTimeMs` of an ingestion), unless the metadata have a value of
//! that name themselves. Everything else that an event knows comes after the
//! keys of the reference, but only where a reader would not infer it: most
//! entries say little more than the reference's own.
//!
//! A document is a list of entries. Reading it back gives the same events. An
//! entry without our `eventId` gets one made from its content and its place in
//! the document.

mod details;

use std::borrow::Borrow;
use std::io::{self, Read, Write};

use chrono::{DateTime, SecondsFormat, SubsecRound, Utc};
use serde::de::IntoDeserializer;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use self::details::Details;
use super::format::unreadable;
use crate::error::Result;
use crate::event::time_text;
use crate::event::{
    Actor, AuditEvent, EventId, Kind, Metadata, Operation, Part, Sequence, SpanInfo, Status,
    StatusSource, complete_identity, duration_from_ms,
};

/// Writes a list of entries, one a line, and returns how many it holds.
pub(super) fn write<E: Borrow<AuditEvent>>(
    events: impl IntoIterator<Item = E>,
    out: &mut dyn Write,
) -> io::Result<u64> {
    out.write_all(b"[")?;
    let total = super::format::write_list(events.into_iter(), "  ", out, |event, out| {
        serde_json::to_writer(out, &Entry::from(event.borrow())).map_err(io::Error::from)
    })?;
    out.write_all(if total > 0 { b"\n]\n" } else { b"]\n" })?;
    Ok(total)
}

/// The events of a list of entries.
pub(super) fn read(reader: impl Read) -> Result<Vec<AuditEvent>> {
    let entries: Vec<Entry> = serde_json::from_reader(reader).map_err(unreadable)?;
    Ok((0..).zip(entries).map(|(place, entry)| entry.into_event(place)).collect())
}

/// The keys in their order: first those of the reference, then ours.
///
/// Of two nested options the outer says whether the key is there: a `null`
/// that is written takes back what a reader would infer.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    action: String,
    #[serde(serialize_with = "milliseconds")]
    timestamp: DateTime<Utc>,
    actor: Option<Actor>,
    #[serde(default)]
    org_id: Option<String>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    knowledge_base_id: Option<Option<String>>,
    #[serde(default)]
    details: Metadata,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    event_id: Option<EventId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sequence: Option<Sequence>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kind: Option<Kind>,
    /// With microseconds.
    #[serde(default, serialize_with = "microseconds", skip_serializing_if = "Option::is_none")]
    exact_timestamp: Option<DateTime<Utc>>,
    #[serde(default, serialize_with = "microseconds", skip_serializing_if = "Option::is_none")]
    recorded_at: Option<DateTime<Utc>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    session_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    entry_ids: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    part: Option<Part>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<Status>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status_source: Option<StatusSource>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error_message: Option<String>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    duration_ms: Option<Option<f64>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    busy_ms: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    span: Option<SpanInfo>,
    /// Keys of `details` whose spelling is the metadata's own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    details_verbatim: Vec<String>,
}

impl From<&AuditEvent> for Entry {
    fn from(event: &AuditEvent) -> Self {
        let details = Details::of(event);
        let (_, inferred_user) = complete_identity(Some(event.actor.clone()), None);
        let timestamp = event.timestamp.trunc_subsecs(3);
        Entry {
            action: event.operation.action(),
            timestamp,
            actor: Some(event.actor.clone()),
            org_id: event.org_id.clone(),
            knowledge_base_id: details.resource,
            details: details.fields,
            event_id: Some(event.event_id),
            sequence: event.sequence,
            kind: unless(event.kind, Kind::Event),
            exact_timestamp: unless(event.timestamp, timestamp),
            recorded_at: event.recorded_at,
            user_id: unless(event.user_id.clone(), inferred_user).flatten(),
            session_id: event.session_id.clone(),
            source: event.source.clone(),
            entry_ids: details.entry_ids,
            part: event.part,
            status: unless(event.status, inferred_status(&event.operation)),
            status_source: unless(event.status_source, StatusSource::Explicit),
            error_message: event.error_message.clone(),
            duration_ms: details.duration_ms,
            busy_ms: event.busy_ms(),
            span: event.span.clone(),
            details_verbatim: details.verbatim,
        }
    }
}

impl Entry {
    /// The event of the entry at this place of its document.
    fn into_event(self, place: usize) -> AuditEvent {
        let event_id = self.event_id.unwrap_or_else(|| self.made_id(place));
        let operation = Operation::from(self.action.as_str());
        let (actor, user_id) = complete_identity(self.actor, self.user_id);
        let details = Details {
            fields: self.details,
            verbatim: self.details_verbatim,
            resource: self.knowledge_base_id,
            entry_ids: self.entry_ids,
            duration_ms: self.duration_ms,
        }
        .read(&operation);
        AuditEvent {
            sequence: self.sequence,
            kind: self.kind.unwrap_or_default(),
            event_id,
            timestamp: self.exact_timestamp.unwrap_or(self.timestamp),
            recorded_at: self.recorded_at,
            actor,
            user_id,
            session_id: self.session_id,
            org_id: self.org_id,
            resource: details.resource,
            source: self.source,
            entry_ids: details.entry_ids,
            part: self.part,
            status: self.status.unwrap_or_else(|| inferred_status(&operation)),
            operation,
            status_source: self.status_source.unwrap_or(StatusSource::Explicit),
            error_message: self.error_message,
            duration: details.duration,
            busy: self.busy_ms.and_then(duration_from_ms),
            metadata: details.metadata,
            span: self.span,
        }
    }

    /// The same for the same entry at the same place.
    fn made_id(&self, place: usize) -> EventId {
        let content = serde_json::to_string(self).unwrap_or_default();
        let text = format!("{place} {content}");
        let id: Result<_, serde::de::value::Error> =
            EventId::deserialize(text.as_str().into_deserializer());
        // Reading an id from any text never fails.
        id.unwrap_or(EventId::from_u128(place as u128))
    }
}

/// How an operation ended if nothing is said.
fn inferred_status(operation: &Operation) -> Status {
    match operation {
        Operation::AccessDenied => Status::Failure,
        _ => Status::Success,
    }
}

/// `value`, if a reader would not infer it.
fn unless<T: PartialEq>(value: T, inferred: T) -> Option<T> {
    (value != inferred).then_some(value)
}

fn milliseconds<S: Serializer>(time: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&time.to_rfc3339_opts(SecondsFormat::Millis, true))
}

fn microseconds<S: Serializer>(
    time: &Option<DateTime<Utc>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    time.as_ref().map(time_text).serialize(serializer)
}

/// Reads a key that is there, be it `null`.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests;

//! The export document of the first reference system:
//! `{"events": […], "total_events": n, "exported_at": …}`.
//!
//! An event has the reference keys first, in their order and always present,
//! then ours where they hold something. `total_events` comes after the events,
//! so that the writer never has to know how many there will be; the reader
//! refuses a document whose number is not that of its events.

use std::borrow::Borrow;
use std::io::{self, Read, Write};

use chrono::{DateTime, Utc};
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};

use super::format::unreadable;
use crate::error::{Error, ErrorKind, Result};
use crate::event::time_text;
use crate::event::{AuditEvent, Kind};

/// Writes a whole document, one event a line, and returns how many events it
/// holds.
pub(super) fn write<E: Borrow<AuditEvent>>(
    events: impl IntoIterator<Item = E>,
    exported_at: DateTime<Utc>,
    out: &mut dyn Write,
) -> io::Result<u64> {
    out.write_all(b"{\n  \"events\": [")?;
    let total = super::format::write_list(events.into_iter(), "    ", out, |event, out| {
        serde_json::to_writer(out, &DocumentEvent(event.borrow())).map_err(io::Error::from)
    })?;
    if total > 0 {
        out.write_all(b"\n  ")?;
    }
    let exported_at = time_text(&exported_at);
    writeln!(out, "],\n  \"total_events\": {total},\n  \"exported_at\": \"{exported_at}\"\n}}")?;
    Ok(total)
}

/// The events of a document.
pub(super) fn read(reader: impl Read) -> Result<Vec<AuditEvent>> {
    let document: Document = serde_json::from_reader(reader).map_err(unreadable)?;
    let held = document.events.len() as u64;
    match document.total_events {
        Some(total) if total != held => Err(Error::new(
            ErrorKind::Format,
            format!(
                "the document says `total_events` {total} but holds {held}: it was edited or put together wrongly"
            ),
        )),
        _ => Ok(document.events),
    }
}

#[derive(Deserialize)]
struct Document {
    events: Vec<AuditEvent>,
    total_events: Option<u64>,
    #[serde(rename = "exported_at")]
    _exported_at: Option<DateTime<Utc>>,
}

/// An event as the document spells it.
struct DocumentEvent<'a>(&'a AuditEvent);

impl Serialize for DocumentEvent<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        reference_keys(self.0, &mut map)?;
        our_keys(self.0, &mut map)?;
        map.end()
    }
}

fn reference_keys<M: SerializeMap>(event: &AuditEvent, map: &mut M) -> Result<(), M::Error> {
    map.serialize_entry("event_id", &event.event_id)?;
    map.serialize_entry("timestamp", &time_text(&event.timestamp))?;
    map.serialize_entry("operation", &event.operation)?;
    map.serialize_entry("user_id", &event.user_id)?;
    map.serialize_entry("session_id", &event.session_id)?;
    map.serialize_entry("entry_ids", &event.entry_ids)?;
    map.serialize_entry("metadata", &event.metadata)?;
    map.serialize_entry("status", &event.status)?;
    map.serialize_entry("duration_ms", &event.duration_ms())
}

fn our_keys<M: SerializeMap>(event: &AuditEvent, map: &mut M) -> Result<(), M::Error> {
    entry(map, "error_message", &event.error_message)?;
    entry(map, "sequence", &event.sequence)?;
    entry(map, "recorded_at", &event.recorded_at.as_ref().map(time_text))?;
    map.serialize_entry("actor", &event.actor)?;
    entry(map, "org_id", &event.org_id)?;
    entry(map, "resource", &event.resource)?;
    entry(map, "source", &event.source)?;
    map.serialize_entry("status_source", &event.status_source)?;
    entry(map, "busy_ms", &event.busy_ms())?;
    entry(map, "span", &event.span)?;
    entry(map, "part", &event.part)?;
    entry(map, "kind", &(event.kind != Kind::Event).then_some(event.kind))
}

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

#[cfg(test)]
mod tests {
    use super::super::format::fixtures;
    use super::*;
    use crate::event::{Actor, EventId, Operation, Status, StatusSource};

    const REFERENCE: &str = r#"{
  "events": [
    {
      "event_id": "evt_abc123",
      "timestamp": "2025-01-15T10:30:45.123456Z",
      "operation": "STORE",
      "user_id": "user_123",
      "session_id": "session_abc",
      "entry_ids": ["entry_1"],
      "metadata": {
        "importance": 0.8,
        "tags": ["verified"]
      },
      "status": "SUCCESS",
      "duration_ms": 45.2
    }
  ],
  "total_events": 1,
  "exported_at": "2025-01-15T11:00:00.000000Z"
}"#;

    fn exported_at() -> DateTime<Utc> {
        "2025-01-15T11:00:00Z".parse().unwrap()
    }

    fn text(events: &[AuditEvent]) -> String {
        let mut out = Vec::new();
        assert_eq!(write(events, exported_at(), &mut out).unwrap(), events.len() as u64);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a17_the_reference_document_is_read_verbatim() {
        let events = read(REFERENCE.as_bytes()).unwrap();
        let [event] = events.as_slice() else { panic!("one event") };
        assert_eq!(event.operation, Operation::Store);
        assert_eq!(event.user_id.as_deref(), Some("user_123"));
        assert_eq!(event.actor, Actor::User("user_123".into()));
        assert_eq!(event.session_id.as_deref(), Some("session_abc"));
        assert_eq!(event.entry_ids, ["entry_1"]);
        assert_eq!(event.metadata.get("importance"), Some(&serde_json::json!(0.8)));
        assert_eq!(event.metadata.get("tags"), Some(&serde_json::json!(["verified"])));
        assert_eq!((event.status, event.status_source), (Status::Success, StatusSource::Explicit));
        assert_eq!(event.duration_ms(), Some(45.2));
        assert_eq!(
            event.timestamp,
            "2025-01-15T10:30:45.123456Z".parse::<DateTime<Utc>>().unwrap()
        );
    }

    #[test]
    fn a17_the_reference_keys_come_first_in_their_order_and_are_always_there() {
        let mut event = AuditEvent::builder("forget").timestamp(exported_at()).build();
        event.event_id = EventId::from_u128(0);
        assert_eq!(
            text(&[event]),
            r#"{
  "events": [
    {"event_id":"evt_00000000000000000000000000","timestamp":"2025-01-15T11:00:00.000000Z","operation":"FORGET","user_id":null,"session_id":null,"entry_ids":[],"metadata":{},"status":"SUCCESS","duration_ms":null,"actor":"anonymous","status_source":"explicit"}
  ],
  "total_events": 1,
  "exported_at": "2025-01-15T11:00:00.000000Z"
}
"#
        );
    }

    #[test]
    fn a17_the_reference_document_comes_out_as_it_went_in() {
        let events = read(REFERENCE.as_bytes()).unwrap();
        let mut reference: serde_json::Value = serde_json::from_str(REFERENCE).unwrap();
        let mut ours: serde_json::Value = serde_json::from_str(&text(&events)).unwrap();
        let written = ours["events"][0].as_object_mut().unwrap();
        assert_eq!(written.remove("actor"), Some("user:user_123".into()));
        assert_eq!(written.remove("status_source"), Some("explicit".into()));
        // An id of another system is mapped to one of ours.
        written.remove("event_id");
        reference["events"][0].as_object_mut().unwrap().remove("event_id");
        assert_eq!(ours, reference);
    }

    #[test]
    fn a17_every_event_is_read_back_the_same() {
        let events = fixtures();
        assert_eq!(read(text(&events).as_bytes()).unwrap(), events);
        assert_eq!(read(text(&[]).as_bytes()).unwrap(), []);
        assert!(text(&[]).starts_with("{\n  \"events\": [],\n"));
        let value: serde_json::Value = serde_json::from_str(&text(&events)).unwrap();
        assert_eq!(value["total_events"], events.len());
    }

    #[test]
    fn bad_documents_are_refused_with_the_place() {
        let cut = &REFERENCE[..REFERENCE.len() / 2];
        let wrong_total = REFERENCE.replace("\"total_events\": 1", "\"total_events\": 2");
        let no_status = REFERENCE.replace("\"status\": \"SUCCESS\",", "");
        let twice = format!("{REFERENCE}{REFERENCE}");
        for (document, says) in [
            (cut, "line 9 column 27"),
            (wrong_total.as_str(), "`total_events` 2 but holds 1"),
            (no_status.as_str(), "missing field `status` at line 16"),
            (twice.as_str(), "trailing characters at line 20 column 2"),
            ("{}", "missing field `events`"),
            ("[]", "line 1 column"),
        ] {
            let error = read(document.as_bytes()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Format);
            assert!(error.to_string().contains(says), "{error}");
        }
    }

    #[test]
    fn a_failing_writer_is_an_error() {
        struct Full;
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::StorageFull.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let error = write(fixtures(), exported_at(), &mut Full).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    }
}

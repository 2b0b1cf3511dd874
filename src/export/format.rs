//! The choice of a format, and what the formats share.

use std::borrow::Borrow;
use std::io::{self, BufReader, Read, Write};

use chrono::{DateTime, Utc};

use super::{document, entry, jsonl};
use crate::error::{Error, ErrorKind, Result};
use crate::event::AuditEvent;

/// A document format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Format {
    /// `{"events": […], "total_events": n, "exported_at": …}` with keys in
    /// `snake_case`, for tools of the first reference system.
    #[default]
    Document,
    /// A list of entries with `action`, `timestamp`, `actor`, `orgId` and
    /// `details` in `camelCase`, for tools of the second reference system.
    Entries,
    /// The canonical JSON, one event a line.
    JsonLines,
}

/// Writes events in a format and returns how many there were.
///
/// The writer is written to in small pieces; give it a buffer.
///
/// # Errors
///
/// Those of the writer.
pub fn write<E: Borrow<AuditEvent>>(
    format: Format,
    events: impl IntoIterator<Item = E>,
    mut writer: impl Write,
) -> Result<u64> {
    write_events(format, events, crate::clock::system_now(), &mut writer)
        .map_err(|error| Error::caused(ErrorKind::Io, "the events could not be written", error))
}

/// Reads the events of a document in a format.
///
/// # Errors
///
/// When the document is not in the format, with the line; when the reader
/// fails. Of JSON Lines with a bad line, [`json_lines`](super::json_lines)
/// gives the good ones.
pub fn read(format: Format, reader: impl Read) -> Result<Vec<AuditEvent>> {
    let reader = BufReader::new(reader);
    match format {
        Format::Document => document::read(reader),
        Format::Entries => entry::read(reader),
        Format::JsonLines => jsonl::json_lines(reader).collect(),
    }
}

/// Writes events in a format, at a time that the caller knows.
pub(crate) fn write_events<E: Borrow<AuditEvent>>(
    format: Format,
    events: impl IntoIterator<Item = E>,
    exported_at: DateTime<Utc>,
    out: &mut dyn Write,
) -> io::Result<u64> {
    match format {
        Format::Document => document::write(events, exported_at, out),
        Format::Entries => entry::write(events, out),
        Format::JsonLines => jsonl::write(events, out),
    }
}

/// Writes the items of a JSON list, one a line behind `indent`, without the
/// brackets, and returns how many there were.
pub(super) fn write_list<T>(
    items: impl Iterator<Item = T>,
    indent: &str,
    out: &mut dyn Write,
    write_item: impl Fn(T, &mut dyn Write) -> io::Result<()>,
) -> io::Result<u64> {
    let mut total = 0;
    for item in items {
        let separator = if total == 0 { "\n" } else { ",\n" };
        write!(out, "{separator}{indent}")?;
        write_item(item, out)?;
        total += 1;
    }
    Ok(total)
}

/// What a reader says about a document that it can't read.
pub(super) fn unreadable(error: serde_json::Error) -> Error {
    let kind = if error.is_io() { ErrorKind::Io } else { ErrorKind::Format };
    Error::caused(kind, "the document could not be read", error)
}

/// Events that together use every field in every way.
#[cfg(test)]
pub(super) fn fixtures() -> Vec<AuditEvent> {
    use crate::event::{EventId, Kind, Sequence, SpanId, SpanInfo, StatusSource, TraceId};
    use serde_json::json;

    let mut full = AuditEvent::access_denied(["user:c"], ["role:admin"])
        .actor("api_key:k")
        .user_id("c\u{202e}\n\"")
        .session_id("s")
        .org_id("o")
        .resource("kb")
        .source("10.0.0.1")
        .entry_ids(["one", "two"])
        .error("no")
        .duration_ms(1.234_567)
        .metadata("http.method", "GET")
        .metadata("nested_value", json!({"inner_key": [{"deep_key": null}], "n": -1.5}))
        .metadata("queryType", json!({"aB": 1}))
        .metadata("userId", "shadow")
        .metadata("user_id", "other")
        .metadata("headers", json!({"X-Request-Id": 1, "x_request_id": 2}))
        .metadata("long", "é".repeat(9_000))
        .build();
    full.sequence = Some(Sequence(7));
    full.recorded_at = Some(crate::event::row::time_from_us(5));
    full.kind = Kind::Log;
    full.busy = full.duration;
    full.span = Some(SpanInfo {
        name: "open".into(),
        target: "app".into(),
        parent: Some(EventId::from_u128(5)),
        trace_id: TraceId::from_bytes([8; 16]),
        span_id: SpanId::from_bytes([9; 8]),
        links: vec![EventId::from_u128(6)],
    });
    let mut guessed = AuditEvent::builder("rename it").actor("system").user_id("u").build();
    guessed.status_source = StatusSource::Closed;
    let mut events = vec![
        full,
        guessed,
        AuditEvent::builder("store").build(),
        AuditEvent::builder("ingest").resource("kb").entry_ids(["d"]).duration_ms(2.0).build(),
        AuditEvent::builder("search").metadata("latency_ms", 3).metadata("document_id", 5).build(),
        AuditEvent::builder("recall").metadata("entry_ids", json!([])).duration_ms(0.0).build(),
    ];
    for (event, number) in events.iter_mut().zip(0..) {
        event.event_id = EventId::from_u128(number as u128);
        event.timestamp = crate::event::row::time_from_us(1_736_937_045_123_456 * number);
    }
    events
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_gives_the_same_events_back() {
        for format in [Format::Document, Format::Entries, Format::JsonLines] {
            let mut bytes = Vec::new();
            let total = write(format, fixtures(), &mut bytes).unwrap();
            assert_eq!(total, fixtures().len() as u64);
            assert_eq!(read(format, bytes.as_slice()).unwrap(), fixtures(), "{format:?}");
        }
    }

    #[test]
    fn a_failing_reader_is_an_io_error() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("broken"))
            }
        }
        for format in [Format::Document, Format::Entries, Format::JsonLines] {
            assert_eq!(read(format, Broken).unwrap_err().kind(), ErrorKind::Io);
        }
    }
}

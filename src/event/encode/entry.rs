//! The keys of an entry, in their order.

use std::fmt::Display;
use std::io::Write;

use super::super::packed::PackedIds;
use super::super::row::{Row, RowSpan};
use super::super::{EventId, Kind, Part, Sequence, Status, StatusSource};
use super::head::Head;
use super::place::Place;
use super::text::{push_escaped, push_unread};
use super::values::{end_list, push_event_id, push_metadata, push_ms, push_unsigned};

/// Encodes rows one after the other, and remembers what neighbours share.
#[derive(Debug, Default)]
pub(crate) struct Encoder {
    place: Place,
    head: Head,
    /// How the entry before ended, and its text.
    status: Option<(Status, StatusSource)>,
    status_text: Vec<u8>,
}

impl Encoder {
    /// Appends the entry of `row` at its place in the trail.
    pub(crate) fn encode(&mut self, row: &Row<'_>, sequence: Sequence, out: &mut Vec<u8>) {
        self.place.push(sequence, out);
        if row.kind == Kind::Log {
            out.extend_from_slice(b",\"kind\":\"log\"");
        }
        self.head.push(row, out);
        push_identity(row, out);
        push_entry_ids(row.entry_ids, out);
        if let Some(part) = row.part {
            push_part(part, out);
        }
        self.push_status((row.status, row.status_source), out);
        push_outcome(row, out);
        push_metadata(out, row.metadata);
        if let Some(span) = &row.span {
            push_span(span, out);
        }
        out.push(b'}');
    }

    fn push_status(&mut self, status: (Status, StatusSource), out: &mut Vec<u8>) {
        if self.status != Some(status) {
            self.status = Some(status);
            let text = &mut self.status_text;
            text.clear();
            text.extend_from_slice(b",\"status\":\"");
            text.extend_from_slice(status.0.as_str().as_bytes());
            text.extend_from_slice(b"\",\"status_source\":\"");
            text.extend_from_slice(status.1.as_str().as_bytes());
            text.push(b'"');
        }
        out.extend_from_slice(&self.status_text);
    }
}

/// Appends the entry of a single row.
pub(crate) fn encode(row: &Row<'_>, sequence: Sequence, out: &mut Vec<u8>) {
    Encoder::default().encode(row, sequence, out);
}

fn push_identity(row: &Row<'_>, out: &mut Vec<u8>) {
    push_key_text(out, b",\"operation\":\"", Some(row.operation));
    push_key_text(out, b",\"actor\":\"", Some(row.written_actor()));
    push_key_text(out, b",\"user_id\":\"", row.user_id);
    push_key_text(out, b",\"session_id\":\"", row.session_id);
    push_key_text(out, b",\"org_id\":\"", row.org_id);
    push_key_text(out, b",\"resource\":\"", row.resource);
    push_key_text(out, b",\"source\":\"", row.source);
}

fn push_outcome(row: &Row<'_>, out: &mut Vec<u8>) {
    push_key_text(out, b",\"error_message\":\"", row.error_message);
    if let Some(ns) = row.duration_ns {
        out.extend_from_slice(b",\"duration_ms\":");
        push_ms(out, ns);
    }
    if let Some(ns) = row.busy_ns {
        out.extend_from_slice(b",\"busy_ms\":");
        push_ms(out, ns);
    }
}

/// The ids up to the first that is no text: there is none such.
fn push_entry_ids(mut ids: PackedIds<'_>, out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(b",\"entry_ids\":[");
    let first = out.len();
    while ids.next_unread().is_some_and(|id| push_unread(out, id)) {
        out.push(b',');
    }
    end_list(out, start, first, b']');
}

fn push_part(part: Part, out: &mut Vec<u8>) {
    out.extend_from_slice(b",\"part\":\"");
    push_unsigned(out, u64::from(part.number));
    out.push(b'/');
    push_unsigned(out, u64::from(part.count));
    out.push(b'"');
}

fn push_span(span: &RowSpan<'_>, out: &mut Vec<u8>) {
    push_key_text(out, b",\"span\":{\"name\":\"", Some(span.name));
    push_key_text(out, b",\"target\":\"", Some(span.target));
    if let Some(parent) = span.parent {
        out.extend_from_slice(b",\"parent\":\"");
        push_event_id(out, parent);
        out.push(b'"');
    }
    push_id(out, b",\"trace_id\":\"", span.trace_id);
    push_id(out, b",\"span_id\":\"", span.span_id);
    push_links(span.links, out);
    out.push(b'}');
}

/// An id whose text needs no escapes.
fn push_id(out: &mut Vec<u8>, key: &[u8], id: Option<impl Display>) {
    if let Some(id) = id {
        out.extend_from_slice(key);
        // Writing to a vector cannot fail.
        let _ = write!(out, "{id}\"");
    }
}

fn push_links(links: &[EventId], out: &mut Vec<u8>) {
    let mut before = &b",\"links\":[\""[..];
    for link in links {
        out.extend_from_slice(before);
        push_event_id(out, *link);
        before = b"\",\"";
    }
    if !links.is_empty() {
        out.extend_from_slice(b"\"]");
    }
}

/// `key` with the quote that the text begins with.
#[inline]
fn push_key_text<const N: usize>(out: &mut Vec<u8>, key: &[u8; N], text: Option<&str>) {
    if let Some(text) = text {
        out.extend_from_slice(key);
        push_escaped(out, text.as_bytes());
        out.push(b'"');
    }
}

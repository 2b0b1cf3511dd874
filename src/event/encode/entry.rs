//! The keys of an entry, in their order.

use std::fmt::Display;
use std::io::Write;

use super::super::packed::PackedIds;
use super::super::row::{Row, RowSpan};
use super::super::{EventId, Kind, Part, Sequence};
use super::text::{push_escaped, push_text};
use super::values::{TimeText, push_event_id, push_metadata, push_ms, push_unsigned};

/// Encodes rows one after the other, and remembers what neighbours share.
#[derive(Debug, Default)]
pub(crate) struct Encoder {
    timestamp: TimeText,
    recorded: TimeText,
}

impl Encoder {
    /// Appends the entry of `row` at its place in the trail.
    pub(crate) fn encode(&mut self, row: &Row<'_>, sequence: Sequence, out: &mut Vec<u8>) {
        push_head(self, row, sequence, out);
        push_identity(row, out);
        push_entry_ids(row.entry_ids, out);
        if let Some(part) = row.part {
            push_part(part, out);
        }
        push_outcome(row, out);
        push_metadata(out, row.metadata);
        if let Some(span) = &row.span {
            push_span(span, out);
        }
        out.push(b'}');
    }
}

/// Appends the entry of a single row.
pub(crate) fn encode(row: &Row<'_>, sequence: Sequence, out: &mut Vec<u8>) {
    Encoder::default().encode(row, sequence, out);
}

#[inline]
fn push_head(encoder: &mut Encoder, row: &Row<'_>, sequence: Sequence, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"sequence\":");
    push_unsigned(out, sequence.0);
    if row.kind == Kind::Log {
        out.extend_from_slice(b",\"kind\":\"log\"");
    }
    out.extend_from_slice(b",\"event_id\":\"");
    push_event_id(out, row.event_id);
    out.extend_from_slice(b"\",\"timestamp\":\"");
    encoder.timestamp.push(out, row.timestamp_us);
    out.extend_from_slice(b"\",\"recorded_at\":\"");
    encoder.recorded.push(out, row.recorded_us);
    out.push(b'"');
}

fn push_identity(row: &Row<'_>, out: &mut Vec<u8>) {
    push_key_text(out, b",\"operation\":", Some(row.operation));
    push_key_text(out, b",\"actor\":", Some(row.written_actor()));
    push_key_text(out, b",\"user_id\":", row.user_id);
    push_key_text(out, b",\"session_id\":", row.session_id);
    push_key_text(out, b",\"org_id\":", row.org_id);
    push_key_text(out, b",\"resource\":", row.resource);
    push_key_text(out, b",\"source\":", row.source);
}

fn push_outcome(row: &Row<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(b",\"status\":\"");
    out.extend_from_slice(row.status.as_str().as_bytes());
    out.extend_from_slice(b"\",\"status_source\":\"");
    out.extend_from_slice(row.status_source.as_str().as_bytes());
    out.push(b'"');
    push_key_text(out, b",\"error_message\":", row.error_message);
    for (key, ns) in [(&b",\"duration_ms\":"[..], row.duration_ns), (b",\"busy_ms\":", row.busy_ns)]
    {
        if let Some(ns) = ns {
            out.extend_from_slice(key);
            push_ms(out, ns);
        }
    }
}

fn push_entry_ids(ids: PackedIds<'_>, out: &mut Vec<u8>) {
    let mut before = &b",\"entry_ids\":["[..];
    let mut is_empty = true;
    for id in ids {
        out.extend_from_slice(before);
        push_text(out, id);
        before = b",";
        is_empty = false;
    }
    if !is_empty {
        out.push(b']');
    }
}

fn push_part(part: Part, out: &mut Vec<u8>) {
    out.extend_from_slice(b",\"part\":\"");
    push_unsigned(out, u64::from(part.number));
    out.push(b'/');
    push_unsigned(out, u64::from(part.count));
    out.push(b'"');
}

fn push_span(span: &RowSpan<'_>, out: &mut Vec<u8>) {
    push_key_text(out, b",\"span\":{\"name\":", Some(span.name));
    push_key_text(out, b",\"target\":", Some(span.target));
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

#[inline]
fn push_key_text(out: &mut Vec<u8>, key: &[u8], text: Option<&str>) {
    if let Some(text) = text {
        out.extend_from_slice(key);
        out.push(b'"');
        push_escaped(out, text);
        out.push(b'"');
    }
}

//! The keys of an entry, in their order.

use std::fmt::{Display, Write};

use super::super::limits::EVENT_BYTES_MAX;
use super::super::packed::PackedIds;
use super::super::row::{Row, RowSpan};
use super::super::{EventId, Kind, Part, Sequence, Status, StatusSource};
use super::head::Head;
use super::place::Place;
use super::room::Room;
use super::text::{is_text, push_escaped, push_known};
use super::values::{push_event_id, push_metadata, push_ms, push_unsigned};

/// Encodes rows one after the other, and remembers what neighbours share.
#[derive(Debug)]
pub(crate) struct Encoder {
    /// The bytes that an entry is given room for: what those before it needed.
    room: usize,
    place: Place,
    head: Head,
    /// How the entry before ended, and its text.
    status: Option<(Status, StatusSource)>,
    status_text: Vec<u8>,
}

/// Room for the first entry.
const FIRST_ROOM: usize = 1_024;
/// Room beyond what an entry takes that it may need nevertheless: digits are written
/// eight at a time, and the sequence with all the room that a number may take.
const SPARE: usize = 64;
/// The next entry gets room for one that is longer by this share.
const LONGER_SHARE: usize = 4;
/// What an entry did not need shrinks by this share for the next one: all room is
/// filled with zeros first, and what is long is mostly followed by what is not.
const SHRINKING_SHARE: usize = 8;
/// No more room is kept for the next entry: a longer one is taken apart.
const ROOM_KEPT_MAX: usize = EVENT_BYTES_MAX + SPARE;

impl Default for Encoder {
    fn default() -> Self {
        Encoder {
            room: FIRST_ROOM,
            place: Place::default(),
            head: Head::default(),
            status: None,
            status_text: Vec::new(),
        }
    }
}

impl Encoder {
    #[cfg(test)]
    pub(super) fn with_room(room: usize) -> Self {
        Encoder { room, ..Encoder::default() }
    }

    /// Appends the entry of `row` at its place in the trail.
    pub(crate) fn encode(&mut self, row: &Row<'_>, sequence: Sequence, out: &mut Vec<u8>) {
        let start = out.len();
        loop {
            out.resize(start + self.room, 0);
            let room = Room::new(out.get_mut(start..).unwrap_or_default());
            if let Some(left) = self.write(row, sequence, room) {
                let written = self.room - left;
                out.truncate(start + written);
                let longer = written + written / LONGER_SHARE + SPARE;
                let kept = self.room - self.room / SHRINKING_SHARE;
                self.room = kept.max(longer).min(ROOM_KEPT_MAX);
                return;
            }
            self.room *= 2;
        }
    }

    /// Writes the entry, and says how much room is left; nothing, if there was too
    /// little.
    #[inline]
    fn write(&mut self, row: &Row<'_>, sequence: Sequence, room: Room<'_>) -> Option<usize> {
        let mut out = room;
        self.place.push(sequence, &mut out);
        if row.kind == Kind::Log {
            out.put(b",\"kind\":\"log\"");
        }
        self.head.push(row, &mut out);
        push_identity(row, &mut out);
        push_entry_ids(row.entry_ids, &mut out);
        if let Some(part) = row.part {
            out.pass(|out| push_part(part, out));
        }
        self.push_status((row.status, row.status_source), &mut out);
        push_outcome(row, &mut out);
        push_metadata(&mut out, row.metadata);
        if let Some(span) = &row.span {
            push_span(span, &mut out);
        }
        out.put(b"}").then(|| out.left())
    }

    fn push_status(&mut self, status: (Status, StatusSource), out: &mut Room<'_>) {
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
        out.put(&self.status_text);
    }
}

/// Appends the entry of a single row.
pub(crate) fn encode(row: &Row<'_>, sequence: Sequence, out: &mut Vec<u8>) {
    Encoder::default().encode(row, sequence, out);
}

fn push_identity(row: &Row<'_>, out: &mut Room<'_>) {
    push_key_text(out, b",\"operation\":\"", Some(row.operation));
    push_key_text(out, b",\"actor\":\"", Some(row.written_actor()));
    push_key_text(out, b",\"user_id\":\"", row.user_id);
    push_key_text(out, b",\"session_id\":\"", row.session_id);
    push_key_text(out, b",\"org_id\":\"", row.org_id);
    push_key_text(out, b",\"resource\":\"", row.resource);
    push_key_text(out, b",\"source\":\"", row.source);
}

fn push_outcome(row: &Row<'_>, out: &mut Room<'_>) {
    push_key_text(out, b",\"error_message\":\"", row.error_message);
    if let Some(ns) = row.duration_ns {
        out.put(b",\"duration_ms\":");
        push_ms(out, ns);
    }
    if let Some(ns) = row.busy_ns {
        out.put(b",\"busy_ms\":");
        push_ms(out, ns);
    }
}

/// The ids up to the first that is no text: there is none such. Also no further than
/// there is room: then they are written once more.
#[inline]
fn push_entry_ids(mut ids: PackedIds<'_>, out: &mut Room<'_>) {
    let mut are_there = false;
    while let Some(id) = ids.next_unread().filter(|id| is_text(id)) {
        if out.is_spent() {
            return;
        }
        if are_there {
            out.put(b",");
        } else {
            out.put(b",\"entry_ids\":[");
        }
        are_there = true;
        push_known(out, id);
    }
    if are_there {
        out.put(b"]");
    }
}

#[cold]
fn push_part(part: Part, mut out: Room<'_>) -> Room<'_> {
    out.put(b",\"part\":\"");
    push_unsigned(&mut out, u64::from(part.number));
    out.put(b"/");
    push_unsigned(&mut out, u64::from(part.count));
    out.put(b"\"");
    out
}

fn push_span(span: &RowSpan<'_>, out: &mut Room<'_>) {
    push_key_text(out, b",\"span\":{\"name\":\"", Some(span.name));
    push_key_text(out, b",\"target\":\"", Some(span.target));
    if let Some(parent) = span.parent {
        out.put(b",\"parent\":\"");
        push_event_id(out, parent);
        out.put(b"\"");
    }
    push_id(out, b",\"trace_id\":\"", span.trace_id);
    push_id(out, b",\"span_id\":\"", span.span_id);
    out.pass(|out| push_links(span.links, out));
    out.put(b"}");
}

/// An id whose text needs no escapes.
fn push_id(out: &mut Room<'_>, key: &[u8], id: Option<impl Display>) {
    if let Some(id) = id {
        out.put(key);
        out.pass(|mut out| {
            // Writing to room cannot fail.
            let _ = write!(out, "{id}\"");
            out
        });
    }
}

fn push_links<'a>(links: &[EventId], mut out: Room<'a>) -> Room<'a> {
    let mut before = &b",\"links\":[\""[..];
    for link in links {
        out.put(before);
        push_event_id(&mut out, *link);
        before = b"\",\"";
    }
    if !links.is_empty() {
        out.put(b"\"]");
    }
    out
}

/// `key` with the quote that the text begins with.
#[inline(always)]
fn push_key_text<const N: usize>(out: &mut Room<'_>, key: &[u8; N], text: Option<&str>) {
    if let Some(text) = text {
        out.put(key);
        push_escaped(out, text.as_bytes());
        out.put(b"\"");
    }
}

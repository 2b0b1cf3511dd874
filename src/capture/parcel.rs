//! How a capture travels to the worker: copied into one small block.
//!
//! The buffers of a capture stay with the thread that fills them, which thus
//! has them in its cache; those that come back from another thread would be
//! cold, and each would have to be read before it could be filled. Of a block
//! the sender reads nothing and writes a few consecutive lines.

use super::fields::{BufferLengths, Marks};
use super::message::{Capture, EventKey, Origin, Seen};
use super::pool::{CAPTURES, PACKED};

/// What is in the data lane.
#[derive(Debug)]
pub(crate) enum Parcel {
    Packed(Box<Packed>),
    /// What does not fit a block.
    Whole(Box<Capture>),
}

/// Room for the text, the entry ids and the metadata of one operation.
const BLOCK_BYTES: usize = 320;

/// A capture in one piece.
#[derive(Debug)]
pub(crate) struct Packed {
    head: Head,
    bytes: [u8; BLOCK_BYTES],
}

/// All of a capture but its buffers.
#[derive(Debug, Clone, Copy, Default)]
struct Head {
    callsite: u32,
    origin: Origin,
    key: u64,
    opened_ns: u64,
    ended_ns: u64,
    busy_ns: u64,
    parent: Option<EventKey>,
    seen: Seen,
    collapsed: u64,
    collapsed_failures: u64,
    marks: Marks,
    lengths: BufferLengths,
}

impl Parcel {
    /// Packs a capture, whose buffers stay behind.
    #[inline]
    pub(super) fn of(capture: Box<Capture>) -> Parcel {
        let mut packed = PACKED.take();
        if packed.pack(&capture) {
            CAPTURES.give_cleared(capture);
            return Parcel::Packed(packed);
        }
        PACKED.give(packed);
        Parcel::Whole(capture)
    }

    /// The capture. `unpacked` is used again and again.
    pub(crate) fn capture<'a>(&'a self, unpacked: &'a mut Capture) -> &'a Capture {
        match self {
            Parcel::Whole(capture) => capture,
            Parcel::Packed(packed) => {
                packed.unpack(unpacked);
                unpacked
            }
        }
    }

    /// Gives its memory back on the thread that would have sent it.
    pub(super) fn reuse(self) {
        match self {
            Parcel::Packed(packed) => PACKED.give(packed),
            Parcel::Whole(capture) => CAPTURES.give_cleared(capture),
        }
    }
}

/// Gives the memory of parcels back to all threads, emptying `parcels`. Called
/// by the worker, once for many.
pub(crate) fn recycle(parcels: &mut Vec<Parcel>) {
    let (mut packed, mut captures) = (Vec::with_capacity(parcels.len()), Vec::new());
    for parcel in parcels.drain(..) {
        match parcel {
            Parcel::Packed(block) => packed.push(block),
            Parcel::Whole(capture) => captures.push(capture),
        }
    }
    PACKED.give_all(packed);
    CAPTURES.give_all_cleared(captures);
}

impl Packed {
    fn pack(&mut self, capture: &Capture) -> bool {
        let Capture { ref links, ref fields, .. } = *capture;
        let Some(lengths) = fields.pack(&mut self.bytes).filter(|_| links.is_empty()) else {
            return false;
        };
        self.head = Head {
            callsite: capture.callsite,
            origin: capture.origin,
            key: capture.key,
            opened_ns: capture.opened_ns,
            ended_ns: capture.ended_ns,
            busy_ns: capture.busy_ns,
            parent: capture.parent,
            seen: capture.seen,
            collapsed: capture.collapsed,
            collapsed_failures: capture.collapsed_failures,
            marks: fields.marks,
            lengths,
        };
        true
    }

    fn unpack(&self, capture: &mut Capture) {
        let Head {
            callsite,
            origin,
            key,
            opened_ns,
            ended_ns,
            busy_ns,
            parent,
            seen,
            collapsed,
            collapsed_failures,
            marks,
            lengths,
        } = self.head;
        capture.clear();
        capture.fields.unpack(marks, lengths, &self.bytes);
        (capture.callsite, capture.origin, capture.key) = (callsite, origin, key);
        (capture.opened_ns, capture.ended_ns, capture.busy_ns) = (opened_ns, ended_ns, busy_ns);
        (capture.parent, capture.seen) = (parent, seen);
        (capture.collapsed, capture.collapsed_failures) = (collapsed, collapsed_failures);
    }
}

impl Default for Packed {
    fn default() -> Self {
        Packed { head: Head::default(), bytes: [0; BLOCK_BYTES] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::IdField;
    use crate::event::Status;
    use crate::event::packed::ValueRef;

    fn capture(entry_ids: usize) -> Box<Capture> {
        let mut capture = Capture { callsite: 3, key: 5, busy_ns: 7, ..Capture::default() };
        capture.note_statement(Some(Status::Partial), false);
        capture.fields.set_operation("STORE", true);
        capture.fields.set_identity(IdField::User, "ülice", true);
        for number in 0..entry_ids {
            capture.fields.add_entry_id(&format!("entry_{number}"));
        }
        capture.fields.add_metadata(2, ValueRef::F64(0.5));
        capture.fields.add_named("key", ValueRef::Str("value"));
        capture.into()
    }

    #[test]
    fn what_was_packed_comes_out_and_nothing_of_what_was_there_before() {
        let mut unpacked = *capture(9);
        let before = capture(2);
        let expected = format!("{before:?}");
        let parcel = Parcel::of(before);
        assert!(matches!(parcel, Parcel::Packed(_)));
        assert_eq!(format!("{:?}", parcel.capture(&mut unpacked)), expected);
    }

    #[test]
    fn what_does_not_fit_travels_whole() {
        let mut linked = capture(1);
        linked.links.push(linked.event_key());
        for whole in [capture(40), linked] {
            let expected = format!("{whole:?}");
            let parcel = Parcel::of(whole);
            assert!(matches!(parcel, Parcel::Whole(_)));
            assert_eq!(format!("{:?}", parcel.capture(&mut Capture::default())), expected);
        }
    }
}

//! How a capture travels to the worker: copied into one small block.
//!
//! A capture stays with the thread that fills it, which thus has it in its
//! cache. A block that comes back from the worker is not there. So of a block
//! nothing is read, and its few lines are written at once, at the end: writing
//! to lines that are still on their way makes the processor wait wherever it
//! reads what it has just written.

use crate::event::{Status, StatusSource};

use super::fields::{Cuts, PLACES, Values};
use super::message::{Capture, EventKey, Origin, Rare, Seen};
use super::outcome::outcome;
use super::pool::{BLOCKS, CAPTURES};

/// What is in the data lane.
#[derive(Debug)]
pub(crate) enum Parcel {
    Block(Box<Block>),
    /// What does not fit a block.
    Whole(Box<Capture>),
}

/// Room for what was recorded of one operation.
const BLOCK_BYTES: usize = 360;

/// An ordinary capture in one piece.
#[derive(Debug)]
#[repr(C, align(64))]
pub(crate) struct Block {
    key: std::num::NonZeroU64,
    opened_ticks: u64,
    ended_ticks: u64,
    busy_ticks: u64,
    parent: Option<EventKey>,
    places: [u16; PLACES],
    callsite: u32,
    recorded_bytes: u16,
    origin: Origin,
    repeats_metadata: bool,
    seen: Seen,
    recorded: [u8; BLOCK_BYTES],
}

impl Parcel {
    /// Packs a capture that ended.
    #[inline]
    pub(super) fn of(mut capture: Box<Capture>, end: End) -> Parcel {
        if capture.rare().is_none() && !capture.fields.is_cut() {
            let mut block = BLOCKS.take();
            if block.pack(&capture, end) {
                CAPTURES.give_cleared(capture);
                return Parcel::Block(block);
            }
            BLOCKS.give(block);
        }
        (capture.ended_ticks, capture.busy_ticks) = (end.ended_ticks, end.busy_ticks);
        Parcel::Whole(capture)
    }

    /// What there is to read.
    #[inline]
    pub(crate) fn captured(&self) -> Captured<'_> {
        match self {
            Parcel::Block(block) => block.captured(),
            Parcel::Whole(capture) => Captured::of(capture),
        }
    }

    /// Gives its memory back on the thread that would have sent it.
    pub(super) fn reuse(self) {
        match self {
            Parcel::Block(block) => BLOCKS.give(block),
            Parcel::Whole(capture) => CAPTURES.give_cleared(capture),
        }
    }
}

/// When an operation ended, and for how long it was busy.
#[derive(Debug, Clone, Copy)]
pub(super) struct End {
    pub(super) ended_ticks: u64,
    pub(super) busy_ticks: u64,
}

/// Gives the memory of parcels back to all threads, emptying `parcels`. Called
/// by the worker, once for many.
pub(crate) fn recycle(parcels: &mut Vec<Parcel>) {
    let (mut blocks, mut captures) = (Vec::with_capacity(parcels.len()), Vec::new());
    for parcel in parcels.drain(..) {
        match parcel {
            Parcel::Block(block) => blocks.push(block),
            Parcel::Whole(capture) => captures.push(capture),
        }
    }
    BLOCKS.give_all(blocks);
    CAPTURES.give_all_cleared(captures);
}

impl Block {
    #[inline]
    fn pack(&mut self, capture: &Capture, end: End) -> bool {
        let values = capture.fields.values();
        let Some(place) = self.recorded.get_mut(..values.recorded.len()) else { return false };
        place.copy_from_slice(values.recorded);
        self.key = capture.key;
        self.opened_ticks = capture.opened_ticks;
        self.ended_ticks = end.ended_ticks;
        self.busy_ticks = end.busy_ticks;
        self.parent = capture.parent;
        self.places = values.places.map(|place| place as u16);
        self.callsite = capture.callsite;
        self.recorded_bytes = values.recorded.len() as u16;
        self.origin = capture.origin;
        self.repeats_metadata = values.repeats_metadata;
        self.seen = capture.seen;
        true
    }

    #[inline]
    fn captured(&self) -> Captured<'_> {
        Captured {
            callsite: self.callsite,
            origin: self.origin,
            key: EventKey { key: self.key, opened_ticks: self.opened_ticks },
            ended_ticks: self.ended_ticks,
            busy_ticks: self.busy_ticks,
            parent: self.parent,
            seen: self.seen,
            values: Values {
                places: self.places.map(u32::from),
                repeats_metadata: self.repeats_metadata,
                recorded: self.recorded.get(..self.recorded_bytes.into()).unwrap_or_default(),
                cuts: Cuts::default(),
            },
            rare: None,
        }
    }
}

impl Default for Block {
    fn default() -> Self {
        Block {
            key: std::num::NonZeroU64::MIN,
            opened_ticks: 0,
            ended_ticks: 0,
            busy_ticks: 0,
            parent: None,
            places: [0; PLACES],
            callsite: 0,
            recorded_bytes: 0,
            origin: Origin::default(),
            repeats_metadata: false,
            seen: Seen::default(),
            recorded: [0; BLOCK_BYTES],
        }
    }
}

/// A captured operation as its reader sees it. Times are ticks of the clock.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Captured<'a> {
    /// Index of the callsite in the layer's table.
    pub(crate) callsite: u32,
    pub(crate) origin: Origin,
    pub(crate) key: EventKey,
    pub(crate) ended_ticks: u64,
    pub(crate) busy_ticks: u64,
    pub(crate) parent: Option<EventKey>,
    seen: Seen,
    pub(crate) values: Values<'a>,
    pub(crate) rare: Option<&'a Rare>,
}

impl<'a> Captured<'a> {
    /// What there is to read in a capture.
    pub(crate) fn of(capture: &'a Capture) -> Self {
        Captured {
            callsite: capture.callsite,
            origin: capture.origin,
            key: capture.own_key(),
            ended_ticks: capture.ended_ticks,
            busy_ticks: capture.busy_ticks,
            parent: capture.parent,
            seen: capture.seen,
            values: capture.fields.values(),
            rare: capture.rare(),
        }
    }

    /// How it ended.
    pub(crate) fn outcome(&self, closed_is_unknown: bool) -> (Status, StatusSource) {
        let is_denial = self.values.operation().is_some_and(is_denial);
        outcome(&Seen { is_denial, ..self.seen }, closed_is_unknown)
    }
}

fn is_denial(operation: &str) -> bool {
    const NAME: &str = "ACCESS_DENIED";
    operation.len() >= NAME.len() && operation.trim().eq_ignore_ascii_case(NAME)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::IdField;
    use crate::event::packed::ValueRef;

    const END: End = End { ended_ticks: 7, busy_ticks: 3 };

    fn capture(entry_ids: usize) -> Box<Capture> {
        let mut capture = Capture::default();
        (capture.callsite, capture.opened_ticks) = (3, 5);
        capture.parent = Some(capture.own_key());
        capture.note_statement(Some(Status::Partial), false);
        capture.fields.set_operation("STORE", true);
        capture.fields.set_identity(IdField::User, "ülice", true);
        for number in 0..entry_ids {
            capture.fields.add_entry_id(&format!("entry_{number}"));
        }
        capture.fields.add_metadata(2, ValueRef::F64(0.5));
        capture.fields.set_named("key", ValueRef::Str("value"));
        capture.into()
    }

    fn expected(capture: &Capture) -> String {
        let mut ended = capture.clone();
        (ended.ended_ticks, ended.busy_ticks) = (END.ended_ticks, END.busy_ticks);
        format!("{:?}", Captured::of(&ended))
    }

    #[test]
    fn what_was_packed_comes_out_and_nothing_of_what_was_there_before() {
        let mut block = Block::default();
        for capture in [capture(9), capture(2)] {
            assert!(block.pack(&capture, END));
            assert_eq!(format!("{:?}", block.captured()), expected(&capture));
        }
        assert!(matches!(Parcel::of(capture(2), END), Parcel::Block(_)));
    }

    #[test]
    fn what_does_not_fit_travels_whole() {
        let mut linked = capture(1);
        let key = linked.own_key();
        linked.rare_mut().links.push(key);
        let mut cut = capture(1);
        (0..200).for_each(|index| cut.fields.add_metadata(index, ValueRef::Bool(true)));
        for whole in [capture(40), linked, cut] {
            let expected = expected(&whole);
            let parcel = Parcel::of(whole, END);
            assert!(matches!(parcel, Parcel::Whole(_)));
            assert_eq!(format!("{:?}", parcel.captured()), expected);
        }
    }
}

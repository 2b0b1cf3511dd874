//! What the fields of a callsite are to us, ready for recording.
//!
//! Decided once per callsite, so that a text of a usual field is recorded without
//! asking anything any more.

use std::ops::Deref;

use super::callsite::Slot;
use super::fields::{Mark, OPERATION, PLACES};
use super::recorded::{Head, fits_at};

/// What the fields of a callsite are to us, by field index.
#[derive(Debug, Clone)]
pub(crate) struct Meanings(Box<[Meaning]>);

/// What a field is to us, and what recording a text of it comes to, where it comes
/// to no more than one recording, a place and a mark.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Meaning {
    pub(super) head: Head,
    pub(super) mark: Mark,
    /// A number of a place; [`NOWHERE`], or [`NOT_PLAIN`].
    pub(super) place: u8,
    pub(super) slot: Slot,
}

const NOWHERE: u8 = PLACES as u8;
const NOT_PLAIN: u8 = u8::MAX;

impl Meaning {
    fn of(slot: Slot, index: usize) -> Self {
        let (head, mark, place) = match slot {
            Slot::Operation => (Head::TEXT, Mark::OPERATION, OPERATION as u8),
            Slot::Identity(field) => (Head::TEXT, Mark::identity(field), field as u8),
            Slot::EntryIds => (Head::ENTRY_ID, Mark::ENTRY_IDS, NOWHERE),
            // A callsite has far fewer fields than 2^16.
            Slot::Metadata => (Head::metadata_text(index as u16), Mark::NONE, NOWHERE),
            _ => (Head::TEXT, Mark::NONE, NOT_PLAIN),
        };
        Meaning { head, mark, place, slot }
    }

    /// Whether recording this text, from `start` on, is plain: by its field, and as
    /// it is neither empty nor so long that it does not lie in place.
    #[inline(always)]
    pub(super) fn is_plain_with(&self, start: usize, text: &str) -> bool {
        !text.is_empty() && fits_at(start, text.len()) && self.is_plain()
    }

    /// Whether recording a text is plain by its field.
    #[inline(always)]
    pub(super) fn is_plain(&self) -> bool {
        self.place != NOT_PLAIN
    }
}

impl FromIterator<Slot> for Meanings {
    fn from_iter<I: IntoIterator<Item = Slot>>(slots: I) -> Self {
        let slots = slots.into_iter().enumerate();
        Meanings(slots.map(|(index, slot)| Meaning::of(slot, index)).collect())
    }
}

impl Meanings {
    pub(super) fn slots(&self) -> impl Iterator<Item = Slot> {
        self.0.iter().map(|meaning| meaning.slot)
    }
}

impl Deref for Meanings {
    type Target = [Meaning];

    #[inline]
    fn deref(&self) -> &[Meaning] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_meaning_is_found_by_a_multiplication_that_costs_nothing() {
        assert_eq!(size_of::<Meaning>(), 8);
    }
}

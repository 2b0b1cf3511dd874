//! What the fields of a callsite are to us, ready for recording.
//!
//! Decided once per callsite, so that a text of a usual field is recorded without
//! asking anything any more.

use std::ops::Deref;

use super::callsite::Slot;
use super::fields::{Mark, OPERATION, PLACES};
use super::recorded::{Head, LAST_START, fits_at};

/// What the fields of a callsite are to us, by field index.
#[derive(Debug, Clone)]
pub(crate) struct Meanings(Box<[Meaning]>);

/// What a field is to us, and what recording a text of it comes to, where it comes
/// to no more than one recording, a place and a mark.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Meaning {
    pub(super) head: Head,
    pub(super) mark: Mark,
    /// A number of a place, or [`NOWHERE`].
    pub(super) place: u8,
    pub(super) slot: Slot,
    /// How far behind the end a recording of it begins: nothing if it is plain, else
    /// [`TOO_FAR`].
    offset: u8,
}

const NOWHERE: u8 = PLACES as u8;

/// So far behind any end nothing lies in place.
const TOO_FAR: u8 = u8::MAX;
const _: () = assert!(TOO_FAR as usize > LAST_START);

impl Meaning {
    fn of(slot: Slot, index: usize) -> Self {
        let (head, mark, place, offset) = match slot {
            Slot::Operation => (Head::TEXT, Mark::OPERATION, OPERATION as u8, 0),
            Slot::Identity(field) => (Head::TEXT, Mark::identity(field), field as u8, 0),
            Slot::EntryIds => (Head::ENTRY_ID, Mark::ENTRY_IDS, NOWHERE, 0),
            // A callsite has far fewer fields than 2^16.
            Slot::Metadata => (Head::metadata_text(index as u16), Mark::NONE, NOWHERE, 0),
            _ => (Head::TEXT, Mark::NONE, NOWHERE, TOO_FAR),
        };
        Meaning { head, mark, place, slot, offset }
    }

    /// Where a text is recorded, behind this end, if that [is plain](Self::is_plain_from).
    #[inline(always)]
    pub(super) fn start(&self, end: usize) -> usize {
        end.wrapping_add(usize::from(self.offset))
    }

    /// Whether recording this text from its [start](Self::start) on is plain: by its
    /// field, and as it is neither empty nor so long that it does not lie in place.
    #[inline(always)]
    pub(super) fn is_plain_from(start: usize, text: &str) -> bool {
        fits_at(start, text.len()) && !text.is_empty()
    }

    /// Whether recording a text is plain by its field.
    #[inline(always)]
    pub(super) fn is_plain(&self) -> bool {
        self.offset == 0
    }
}

impl FromIterator<Slot> for Meanings {
    fn from_iter<I: IntoIterator<Item = Slot>>(slots: I) -> Self {
        let slots = slots.into_iter().enumerate();
        Meanings(slots.map(|(index, slot)| Meaning::of(slot, index)).collect())
    }
}

impl Meanings {
    /// Index of the first field by which spans state how they ended.
    pub(super) fn status(&self) -> Option<u32> {
        self.slots().position(|slot| slot == Slot::Status).map(|index| index as u32)
    }

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

//! What the fields of a callsite are to us, ready for recording.
//!
//! Decided once per callsite, so that a text of a usual field is recorded without
//! asking anything any more.

use std::ops::Deref;

use super::callsite::Slot;
use super::fields::Plain;

/// What the fields of a callsite are to us, by field index.
#[derive(Debug, Clone)]
pub(crate) struct Meanings(Box<[Meaning]>);

/// What a field is to us.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Meaning {
    pub(super) slot: Slot,
    /// What recording a text of it comes to, where it comes to no more than that.
    pub(super) plain: Plain,
}

impl FromIterator<Slot> for Meanings {
    fn from_iter<I: IntoIterator<Item = Slot>>(slots: I) -> Self {
        let meaning = |slot| Meaning { slot, plain: Plain::of(slot) };
        Meanings(slots.into_iter().map(meaning).collect())
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

//! What was recorded, as its reader sees it.

use super::super::callsite::IdField;
use super::super::recorded::{Place, Recording, Recordings, text_at};
use super::{Cuts, ERROR, OPERATION, PLACES};

/// What was recorded, as its reader sees it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Values<'a> {
    pub(super) places: [Place; PLACES],
    /// Metadata may have been recorded more than once, so that the last value
    /// counts.
    pub(crate) repeats_metadata: bool,
    /// The code itself named entries, or operations inside did.
    #[cfg_attr(not(feature = "policy"), expect(dead_code, reason = "there are no rules"))]
    pub(crate) has_strong_ids: bool,
    pub(super) recorded: &'a [u8],
    pub(crate) cuts: Cuts,
}

impl<'a> Values<'a> {
    pub(crate) fn operation(&self) -> Option<&'a str> {
        self.text(OPERATION)
    }

    /// The operation, of which nobody has looked whether it is UTF-8.
    pub(crate) fn operation_bytes(&self) -> Option<&'a [u8]> {
        self.bytes(OPERATION)
    }

    pub(crate) fn error(&self) -> Option<&'a str> {
        self.text(ERROR)
    }

    pub(crate) fn identity(&self, field: IdField) -> Option<&'a str> {
        self.text(field as usize)
    }

    /// Metadata, entry ids and durations, in the order of recording.
    #[inline]
    pub(crate) fn recordings(&self) -> Recordings<'a> {
        Recordings(self.recorded)
    }

    /// Writes the entry ids that count, packed, into `ids`.
    pub(crate) fn write_entry_ids(&self, ids: &mut Vec<u8>) {
        ids.clear();
        for recording in self.recordings() {
            if let Recording::EntryIds(recorded) = recording {
                recorded.apply_to(ids);
            }
        }
    }

    fn text(&self, number: usize) -> Option<&'a str> {
        std::str::from_utf8(self.bytes(number)?).ok()
    }

    #[inline]
    fn bytes(&self, number: usize) -> Option<&'a [u8]> {
        let place = self.places.get(number).copied().filter(|place| *place != 0)?;
        text_at(self.recorded, place)
    }
}

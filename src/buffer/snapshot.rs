//! What readers see: a fixed list of segments.

use super::interner::Hasher;
use super::list::Segments;

/// The events held at one moment. Contiguous: each segment begins where the
/// one before it ends.
#[derive(Debug)]
pub(crate) struct Snapshot {
    /// Oldest first.
    pub(crate) segments: Segments,
    /// Sequence of the oldest event held; `next_sequence` if none is.
    pub(crate) first_sequence: u64,
    pub(crate) next_sequence: u64,
    /// The hasher of all dictionaries.
    pub(crate) hasher: Hasher,
    /// Tells this log from others of this and other processes.
    pub(crate) instance: u64,
}

#[cfg(feature = "journal")]
impl Snapshot {
    /// One that holds nothing, before this event.
    pub(crate) fn empty_at(next_sequence: u64) -> Self {
        Snapshot {
            segments: Segments::default(),
            first_sequence: next_sequence,
            next_sequence,
            hasher: Hasher::default(),
            instance: 0,
        }
    }
}

#[cfg(test)]
impl Snapshot {
    pub(crate) fn len(&self) -> u64 {
        self.next_sequence - self.first_sequence
    }
}

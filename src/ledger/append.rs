//! Appending: an entry gets its sequence and its place in the tree.

use super::writer::Ledger;
use crate::error::Result;
use crate::event::Sequence;
use crate::journal::ENTRY_BYTES_MAX;
use crate::proof::{Digest, leaf_hash};

/// Entries that wait to be hashed together, at most. So many are still in the
/// processor's nearest cache.
const HASHED_AT_ONCE: u64 = 32;

/// An entry that was appended; durable when the ledger says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Appended {
    /// Its sequence.
    pub(crate) sequence: Sequence,
    /// Its hash as a leaf of the tree.
    pub(crate) leaf: Digest,
}

/// Whether an entry could be appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Room {
    /// It could.
    Enough,
    /// Too much waits to be synced: it could after a sync.
    AfterSync,
    /// It is empty, or longer than [`ENTRY_BYTES_MAX`].
    Never,
    /// Nothing can be appended until the log is opened again.
    Poisoned,
}

impl Ledger {
    /// The same with an entry that is there already, and is hashed at once.
    #[cfg(test)]
    pub(crate) fn append(&mut self, entry: &[u8]) -> Result<Appended> {
        let sequence = self.journal.append(entry)?;
        Ok(Appended { sequence, leaf: self.last_leaf() })
    }

    /// Appends an entry, wholly or not at all. It is not durable before a
    /// [`sync`](Ledger::sync) succeeds. Touches no file. The entry is what
    /// `write` appends where it will stand, being told its sequence; if `write`
    /// says that it is not to be kept, nothing has changed. Entries are hashed
    /// together, later.
    ///
    /// # Errors
    ///
    /// Where [`room_for`](Ledger::room_for) does not say `Enough`.
    #[inline]
    pub(crate) fn append_written(
        &mut self,
        write: impl FnOnce(Sequence, &mut Vec<u8>) -> bool,
    ) -> Result<Option<Sequence>> {
        let sequence = self.journal.append_written(write)?;
        if self.journal.size() - self.tree.size() >= HASHED_AT_ONCE {
            self.hash_waiting();
        }
        Ok(sequence)
    }

    /// The hash of the entry that was appended last.
    pub(crate) fn last_leaf(&mut self) -> Digest {
        self.hash_waiting();
        self.tree.last_leaf()
    }

    /// Appends the entries of one event, all or none, and returns the first.
    /// They are to be described in their order, as if each had come alone.
    /// Only that needs room: what waits to be synced may become longer than
    /// otherwise by the others.
    ///
    /// # Errors
    ///
    /// As [`append_written`](Ledger::append_written), and when one of them is too long.
    pub(crate) fn append_parts(&mut self, entries: &[Vec<u8>]) -> Result<Option<Appended>> {
        let sequences = self.journal.append_all(entries)?;
        self.hash_waiting();
        let first = sequences.map(Sequence).zip(entries).next();
        Ok(first.map(|(sequence, entry)| Appended { sequence, leaf: leaf_hash(entry) }))
    }

    /// Brings what was appended into the tree. Comes before every sync, since
    /// what was synced is in nobody's hands any more.
    pub(super) fn hash_waiting(&mut self) {
        if self.tree.size() == self.journal.size() {
            return;
        }
        let (entries, place) = self.journal.waiting_from(self.hashed_to);
        self.tree.append_all(entries);
        self.hashed_to = place;
    }

    /// What was appended since begins at the front again, if what was hashed
    /// is on its way to the disk.
    pub(super) fn note_group_gone(&mut self) {
        self.hashed_to = self.hashed_to.min(self.journal.unsynced_bytes());
    }

    /// Whether an entry of so many bytes could be appended.
    pub(crate) fn room_for(&self, entry_bytes: usize) -> Room {
        if self.is_poisoned() {
            Room::Poisoned
        } else if entry_bytes == 0 || entry_bytes > ENTRY_BYTES_MAX {
            Room::Never
        } else if self.journal.has_room(entry_bytes) {
            Room::Enough
        } else {
            Room::AfterSync
        }
    }
}

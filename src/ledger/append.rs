//! Appending: an entry gets its sequence and its place in the tree.

use super::writer::Ledger;
use crate::error::Result;
use crate::event::Sequence;
use crate::journal::ENTRY_BYTES_MAX;
use crate::proof::{Digest, leaf_hash};

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
    /// Appends an entry, wholly or not at all. It is not durable before a
    /// [`sync`](Ledger::sync) succeeds. Touches no file.
    ///
    /// # Errors
    ///
    /// Where [`room_for`](Ledger::room_for) does not say `Enough`.
    #[inline]
    pub(crate) fn append(&mut self, entry: &[u8]) -> Result<Appended> {
        let sequence = self.journal.append(entry)?;
        let leaf = leaf_hash(entry);
        self.tree.append(leaf);
        Ok(Appended { sequence, leaf })
    }

    /// Appends the entries of one event, all or none, and returns the first.
    /// They are to be described in their order, as if each had come alone.
    /// Only that needs room: what waits to be synced may become longer than
    /// otherwise by the others.
    ///
    /// # Errors
    ///
    /// As [`append`](Ledger::append), and when one of them is too long.
    pub(crate) fn append_parts(&mut self, entries: &[Vec<u8>]) -> Result<Option<Appended>> {
        let mut first = None;
        for (sequence, entry) in self.journal.append_all(entries)?.zip(entries) {
            let leaf = leaf_hash(entry);
            self.tree.append(leaf);
            first.get_or_insert(Appended { sequence: Sequence(sequence), leaf });
        }
        Ok(first)
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

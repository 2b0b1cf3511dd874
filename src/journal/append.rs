//! Appending: an entry gets its number and waits in memory for the next sync.

use super::failure::{JournalError, Result};
use super::frame::{self, ENTRY_BYTES_MAX, FRAME_HEADER_BYTES, SEQUENCE_END};
use super::writer::Journal;
use crate::event::Sequence;

impl Journal {
    /// Appends an entry, wholly or not at all, and returns its sequence. It is
    /// not durable before a [`sync`](Journal::sync) succeeds. Touches no file.
    ///
    /// # Errors
    ///
    /// When the entry is empty or longer than [`ENTRY_BYTES_MAX`], when too
    /// many bytes wait to be synced, and when the journal is poisoned.
    #[inline]
    pub(crate) fn append(&mut self, entry: &[u8]) -> Result<Sequence> {
        let fits = entry.len().wrapping_sub(1) < ENTRY_BYTES_MAX
            && self.has_room(entry.len())
            && self.group.next < SEQUENCE_END;
        if !fits || self.poison.is_some() {
            return Err(self.refusal(entry));
        }
        let group = &mut self.group;
        let sequence = group.next;
        if group.bytes.is_empty() {
            frame::push_mark(&mut group.bytes, sequence);
        }
        frame::push(&mut group.bytes, sequence, entry);
        group.next += 1;
        Ok(Sequence(sequence))
    }

    /// Whether an entry of so many bytes fits beside those that wait.
    pub(crate) fn has_room(&self, entry_bytes: usize) -> bool {
        let bytes = self.group.bytes.len() + 2 * FRAME_HEADER_BYTES + entry_bytes;
        bytes <= self.group.bytes_limit
    }

    #[cold]
    fn refusal(&self, entry: &[u8]) -> JournalError {
        if let Err(poisoned) = self.refuse_if_poisoned() {
            return poisoned;
        }
        if entry.is_empty() || entry.len() > ENTRY_BYTES_MAX {
            return JournalError::Invalid(format!(
                "an entry has 1 to {ENTRY_BYTES_MAX} bytes, and this one has {}",
                entry.len()
            ));
        }
        if self.group.next >= SEQUENCE_END {
            return JournalError::Invalid("there are no more sequence numbers".into());
        }
        JournalError::GroupFull { bytes: self.group.bytes.len() }
    }
}

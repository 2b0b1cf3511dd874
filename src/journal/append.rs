//! Appending: an entry gets its number and waits in memory for the next sync.

use std::ops::Range;

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

    /// Appends entries that belong together, all or none, and returns their
    /// sequences. There has to be room for the first alone.
    ///
    /// # Errors
    ///
    /// As [`append`](Journal::append), for any of them.
    pub(crate) fn append_all(&mut self, entries: &[Vec<u8>]) -> Result<Range<u64>> {
        let first = self.group.next;
        let last_fits = first.saturating_add(entries.len() as u64) <= SEQUENCE_END;
        let is_entry = |entry: &Vec<u8>| (1..=ENTRY_BYTES_MAX).contains(&entry.len());
        let (Some((head, rest)), true) = (entries.split_first(), last_fits) else {
            return Err(self.refusal(entries.first().map_or(&[], Vec::as_slice)));
        };
        if let Some(wrong) = rest.iter().find(|entry| !is_entry(entry)) {
            return Err(self.refusal(wrong));
        }
        self.append(head)?;
        for entry in rest {
            frame::push(&mut self.group.bytes, self.group.next, entry);
            self.group.next += 1;
        }
        Ok(first..self.group.next)
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

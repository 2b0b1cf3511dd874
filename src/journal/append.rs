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
        let write = |_: Sequence, bytes: &mut Vec<u8>| {
            bytes.extend_from_slice(entry);
            true
        };
        self.append_written(write).map(|sequence| sequence.unwrap_or_default())
    }

    /// The same with an entry that `write` appends where it will stand, being
    /// told its sequence. If `write` says that it is not to be kept, nothing
    /// has changed, and there is no sequence.
    ///
    /// # Errors
    ///
    /// As [`append`](Journal::append).
    #[inline]
    pub(crate) fn append_written(
        &mut self,
        write: impl FnOnce(Sequence, &mut Vec<u8>) -> bool,
    ) -> Result<Option<Sequence>> {
        self.refuse_if_poisoned()?;
        let group = &mut self.group;
        let (sequence, before) = (group.next, group.len());
        let mut unfinished = Unfinished { keep: group.fresh.len(), bytes: &mut group.fresh };
        if before == 0 {
            frame::push_mark(unfinished.bytes, sequence);
        }
        let start = frame::begin(unfinished.bytes, sequence);
        let is_wanted = write(Sequence(sequence), unfinished.bytes);
        let entry_bytes = unfinished.bytes.len() - start - FRAME_HEADER_BYTES;
        if !is_wanted {
            return Ok(None);
        }
        let fits = entry_bytes.wrapping_sub(1) < ENTRY_BYTES_MAX
            && is_room(before, entry_bytes, group.bytes_limit)
            && sequence < SEQUENCE_END;
        if !fits {
            drop(unfinished);
            return Err(self.refusal(entry_bytes));
        }
        frame::end(unfinished.bytes, start);
        unfinished.keep = unfinished.bytes.len();
        group.next += 1;
        Ok(Some(Sequence(sequence)))
    }

    /// The entries that wait to be synced, from a place among their frames on,
    /// and the place behind the last.
    pub(crate) fn waiting_from(&mut self, place: usize) -> (impl Iterator<Item = &[u8]>, usize) {
        self.group.complete();
        let mut rest = self.group.bytes.get(place..).unwrap_or_default();
        let entries = std::iter::from_fn(move || {
            loop {
                let (frame, has_entry, after) = frame::split_first(rest)?;
                rest = after;
                if has_entry {
                    return frame.get(FRAME_HEADER_BYTES..);
                }
            }
        });
        (entries, self.group.bytes.len())
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
            return Err(self.refusal(entries.first().map_or(0, Vec::len)));
        };
        if let Some(wrong) = rest.iter().find(|entry| !is_entry(entry)) {
            return Err(self.refusal(wrong.len()));
        }
        self.append(head)?;
        for entry in rest {
            frame::push(&mut self.group.fresh, self.group.next, entry);
            self.group.next += 1;
        }
        Ok(first..self.group.next)
    }

    /// Whether an entry of so many bytes fits beside those that wait.
    pub(crate) fn has_room(&self, entry_bytes: usize) -> bool {
        is_room(self.group.len(), entry_bytes, self.group.bytes_limit)
    }

    #[cold]
    fn refusal(&self, entry_bytes: usize) -> JournalError {
        if let Err(poisoned) = self.refuse_if_poisoned() {
            return poisoned;
        }
        if entry_bytes == 0 || entry_bytes > ENTRY_BYTES_MAX {
            return JournalError::Invalid(format!(
                "an entry has 1 to {ENTRY_BYTES_MAX} bytes, and this one has {entry_bytes}"
            ));
        }
        if self.group.next >= SEQUENCE_END {
            return JournalError::Invalid("there are no more sequence numbers".into());
        }
        JournalError::GroupFull { bytes: self.group.len() }
    }
}

/// Whether an entry, and a mark before it, fit beside what waits.
fn is_room(waiting_bytes: usize, entry_bytes: usize, bytes_limit: usize) -> bool {
    waiting_bytes + 2 * FRAME_HEADER_BYTES + entry_bytes <= bytes_limit
}

/// Frames with one at their end that is being written. What is not to be kept
/// goes, also when whoever writes it panics.
struct Unfinished<'a> {
    bytes: &'a mut Vec<u8>,
    keep: usize,
}

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        self.bytes.truncate(self.keep);
    }
}

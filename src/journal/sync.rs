//! Syncing: one write and one fdatasync for all entries that wait.
//!
//! Who needs it done waits for it ([`Journal::sync`]); otherwise it is begun,
//! and its outcome looked at later ([`Journal::begin_sync`]).
//!
//! Nothing is acknowledged unless the fdatasync succeeded and the file is still
//! the one that its path names. A write that fails is undone by cutting the
//! file back, durably; the entries go on waiting. A sync that fails can't be
//! undone or repeated: the journal is poisoned.

use std::io;

use super::background::{Flight, lock};
use super::cut_record;
use super::failure::{JournalError, Result};
use super::frame::{self, ENTRY_BYTES_MAX};
use super::handover::{GroupMemory, WrittenGroup};
use super::steps;
use super::writer::Journal;
use crate::event::Sequence;

/// The number of entries that are durable: all with smaller sequences are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SyncedThrough(pub(crate) u64);

impl Journal {
    /// Makes all appended entries durable.
    ///
    /// # Errors
    ///
    /// [`JournalError::Full`] and [`JournalError::Io`] leave the entries
    /// waiting: sync again, or
    /// [`discard_unsynced`](Journal::discard_unsynced).
    /// [`JournalError::Poisoned`] is final: what was not acknowledged may be
    /// durable or not.
    pub(crate) fn sync(&mut self, now_ns: u64) -> Result<SyncedThrough> {
        self.refuse_if_poisoned()?;
        self.land(true)?;
        if self.group.is_empty() {
            return Ok(self.synced_size());
        }
        self.last_sync_ns = now_ns;
        self.write_group()?;
        self.write_ahead()?;
        self.sync_written()?;
        self.acknowledge(self.group.next);
        Ok(self.synced_size())
    }

    /// Writes what waits, and lets it be synced beside the writer, who goes on
    /// appending. While an earlier group is on its way, nothing more is begun,
    /// but its outcome is looked at; it is waited for where no entry has room
    /// any more. Returns what is durable by then.
    ///
    /// # Errors
    ///
    /// As [`sync`](Journal::sync), of this group or the one before.
    pub(crate) fn begin_sync(&mut self, now_ns: u64) -> Result<SyncedThrough> {
        self.refuse_if_poisoned()?;
        self.land(!self.has_room(ENTRY_BYTES_MAX))?;
        if self.flight.is_some() || self.group.is_empty() {
            return Ok(self.synced_size());
        }
        self.last_sync_ns = now_ns;
        self.write_group()?;
        if self.background.begin(&self.active.file) {
            let memory = self.group.swap(std::mem::take(&mut self.spare));
            self.flight = Some(Flight { next: self.group.next, memory });
        } else {
            self.sync_written()?;
            self.acknowledge(self.group.next);
        }
        Ok(self.synced_size())
    }

    /// Syncs, says at the end of the log that it was closed, and releases it.
    ///
    /// # Errors
    ///
    /// As [`sync`](Journal::sync). What was not acknowledged before is lost.
    pub(crate) fn close(mut self, now_ns: u64) -> Result<SyncedThrough> {
        self.sync(now_ns)?;
        if !self.active.is_closed {
            self.cut_room()?;
            frame::push_closing_mark(&mut self.group.bytes, self.synced);
            self.write_group()?;
            self.sync_written()?;
        }
        Ok(self.synced_size())
    }

    /// Fails, for good, unless the files are where they should be.
    pub(super) fn check_in_place(&mut self) -> Result<()> {
        let (path, expected) = (&self.active.path, (self.active.identity, self.active.room_end));
        let problem = match self.fs.stat(path) {
            Ok(found) if (found.identity, found.length) == expected => None,
            Ok(found) if found.identity == expected.0 => Some(format!(
                "something else wrote to it: {} bytes where {} belong",
                found.length, expected.1
            )),
            Ok(_) => Some("another file was put in its place".into()),
            Err(error) => Some(format!("it was deleted or renamed ({error})")),
        };
        if let Some(problem) = problem {
            let cause = format!("{}: {problem}", path.display());
            return Err(self.poisoned(cause));
        }
        if !self.lock.is_in_place(&*self.fs) {
            let cause =
                format!("{}: the lock was deleted or replaced", self.layout.lock().display());
            return Err(self.poisoned(cause));
        }
        Ok(())
    }

    /// Hands the group to the system. No other is on its way to the disk.
    fn write_group(&mut self) -> Result<()> {
        self.group.complete();
        let active = &mut self.active;
        let written = steps::write_all(&mut **lock(&active.file), active.length, &self.group.bytes);
        if written.is_ok() {
            let end = active.length + self.group.bytes.len() as u64;
            active.room_end = active.room_end.max(end);
        }
        written.map_err(|error| {
            let error = JournalError::step("write to", &self.active.path, error);
            self.cut_back(error)
        })
    }

    /// Brings the group that was written to the disk and empties it.
    fn sync_written(&mut self) -> Result<()> {
        let outcome = steps::sync(&mut **lock(&self.active.file));
        self.note_outcome(outcome, self.group.bytes.len() as u64)?;
        let written = self.group.swap(std::mem::take(&mut self.spare));
        self.hand_over(written);
        Ok(())
    }

    /// Looks how the group that is on its way has fared, or waits for it.
    fn land(&mut self, waits: bool) -> Result<()> {
        if self.flight.is_none() {
            return Ok(());
        }
        let Some(outcome) = self.background.outcome(waits) else { return Ok(()) };
        let Some(flight) = self.flight.take() else { return Ok(()) };
        self.note_outcome(outcome, flight.memory.bytes.len() as u64)?;
        self.acknowledge(flight.next);
        self.hand_over(flight.memory);
        Ok(())
    }

    /// Gives the group that became durable last to whoever takes it, and keeps
    /// the memory that comes back.
    fn hand_over(&mut self, memory: GroupMemory) {
        self.spare = match &mut self.taker {
            None => memory,
            Some(taker) => taker.take(WrittenGroup {
                segment: Sequence(self.active.first),
                offset: self.active.length - memory.bytes.len() as u64,
                memory,
            }),
        };
        self.spare.clear();
    }

    /// What a sync of so many more bytes came to.
    fn note_outcome(&mut self, outcome: io::Result<()>, bytes: u64) -> Result<()> {
        if let Err(error) = outcome {
            let cause = format!("{} could not be synced: {error}", self.active.path.display());
            return Err(self.poisoned_by_sync(cause));
        }
        self.active.length += bytes;
        self.check_in_place()
    }

    /// All entries before `next` are durable.
    fn acknowledge(&mut self, next: u64) {
        self.synced = next;
        self.active.is_closed = false;
        self.forget_cuts();
    }

    /// Undoes a failed write. Durably, lest a crash mixes what was cut with
    /// what is written there next.
    pub(super) fn cut_back(&mut self, error: JournalError) -> JournalError {
        // What space there is, or was reserved, is for entries from here on.
        self.active.goes_ahead = false;
        let undone = {
            let mut file = lock(&self.active.file);
            file.truncate(self.active.length).and_then(|()| steps::sync(&mut **file))
        };
        match undone {
            Ok(()) => {
                self.active.room_end = self.active.length;
                error
            }
            Err(failed) => {
                self.poisoned_by_sync(format!("{error}; and it could not be undone: {failed}"))
            }
        }
    }

    /// An entry that tells of cuts is durable, so the record may go. If it
    /// can't be removed, the cuts are told once more, which does no harm.
    fn forget_cuts(&mut self) {
        if self.has_cut_record {
            self.has_cut_record = cut_record::clear(&*self.fs, &self.layout).is_err();
        }
    }
}

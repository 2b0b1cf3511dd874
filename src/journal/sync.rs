//! Syncing: one write and one fdatasync for all entries that wait.
//!
//! Nothing is acknowledged unless the fdatasync succeeded and the file is still
//! the one that its path names. A write that fails is undone by cutting the
//! file back, durably; the entries go on waiting. A sync that fails can't be
//! undone or repeated: the journal is poisoned.

use super::cut_record;
use super::failure::{JournalError, Result};
use super::frame;
use super::steps;
use super::writer::Journal;

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
        if self.group.bytes.is_empty() {
            return Ok(self.synced_size());
        }
        self.last_sync_ns = now_ns;
        self.write_group()?;
        self.synced = self.group.next;
        self.active.is_closed = false;
        self.forget_cuts();
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
            frame::push_closing_mark(&mut self.group.bytes, self.synced);
            self.write_group()?;
        }
        Ok(self.synced_size())
    }

    /// Fails, for good, unless the files are where they should be.
    pub(super) fn check_in_place(&mut self) -> Result<()> {
        let (path, expected) = (&self.active.path, (self.active.identity, self.active.length));
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

    /// Brings the group to the disk and empties it.
    fn write_group(&mut self) -> Result<()> {
        let active = &mut self.active;
        if let Err(error) = steps::write_all(&mut *active.file, active.length, &self.group.bytes) {
            let error = JournalError::step("write to", &active.path, error);
            return Err(self.cut_back(error));
        }
        if let Err(error) = steps::sync(&mut *active.file) {
            let cause = format!("{} could not be synced: {error}", active.path.display());
            return Err(self.poisoned_by_sync(cause));
        }
        active.length += self.group.bytes.len() as u64;
        self.check_in_place()?;
        self.group.bytes.clear();
        Ok(())
    }

    /// Undoes a failed write. Durably, lest a crash mixes what was cut with
    /// what is written there next.
    fn cut_back(&mut self, error: JournalError) -> JournalError {
        let active = &mut self.active;
        let undone =
            active.file.truncate(active.length).and_then(|()| steps::sync(&mut *active.file));
        match undone {
            Ok(()) => error,
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

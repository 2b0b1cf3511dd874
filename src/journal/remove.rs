//! Removing the oldest segment. What may go, and that an entry tells of it, is
//! the caller's business.

use super::failure::{JournalError, Result};
use super::names;
use super::writer::Journal;
use crate::fs::PathKind;

impl Journal {
    /// Removes the files of the oldest segment, which has to be sealed and to
    /// begin with this sequence, durably. Done already if it is not there.
    ///
    /// # Errors
    ///
    /// When it is not the oldest, or not sealed, and when the system refuses a
    /// step; asked again, it goes on.
    pub(crate) fn remove_oldest(&mut self, first: u64) -> Result<()> {
        self.refuse_if_poisoned()?;
        let segments = self.layout.segments();
        let names = self.list_segments()?;
        let sealed = self.layout.sort(&names)?.sealed;
        if first >= self.active.first || sealed.first().is_some_and(|oldest| *oldest < first) {
            return Err(JournalError::Invalid(format!(
                "segment {first} is not the oldest of the sealed ones"
            )));
        }
        for name in names.iter().filter(|name| names::is_of_segment(name, first)) {
            let path = segments.join(name);
            self.fs
                .remove_file(&path)
                .map_err(|error| JournalError::step("remove", &path, error))?;
        }
        // Before a later one goes, lest a crash leaves a hole.
        self.fs
            .sync_directory(&segments)
            .map_err(|error| JournalError::step("sync", &segments, error))
    }

    /// Length of all files of a segment, in bytes.
    pub(crate) fn segment_bytes(&self, first: u64) -> Result<u64> {
        let mut bytes = 0;
        for name in self.list_segments()?.iter().filter(|name| names::is_of_segment(name, first)) {
            let path = self.layout.segments().join(name);
            let stat =
                self.fs.stat(&path).map_err(|error| JournalError::step("look up", &path, error))?;
            bytes += stat.length;
        }
        Ok(bytes)
    }

    /// Whether a sealed segment is still there as it was written.
    pub(crate) fn is_raw(&self, first: u64) -> Result<bool> {
        let path = self.layout.sealed(first);
        let kind =
            self.fs.kind(&path).map_err(|error| JournalError::step("look up", &path, error))?;
        Ok(kind != PathKind::Missing)
    }

    fn list_segments(&self) -> Result<Vec<String>> {
        let segments = self.layout.segments();
        self.fs.list(&segments).map_err(|error| JournalError::step("list", &segments, error))
    }
}

//! Room that is written ahead of the entries.
//!
//! When a file has grown, a sync has to bring more to the disk than its data:
//! where these lie, and how long the file is, each a step that waits for the one
//! before. Where somebody waits for every sync, zeros are therefore written some
//! way ahead now and then, and most syncs have nothing but data to write.
//!
//! What stands behind the last group is no part of the log: to whoever reads it,
//! zeros to the end of the file are what a crash may leave as well. The room is
//! cut off before a segment is sealed and before a log is closed. A disk too full
//! for it goes without.

use super::background::lock;
use super::failure::{JournalError, Result};
use super::steps;
use super::writer::Journal;

/// Default room to be written at once, in bytes.
pub(crate) const AHEAD_BYTES: u64 = 256 * 1024;

/// Where the room ends: a whole number of what filesystems keep together.
const BLOCK_BYTES: u64 = 4096;

impl Journal {
    /// Writes zeros behind the group that was just written, if there is no room
    /// left. They become durable with the group, or not at all.
    ///
    /// # Errors
    ///
    /// When what was begun can't be undone.
    pub(super) fn write_ahead(&mut self) -> Result<()> {
        let end = self.active.length + self.group.bytes.len() as u64;
        let ahead = self.ahead_of(end);
        if self.active.room_end > end || ahead == 0 {
            return Ok(());
        }
        let zeros = vec![0; ahead as usize];
        let mut file = lock(&self.active.file);
        let Err(error) = steps::write_all(&mut **file, end, &zeros) else {
            self.active.room_end = end + ahead;
            return Ok(());
        };
        self.active.goes_ahead = false;
        let undone = file.truncate(end);
        drop(file);
        undone.map_err(|_| self.cut_back(JournalError::step("write to", &self.active.path, error)))
    }

    /// How much is to be written ahead of a place. Nothing where a group takes
    /// more than half of it: what is written twice then costs more than it spares.
    fn ahead_of(&self, end: u64) -> u64 {
        let ahead = self.config.ahead_bytes;
        if !self.active.goes_ahead || self.group.bytes.len() as u64 > ahead / 2 {
            return 0;
        }
        let target = (end + ahead).next_multiple_of(BLOCK_BYTES);
        target.min(self.config.segment_bytes_max).saturating_sub(end)
    }

    /// Lets the file end behind its last durable group. Durable with the next
    /// sync.
    ///
    /// # Errors
    ///
    /// When the file can't be cut; it is as it was then.
    pub(super) fn cut_room(&mut self) -> Result<()> {
        if self.active.room_end > self.active.length {
            let cut = lock(&self.active.file).truncate(self.active.length);
            cut.map_err(|error| JournalError::step("cut", &self.active.path, error))?;
            self.active.room_end = self.active.length;
        }
        Ok(())
    }
}

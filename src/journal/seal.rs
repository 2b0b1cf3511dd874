//! Sealing: a segment becomes immutable, and the next one begins.
//!
//! The next segment is made first, so that a full disk leaves things as they
//! are. Then one name changes at a time, each durably, so that a crash leaves
//! one of three states: the old segment open, the old one sealed and none
//! open, or the new one open.
//!
//! A sealed segment is the same bytes under another name. Whatever is made of
//! it later (compressed blocks, an index, a hash) starts from
//! [`SealedSegment`].

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::background::{lock, share};
use super::failure::{JournalError, Result};
use super::header::{SEGMENT_HEADER_BYTES, SegmentHeader};
use super::names::Layout;
use super::steps;
use super::writer::{Active, Journal};
use crate::event::Sequence;
use crate::fs::{JournalFile, JournalFs, OpenMode, PathKind};

/// A segment that will not change any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SealedSegment {
    /// Its file.
    pub(crate) path: PathBuf,
    /// The sequence of its first entry.
    pub(crate) first: Sequence,
    /// The sequence after that of its last entry.
    pub(crate) next: Sequence,
    /// Length of the file, in bytes.
    pub(crate) bytes: u64,
}

impl Journal {
    /// Syncs, seals the segment and begins another; `None` if there is no
    /// entry in it.
    ///
    /// # Errors
    ///
    /// As [`sync`](Journal::sync). Unless poisoned, the segment stays open and
    /// can be written to.
    pub(crate) fn seal(&mut self, now_ns: u64) -> Result<Option<SealedSegment>> {
        self.sync(now_ns)?;
        if self.synced == self.active.first {
            return Ok(None);
        }
        self.end_at_last_group()?;
        self.check_in_place()?;
        let header = SegmentHeader {
            log: self.log,
            event_schema_version: self.config.event_schema_version,
            first: self.synced,
        };
        let prepared = prepare(&*self.fs, &self.layout, header)?;
        let sealed = self.rename_sealed()?;
        match publish(&*self.fs, &self.layout, header, prepared, now_ns) {
            Ok(active) => self.active = active,
            Err(error) => return Err(self.poisoned(error.to_string())),
        }
        Ok(Some(sealed))
    }

    /// Cuts off what was written ahead, durably.
    fn end_at_last_group(&mut self) -> Result<()> {
        if self.active.room_end == self.active.length {
            return Ok(());
        }
        self.cut_room()?;
        let synced = steps::sync(&mut **lock(&self.active.file));
        synced.map_err(|error| {
            let path = self.active.path.display().to_string();
            self.poisoned_by_sync(format!("{path} could not be synced: {error}"))
        })
    }

    /// Whether the segment is large or old enough to be sealed.
    pub(crate) fn is_seal_due(&self, now_ns: u64) -> bool {
        let age = Duration::from_nanos(now_ns.saturating_sub(self.active.opened_ns));
        let in_flight = self.flight.as_ref().map_or(0, |flight| flight.memory.bytes.len() as u64);
        let bytes = self.active.length + in_flight + self.group.len() as u64;
        bytes >= self.config.segment_bytes_max || age >= self.config.segment_age_max
    }

    fn rename_sealed(&mut self) -> Result<SealedSegment> {
        let path = self.layout.sealed(self.active.first);
        let renamed = refuse_taken(&*self.fs, &path)
            .and_then(|()| rename(&*self.fs, &self.active.path, &path));
        if let Err(error) = renamed {
            // Nothing has changed, and the next attempt makes its own.
            let _ = self.fs.remove_file(&self.layout.unfinished(self.synced));
            return Err(error);
        }
        if let Err(error) = self.fs.sync_directory(&self.layout.segments()) {
            return Err(self.poisoned(format!("{} has no durable name: {error}", path.display())));
        }
        Ok(SealedSegment {
            path,
            first: Sequence(self.active.first),
            next: Sequence(self.synced),
            bytes: self.active.length,
        })
    }
}

/// Makes a segment under a name that doesn't count yet.
pub(super) fn prepare(
    fs: &dyn JournalFs,
    layout: &Layout,
    header: SegmentHeader,
) -> Result<Box<dyn JournalFile>> {
    let path = layout.unfinished(header.first);
    // Left by an attempt that failed.
    let _ = fs.remove_file(&path);
    let mut file = fs
        .open(&path, OpenMode::CreateNew)
        .map_err(|error| JournalError::step("create", &path, error))?;
    let written =
        steps::write_all(&mut *file, 0, &header.encode()).and_then(|()| steps::sync(&mut *file));
    if let Err(error) = written {
        let _ = fs.remove_file(&path);
        return Err(JournalError::step("write to", &path, error));
    }
    Ok(file)
}

/// Lets a prepared segment be the one that is written to.
pub(super) fn publish(
    fs: &dyn JournalFs,
    layout: &Layout,
    header: SegmentHeader,
    file: Box<dyn JournalFile>,
    now_ns: u64,
) -> Result<Active> {
    let path = layout.active(header.first);
    refuse_taken(fs, &path)?;
    rename(fs, &layout.unfinished(header.first), &path)?;
    fs.sync_directory(&layout.segments())
        .map_err(|error| JournalError::step("name", &path, error))?;
    let stat = file.stat().map_err(|error| JournalError::step("look up", &path, error))?;
    Ok(Active {
        file: share(file),
        path,
        identity: stat.identity,
        first: header.first,
        length: SEGMENT_HEADER_BYTES as u64,
        room_end: SEGMENT_HEADER_BYTES as u64,
        goes_ahead: true,
        is_closed: false,
        opened_ns: now_ns,
    })
}

fn rename(fs: &dyn JournalFs, from: &Path, to: &Path) -> Result<()> {
    fs.rename(from, to).map_err(|error| JournalError::step("name", to, error))
}

/// A rename would replace what is there.
fn refuse_taken(fs: &dyn JournalFs, path: &Path) -> Result<()> {
    match fs.kind(path).map_err(|error| JournalError::step("look up", path, error))? {
        PathKind::Missing => Ok(()),
        _ => Err(JournalError::step("name", path, std::io::ErrorKind::AlreadyExists.into())),
    }
}

//! A reserve of disk space, so that a log on a full disk can still say that
//! it is full and close.
//!
//! The reserve is a file of zeros. On filesystems that store zeros as nothing
//! (with compression, or deduplication) it reserves nothing.

use std::path::Path;

use super::failure::{JournalError, Result};
use super::steps;
use super::writer::Journal;
use crate::fs::{JournalFile, JournalFs, OpenMode, PathKind};

static CHUNK: [u8; 64 * 1024] = [0; 64 * 1024];

/// There has to be room for this share of the reserve beside it.
const REST_SHARE: u64 = 16;

impl Journal {
    /// Gives the reserve back to the disk, for the few entries that say that
    /// it is full. Somebody else may take the space.
    pub(crate) fn release_reserve(&mut self) -> Result<()> {
        let path = self.layout.reserve();
        let failed = |error| JournalError::step("release", &path, error);
        let mut file = self.fs.open(&path, OpenMode::Write).map_err(failed)?;
        file.truncate(0).and_then(|()| steps::sync(&mut *file)).map_err(failed)
    }

    #[cfg(test)]
    /// Takes the reserve again; returns its size in bytes, which is smaller
    /// than configured if there is no room for all of it.
    pub(crate) fn restore_reserve(&mut self) -> Result<u64> {
        fill(&*self.fs, &self.layout.reserve(), self.config.reserve_bytes)
    }
}

/// Makes the reserve as large as wanted. Where there is no room for that and a
/// little more, it takes half of the room that there is, itself included, so that
/// it takes no more the next time: the log is opened, and written to, in the rest.
pub(super) fn fill(fs: &dyn JournalFs, path: &Path, bytes: u64) -> Result<u64> {
    match try_fill(fs, path, bytes) {
        Err(error) if error.is_full() => Ok(fs.stat(path).map_or(0, |stat| stat.length.min(bytes))),
        result => result,
    }
}

fn try_fill(fs: &dyn JournalFs, path: &Path, bytes: u64) -> Result<u64> {
    let failed = |error| JournalError::step("reserve", path, error);
    let mode = match fs.kind(path).map_err(failed)? {
        PathKind::Missing => OpenMode::CreateNew,
        _ => OpenMode::Write,
    };
    let mut file = fs.open(path, mode).map_err(failed)?;
    let before = file.stat().map_err(failed)?.length;
    if before == bytes {
        return Ok(bytes);
    }
    let with_rest = bytes.saturating_add(bytes / REST_SHARE);
    let kept = match stretch(&mut *file, before, with_rest).map_err(failed) {
        Err(error) if error.is_full() => {
            let reached = file.stat().map_err(failed)?.length;
            before.max(reached / 2).min(bytes)
        }
        result => result.map(|()| bytes)?,
    };
    file.truncate(kept).and_then(|()| steps::sync(&mut *file)).map_err(failed)?;
    Ok(kept)
}

/// Writes zeros up to a length.
fn stretch(file: &mut dyn JournalFile, from: u64, to: u64) -> std::io::Result<()> {
    let mut length = from;
    while length < to {
        let wanted = (to - length).min(CHUNK.len() as u64);
        let zeros = CHUNK.get(..wanted as usize).unwrap_or_default();
        steps::write_all(file, length, zeros)?;
        length += wanted;
    }
    Ok(())
}

//! A reserve of disk space, so that a log on a full disk can still say that
//! it is full and close.
//!
//! The reserve is a file of zeros. On filesystems that store zeros as nothing
//! (with compression, or deduplication) it reserves nothing.

use std::path::Path;

use super::failure::{JournalError, Result};
use super::steps;
use super::writer::Journal;
use crate::fs::{JournalFs, OpenMode, PathKind};

static CHUNK: [u8; 64 * 1024] = [0; 64 * 1024];

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

/// Makes the reserve as large as wanted, or as there is room.
pub(super) fn fill(fs: &dyn JournalFs, path: &Path, bytes: u64) -> Result<u64> {
    match try_fill(fs, path, bytes) {
        Err(error) if error.is_full() => Ok(fs.stat(path).map_or(0, |stat| stat.length.min(bytes))),
        result => result.map(|()| bytes),
    }
}

fn try_fill(fs: &dyn JournalFs, path: &Path, bytes: u64) -> Result<()> {
    let failed = |error| JournalError::step("reserve", path, error);
    let mode = match fs.kind(path).map_err(failed)? {
        PathKind::Missing => OpenMode::CreateNew,
        _ => OpenMode::Write,
    };
    let mut file = fs.open(path, mode).map_err(failed)?;
    let mut length = file.stat().map_err(failed)?.length;
    if length == bytes {
        return Ok(());
    }
    if length > bytes {
        file.truncate(bytes).map_err(failed)?;
    }
    while length < bytes {
        let wanted = (bytes - length).min(CHUNK.len() as u64);
        let zeros = CHUNK.get(..wanted as usize).unwrap_or_default();
        steps::write_all(&mut *file, length, zeros).map_err(failed)?;
        length += wanted;
    }
    steps::sync(&mut *file).map_err(failed)
}

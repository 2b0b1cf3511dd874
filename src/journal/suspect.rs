//! After a failed fsync: what can be read may not be on the disk.
//!
//! The system may keep the pages that it could not write, and call them clean.
//! They can be read, and a second fsync succeeds without writing them. So the
//! log is marked as suspect, and whoever opens it next writes the segment's
//! bytes again before it trusts them.
//!
//! If the mark can't be made, the writer cuts its file back to what was synced
//! before. If that fails too, as on a disk that has become read-only, the last
//! group can still be read. So whoever opens a log writes that group again in any
//! case: what stands before it was synced, or it would not have been written.
//!
//! The mark need not be durable: what it warns of lives in the memory of the
//! system, and ends with it. Hence nothing here syncs the mark.

use super::failure::{JournalError, Result};
use super::names::Layout;
use super::steps;
use crate::fs::{JournalFile, JournalFs, OpenMode, PathKind};
use std::ops::Range;
use std::path::Path;

const CHUNK_BYTES: usize = 1024 * 1024;

/// Marks a log.
pub(super) fn mark(fs: &dyn JournalFs, layout: &Layout) -> Result<()> {
    let path = layout.suspect();
    match fs.open(&path, OpenMode::CreateNew) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            Err(JournalError::step("create", &path, error))
        }
        _ => Ok(()),
    }
}

/// Whether a log is marked.
pub(super) fn is_marked(fs: &dyn JournalFs, layout: &Layout) -> Result<bool> {
    let path = layout.suspect();
    let kind = fs.kind(&path).map_err(|error| JournalError::step("look up", &path, error))?;
    Ok(kind != PathKind::Missing)
}

/// Writes a part of a segment over itself, so that the next sync has to bring it to
/// the disk.
pub(super) fn rewrite(file: &mut dyn JournalFile, path: &Path, part: Range<u64>) -> Result<()> {
    let failed = |error| JournalError::step("rewrite", path, error);
    let mut bytes = vec![0; CHUNK_BYTES];
    let mut offset = part.start;
    while offset < part.end {
        let wanted = (part.end - offset).min(CHUNK_BYTES as u64) as usize;
        let chunk = bytes.get_mut(..wanted).unwrap_or_default();
        let read = steps::read_up_to(file, offset, chunk).map_err(failed)?;
        if read < wanted {
            return Err(failed(std::io::ErrorKind::UnexpectedEof.into()));
        }
        steps::write_all(file, offset, chunk).map_err(failed)?;
        offset += read as u64;
    }
    Ok(())
}

/// Ends the suspicion: the rewritten bytes are durable.
pub(super) fn clear(fs: &dyn JournalFs, layout: &Layout) -> Result<()> {
    let path = layout.suspect();
    match fs.remove_file(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        result => result
            .and_then(|()| fs.sync_directory(layout.directory()))
            .map_err(|error| JournalError::step("remove", &path, error)),
    }
}

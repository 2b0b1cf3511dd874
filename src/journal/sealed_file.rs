//! Opening a sealed segment in whichever form it has.

use std::io;
use std::path::{Path, PathBuf};

use super::failure::{JournalError, Result};
use super::names::Layout;
use super::packed_file::PackedFile;
use super::seek_table::SeekTable;
use crate::fs::{JournalFile, JournalFs, OpenMode};

/// A sealed segment that is open for reading. Either way, it gives the bytes
/// of the segment as it was written.
#[derive(Debug)]
pub(super) enum SealedFile {
    /// As it was written.
    Raw(Box<dyn JournalFile>, PathBuf),
    /// Compressed.
    Packed(Box<PackedFile>, PathBuf),
}

impl SealedFile {
    /// Opens the sealed segment that begins with `first`: compressed, if that
    /// is there and whole, else as it was written.
    ///
    /// # Errors
    ///
    /// When neither can be read.
    pub(super) fn open(fs: &dyn JournalFs, layout: &Layout, first: u64) -> Result<Self> {
        let packed = match open_packed(fs, layout, first) {
            Ok(packed) => return Ok(packed),
            Err(error) => error,
        };
        match open_raw(fs, layout, first) {
            Ok(raw) => Ok(raw),
            // It may have been compressed, and removed, in between.
            Err(error) if error.is_missing() && packed.is_missing() => {
                open_packed(fs, layout, first)
            }
            Err(error) => Err(if error.is_missing() { packed } else { error }),
        }
    }

    pub(super) fn file(&self) -> &dyn JournalFile {
        match self {
            SealedFile::Raw(file, _) => &**file,
            SealedFile::Packed(file, _) => &**file,
        }
    }

    pub(super) fn path(&self) -> &Path {
        let (SealedFile::Raw(_, path) | SealedFile::Packed(_, path)) = self;
        path
    }

    /// Where its blocks are, if it is compressed.
    pub(super) fn table(&self) -> Option<&SeekTable> {
        match self {
            SealedFile::Raw(..) => None,
            SealedFile::Packed(file, _) => Some(file.table()),
        }
    }

    pub(super) fn into_parts(self) -> (Box<dyn JournalFile>, PathBuf) {
        match self {
            SealedFile::Raw(file, path) => (file, path),
            SealedFile::Packed(file, path) => (file, path),
        }
    }
}

pub(super) fn open_packed(fs: &dyn JournalFs, layout: &Layout, first: u64) -> Result<SealedFile> {
    let path = layout.packed(first);
    let file = PackedFile::open(fs, &path, first)?;
    Ok(SealedFile::Packed(Box::new(file), path))
}

pub(super) fn open_raw(fs: &dyn JournalFs, layout: &Layout, first: u64) -> Result<SealedFile> {
    let path = layout.sealed(first);
    match fs.open(&path, OpenMode::Read) {
        Ok(file) => Ok(SealedFile::Raw(file, path)),
        Err(error) => Err(JournalError::step("open", &path, error)),
    }
}

impl JournalError {
    /// Whether a file is not there.
    pub(super) fn is_missing(&self) -> bool {
        matches!(self, JournalError::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }
}

//! Small files, read whole.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::request::SMALL_FILE_BYTES_MAX;
use crate::error::{Error, Result};
use crate::fs::{Filesystem as _, JournalFs, OpenMode, OsFilesystem};
use crate::journal::steps::read_up_to;
use crate::proof::Digest;

/// Bytes that are read at once.
const CHUNK_BYTES: usize = 256 * 1024;

/// A file of a log; `None` if it is not there.
pub(super) fn inside(fs: &dyn JournalFs, path: &Path) -> io::Result<Option<Vec<u8>>> {
    let file = match fs.open(path, OpenMode::Read) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        result => result?,
    };
    let length = file.stat()?.length.min(SMALL_FILE_BYTES_MAX as u64 + 1) as usize;
    let mut bytes = vec![0; length];
    let read = read_up_to(&*file, 0, &mut bytes)?;
    bytes.truncate(read);
    if read > SMALL_FILE_BYTES_MAX {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            "it is longer than such files are",
        ));
    }
    Ok(Some(bytes))
}

/// A file that the user named, wherever it is.
pub(super) fn outside(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    OsFilesystem
        .open_read(path)
        .and_then(|file| file.take(SMALL_FILE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes))
        .map_err(|error| Error::io("it could not be read", path, error))?;
    Ok(bytes)
}

/// The file itself, or the checkpoints in the directory.
pub(super) fn checkpoints_at(path: &Path) -> Result<Vec<PathBuf>> {
    match JournalFs::list(&OsFilesystem, path) {
        Ok(names) => {
            let checkpoints = names.iter().filter(|name| name.ends_with(".checkpoint"));
            Ok(checkpoints.map(|name| path.join(name)).collect())
        }
        // Not a directory; if it isn't a file either, reading it will say so.
        Err(_) => Ok(vec![path.to_owned()]),
    }
}

/// The SHA-256 of a file of a log.
pub(super) fn sha256(fs: &dyn JournalFs, path: &Path) -> io::Result<Digest> {
    let file = fs.open(path, OpenMode::Read)?;
    let (mut hasher, mut offset) = (Sha256::new(), 0);
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let read = read_up_to(&*file, offset, &mut chunk)?;
        hasher.update(chunk.get(..read).unwrap_or_default());
        offset += read as u64;
        if read < CHUNK_BYTES {
            return Ok(Digest::new(hasher.finalize().into()));
        }
    }
}

/// A byte, for a person.
pub(super) fn byte_at(bytes: &[u8], at: usize) -> String {
    match bytes.get(at) {
        Some(byte) => format!("byte {byte:02x}"),
        None => "the end of the file".to_owned(),
    }
}

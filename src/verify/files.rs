//! Small files, read whole.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::request::SMALL_FILE_BYTES_MAX;
use crate::error::{Error, Result};
use crate::fs::{Filesystem as _, JournalFs, OpenMode, OsFilesystem};
use crate::journal::steps::read_up_to;

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

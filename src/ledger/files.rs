//! The names of a ledger's files, and small files that are read and replaced
//! as a whole.

use std::io;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::fs::{JournalFs, OpenMode};
use crate::journal::steps;

/// Longest small file that is read.
const SMALL_FILE_BYTES_MAX: usize = 64 * 1024;

/// The paths of one log beside its journal's.
#[derive(Debug, Clone)]
pub(super) struct LedgerFiles {
    directory: PathBuf,
}

impl LedgerFiles {
    pub(super) fn new(directory: impl Into<PathBuf>) -> Self {
        LedgerFiles { directory: directory.into() }
    }

    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    pub(super) fn checkpoint(&self) -> PathBuf {
        self.directory.join("checkpoint")
    }

    pub(super) fn signing_key(&self) -> PathBuf {
        self.directory.join("log.key")
    }

    pub(super) fn verifier_keys(&self) -> PathBuf {
        self.directory.join("log.vkey")
    }
}

/// A whole file; none if there is none. Wiped from memory when dropped, since
/// it may be a key.
pub(super) fn read(fs: &dyn JournalFs, path: &Path) -> Result<Option<Zeroizing<String>>> {
    let unreadable = |error| Error::io("a file of the log could not be read", path, error);
    let file = match fs.open(path, OpenMode::Read) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        result => result.map_err(unreadable)?,
    };
    let mut bytes = Zeroizing::new(vec![0; SMALL_FILE_BYTES_MAX]);
    let length = steps::read_up_to(&*file, 0, &mut bytes).map_err(unreadable)?;
    if length == SMALL_FILE_BYTES_MAX {
        return Err(unreadable(io::Error::other("it is longer than any that is written there")));
    }
    let text = std::str::from_utf8(bytes.get(..length).unwrap_or_default())
        .map_err(|error| unreadable(io::Error::other(error)))?;
    Ok(Some(Zeroizing::new(text.to_owned())))
}

/// Puts a file in the place of another, durably: after a crash it is the one
/// or the other, whole.
pub(super) fn replace(fs: &dyn JournalFs, path: &Path, text: &str) -> Result<()> {
    let unfinished = unfinished(path);
    prepare(fs, &unfinished, text)?;
    publish(fs, &unfinished, path)
}

/// Makes a file with this content, durable but for its name.
pub(super) fn prepare(fs: &dyn JournalFs, path: &Path, text: &str) -> Result<()> {
    let failed = |error| Error::io("a file of the log could not be written", path, error);
    remove(fs, path)?;
    let mut file = fs.open(path, OpenMode::CreateNew).map_err(failed)?;
    steps::write_all(&mut *file, 0, text.as_bytes())
        .and_then(|()| steps::sync(&mut *file))
        .map_err(failed)
}

/// Gives a prepared file its name.
pub(super) fn publish(fs: &dyn JournalFs, from: &Path, path: &Path) -> Result<()> {
    fs.rename(from, path)
        .and_then(|()| fs.sync_directory(path.parent().unwrap_or(Path::new("."))))
        .map_err(|error| Error::io("a file of the log could not be given its name", path, error))
}

/// Removes a file if it is there.
pub(super) fn remove(fs: &dyn JournalFs, path: &Path) -> Result<()> {
    match fs.remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(Error::io("a file of the log could not be removed", path, error))
        }
        _ => Ok(()),
    }
}

/// The name of a file in the making.
pub(super) fn unfinished(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    name.into()
}

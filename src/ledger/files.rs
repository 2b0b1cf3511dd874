//! The names of a ledger's files, and small files that are read and replaced
//! as a whole.

use std::io;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::fs::{FileStat, JournalFs, OpenMode, PathKind};
use crate::journal::{JournalError, steps};
use crate::proof::VerifierKey;

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

    pub(super) fn next_signing_key(&self) -> PathBuf {
        self.directory.join("log.key.next")
    }

    pub(super) fn verifier_keys(&self) -> PathBuf {
        self.directory.join("log.vkey")
    }

    /// For a log with entries that lacks its keys.
    pub(super) fn keys_are_missing(&self) -> Error {
        Error::io(
            "the public keys of the log are missing; put the file back, its lines stand in the log's `OPEN` and `KEY` entries too",
            self.verifier_keys(),
            io::ErrorKind::NotFound.into(),
        )
    }

    pub(super) fn tree(&self) -> PathBuf {
        self.directory.join("tree")
    }

    pub(super) fn hold(&self) -> PathBuf {
        self.directory.join("hold")
    }

    /// The last checkpoint that an earlier key signed, together with the next.
    pub(super) fn rotation(&self, old: &VerifierKey) -> PathBuf {
        self.directory.join(format!("checkpoint-{:08x}", old.key_id()))
    }
}

/// A whole file and what is known about it; none if there is none. Wiped from
/// memory when dropped, since it may be a key.
pub(super) fn read(
    fs: &dyn JournalFs,
    path: &Path,
) -> Result<Option<(Zeroizing<String>, FileStat)>> {
    let unreadable = |error| JournalError::step("read", path, error);
    let file = match fs.open(path, OpenMode::Read) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        result => result.map_err(unreadable)?,
    };
    let stat = file.stat().map_err(unreadable)?;
    let mut bytes = Zeroizing::new(vec![0; SMALL_FILE_BYTES_MAX]);
    let length = steps::read_up_to(&*file, 0, &mut bytes).map_err(unreadable)?;
    if length == SMALL_FILE_BYTES_MAX {
        return Err(unreadable(io::Error::other("it is longer than any that belongs there")).into());
    }
    let text = std::str::from_utf8(bytes.get(..length).unwrap_or_default())
        .map_err(|error| unreadable(io::Error::new(io::ErrorKind::InvalidData, error)))?;
    Ok(Some((Zeroizing::new(text.to_owned()), stat)))
}

/// Puts a file in the place of another, durably: after a crash it is the one
/// or the other, whole.
pub(super) fn replace(fs: &dyn JournalFs, path: &Path, text: &str) -> Result<()> {
    let unfinished = unfinished(path);
    write_new(fs, &unfinished, text)?;
    rename(fs, &unfinished, path)
}

/// Makes a file with this content, instead of any that has the name.
fn write_new(fs: &dyn JournalFs, path: &Path, text: &str) -> Result<()> {
    remove(fs, path)?;
    let mut file = fs
        .open(path, OpenMode::CreateNew)
        .map_err(|error| JournalError::step("create", path, error))?;
    let written =
        steps::write_all(&mut *file, 0, text.as_bytes()).and_then(|()| steps::sync(&mut *file));
    Ok(written.map_err(|error| JournalError::step("write to", path, error))?)
}

/// Gives a file another name, durably.
pub(super) fn rename(fs: &dyn JournalFs, from: &Path, to: &Path) -> Result<()> {
    let renamed = fs.rename(from, to).and_then(|()| fs.sync_directory(above(to)));
    Ok(renamed.map_err(|error| JournalError::step("name", to, error))?)
}

/// Makes a name that a file has durable.
pub(super) fn keep_name(fs: &dyn JournalFs, path: &Path) -> Result<()> {
    let kept = fs.sync_directory(above(path));
    Ok(kept.map_err(|error| JournalError::step("name", path, error))?)
}

/// Whether nothing has this name.
pub(super) fn is_missing(fs: &dyn JournalFs, path: &Path) -> Result<bool> {
    let kind = fs.kind(path).map_err(|error| JournalError::step("look at", path, error))?;
    Ok(kind == PathKind::Missing)
}

/// Removes a file if it is there, durably.
pub(super) fn remove(fs: &dyn JournalFs, path: &Path) -> Result<()> {
    match fs.remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => Ok(result
            .and_then(|()| fs.sync_directory(above(path)))
            .map_err(|error| JournalError::step("remove", path, error))?),
    }
}

/// Removes a secret: its bytes are overwritten first. On filesystems that write
/// elsewhere than they read (copy on write, flash) some may stay all the same.
pub(super) fn wipe(fs: &dyn JournalFs, path: &Path) -> Result<()> {
    overwrite(fs, path)?;
    remove(fs, path)
}

/// Overwrites a secret with zeros, durably.
pub(super) fn overwrite(fs: &dyn JournalFs, path: &Path) -> Result<()> {
    let failed = |error| JournalError::step("overwrite", path, error);
    let mut file = match fs.open(path, OpenMode::Write) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        result => result.map_err(failed)?,
    };
    let length = file.stat().map_err(failed)?.length as usize;
    let zeros = vec![0; length.min(SMALL_FILE_BYTES_MAX)];
    let written = steps::write_all(&mut *file, 0, &zeros).and_then(|()| steps::sync(&mut *file));
    Ok(written.map_err(failed)?)
}

fn above(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

/// The name of a file in the making.
pub(super) fn unfinished(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    name.into()
}

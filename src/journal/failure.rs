//! What can go wrong with a log, in a form that a program can act on and a
//! person can read.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::error::{Error, ErrorKind};

/// An error of the journal.
#[derive(Debug)]
pub(crate) enum JournalError {
    /// A step failed; the log is as it was before.
    Io { action: &'static str, path: PathBuf, source: io::Error },
    /// There is no room on the disk, or a limit forbids to use it. What was
    /// appended is kept in memory: sync again when there is room, or discard.
    Full { path: PathBuf, source: io::Error },
    /// The memory for entries that wait for a sync is used up: sync, then
    /// append again.
    GroupFull { bytes: usize },
    /// The caller passed something that can't be stored or configured.
    Invalid(String),
    /// The log can't be trusted to store anything until it is opened again.
    Poisoned { cause: String },
    /// The bytes are not what was written.
    Corrupt(Box<Corruption>),
    /// Another writer has the log.
    Locked { path: PathBuf, holder: Option<Holder> },
    /// The log is older than a checkpoint that was taken from it.
    RolledBack { path: PathBuf, known: u64, found: u64 },
    /// A log that a checkpoint was taken from is not there.
    Missing { path: PathBuf, log: String },
}

/// Where a log is damaged, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Corruption {
    /// The damaged file.
    pub(crate) path: PathBuf,
    /// Position in the file, in bytes.
    pub(crate) offset: u64,
    /// The sequence of the entry that belongs there.
    pub(crate) sequence: u64,
    /// What belongs there.
    pub(crate) expected: String,
    /// What is there.
    pub(crate) found: String,
}

/// Who holds a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Holder {
    /// Process id, on that host.
    pub(crate) pid: u32,
    /// Name of the host, as its writer was told.
    pub(crate) host: String,
}

/// A result with the journal's error.
pub(crate) type Result<T, E = JournalError> = std::result::Result<T, E>;

impl JournalError {
    /// Whether there is no room on the disk.
    pub(crate) fn is_full(&self) -> bool {
        matches!(self, JournalError::Full { .. })
    }

    #[cfg(test)]
    /// Whether the log has to be opened again before anything can be stored.
    pub(crate) fn is_poisoned(&self) -> bool {
        matches!(self, JournalError::Poisoned { .. })
    }

    #[cfg(test)]
    /// Whether another writer has the log.
    pub(crate) fn is_locked(&self) -> bool {
        matches!(self, JournalError::Locked { .. })
    }

    #[cfg(test)]
    /// The damage, if that is what it is about.
    pub(crate) fn corruption(&self) -> Option<&Corruption> {
        match self {
            JournalError::Corrupt(corruption) => Some(corruption),
            _ => None,
        }
    }

    /// For a failed step: a full disk or any other failure.
    pub(crate) fn step(action: &'static str, path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::FileTooLarge => JournalError::Full { path, source },
            _ => JournalError::Io { action, path, source },
        }
    }

    /// For a failed reading, where entry `sequence` should be. What can't be
    /// decompressed is damage.
    pub(super) fn unread(path: &Path, offset: u64, sequence: u64, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::InvalidData => {
                let expected = "a block that decompresses";
                JournalError::corrupt(path, offset, sequence, expected, source.to_string())
            }
            _ => JournalError::step("read", path, source),
        }
    }

    /// For damage at a place.
    pub(super) fn corrupt(
        path: &Path,
        offset: u64,
        sequence: u64,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> Self {
        JournalError::Corrupt(Box::new(Corruption {
            path: path.to_owned(),
            offset,
            sequence,
            expected: expected.into(),
            found: found.into(),
        }))
    }
}

impl fmt::Display for JournalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            JournalError::Io { action, path, source } => {
                write!(f, "the journal could not {action} {}: {source}", path.display())
            }
            JournalError::Full { path, source } => write!(
                f,
                "there is no room for the journal; free space on its disk: {}: {source}",
                path.display()
            ),
            JournalError::GroupFull { bytes } => write!(
                f,
                "{bytes} bytes wait to be synced, which is all the journal may hold; sync it first"
            ),
            JournalError::Invalid(message) => f.write_str(message),
            JournalError::Poisoned { cause } => write!(
                f,
                "the journal stores nothing any more; put its disk in order and open it again: {cause}"
            ),
            JournalError::Corrupt(corruption) => corruption.fmt(f),
            JournalError::Locked { path, holder } => {
                write!(f, "the log has a writer already")?;
                match holder {
                    Some(Holder { pid, host }) => write!(f, " (process {pid} on {host})")?,
                    None => write!(f, " (it has not said who it is)")?,
                }
                write!(f, "; end that one, or give each a log of its own: {}", path.display())
            }
            JournalError::RolledBack { path, known, found } => write!(
                f,
                "the log holds {found} entries, and a checkpoint of it covers {known}: it was cut or an older copy was put back; restore the newer one: {}",
                path.display()
            ),
            JournalError::Missing { path, log } => write!(
                f,
                "log {log}, of which there is a checkpoint, is not here; put it back; if it is of another journal, give each journal a place of its own for copies of checkpoints: {}",
                path.display()
            ),
        }
    }
}

impl fmt::Display for Corruption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the log is damaged; restore this file from a copy: {}, byte {}, sequence {}: expected {}, found {}",
            self.path.display(),
            self.offset,
            self.sequence,
            self.expected,
            self.found
        )
    }
}

impl std::error::Error for JournalError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            JournalError::Io { source, .. } | JournalError::Full { source, .. } => Some(source),
            _ => None,
        }
    }
}

impl From<JournalError> for Error {
    fn from(error: JournalError) -> Self {
        let kind = match error {
            JournalError::Io { .. } => ErrorKind::Io,
            JournalError::Full { .. } | JournalError::GroupFull { .. } => ErrorKind::Full,
            JournalError::Invalid(_) => ErrorKind::InvalidInput,
            JournalError::Poisoned { .. } => ErrorKind::Poisoned,
            JournalError::Corrupt(_) => ErrorKind::Damaged,
            JournalError::Locked { .. } => ErrorKind::Locked,
            JournalError::RolledBack { .. } | JournalError::Missing { .. } => ErrorKind::RolledBack,
        };
        Error::new(kind, error.to_string())
    }
}

//! What is known of a log from checkpoints: its own, and the copies elsewhere.
//!
//! Whoever puts back an older state of a log, or cuts its end off, can make
//! everything inside it agree; only a checkpoint from elsewhere tells. So all
//! of them are read before a log is opened, and the log has to be what they
//! say.

use std::io;
use std::path::{Path, PathBuf};

use super::files::{self, LedgerFiles};
use super::keys::LogKeys;
use crate::error::{Error, ErrorKind, Result};
use crate::fs::JournalFs;
use crate::journal::{JournalError, KnownCheckpoint, LogId};
use crate::proof::{SignedCheckpoint, TreeHead};

const COPY_SUFFIX: &str = ".checkpoint";

/// A copy of a checkpoint, as it was found; not verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FoundCopy {
    path: PathBuf,
    log: LogId,
}

/// The copies in some directories.
#[derive(Debug, Default)]
pub(super) struct FoundCopies {
    copies: Vec<FoundCopy>,
    /// Directories that could not be read. A log that is older than a copy in
    /// them is not recognised.
    pub(super) problems: Vec<Error>,
}

/// The verified checkpoints of one log.
#[derive(Debug)]
pub(super) struct Known {
    /// By size, the smallest first.
    pub(super) checkpoints: Vec<SignedCheckpoint>,
}

/// The file of a log's checkpoint in a directory for copies.
pub(super) fn copy_path(directory: &Path, log: LogId) -> PathBuf {
    directory.join(format!("{log}{COPY_SUFFIX}"))
}

impl FoundCopies {
    /// Looks for copies. A directory that does not exist has none.
    pub(super) fn look(fs: &dyn JournalFs, directories: &[PathBuf]) -> Self {
        let mut found = FoundCopies::default();
        for directory in directories {
            match fs.list(directory) {
                Ok(names) => found.copies.extend(names.iter().filter_map(|name| {
                    let log = LogId::parse(name.strip_suffix(COPY_SUFFIX)?)?;
                    Some(FoundCopy { path: directory.join(name), log })
                })),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => {
                    found.problems.push(JournalError::step("list", directory, error).into());
                }
            }
        }
        found
    }

    /// The logs that have to be there.
    pub(super) fn logs(&self) -> impl Iterator<Item = KnownCheckpoint> {
        self.copies.iter().map(|copy| KnownCheckpoint { log: copy.log, size: 0 })
    }

    /// Reads and verifies what is known of a log.
    ///
    /// # Errors
    ///
    /// When a checkpoint can't be read, is not signed by a key of the log, or
    /// when there are checkpoints and no keys.
    pub(super) fn verify(
        &self,
        fs: &dyn JournalFs,
        files: &LedgerFiles,
        log: LogId,
        keys: Option<&LogKeys>,
    ) -> Result<Known> {
        let copies = self.copies.iter().filter(|copy| copy.log == log);
        let paths = copies.map(|copy| copy.path.clone()).chain([files.checkpoint()]);
        let mut checkpoints = Vec::new();
        for path in paths {
            checkpoints.extend(read(fs, &path, files, keys)?);
        }
        checkpoints.sort_by_key(|signed: &SignedCheckpoint| signed.checkpoint().head().size);
        Ok(Known { checkpoints })
    }
}

impl Known {
    /// What was signed of the log.
    pub(super) fn heads(&self) -> Vec<TreeHead> {
        self.checkpoints.iter().map(|signed| signed.checkpoint().head()).collect()
    }

    /// The number of entries that the log has to have at least.
    pub(super) fn size(&self) -> u64 {
        self.checkpoints.last().map_or(0, |signed| signed.checkpoint().head().size)
    }
}

fn read(
    fs: &dyn JournalFs,
    path: &Path,
    files: &LedgerFiles,
    keys: Option<&LogKeys>,
) -> Result<Option<SignedCheckpoint>> {
    let Some((text, _)) = files::read(fs, path)? else { return Ok(None) };
    let Some(keys) = keys else { return Err(files.keys_are_missing()) };
    let opened = SignedCheckpoint::open(text.as_bytes(), &keys.origin, &keys.verifiers);
    opened.map(Some).map_err(|error| {
        let message = format!(
            "a checkpoint of the log does not hold: {}: {error}; compare it and “log.vkey” with what you keep elsewhere before you move either away",
            path.display()
        );
        Error::new(ErrorKind::Verification, message)
    })
}

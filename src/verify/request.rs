//! What to verify, and with what from outside.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::claim::{self, Claim, Source};
use super::directory;
use super::files;
use super::verdict::Verdict;
use crate::error::{Error, Result};
use crate::fs::{JournalFs, OsFilesystem};
use crate::proof::VerifierKey;

/// Longest file of a checkpoint or of keys that is read, in bytes.
pub(super) const SMALL_FILE_BYTES_MAX: usize = 1_000_000;

/// How far a verification has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Which log, from 0.
    pub log: usize,
    /// Number of logs.
    pub logs: usize,
    /// Entries of it that were read.
    pub entries: u64,
    /// Bytes of its segments that were read.
    pub bytes: u64,
    /// Bytes of its segments when it was begun; a writer may add more.
    pub bytes_total: u64,
}

/// How long a live writer may take to finish what it was about.
const SETTLING: Duration = Duration::from_millis(100);

type OnProgress<'a> = Box<dyn FnMut(Progress) + 'a>;

/// A verification to be run: of one log, or of all logs below a directory.
///
/// It runs on the caller's thread, writes nothing, takes no lock, and works
/// beside a live writer. Memory does not grow with the log.
///
/// ```no_run
/// use tracing_audit::verify::{Standing, Verification};
///
/// # fn main() -> tracing_audit::Result<()> {
/// let verdict = Verification::of("./audit")
///     .key("audit.example/host/…+key".parse()?)
///     .checkpoint_file("/elsewhere/….checkpoint")?
///     .run();
/// assert_eq!(verdict.standing(), Standing::Anchored);
/// # Ok(())
/// # }
/// ```
#[must_use = "a verification that is not run verifies nothing"]
pub struct Verification<'a> {
    pub(super) directory: PathBuf,
    pub(super) keys: Vec<VerifierKey>,
    pub(super) outside: Vec<Claim>,
    pub(super) fs: Arc<dyn JournalFs>,
    /// Before a log that is not well is taken for one that nobody writes.
    pub(super) settling: Duration,
    pub(super) on_progress: OnProgress<'a>,
}

impl<'a> Verification<'a> {
    /// Verifies the log in this directory, or every log below it.
    pub fn of(directory: impl Into<PathBuf>) -> Self {
        Verification {
            directory: directory.into(),
            keys: Vec::new(),
            outside: Vec::new(),
            fs: Arc::new(OsFilesystem),
            settling: SETTLING,
            on_progress: Box::new(|_| ()),
        }
    }

    /// Trusts this key, which was kept elsewhere, and those that it or its
    /// successors were replaced by. Without a key from outside, the log's own
    /// word is taken for which keys are its.
    pub fn key(mut self, key: VerifierKey) -> Self {
        self.keys.push(key);
        self
    }

    /// Demands that this checkpoint, which was kept elsewhere, belongs to the
    /// log: the published text, and a name for it in findings. A text may have
    /// several, each of another log, with an empty line between them.
    ///
    /// # Errors
    ///
    /// When it is no checkpoint.
    pub fn checkpoint(mut self, name: impl Into<PathBuf>, text: impl AsRef<[u8]>) -> Result<Self> {
        let name = name.into();
        for text in claim::texts(text.as_ref()) {
            self.outside.push(Claim::parse(&name, text, Source::Outside)?);
        }
        Ok(self)
    }

    /// Reads a [`checkpoint`](Verification::checkpoint) from a file, or all
    /// that a directory has under names that end with `.checkpoint`.
    ///
    /// # Errors
    ///
    /// When a file can't be read or is no checkpoint, and when the directory
    /// has none.
    pub fn checkpoint_file(mut self, path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let files = files::checkpoints_at(path)?;
        if files.is_empty() {
            let message = format!("{} has no file that ends with .checkpoint", path.display());
            return Err(Error::invalid(message));
        }
        for file in files {
            let text = files::outside(&file)?;
            let told = |error: Error| {
                error.with_message(|message| format!("{}: {message}", file.display()))
            };
            self = self.checkpoint(&file, text).map_err(told)?;
        }
        Ok(self)
    }

    /// Calls this now and then.
    pub fn on_progress(mut self, on_progress: impl FnMut(Progress) + 'a) -> Self {
        self.on_progress = Box::new(on_progress);
        self
    }

    /// Verifies. What can't be read is a finding of the verdict.
    pub fn run(mut self) -> Verdict {
        directory::verify(&mut self)
    }

    #[cfg(test)]
    pub(crate) fn on(mut self, fs: Arc<dyn JournalFs>) -> Self {
        self.fs = fs;
        self.settling = Duration::ZERO;
        self
    }
}

impl fmt::Debug for Verification<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verification")
            .field("directory", &self.directory)
            .field("keys", &self.keys)
            .field("outside", &self.outside)
            .finish_non_exhaustive()
    }
}

//! Settings of a ledger, with their defaults.

use std::path::PathBuf;
use std::time::Duration;

use crate::journal::JournalConfig;

/// Default time between two checkpoints while there is news.
pub(crate) const CHECKPOINT_EVERY: Duration = Duration::from_secs(1);

/// What origins begin with by default, before the name of the host.
pub(crate) const ORIGIN_PREFIX: &str = "tracing-audit";

/// How a ledger is opened and run.
#[derive(Debug, Clone)]
pub(crate) struct LedgerConfig {
    /// The journal's own settings. Its directory is the parent of the logs.
    pub(crate) journal: JournalConfig,
    /// A new log gets the origin `<prefix>/<log id>`. A log keeps its origin,
    /// so this says nothing about logs that exist. Neither spaces nor `+`.
    pub(crate) origin_prefix: String,
    /// The file of the key to sign with; none makes one in the log's
    /// directory. The key is used under the log's origin as its name, so that
    /// several logs can share a file.
    pub(crate) signing_key: Option<PathBuf>,
    /// See [`CHECKPOINT_EVERY`].
    pub(crate) checkpoint_every: Duration,
    /// Directories elsewhere that get a copy of each checkpoint. They belong to
    /// this parent directory alone: a log that a copy in them tells of has to
    /// be there.
    pub(crate) checkpoint_copies: Vec<PathBuf>,
}

impl LedgerConfig {
    /// The defaults, with what has none.
    pub(crate) fn new(journal: JournalConfig) -> Self {
        LedgerConfig {
            origin_prefix: format!("{ORIGIN_PREFIX}/{}", journal.host),
            journal,
            signing_key: None,
            checkpoint_every: CHECKPOINT_EVERY,
            checkpoint_copies: Vec::new(),
        }
    }
}

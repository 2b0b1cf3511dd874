//! Settings of a ledger, with their defaults.

use std::path::PathBuf;
use std::time::Duration;

use super::retention::Retention;
use crate::error::{Error, Result};
use crate::journal::JournalConfig;
use crate::proof::check_name;

/// Default time between two checkpoints while there is news.
pub(crate) const CHECKPOINT_EVERY: Duration = Duration::from_secs(1);

/// Default time that closing waits for each place that gets copies.
pub(crate) const COPY_WAIT: Duration = Duration::from_secs(2);

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
    /// See [`COPY_WAIT`].
    pub(crate) copy_wait: Duration,
    /// What may be removed, and when; nothing by default.
    pub(crate) retention: Retention,
    /// Somebody compresses sealed segments beside the writer. One that is still
    /// there as it was written may be in work, and is not removed: its
    /// compressed form would come to stand alone before a hole.
    pub(crate) waits_for_packing: bool,
    /// Writes copies on the writer's thread, so that the order of steps is
    /// always the same.
    #[cfg(test)]
    pub(crate) copies_are_inline: bool,
}

impl LedgerConfig {
    /// The defaults, with what has none.
    pub(crate) fn new(journal: JournalConfig) -> Self {
        LedgerConfig {
            origin_prefix: format!("{ORIGIN_PREFIX}/{}", as_name(&journal.host)),
            journal,
            signing_key: None,
            checkpoint_every: CHECKPOINT_EVERY,
            checkpoint_copies: Vec::new(),
            copy_wait: COPY_WAIT,
            retention: Retention::default(),
            waits_for_packing: false,
            #[cfg(test)]
            copies_are_inline: false,
        }
    }

    pub(super) fn check(&self) -> Result<()> {
        check_name(&self.origin_prefix).map_err(|error| {
            Error::invalid(format!("the prefix of a log's origin can't be used: {error}"))
        })?;
        self.retention.check()
    }

    /// Whether copies are written by threads of their own.
    pub(super) fn is_threaded(&self) -> bool {
        #[cfg(test)]
        return !self.copies_are_inline;
        #[cfg(not(test))]
        true
    }
}

/// The name of a host, as far as it can be part of a key's name.
fn as_name(host: &str) -> String {
    let can_stay = |char: &char| !char.is_whitespace() && !char.is_control() && *char != '+';
    host.chars().map(|char| if can_stay(&char) { char } else { '-' }).collect()
}

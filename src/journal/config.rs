//! Settings of a journal, with their defaults and limits.

use std::path::PathBuf;
use std::time::Duration;

use super::ahead::AHEAD_BYTES;
use super::background::SyncPlace;
use super::failure::{JournalError, Result};
use super::frame::FRAME_BYTES_MAX;
use super::names::LogId;

/// Default time between two syncs: the longest that an entry waits.
pub(crate) const GROUP_COMMIT: Duration = Duration::from_millis(10);

/// Default number of waiting bytes at which a sync is due at once.
pub(crate) const GROUP_BYTES_MAX: usize = 1024 * 1024;

/// How many times as many may wait before appending is refused, or waits for the
/// sync that is under way. With two, a writer at full speed waits for the disk at
/// the end of each group. What may wait has to fit the reserve, too.
const WAITING_PER_GROUP: usize = 3;

/// Default size of a segment at which it is sealed.
pub(crate) const SEGMENT_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Default time after which a segment that holds anything is sealed.
pub(crate) const SEGMENT_AGE_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// Default size of the reserve for a full disk, in bytes.
pub(crate) const RESERVE_BYTES: u64 = 256 * 1024;

/// Default time to wait for a log that another writer has.
pub(crate) const LOCK_WAIT: Duration = Duration::ZERO;

/// How a journal is opened and run.
#[derive(Debug, Clone)]
pub(crate) struct JournalConfig {
    /// The parent of the logs' directories. Made where it's missing.
    pub(crate) directory: PathBuf,
    /// The id a log gets if one has to be created.
    pub(crate) new_log: LogId,
    /// Name of this host, for others who find the log locked.
    pub(crate) host: String,
    /// Written into the headers of new segments.
    pub(crate) event_schema_version: u16,
    /// See [`GROUP_COMMIT`].
    pub(crate) group_commit: Duration,
    /// See [`GROUP_BYTES_MAX`]. [`WAITING_PER_GROUP`] times as many may wait,
    /// beside those that are being synced; then appending is refused. At least
    /// one entry of the longest kind.
    pub(crate) group_bytes_max: usize,
    /// Where syncs that nobody waits for are carried out.
    pub(crate) sync_place: SyncPlace,
    /// See [`SEGMENT_BYTES_MAX`]. A segment may be longer by one group.
    pub(crate) segment_bytes_max: u64,
    /// See [`AHEAD_BYTES`]; 0 for none.
    pub(crate) ahead_bytes: u64,
    /// See [`SEGMENT_AGE_MAX`]. Counted from when the segment was opened, by
    /// this writer.
    pub(crate) segment_age_max: Duration,
    /// See [`RESERVE_BYTES`]; 0 for none.
    pub(crate) reserve_bytes: u64,
    /// See [`LOCK_WAIT`].
    pub(crate) lock_wait: Duration,
    /// Whether to refuse, where another writer has the log, instead of
    /// beginning a second one beside it.
    pub(crate) is_only_log: bool,
    /// What is known from outside about the logs in the directory.
    pub(crate) known_checkpoints: Vec<KnownCheckpoint>,
}

/// A checkpoint kept elsewhere: the log had at least so many entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct KnownCheckpoint {
    /// Which log.
    pub(crate) log: LogId,
    /// Number of entries that the checkpoint covers.
    pub(crate) size: u64,
}

impl JournalConfig {
    /// The defaults, with what has none.
    pub(crate) fn new(directory: impl Into<PathBuf>, new_log: LogId) -> Self {
        JournalConfig {
            directory: directory.into(),
            new_log,
            host: "unknown host".into(),
            event_schema_version: 1,
            group_commit: GROUP_COMMIT,
            group_bytes_max: GROUP_BYTES_MAX,
            sync_place: SyncPlace::Writer,
            segment_bytes_max: SEGMENT_BYTES_MAX,
            ahead_bytes: AHEAD_BYTES,
            segment_age_max: SEGMENT_AGE_MAX,
            reserve_bytes: RESERVE_BYTES,
            lock_wait: LOCK_WAIT,
            is_only_log: false,
            known_checkpoints: Vec::new(),
        }
    }

    pub(super) fn check(&self) -> Result<()> {
        for (name, bytes, least) in [
            ("group_bytes_max", self.group_bytes_max as u64, FRAME_BYTES_MAX as u64),
            ("segment_bytes_max", self.segment_bytes_max, 1),
        ] {
            if bytes < least {
                let message = format!("{name} is {bytes}; give at least {least}");
                return Err(JournalError::Invalid(message));
            }
        }
        Ok(())
    }

    /// Waiting bytes at which appending is refused.
    pub(super) fn group_bytes_limit(&self) -> usize {
        self.group_bytes_max.saturating_mul(WAITING_PER_GROUP)
    }

    /// The size below which `log` must not be.
    pub(super) fn known_size(&self, log: LogId) -> u64 {
        let known = self.known_checkpoints.iter().filter(|known| known.log == log);
        known.map(|known| known.size).max().unwrap_or(0)
    }
}

//! Choices for a journal.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::fs::{OsFilesystem, host_name};
use crate::history::Packer;
use crate::journal::{JournalConfig, LogId, SyncPlace};
use crate::ledger::{Ledger, LedgerConfig, Retention};
use crate::worker::{FullDisk, OpenedJournal};

/// Where the trail is kept on disk, and how. A directory alone is enough: it
/// becomes settings with every default.
///
/// ```no_run
/// use tracing_audit::{AuditLayer, JournalSettings};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let simple = AuditLayer::builder().journal("./audit");
/// let chosen = AuditLayer::builder()
///     .journal(JournalSettings::new("./audit").checkpoint_copy("/mnt/elsewhere/audit"));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
#[must_use = "settings do nothing until the builder has them"]
pub struct JournalSettings {
    directory: PathBuf,
    group_commit: Duration,
    group_bytes_max: usize,
    segment_bytes_max: u64,
    segment_age_max: Duration,
    reserve_bytes: u64,
    lock_wait: Duration,
    origin_prefix: Option<String>,
    signing_key: Option<PathBuf>,
    checkpoint_every: Duration,
    checkpoint_copies: Vec<PathBuf>,
    full_disk: FullDisk,
    retention: Retention,
}

impl JournalSettings {
    /// The longest that an event waits for its sync, unless said otherwise:
    /// what a power cut takes at most.
    pub const GROUP_COMMIT: Duration = crate::journal::GROUP_COMMIT;

    /// So many waiting bytes are synced at once, unless said otherwise.
    pub const GROUP_BYTES_MAX: usize = crate::journal::GROUP_BYTES_MAX;

    /// Size of a segment at which the next one begins, unless said otherwise.
    pub const SEGMENT_BYTES_MAX: u64 = crate::journal::SEGMENT_BYTES_MAX;

    /// Age of a segment at which the next one begins, unless said otherwise.
    pub const SEGMENT_AGE_MAX: Duration = crate::journal::SEGMENT_AGE_MAX;

    /// Disk space that is kept for what has to be said when the disk is full,
    /// unless said otherwise: enough for everything that can wait by default.
    pub const RESERVE_BYTES: u64 = 4 * 1024 * 1024;

    /// Time to wait for a log that another process has, unless said otherwise.
    pub const LOCK_WAIT: Duration = crate::journal::LOCK_WAIT;

    /// Time between two signed checkpoints while there is news, unless said
    /// otherwise.
    pub const CHECKPOINT_EVERY: Duration = crate::ledger::CHECKPOINT_EVERY;

    /// How long events are kept at least, unless a shorter time is accepted:
    /// half a year.
    pub const RETENTION_AGE_MIN: Duration = crate::ledger::RETENTION_AGE_MIN;

    /// What the origin of a log begins with, before the name of the host,
    /// unless said otherwise.
    pub const ORIGIN_PREFIX: &'static str = crate::ledger::ORIGIN_PREFIX;

    /// A journal below this directory, which is made where it is missing. Each
    /// process writes a log of its own there, in `log-<id>`; of those that nobody
    /// writes, the one that was written last is taken up again.
    ///
    /// Queries see the log that the process writes, and no other one: where
    /// processes overlap (a rolling restart), there is a second log, and what is
    /// in the first one is shown by the process that takes that one up, or by
    /// the command line. Verifying takes all of them together.
    /// [`JournalState::other_logs`](crate::JournalState::other_logs) names them.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        JournalSettings {
            directory: directory.into(),
            group_commit: Self::GROUP_COMMIT,
            group_bytes_max: Self::GROUP_BYTES_MAX,
            segment_bytes_max: Self::SEGMENT_BYTES_MAX,
            segment_age_max: Self::SEGMENT_AGE_MAX,
            reserve_bytes: Self::RESERVE_BYTES,
            lock_wait: Self::LOCK_WAIT,
            origin_prefix: None,
            signing_key: None,
            checkpoint_every: Self::CHECKPOINT_EVERY,
            checkpoint_copies: Vec::new(),
            full_disk: FullDisk::default(),
            retention: Retention::default(),
        }
    }

    /// How long an event may wait for its sync. Default:
    /// [`GROUP_COMMIT`](Self::GROUP_COMMIT). Calls that wait to be acknowledged
    /// are synced at once, whatever this says.
    pub fn group_commit(mut self, at_most: Duration) -> Self {
        self.group_commit = at_most;
        self
    }

    /// So many waiting bytes are synced at once; at least 65,551, the longest
    /// entry with its frame. Three times as many are held while a disk is slow or
    /// fails. Default:
    /// [`GROUP_BYTES_MAX`](Self::GROUP_BYTES_MAX).
    pub fn group_bytes_max(mut self, bytes: usize) -> Self {
        self.group_bytes_max = bytes;
        self
    }

    /// Size at which a segment is sealed. Default:
    /// [`SEGMENT_BYTES_MAX`](Self::SEGMENT_BYTES_MAX).
    pub fn segment_bytes_max(mut self, bytes: u64) -> Self {
        self.segment_bytes_max = bytes;
        self
    }

    /// Age at which a segment is sealed. Default:
    /// [`SEGMENT_AGE_MAX`](Self::SEGMENT_AGE_MAX).
    pub fn segment_age_max(mut self, age: Duration) -> Self {
        self.segment_age_max = age;
        self
    }

    /// Disk space kept for the last entries on a full disk; 0 for none. Where
    /// there is not enough, half of what there is, its own included.
    /// Default: [`RESERVE_BYTES`](Self::RESERVE_BYTES).
    pub fn reserve_bytes(mut self, bytes: u64) -> Self {
        self.reserve_bytes = bytes;
        self
    }

    /// How long to wait for a log that another process still has, rather than
    /// to begin another one. Default: [`LOCK_WAIT`](Self::LOCK_WAIT).
    pub fn lock_wait(mut self, at_most: Duration) -> Self {
        self.lock_wait = at_most;
        self
    }

    /// What the origin of new logs begins with: `<prefix>/<log id>`. Neither
    /// spaces nor `+`. Default: [`ORIGIN_PREFIX`](Self::ORIGIN_PREFIX) and the
    /// name of the host.
    pub fn origin_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.origin_prefix = Some(prefix.into());
        self
    }

    /// The file with the key that checkpoints are signed with. It has to be
    /// there, and readable by the owner alone:
    /// [`SignerKey::create_file`](crate::proof::SignerKey::create_file) makes one,
    /// whose name does not matter, since it counts under the origin of the log.
    /// Default: a key is made for each log, in its directory.
    pub fn signing_key(mut self, path: impl Into<PathBuf>) -> Self {
        self.signing_key = Some(path.into());
        self
    }

    /// Time between two checkpoints while there is news. Default:
    /// [`CHECKPOINT_EVERY`](Self::CHECKPOINT_EVERY).
    pub fn checkpoint_every(mut self, interval: Duration) -> Self {
        self.checkpoint_every = interval;
        self
    }

    /// A directory elsewhere that gets a copy of each checkpoint. Without one
    /// outside, nobody can tell a log from an older copy of it. May be called
    /// several times. Each is for the logs of this journal alone: one of which
    /// there is a checkpoint, and which is not here, is missed, and the journal
    /// does not open.
    pub fn checkpoint_copy(mut self, directory: impl Into<PathBuf>) -> Self {
        self.checkpoint_copies.push(directory.into());
        self
    }

    /// What to do when the disk is full. Default: [`FullDisk::Wait`].
    pub fn full_disk(mut self, policy: FullDisk) -> Self {
        self.full_disk = policy;
        self
    }

    /// Events are removed at this age, whole segments at a time, after the log
    /// has said so. Default: nothing is ever removed.
    ///
    /// Ages are told by the wall clock. After it went ahead by more than an hour
    /// at once, nothing is removed for an hour, in which it can be corrected.
    ///
    /// It is the log that this process writes from which they are removed. What is in a log
    /// beside it ([`JournalState::other_logs`](crate::JournalState)) stays until a process
    /// goes on with that one.
    pub fn retention_age_max(mut self, age: Duration) -> Self {
        self.retention.age_max = Some(age);
        self
    }

    /// The oldest events are removed while the log is larger than this, as far
    /// as they have reached [`retention_age_min`](Self::retention_age_min).
    /// Default: no bound.
    pub fn retention_bytes_max(mut self, bytes: u64) -> Self {
        self.retention.bytes_max = Some(bytes);
        self
    }

    /// Nothing younger is removed, however large the log. Default:
    /// [`RETENTION_AGE_MIN`](Self::RETENTION_AGE_MIN).
    pub fn retention_age_min(mut self, age: Duration) -> Self {
        self.retention.age_min = age;
        self
    }

    /// Whether ages below [`RETENTION_AGE_MIN`](Self::RETENTION_AGE_MIN) are
    /// meant. Without it they are an error.
    pub fn short_retention_accepted(mut self, accepted: bool) -> Self {
        self.retention.is_short_accepted = accepted;
        self
    }

    /// Opens the log.
    pub(super) fn open(self, clock: &dyn Clock) -> Result<OpenedJournal> {
        let host = host_name();
        let journal = JournalConfig {
            host: host.clone(),
            group_commit: self.group_commit,
            group_bytes_max: self.group_bytes_max,
            sync_place: SyncPlace::Thread,
            segment_bytes_max: self.segment_bytes_max,
            segment_age_max: self.segment_age_max,
            reserve_bytes: self.reserve_bytes,
            lock_wait: self.lock_wait,
            ..JournalConfig::new(self.directory, LogId::generate()?)
        };
        let mut config = LedgerConfig {
            signing_key: self.signing_key,
            checkpoint_every: self.checkpoint_every,
            checkpoint_copies: self.checkpoint_copies,
            retention: self.retention,
            waits_for_packing: true,
            ..LedgerConfig::new(journal)
        };
        if let Some(prefix) = self.origin_prefix {
            config.origin_prefix = prefix;
        }
        let fs = Arc::new(OsFilesystem);
        let (mut ledger, opened) = Ledger::open(config, fs.clone(), clock.monotonic_ns())?;
        let packer = Packer::start(fs.clone(), ledger.directory())?;
        if let Some(taker) = packer.taker() {
            ledger.hand_groups_to(taker);
        }
        let packer = Some(packer);
        Ok(OpenedJournal { ledger, opened, fs, full_disk: self.full_disk, host, packer })
    }

    pub(super) fn check(&self) -> Result<()> {
        if self.directory.as_os_str().is_empty() {
            return Err(Error::invalid(
                "an empty path names no directory; give the journal one, such as `./audit`",
            ));
        }
        if self.group_commit.is_zero() || self.checkpoint_every.is_zero() {
            return Err(Error::invalid(
                "group_commit and checkpoint_every of a journal have to be longer than nothing",
            ));
        }
        Ok(())
    }
}

impl From<&str> for JournalSettings {
    fn from(directory: &str) -> Self {
        JournalSettings::new(directory)
    }
}

impl From<String> for JournalSettings {
    fn from(directory: String) -> Self {
        JournalSettings::new(directory)
    }
}

impl From<&Path> for JournalSettings {
    fn from(directory: &Path) -> Self {
        JournalSettings::new(directory)
    }
}

impl From<PathBuf> for JournalSettings {
    fn from(directory: PathBuf) -> Self {
        JournalSettings::new(directory)
    }
}

//! Several processes on one directory: each has a log of its own below it.
//!
//! During a rolling deploy, the old process still has its log when the new one
//! starts, which then begins another. A log that nobody holds is continued.
//! Who wants a single log says so, and is refused while it has a writer.

use std::cmp::Reverse;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::config::{JournalConfig, KnownCheckpoint};
use super::failure::{JournalError, Result};
use super::lock::{self, LogLock};
use super::names::{self, Layout, LogId};
use super::open::{OpenReport, make_directory};
use super::suspect;
use super::writer::Journal;
use crate::fs::{JournalFs, PathKind};

/// Time between two attempts to get a log.
const LOCK_RETRY: Duration = Duration::from_millis(10);

/// A log that no other writer can open any more, and that was not looked into
/// yet. Whoever keeps checkpoints beside it reads them at this point.
#[derive(Debug)]
pub(crate) struct LockedLog {
    fs: Arc<dyn JournalFs>,
    log: LogId,
    layout: Layout,
    lock: LogLock,
}

impl LockedLog {
    /// Locks the log below the directory that was written to last, of those that
    /// no other writer has. If all are taken, and stay so for as long as `lock_wait` says, it makes the
    /// directory of a new one.
    ///
    /// # Errors
    ///
    /// When a log is missing of which there is a known checkpoint, when the
    /// only log there may be has a writer, and when the system refuses a step.
    pub(crate) fn under(config: &JournalConfig, fs: Arc<dyn JournalFs>) -> Result<Self> {
        config.check()?;
        make_directory(&*fs, &config.directory)?;
        let logs = logs_under(&*fs, &config.directory)?;
        refuse_missing(config, &logs)?;
        let logs = last_written_first(config, &*fs, logs);
        if let Some(locked) = wait_for_one(config, &fs, &logs)? {
            return Ok(locked);
        }
        match attempt(config, &fs, config.new_log)? {
            Some(locked) => Ok(locked),
            None => Err(JournalError::Invalid(format!(
                "log {} exists; give a new log a new id",
                config.new_log
            ))),
        }
    }

    /// Which log it is, by the name of its directory.
    pub(crate) fn log(&self) -> LogId {
        self.log
    }

    /// The log's own directory.
    pub(crate) fn directory(&self) -> &Path {
        self.layout.directory()
    }

    /// Whether an fsync failed in it, so that what can be read may not be what
    /// is on the disk. Opening it settles that for the journal's own files.
    pub(crate) fn is_suspect(&self) -> Result<bool> {
        suspect::is_marked(&*self.fs, &self.layout)
    }

    /// Opens it.
    ///
    /// # Errors
    ///
    /// When it is damaged, which is not passed over, or older than a known
    /// checkpoint, and when the system refuses a step.
    pub(crate) fn open(self, config: &JournalConfig, now_ns: u64) -> Result<(Journal, OpenReport)> {
        let config = for_log(config, self.log, &self.layout);
        let LockedLog { fs, log, layout, lock } = self;
        let (journal, report) = Journal::open_locked(config, fs, layout, lock, now_ns)?;
        refuse_moved(&report.directory, log, report.log, report.first)?;
        Ok((journal, report))
    }
}

/// The logs in the order in which they are to be taken up: what was written to
/// last comes first, so that a run goes on where the one before it ended.
fn last_written_first(config: &JournalConfig, fs: &dyn JournalFs, logs: Vec<LogId>) -> Vec<LogId> {
    let written_ns = |log: &LogId| {
        let directory = config.directory.join(names::log_directory_name(*log));
        // What cannot be looked up is found out about by opening it.
        written_ns(fs, &Layout::new(directory)).unwrap_or_default()
    };
    let mut logs: Vec<_> = logs.into_iter().map(|log| (Reverse(written_ns(&log)), log)).collect();
    logs.sort_unstable();
    logs.into_iter().map(|(_, log)| log).collect()
}

/// When the newest segment of a log was written to.
fn written_ns(fs: &dyn JournalFs, layout: &Layout) -> Option<u64> {
    let names = fs.list(&layout.segments()).ok()?;
    let names = layout.sort(&names).ok()?;
    let path = match layout.only_active(&names).ok()? {
        Some(active) => layout.active(active),
        None => layout.sealed(*names.sealed.last()?),
    };
    Some(fs.stat(&path).ok()?.modified_ns)
}

/// The first of these logs that becomes free in time.
fn wait_for_one(
    config: &JournalConfig,
    fs: &Arc<dyn JournalFs>,
    logs: &[LogId],
) -> Result<Option<LockedLog>> {
    let mut waited = Duration::ZERO;
    loop {
        for log in logs {
            if let Some(locked) = attempt(config, fs, *log)? {
                return Ok(Some(locked));
            }
        }
        if logs.is_empty() || waited >= config.lock_wait {
            break;
        }
        std::thread::sleep(LOCK_RETRY);
        waited += LOCK_RETRY;
    }
    match logs.first() {
        Some(log) if config.is_only_log => Err(taken(config, fs, *log)),
        _ => Ok(None),
    }
}

fn attempt(
    config: &JournalConfig,
    fs: &Arc<dyn JournalFs>,
    log: LogId,
) -> Result<Option<LockedLog>> {
    let layout = Layout::new(config.directory.join(names::log_directory_name(log)));
    make_directory(&**fs, layout.directory())?;
    let lock = LogLock::attempt(&**fs, &layout.lock(), &config.host)?;
    Ok(lock.map(|lock| LockedLog { fs: fs.clone(), log, layout, lock }))
}

fn taken(config: &JournalConfig, fs: &Arc<dyn JournalFs>, log: LogId) -> JournalError {
    let path = Layout::new(config.directory.join(names::log_directory_name(log))).lock();
    let holder = lock::read_holder(&**fs, &path);
    JournalError::Locked { path, holder }
}

/// The logs below a directory, sorted.
pub(crate) fn logs_under(fs: &dyn JournalFs, parent: &Path) -> Result<Vec<LogId>> {
    let listed = fs.list(parent).map_err(|error| JournalError::step("list", parent, error))?;
    let mut logs: Vec<_> =
        listed.iter().filter_map(|name| names::parse_log_directory_name(name)).collect();
    logs.sort_unstable();
    Ok(logs)
}

/// The directories of the logs at a place: the log that is there, or those below
/// it, by id.
///
/// # Errors
///
/// When it can't be listed.
pub(crate) fn logs_at(fs: &dyn JournalFs, directory: &Path) -> io::Result<Vec<PathBuf>> {
    let names = fs.list(directory)?;
    let has_segments = fs.kind(&Layout::new(directory).segments())? != PathKind::Missing;
    if has_segments || names::log_of_directory(directory).is_some() {
        return Ok(vec![directory.to_owned()]);
    }
    let is_log = |name: &&String| names::parse_log_directory_name(name).is_some();
    let mut logs: Vec<_> = names.iter().filter(is_log).map(|name| directory.join(name)).collect();
    logs.sort_unstable();
    Ok(logs)
}

/// The settings for one of the logs.
fn for_log(config: &JournalConfig, log: LogId, layout: &Layout) -> JournalConfig {
    let known = config.known_checkpoints.iter().filter(|known| known.log == log);
    JournalConfig {
        directory: layout.directory().to_owned(),
        new_log: log,
        known_checkpoints: known.copied().collect(),
        ..config.clone()
    }
}

fn refuse_missing(config: &JournalConfig, logs: &[LogId]) -> Result<()> {
    let is_missing = |known: &&KnownCheckpoint| !logs.contains(&known.log);
    match config.known_checkpoints.iter().find(is_missing) {
        Some(missing) => Err(JournalError::Missing {
            path: config.directory.clone(),
            log: missing.log.to_string(),
        }),
        None => Ok(()),
    }
}

/// Checks that a log, which begins with entry `first`, is the one that its
/// directory is named after. Under the name of another it would be two logs.
///
/// # Errors
///
/// When it is another.
pub(crate) fn refuse_moved(directory: &Path, named: LogId, log: LogId, first: u64) -> Result<()> {
    if log == named {
        return Ok(());
    }
    let (expected, found) = (format!("log {named}"), format!("log {log}"));
    Err(JournalError::corrupt(directory, 0, first, expected, found))
}

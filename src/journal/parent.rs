//! Several processes on one directory: each has a log of its own below it.
//!
//! During a rolling deploy, the old process still has its log when the new one
//! starts, which then begins another. A log that nobody holds is continued.

use std::path::Path;
use std::sync::Arc;

use super::config::{JournalConfig, KnownCheckpoint};
use super::failure::{JournalError, Result};
use super::lock::LogLock;
use super::names::{self, Layout, LogId};
use super::open::{OpenReport, make_directory};
use super::writer::Journal;
use crate::fs::JournalFs;

impl Journal {
    /// Opens the first log below the directory that no other writer has, or
    /// begins one.
    ///
    /// # Errors
    ///
    /// As [`open`](Journal::open), and when a log is missing of which there
    /// is a known checkpoint. A damaged log is an error, not passed over.
    pub(crate) fn open_under(
        config: JournalConfig,
        fs: Arc<dyn JournalFs>,
        now_ns: u64,
    ) -> Result<(Journal, OpenReport)> {
        config.check()?;
        make_directory(&*fs, &config.directory)?;
        let logs = logs_under(&*fs, &config.directory)?;
        refuse_missing(&config, &logs)?;
        for log in logs.iter().copied().chain([config.new_log]) {
            let layout = Layout::new(config.directory.join(names::log_directory_name(log)));
            make_directory(&*fs, layout.directory())?;
            if let Some(lock) = LogLock::attempt(&*fs, &layout.lock(), &config.host)? {
                let config = for_log(&config, log, &layout);
                let (journal, report) = Journal::open_locked(config, fs, layout, lock, now_ns)?;
                refuse_moved(&report, log)?;
                return Ok((journal, report));
            }
        }
        Err(JournalError::Invalid(format!(
            "log {} exists; give a new log a new id",
            config.new_log
        )))
    }
}

/// The logs below a directory, sorted.
pub(crate) fn logs_under(fs: &dyn JournalFs, parent: &Path) -> Result<Vec<LogId>> {
    let listed = fs.list(parent).map_err(|error| JournalError::step("list", parent, error))?;
    let mut logs: Vec<_> =
        listed.iter().filter_map(|name| names::parse_log_directory_name(name)).collect();
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

fn refuse_moved(report: &OpenReport, log: LogId) -> Result<()> {
    if report.log == log {
        return Ok(());
    }
    let found = format!("log {}", report.log);
    Err(JournalError::corrupt(&report.directory, 0, report.first, format!("log {log}"), found))
}

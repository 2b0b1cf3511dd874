//! The legal hold: a file `hold` in the log's directory, with the reason in it.
//! While it is there, nothing is removed from the log.
//!
//! Anybody who may write to the directory can set or release it, with these
//! functions or by hand, from any process. Entries about it are the caller's.

use std::path::Path;

use super::files::{self, LedgerFiles};
use crate::error::{Error, Result};
use crate::fs::JournalFs;

/// Longest reason, in bytes.
pub(crate) const HOLD_REASON_BYTES_MAX: usize = 1024;

/// Puts a log on hold, durably; whatever reason there was is replaced.
///
/// # Errors
///
/// When the reason is empty, too long or not one line, and when the file can't
/// be written.
pub(crate) fn set_hold(fs: &dyn JournalFs, directory: &Path, reason: &str) -> Result<()> {
    let is_line = !reason.trim().is_empty() && !reason.chars().any(char::is_control);
    if !is_line || reason.len() > HOLD_REASON_BYTES_MAX {
        return Err(Error::invalid(format!(
            "the reason for a hold has to be one line of at most {HOLD_REASON_BYTES_MAX} bytes"
        )));
    }
    files::replace(fs, &LedgerFiles::new(directory).hold(), &format!("{reason}\n"))
}

/// Ends a hold, durably, if there is one.
///
/// # Errors
///
/// When the file can't be removed.
pub(crate) fn release_hold(fs: &dyn JournalFs, directory: &Path) -> Result<()> {
    files::remove(fs, &LedgerFiles::new(directory).hold())
}

/// The reason for the hold on a log, if there is one; empty if the file is.
///
/// # Errors
///
/// When the file can't be read. It has to be taken for a hold.
pub(crate) fn read_hold(fs: &dyn JournalFs, directory: &Path) -> Result<Option<String>> {
    let found = files::read(fs, &LedgerFiles::new(directory).hold())?;
    Ok(found.map(|(text, _)| text.trim().to_owned()))
}

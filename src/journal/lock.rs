//! One writer per log.
//!
//! The lock is the system's, on an open file: it ends with its process,
//! however that ends. The file says who holds it, for others to read.

use std::path::{Path, PathBuf};

use super::failure::{Holder, JournalError, Result};
use super::steps;
use crate::fs::{JournalFile, JournalFs, OpenMode};

const HOLDER_BYTES_MAX: usize = 1024;

/// A held lock; released when dropped.
#[derive(Debug)]
pub(super) struct LogLock {
    file: Box<dyn JournalFile>,
    path: PathBuf,
}

impl LogLock {
    /// Takes the lock if nobody has it.
    pub(super) fn attempt(fs: &dyn JournalFs, path: &Path, host: &str) -> Result<Option<Self>> {
        let failed = |error| JournalError::step("lock", path, error);
        let Some(file) = fs.lock(path).map_err(failed)? else { return Ok(None) };
        let mut lock = LogLock { file, path: path.to_owned() };
        if !lock.is_in_place(fs) {
            // Removed between opening and locking: whoever made the next one
            // does not know of us.
            return Ok(None);
        }
        lock.name_holder(host).map_err(failed)?;
        Ok(Some(lock))
    }

    /// Whether the locked file is still the one that others would lock.
    pub(super) fn is_in_place(&self, fs: &dyn JournalFs) -> bool {
        match (fs.stat(&self.path), self.file.stat()) {
            (Ok(named), Ok(held)) => named.identity == held.identity,
            _ => false,
        }
    }

    fn name_holder(&mut self, host: &str) -> std::io::Result<()> {
        let host: String = host.chars().filter(|c| !c.is_control()).take(255).collect();
        let text = format!("{} {host}\n", std::process::id());
        steps::write_all(&mut *self.file, 0, text.as_bytes())?;
        self.file.truncate(text.len() as u64)
    }
}

/// Who says to hold the lock.
pub(super) fn read_holder(fs: &dyn JournalFs, path: &Path) -> Option<Holder> {
    let file = fs.open(path, OpenMode::Read).ok()?;
    let mut bytes = [0; HOLDER_BYTES_MAX];
    let length = steps::read_up_to(&*file, 0, &mut bytes).ok()?;
    let text = std::str::from_utf8(bytes.get(..length)?).ok()?;
    let (pid, host) = text.strip_suffix('\n')?.split_once(' ')?;
    let host = host.chars().filter(|c| !c.is_control()).collect();
    Some(Holder { pid: pid.parse().ok()?, host })
}

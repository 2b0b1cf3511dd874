//! What can be asked of a trail with a journal.

use std::path::PathBuf;

use crate::channel::block_on;
use crate::error::{Error, Result};
use crate::fs::OsFilesystem;
use crate::ledger;
use crate::proof::SignedCheckpoint;
use crate::worker::Request;

use super::handle::Audit;

impl Audit {
    /// Waits until everything that this thread completed is durable.
    ///
    /// # Errors
    ///
    /// As [`record`](Self::record); without a journal, always.
    pub fn sync(&self) -> Result<()> {
        block_on(self.sync_async())
    }

    /// [`sync`](Self::sync) without blocking the thread.
    ///
    /// # Errors
    ///
    /// As [`sync`](Self::sync).
    pub async fn sync_async(&self) -> Result<()> {
        self.require_journal()?;
        self.inner.ask(Request::Sync)?.await?
    }

    /// Signs with a new key from here on. The log names it first, and then both
    /// keys sign one checkpoint, which is returned: who trusts the old key can
    /// trust the new one by it. The old key is wiped.
    ///
    /// `key_file` is for a journal whose key was given as a file, and is made as
    /// that was ([`JournalSettings::signing_key`](crate::JournalSettings::signing_key));
    /// without one, a key is made.
    ///
    /// # Errors
    ///
    /// When the file is missing where one is needed or the other way round,
    /// when it holds a key that was used before, and when the log cannot be
    /// written.
    pub fn rotate_signing_key(
        &self,
        key_file: impl Into<Option<PathBuf>>,
    ) -> Result<SignedCheckpoint> {
        self.require_journal()?;
        let key_file = key_file.into();
        self.inner.ask_and_wait(|reply| Request::RotateKey(key_file, reply))?
    }

    /// Keeps retention from removing anything, for this reason (one line),
    /// until [`release_hold`](Self::release_hold). Outlives the process.
    ///
    /// # Errors
    ///
    /// When the reason is none, and when it cannot be written down.
    pub fn hold(&self, reason: &str) -> Result<()> {
        ledger::set_hold(&OsFilesystem, &self.log_directory()?, reason)
    }

    /// Ends a hold, if there is one.
    ///
    /// # Errors
    ///
    /// When its file cannot be removed.
    pub fn release_hold(&self) -> Result<()> {
        ledger::release_hold(&OsFilesystem, &self.log_directory()?)
    }

    fn log_directory(&self) -> Result<PathBuf> {
        self.require_journal()?;
        let totals = self.inner.published.totals();
        totals.journal.map(|journal| (*journal.directory).clone()).ok_or_else(Error::stopped)
    }

    fn require_journal(&self) -> Result<()> {
        match self.inner.has_journal {
            true => Ok(()),
            false => Err(Error::invalid(
                "this needs a journal, and there is none; give the builder a directory for one",
            )),
        }
    }
}

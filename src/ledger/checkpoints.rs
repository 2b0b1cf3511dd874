//! Checkpoints: when one is due, and making one.

use std::time::Duration;

use super::files;
use super::writer::Ledger;
use crate::error::Result;
use crate::proof::{Checkpoint, SignedCheckpoint};

impl Ledger {
    /// How long the next checkpoint can wait; zero when one is due, none while
    /// there is no news.
    pub(crate) fn until_checkpoint(&self, now_ns: u64) -> Option<Duration> {
        if self.is_poisoned() || self.size() == self.signed_size() {
            return None;
        }
        let Some(last_ns) = self.last_checkpoint_ns else { return Some(Duration::ZERO) };
        let passed = Duration::from_nanos(now_ns.saturating_sub(last_ns));
        Some(self.config.checkpoint_every.saturating_sub(passed))
    }

    /// Syncs, signs a checkpoint over everything and writes it; without news,
    /// the latest one.
    ///
    /// # Errors
    ///
    /// As [`sync`](Ledger::sync), and when the checkpoint can't be written: it
    /// is due again after the usual time.
    pub(crate) fn checkpoint(&mut self, now_ns: u64) -> Result<Option<&SignedCheckpoint>> {
        self.last_checkpoint_ns = Some(now_ns);
        self.sync(now_ns)?;
        if self.size() != self.signed_size() {
            let checkpoint = Checkpoint::new(self.origin(), self.tree.head())?;
            let signed = checkpoint.sign(&[&self.signer])?;
            files::replace(&*self.fs, &self.files.checkpoint(), &signed.to_string())?;
            self.latest = Some(signed);
        }
        Ok(self.latest.as_ref())
    }

    /// The newest checkpoint; none before the first entry.
    pub(crate) fn latest_checkpoint(&self) -> Option<&SignedCheckpoint> {
        self.latest.as_ref()
    }

    fn signed_size(&self) -> u64 {
        self.latest.as_ref().map_or(0, |signed| signed.checkpoint().head().size)
    }
}

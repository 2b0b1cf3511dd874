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
        if self.is_poisoned() || !self.has_news() {
            return None;
        }
        let Some(last_ns) = self.last_checkpoint_ns else { return Some(Duration::ZERO) };
        let passed = Duration::from_nanos(now_ns.saturating_sub(last_ns));
        Some(self.config.checkpoint_every.saturating_sub(passed))
    }

    /// Syncs, signs a checkpoint over everything and writes it, and leaves it
    /// to be copied; without news, gives the latest one.
    ///
    /// # Errors
    ///
    /// As [`sync`](Ledger::sync), and when tiles or the checkpoint can't be
    /// written: one is due again after the usual time.
    pub(crate) fn checkpoint(&mut self, now_ns: u64) -> Result<Option<&SignedCheckpoint>> {
        self.last_checkpoint_ns = Some(now_ns);
        self.sync(now_ns)?;
        if self.has_news() {
            // Who has the checkpoint finds the tiles for its proofs.
            self.tree.write()?;
            self.sign()?;
        }
        Ok(self.latest.as_ref())
    }

    /// The newest checkpoint; none before the first entry.
    pub(crate) fn latest_checkpoint(&self) -> Option<&SignedCheckpoint> {
        self.latest.as_ref()
    }

    /// Signs what is durable. All of it is, when this is called.
    fn sign(&mut self) -> Result<()> {
        let head = self.tree.head();
        let checkpoint = Checkpoint::new(self.origin(), head)?;
        let signers: Vec<_> = [&self.signer].into_iter().chain(&self.retiring).collect();
        let signed = checkpoint.sign(&signers)?;
        files::replace(&*self.fs, &self.files.checkpoint(), &signed.to_string())?;
        self.copies.write(&signed);
        self.latest = Some(signed);
        self.retire()
    }

    fn has_news(&self) -> bool {
        let signed = self.latest.as_ref().map_or(0, |signed| signed.checkpoint().head().size);
        self.size() != signed || self.retiring.is_some()
    }
}

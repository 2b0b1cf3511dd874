//! Signing checkpoints while there is news.

use std::time::Duration;

use super::keeper::Kept;
use super::trouble::State;
use crate::worker::decode::Times;
use crate::worker::state::Worker;

impl Worker {
    /// Signs a checkpoint if one is due.
    pub(super) fn sign_if_due(&mut self, times: Times) {
        let is_due = self
            .trail
            .keeper
            .open()
            .is_some_and(|kept| kept.until_checkpoint() == Some(Duration::ZERO));
        if is_due {
            self.sign_checkpoint(times);
        }
    }

    /// Signs a checkpoint. That it cannot be written is told, and stops
    /// nothing: what is durable stays so.
    pub(super) fn sign_checkpoint(&mut self, times: Times) {
        self.sync_journal();
        let Some(kept) = self.trail.keeper.open_mut() else { return };
        if !matches!(kept.state, State::Working) {
            return;
        }
        let now_ns = kept.now_ns();
        match kept.ledger.checkpoint(now_ns).map(drop) {
            Ok(()) => {
                kept.checkpoint_us = Some(times.recorded_us);
                kept.checkpoint_problem = None;
                self.publish_totals();
                if let Some(kept) = self.trail.keeper.open_mut() {
                    kept.answer_checkpoints();
                }
            }
            Err(error) if kept.ledger.is_poisoned() => self.journal_failed(&error),
            Err(error) => {
                let is_new = kept.checkpoint_problem.is_none();
                kept.checkpoint_problem = Some(error.to_string().into());
                if is_new {
                    self.tell(&error);
                }
            }
        }
    }
}

impl Kept {
    /// How long the next checkpoint can wait; none without news.
    pub(super) fn until_checkpoint(&self) -> Option<Duration> {
        let is_working = matches!(self.state, State::Working);
        self.ledger.until_checkpoint(self.now_ns()).filter(|_| is_working)
    }
}

//! Waiting for callers that are about to ask.
//!
//! Threads that wait for the disk are woken together, and most of them ask again
//! at once. A sync right then would be for the few that were quickest; the
//! others would wait for the next. So the worker lets them run first:
//!
//! - A few callers take turns with the disk: until seven in eight of as many have
//!   come as were answered last, which share a sync.
//! - Of many callers ([`MANY`]) one half waits for the disk while the other half is
//!   woken, asks and is appended. The worker neither sleeps nor waits meanwhile.
//!
//! One caller is not waited for, so that who is alone pays for nobody; and callers
//! that do not come are given up soon.

use super::keeper::Kept;
use crate::worker::decode::Times;
use crate::worker::state::Worker;

/// So many callers are enough for two halves to be worth the threads' while.
const MANY: usize = if cfg!(test) { 3 } else { 8 };

/// So often in a row nobody may have come.
const YIELDS_MAX: u32 = 64;

/// The same while the disk is busy, for which there would be nothing to do but
/// to wait. The time of a few syncs of a quick disk.
const YIELDS_MAX_BUSY: u32 = 2_000;

impl Worker {
    /// Takes in what callers ask meanwhile, if many of them were answered last.
    pub(in crate::worker) fn gather_callers(&mut self, times: Times) {
        let mut in_vain = 0;
        loop {
            let patience = if self.is_disk_busy() { YIELDS_MAX_BUSY } else { YIELDS_MAX };
            if in_vain >= patience || !self.are_callers_coming() {
                return;
            }
            std::thread::yield_now();
            self.pending.extend(self.requests.try_iter());
            in_vain = if self.pending.is_empty() { in_vain + 1 } else { 0 };
            self.answer_pending(times);
        }
    }

    fn are_callers_coming(&self) -> bool {
        self.trail.keeper.open().is_some_and(Kept::are_callers_coming)
    }

    /// Whether the half that was handed to the disk is still on its way.
    fn is_disk_busy(&mut self) -> bool {
        let Some(kept) = self.trail.keeper.open_mut() else { return false };
        if kept.in_flight == 0 || !kept.ledger.is_syncing() {
            return false;
        }
        match kept.ledger.look_at_sync() {
            Ok(_) => kept.ledger.is_syncing(),
            Err(error) => {
                self.journal_failed(&error);
                false
            }
        }
    }
}

impl Kept {
    /// Whether callers are served in two halves.
    pub(super) fn are_many(&self) -> bool {
        self.callers >= MANY
    }

    /// Whether more callers should be waited for before the next sync.
    pub(super) fn are_callers_coming(&self) -> bool {
        if self.in_flight > 0 {
            return self.ledger.is_syncing();
        }
        let enough = if self.are_many() { self.callers / 2 } else { self.answered_last * 7 / 8 };
        (1..enough).contains(&self.waiting.len())
    }
}

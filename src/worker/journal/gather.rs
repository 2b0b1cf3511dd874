//! Waiting for callers that are about to ask.
//!
//! Many threads that wait for the disk are woken together, and most of them ask
//! again at once. A sync right then would be for the few that were quickest;
//! the others would wait for the next. So the worker lets them run until half
//! as many have come as were answered last: that half shares a sync, while the
//! other half is on its way. One or two callers are not waited for, so that
//! who is alone pays for nobody.

use crate::worker::decode::Times;
use crate::worker::state::Worker;

/// So often in a row nobody may have come.
const YIELDS_MAX: u32 = 16;

impl Worker {
    /// Takes in what callers ask meanwhile, if many of them were answered last.
    pub(in crate::worker) fn gather_callers(&mut self, times: Times) {
        let mut in_vain = 0;
        while in_vain < YIELDS_MAX && self.are_callers_coming() {
            std::thread::yield_now();
            self.pending.extend(self.requests.try_iter());
            in_vain = if self.pending.is_empty() { in_vain + 1 } else { 0 };
            self.answer_pending(times);
        }
    }

    fn are_callers_coming(&self) -> bool {
        self.trail.keeper.open().is_some_and(|kept| {
            !kept.waiting.is_empty() && kept.waiting.len() < kept.answered_last / 2
        })
    }
}

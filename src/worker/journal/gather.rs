//! Waiting for callers that are about to ask.
//!
//! Threads that wait for the disk are woken together, and most of them ask again
//! at once. A sync right then would be for the few that were quickest, or for
//! those that asked during the last one while everybody else waits for the next:
//! half of the callers each, for ever. So before a sync the worker lets them run
//! until seven in eight have come of those who were answered last or asked
//! meanwhile.
//!
//! One caller is not waited for, so that who is alone pays for nobody; and
//! callers that do not come are given up soon.

use crate::worker::decode::Times;
use crate::worker::state::Worker;

/// So often in a row nobody may have come. Where nothing else runs, that is some
/// twenty microseconds.
const YIELDS_MAX: u32 = 64;

/// So many callers are worth more patience.
const MANY: usize = 8;

/// The same of many callers: about a sync of a quick disk, which is what it costs
/// to begin one for the few that are there.
const YIELDS_MAX_MANY: u32 = 512;

/// How many callers there seem to be.
#[derive(Debug, Default)]
pub(super) struct Callers(usize);

impl Callers {
    /// A sync has made so many happy, and so many asked while it was under way.
    pub(super) fn note(&mut self, answered: usize, asked_meanwhile: usize) {
        if answered > 0 {
            self.0 = answered.saturating_add(asked_meanwhile);
        }
    }

    /// Whether more should be waited for where so many wait.
    fn are_coming(&self, waiting: usize) -> bool {
        (1..self.0 * 7 / 8).contains(&waiting)
    }

    fn yields_max(&self) -> u32 {
        if self.0 < MANY { YIELDS_MAX } else { YIELDS_MAX_MANY }
    }
}

impl Worker {
    /// Takes in what callers ask meanwhile, if many of them are expected.
    pub(in crate::worker) fn gather_callers(&mut self, times: Times) {
        let mut patience = Patience::default();
        while self.has_patience(&mut patience) {
            std::thread::yield_now();
            self.pending.extend(self.requests.try_iter());
            self.answer_pending(times);
        }
    }

    fn has_patience(&self, patience: &mut Patience) -> bool {
        let kept = self.trail.keeper.open();
        kept.is_some_and(|kept| patience.lasts(&kept.callers, kept.waiting.len()))
    }
}

/// How long it was waited in vain. Who asks for something else, and be it all the
/// time, keeps nobody waiting for the disk.
#[derive(Debug, Default)]
struct Patience {
    in_vain: u32,
    waiting: usize,
}

impl Patience {
    /// Whether to wait once more, where so many wait by now.
    fn lasts(&mut self, callers: &Callers, waiting: usize) -> bool {
        let has_come = waiting > self.waiting;
        self.in_vain = if has_come { 0 } else { self.in_vain + 1 };
        self.waiting = waiting;
        self.in_vain < callers.yields_max() && callers.are_coming(waiting)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// For how many the sync is that follows one for `answered`, if all of them
    /// and of those who asked meanwhile come.
    fn gathered(answered: usize, asked_meanwhile: usize) -> usize {
        let mut callers = Callers::default();
        callers.note(answered, asked_meanwhile);
        let mut waiting = asked_meanwhile.max(1);
        while callers.are_coming(waiting) {
            waiting += 1;
        }
        waiting
    }

    #[test]
    fn who_is_alone_is_not_kept_waiting() {
        assert_eq!(gathered(1, 0), 1);
        assert_eq!(gathered(1, 1), 1, "two who take turns");
        assert!(!Callers::default().are_coming(1));
        assert!(!Callers(64).are_coming(0), "for nobody");
    }

    #[test]
    fn who_does_not_come_is_given_up_and_who_comes_renews_patience() {
        let (callers, mut patience) = (Callers(64), Patience::default());
        let mut yields = |waiting| (0..).take_while(|_| patience.lasts(&callers, waiting)).count();
        assert_eq!(yields(1), YIELDS_MAX_MANY as usize);
        assert_eq!(yields(2), YIELDS_MAX_MANY as usize);
        assert_eq!(yields(2), 0);
        assert_eq!(yields(56), 0);
    }

    #[test]
    fn many_share_a_sync_also_when_they_came_in_halves() {
        assert_eq!(gathered(64, 0), 56);
        assert_eq!(gathered(32, 32), 56);
        assert_eq!(gathered(4, 4), 7);
        assert_eq!(gathered(3, 3), 5);
    }

    #[test]
    fn a_sync_for_nobody_says_nothing_about_callers() {
        let mut callers = Callers(64);
        callers.note(0, 3);
        assert!(callers.are_coming(4));
        callers.note(2, 0);
        assert!(!callers.are_coming(1));
    }
}

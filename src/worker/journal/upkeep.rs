//! What the log needs beside writing: old segments removed as retention says,
//! another key, an eye on the copies of checkpoints.

use std::path::Path;
use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};
use crate::event::AuditEvent;
use crate::ledger::PruneDecision;
use crate::proof::SignedCheckpoint;
use crate::worker::decode::Times;
use crate::worker::state::Worker;

/// Time between two looks at how copies are doing.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Time between two looks at what retention says.
const PRUNE_EVERY: Duration = Duration::from_secs(60);

/// Time between two looks at which logs are beside this one.
const OTHERS_EVERY: Duration = Duration::from_secs(60);

/// A wall clock that is set ahead by more than this may be wrong.
const CLOCK_AHEAD: Duration = Duration::from_secs(3_600);

/// For so long after that nothing is removed: ages are told by that clock, and
/// when it is corrected, what was removed does not come back.
const PRUNE_HELD_FOR: Duration = Duration::from_secs(3_600);

impl Worker {
    /// Looks after the log, now and then.
    pub(super) fn look_after_journal(&mut self, times: Times) {
        let Some(kept) = self.trail.keeper.open_mut() else { return };
        let now_ns = kept.now_ns();
        let is_prune_due =
            now_ns >= kept.prune_held_until_ns && is_due(&mut kept.prune_ns, now_ns, PRUNE_EVERY);
        let mut problems = Vec::new();
        if is_due(&mut kept.others_ns, now_ns, OTHERS_EVERY) {
            match kept.ledger.other_logs() {
                Ok(others) => kept.other_logs = others.into(),
                Err(problem) => problems.push(problem),
            }
        }
        if is_due(&mut kept.looked_ns, now_ns, LOOK_EVERY) {
            kept.copies = kept.ledger.copies().into();
            problems.extend(kept.ledger.take_copy_problems());
        }
        for problem in problems {
            self.tell(&problem);
        }
        if is_prune_due {
            self.prune_journal(times);
        }
    }

    /// After a step of the wall clock far ahead, removes nothing for a while.
    pub(super) fn hold_pruning_after(&mut self, step_us: i64) {
        let step = Duration::from_micros(u64::try_from(step_us).unwrap_or_default());
        let Some(kept) = self.trail.keeper.open_mut() else { return };
        if step <= CLOCK_AHEAD || !kept.ledger.has_retention() {
            return;
        }
        kept.prune_held_until_ns = kept.now_ns().saturating_add(PRUNE_HELD_FOR.as_nanos() as u64);
        self.tell(&Error::new(
            ErrorKind::Degraded,
            format!(
                "the wall clock went ahead by {} s at once; retention removes nothing for {} minutes, in which a wrong clock can be corrected",
                step.as_secs(),
                PRUNE_HELD_FOR.as_secs() / 60
            ),
        ));
    }

    /// Removes what retention says is to go, after the log has said so.
    fn prune_journal(&mut self, times: Times) {
        if !self.trail.keeper.takes_facts() {
            return;
        }
        let Some(kept) = self.trail.keeper.open_mut() else { return };
        let plan = match kept.ledger.plan_prune(times.recorded_us, recorded_us) {
            Ok(PruneDecision::Due(plan)) => plan,
            // Who put the log on hold knows.
            Ok(PruneDecision::Nothing | PruneDecision::Held(_)) => return,
            Err(error) => return self.tell(&error),
        };
        let fact = super::facts::pruning(&plan, times);
        let Ok(told) = self.append_only(&fact, times, true) else { return };
        let Some(kept) = self.trail.keeper.open_mut() else { return };
        let now_ns = kept.now_ns();
        if let Err(error) = kept.ledger.prune(&plan, told.sequence, now_ns) {
            if !kept.ledger.is_poisoned() {
                self.tell(&error);
            }
            self.note_poison(Some(&error));
        }
    }

    /// Goes over to another signing key: the log names it, then both sign.
    pub(in crate::worker) fn rotate_key(
        &mut self,
        given: Option<&Path>,
        times: Times,
    ) -> Result<SignedCheckpoint> {
        self.sync_journal();
        if let Some(refusal) = self.trail.keeper.refusal() {
            return Err(refusal);
        }
        let Some(kept) = self.trail.keeper.open_mut() else { return Err(Error::stopped()) };
        let now_ns = kept.now_ns();
        let key = kept.ledger.prepare_key(given, now_ns)?;
        let fact = super::facts::key_change(&key, times);
        self.append_only(&fact, times, true).map_err(|_| {
            Error::new(ErrorKind::Full, "there is no room to say that the key changes")
        })?;
        let Some(kept) = self.trail.keeper.open_mut() else { return Err(Error::stopped()) };
        let signed = kept.ledger.rotate_key(now_ns).map(|signed| signed.cloned());
        if signed.is_ok() {
            kept.checkpoint_us = Some(times.recorded_us);
        }
        // If only the last steps failed, the other key is in use.
        kept.totals.verifier_key = kept.ledger.verifier().to_string().into();
        self.note_poison(signed.as_ref().err());
        self.publish_totals();
        signed?.ok_or_else(Error::stopped)
    }

    /// A failure that ends the log does so at once, and not with the next entry.
    fn note_poison(&mut self, failure: Option<&Error>) {
        let is_poisoned = self.trail.keeper.open().is_some_and(|kept| kept.ledger.is_poisoned());
        if let Some(error) = failure.filter(|_| is_poisoned) {
            self.journal_failed(error);
        }
    }
}

/// Whether it is time again; remembers that it was.
fn is_due(last_ns: &mut Option<u64>, now_ns: u64, every: Duration) -> bool {
    let is_due =
        last_ns.is_none_or(|last_ns| Duration::from_nanos(now_ns.saturating_sub(last_ns)) >= every);
    if is_due {
        *last_ns = Some(now_ns);
    }
    is_due
}

/// When an entry was recorded.
fn recorded_us(entry: &[u8]) -> Option<i64> {
    let event: AuditEvent = serde_json::from_slice(entry).ok()?;
    Some(event.recorded_at?.timestamp_micros())
}

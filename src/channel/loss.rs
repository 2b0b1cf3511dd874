//! Exact counts of what was lost, by reason.
//!
//! Written by any thread, one atomic addition per loss; read by the worker,
//! which turns what is new into a gap entry of the trail.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

/// Why an event is not in the trail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LossReason {
    /// The queue was full and the overflow policy gave the event up.
    Full,
    /// The worker panicked while it held the event.
    WorkerPanic,
    /// The operation ended after shutdown. One that was open then is in the trail
    /// already, as open, and is counted here too: how it ended is lost.
    AfterShutdown,
    /// The span was opened inside this crate's own work: in a `Debug` that it
    /// formatted, or on its worker's thread.
    Reentrant,
    /// Rotated out, but its export failed for too long.
    ExportFailed,
    /// The process is a fork of the one whose worker it would have gone to.
    Forked,
    /// The journal had no room: its disk was full, or failed, for too long.
    JournalFull,
    /// The journal stores nothing any more.
    JournalPoisoned,
}

impl LossReason {
    /// Every reason.
    pub const ALL: &'static [LossReason] = &[
        LossReason::Full,
        LossReason::WorkerPanic,
        LossReason::AfterShutdown,
        LossReason::Reentrant,
        LossReason::ExportFailed,
        LossReason::Forked,
        LossReason::JournalFull,
        LossReason::JournalPoisoned,
    ];

    /// The name that gap entries, health and metrics use.
    pub const fn as_str(self) -> &'static str {
        match self {
            LossReason::Full => "full",
            LossReason::WorkerPanic => "worker_panic",
            LossReason::AfterShutdown => "after_shutdown",
            LossReason::Reentrant => "reentrant",
            LossReason::ExportFailed => "export_failed",
            LossReason::Forked => "forked",
            LossReason::JournalFull => "journal_full",
            LossReason::JournalPoisoned => "journal_poisoned",
        }
    }
}

/// What was lost for one reason since the last gap entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gap {
    pub(crate) reason: LossReason,
    pub(crate) count: u64,
    /// Monotonic times of the first and the last loss.
    pub(crate) first_ns: u64,
    pub(crate) last_ns: u64,
}

#[derive(Debug, Default)]
struct Counter {
    count: AtomicU64,
    /// Monotonic time of the first loss not yet reported, plus one; zero: none.
    first_ns: AtomicU64,
    last_ns: AtomicU64,
    reported: AtomicU64,
}

/// The counters of one trail.
#[derive(Debug, Default)]
pub(crate) struct Losses([Counter; LossReason::ALL.len()]);

impl Losses {
    /// Counts `count` losses at `now_ns`.
    pub(crate) fn add(&self, reason: LossReason, count: u64, now_ns: u64) {
        let Some(counter) = self.0.get(reason as usize) else { return };
        let _ = counter.first_ns.compare_exchange(
            0,
            now_ns.saturating_add(1),
            Ordering::Relaxed,
            Ordering::Relaxed,
        );
        counter.last_ns.fetch_max(now_ns, Ordering::Relaxed);
        counter.count.fetch_add(count, Ordering::Release);
    }

    /// All losses so far, reasons without any left out.
    pub(crate) fn totals(&self) -> BTreeMap<LossReason, u64> {
        self.counters()
            .map(|(reason, counter)| (reason, counter.count.load(Ordering::Acquire)))
            .filter(|(_, count)| *count > 0)
            .collect()
    }

    /// What is new since the last call. Called by the worker alone.
    pub(crate) fn take_gaps(&self) -> Vec<Gap> {
        self.counters().filter_map(|(reason, counter)| counter.take_gap(reason)).collect()
    }

    fn counters(&self) -> impl Iterator<Item = (LossReason, &Counter)> {
        LossReason::ALL.iter().copied().zip(&self.0)
    }
}

impl Counter {
    fn take_gap(&self, reason: LossReason) -> Option<Gap> {
        let total = self.count.load(Ordering::Acquire);
        let count = total - self.reported.swap(total, Ordering::Relaxed);
        if count == 0 {
            return None;
        }
        let last_ns = self.last_ns.load(Ordering::Relaxed);
        let first_ns = self.first_ns.swap(0, Ordering::Relaxed).checked_sub(1).unwrap_or(last_ns);
        Some(Gap { reason, count, first_ns, last_ns })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_loss_is_reported_once() {
        let losses = Losses::default();
        assert!(losses.take_gaps().is_empty());
        losses.add(LossReason::Full, 1, 10);
        losses.add(LossReason::Full, 2, 20);
        losses.add(LossReason::Reentrant, 1, 0);
        let gaps = losses.take_gaps();
        assert_eq!(gaps[0], Gap { reason: LossReason::Full, count: 3, first_ns: 10, last_ns: 20 });
        assert_eq!(
            gaps[1],
            Gap { reason: LossReason::Reentrant, count: 1, first_ns: 0, last_ns: 0 }
        );
        assert!(losses.take_gaps().is_empty());
        assert_eq!(losses.totals()[&LossReason::Full], 3);
    }

    #[test]
    fn reasons_index_their_counter() {
        for (index, reason) in LossReason::ALL.iter().enumerate() {
            assert_eq!(*reason as usize, index);
        }
    }
}

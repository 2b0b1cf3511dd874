//! How a trail is doing.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::channel::LossReason;
use crate::worker::EXPORT_HANGS_AFTER;

use super::handle::Inner;

/// A worker that is silent for so long hangs, as far as anybody can tell.
const WORKER_HANGS_AFTER: Duration = Duration::from_secs(10);

/// How a trail is doing, at the moment of asking.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Health {
    /// Events that wait for the worker.
    pub queue_events: usize,
    /// Events that can wait for it.
    pub queue_events_max: usize,
    /// Events recorded since the start.
    pub recorded_events: u64,
    /// Events lost since the start, by reason.
    pub lost: BTreeMap<LossReason, u64>,
    /// Audited spans that are open.
    pub open_operations: u64,
    /// For how long the oldest of them has been open.
    pub oldest_open: Option<Duration>,
    /// Events in the buffer, and entries about the trail itself, which
    /// `recorded_events` does not count.
    pub held_events: u64,
    /// Bytes of the buffer, indices included.
    pub held_bytes: u64,
    /// Events that left the buffer by rotation, counted as `held_events` are.
    pub rotated_events: u64,
    /// Whether anything but the byte bound ever releases events.
    pub is_rotating: bool,
    /// How exports went.
    pub export: ExportState,
    /// Events that sinks were too slow for.
    pub sink_lag: u64,
    /// Events that sinks failed to write.
    pub sink_failures: u64,
    /// For how long the worker has not come to the end of what it does; hardly
    /// more than a tenth of a second unless a disk or the error hook keeps it.
    pub worker_silent_for: Duration,
    /// The worker panicked too often and has given up: everything is lost from
    /// there on.
    pub is_poisoned: bool,
    /// How the journal is doing, if there is one.
    #[cfg(feature = "journal")]
    pub journal: Option<super::JournalState>,
}

/// How exports went.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ExportState {
    /// When the last document was completed.
    pub last_success: Option<DateTime<Utc>>,
    /// Where it is.
    pub last_path: Option<PathBuf>,
    /// Failures since then.
    pub failures: u64,
    /// Why the last of them failed.
    pub last_error: Option<String>,
    /// For how long the document that is being written has been in the making.
    pub writing_for: Option<Duration>,
}

impl Health {
    pub(super) fn of(inner: &Inner) -> Health {
        let totals = inner.published.totals();
        let (open_operations, oldest_ns) = inner.intake.open_operations();
        let sinks = inner.sinks();
        Health {
            queue_events: inner.intake.data.len(),
            queue_events_max: inner.intake.data.capacity(),
            recorded_events: totals.recorded,
            lost: inner.intake.losses.totals(),
            open_operations,
            oldest_open: oldest_ns.map(Duration::from_nanos),
            held_events: totals.held,
            held_bytes: totals.held_bytes,
            rotated_events: totals.rotated,
            is_rotating: inner.rotation.enabled,
            export: ExportState {
                last_success: totals.export.last_success,
                last_path: totals.export.last_path,
                failures: totals.export.failures,
                last_error: totals.export.last_error,
                writing_for: totals.export.writing_since_ns.map(|since_ns| {
                    Duration::from_nanos(inner.intake.clock.monotonic_ns().saturating_sub(since_ns))
                }),
            },
            sink_lag: sinks.iter().map(|sink| sink.lagged()).sum(),
            sink_failures: sinks.iter().map(|sink| sink.failures()).sum(),
            worker_silent_for: inner.published.silent_for(),
            is_poisoned: totals.poisoned,
            #[cfg(feature = "journal")]
            journal: totals.journal.as_ref().map(super::JournalState::of),
        }
    }

    /// Events lost since the start, whatever the reason.
    pub fn lost_events(&self) -> u64 {
        self.lost.values().sum()
    }

    /// What somebody should look into, in plain words. Empty: all is well.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut add = |is_so: bool, text: String| {
            if is_so {
                problems.push(text);
            }
        };
        add(self.is_poisoned, "the worker has given up after panics; nothing is recorded".into());
        let silent_for = self.worker_silent_for;
        add(
            silent_for >= WORKER_HANGS_AFTER,
            format!(
                "nothing has been recorded for {} s: the worker waits for the journal's disk, or for the error hook",
                silent_for.as_secs()
            ),
        );
        for (reason, count) in &self.lost {
            add(true, format!("{count} events lost: {}", reason.as_str()));
        }
        add(
            !self.is_rotating,
            format!("rotation is off: the buffer grows and holds {} bytes", self.held_bytes),
        );
        add(
            self.export.failures > 0,
            format!(
                "the export failed {} times in a row: {}",
                self.export.failures,
                self.export.last_error.as_deref().unwrap_or("no message")
            ),
        );
        let writing_for = self.export.writing_for.unwrap_or_default();
        add(
            writing_for >= EXPORT_HANGS_AFTER,
            format!("an export has been going on for {} s", writing_for.as_secs()),
        );
        add(
            self.queue_events * 2 > self.queue_events_max,
            "the queue is more than half full".into(),
        );
        add(self.sink_lag > 0, format!("sinks were too slow for {} events", self.sink_lag));
        add(self.sink_failures > 0, format!("sinks failed to write {} events", self.sink_failures));
        #[cfg(feature = "journal")]
        problems.extend(self.journal.iter().flat_map(super::JournalState::problems));
        problems
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Instant;

    use super::*;
    use crate::sink::Failing;
    use crate::{Audit, AuditEvent, AuditLayer};

    const DEADLINE: Duration = Duration::from_secs(60);

    #[expect(clippy::disallowed_methods, reason = "waits for another thread")]
    fn wait_until(audit: &Audit, is_so: impl Fn(&Health) -> bool) -> Health {
        let begun = Instant::now();
        loop {
            let health = audit.health();
            if is_so(&health) {
                return health;
            }
            assert!(begun.elapsed() < DEADLINE, "{health:?}");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    #[test]
    fn a_worker_that_hangs_is_a_problem() {
        let (go_on, wait) = mpsc::channel::<()>();
        let hook = move |_: &crate::Error| {
            let _ = wait.recv();
        };
        let audit = AuditLayer::builder().on_error(hook).build_without_layer().unwrap();
        audit.attach(Failing).unwrap();
        audit.record(AuditEvent::builder("STORE").build()).unwrap();
        let second = Duration::from_secs(1);
        let mut health = wait_until(&audit, |health| health.worker_silent_for > second);
        assert!(health.problems().iter().all(|problem| !problem.contains("the worker waits")));
        health.worker_silent_for = WORKER_HANGS_AFTER;
        assert!(health.problems().iter().any(|problem| problem.contains("for 10 s: the worker")));
        drop(go_on);
        let _ = wait_until(&audit, |health| health.worker_silent_for < second);
    }
}

//! The end of a trail, and the account of it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::channel::{LossReason, block_on_for};
use crate::clock::{Clock, SystemClock};
use crate::worker::{Request, ShutdownCounts, is_worker_thread};

use super::handle::Inner;

/// What a shutdown did, and what it could not do in time.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
#[must_use = "it says whether anything was lost"]
pub struct ShutdownReport {
    /// Events recorded since the start.
    pub recorded: u64,
    /// Events lost since the start, by reason.
    pub lost: BTreeMap<LossReason, u64>,
    /// Events that still waited for the worker at the deadline.
    pub pending: u64,
    /// Operations that were recorded as still open.
    pub open: u64,
    /// The document with what the buffer still held.
    pub export_path: Option<PathBuf>,
    /// Why a document could not be written: that one, or one that was due before
    /// it. Events of a rotation that failed are in that one, if there is one. One
    /// that was still being written after three quarters of the deadline may be
    /// completed later, by a thread that nobody waits for.
    pub export_error: Option<String>,
    /// The journal as it was left: everything durable, covered by a checkpoint
    /// and closed, or why not.
    #[cfg(feature = "journal")]
    pub journal: Option<super::JournalState>,
    /// What the policy in force missed, or may have missed, if there is one.
    #[cfg(feature = "policy")]
    pub coverage: Option<crate::policy::Coverage>,
    /// Sinks that had not finished at the deadline.
    pub unfinished_sinks: usize,
    /// Whether the worker, exports and sinks had finished by the deadline.
    pub is_complete: bool,
}

/// Exports get so much of the time that a shutdown has; the rest is for syncing
/// and closing the journal, and for sinks.
const EXPORT_PERCENT: u32 = 75;

impl Inner {
    /// Until when a shutdown with this deadline waits for exports.
    pub(super) fn exports_until_ns(&self, deadline: Duration) -> u64 {
        let wait = deadline / 100 * EXPORT_PERCENT;
        let wait_ns = u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX);
        self.intake.clock.monotonic_ns().saturating_add(wait_ns)
    }

    /// Has the worker end the trail; what it did, if that was in time.
    fn end(&self, exports_until_ns: u64, at_most: Duration) -> Option<ShutdownCounts> {
        if is_worker_thread() {
            let (nobody, _) = oneshot::channel();
            // Without a worker there is nothing to be ended.
            let _ = self.tell(Request::Shutdown(nobody, exports_until_ns));
            return None;
        }
        let pending = self.ask(|reply| Request::Shutdown(reply, exports_until_ns)).ok()?;
        block_on_for(pending, at_most)?.ok()
    }
}

impl ShutdownReport {
    pub(super) fn of(inner: &Inner, at_most: Duration) -> ShutdownReport {
        let clock = SystemClock::new();
        // Nothing comes to an end while the worker is in a hook that waits for it.
        let wait = if is_worker_thread() { Duration::ZERO } else { at_most };
        let left = || wait.saturating_sub(Duration::from_nanos(clock.monotonic_ns()));
        inner.intake.close_intake();
        let counts = inner.end(inner.exports_until_ns(at_most), left());
        let mut unfinished_sinks = 0;
        for sink in inner.sinks() {
            unfinished_sinks += usize::from(!sink.finish(left()));
        }
        let is_in_time = counts.as_ref().is_some_and(|counts| !counts.is_export_left_behind);
        let is_complete = is_in_time && unfinished_sinks == 0;
        let counts = counts.unwrap_or_default();
        #[cfg(feature = "journal")]
        let totals = inner.published.totals();
        ShutdownReport {
            recorded: inner.published.totals().recorded,
            lost: inner.intake.losses.totals(),
            pending: inner.intake.data.len() as u64,
            open: counts.open,
            export_path: counts.path,
            export_error: counts.error,
            #[cfg(feature = "journal")]
            journal: totals.journal.as_ref().map(super::JournalState::of),
            #[cfg(feature = "policy")]
            coverage: inner.coverage(),
            unfinished_sinks,
            is_complete,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, OnceLock, mpsc};
    use std::time::Duration;

    use crate::sink::{Failing, Sink};
    use crate::{Audit, AuditEvent, AuditLayer};

    const DEADLINE: Duration = Duration::from_secs(60);

    /// Never finishes its first event until it is let go.
    struct Stuck(mpsc::Receiver<()>);

    impl Sink for Stuck {
        fn write(&mut self, _: &AuditEvent) -> std::io::Result<()> {
            let _ = self.0.recv();
            Ok(())
        }
    }

    #[test]
    fn a_shutdown_in_the_error_hook_is_begun_and_not_waited_for() {
        let (tell, told) = mpsc::channel();
        let audit: Arc<OnceLock<Audit>> = Arc::default();
        let in_hook = audit.clone();
        let hook = move |_: &crate::Error| {
            let report = in_hook.get().map(|audit| audit.shutdown(DEADLINE));
            let _ = tell.send(report.map(|report| report.is_complete));
        };
        let built = AuditLayer::builder().on_error(hook).build_without_layer().unwrap();
        let audit = audit.get_or_init(|| built);
        audit.attach(Failing).unwrap();
        audit.record(AuditEvent::builder("STORE").build()).unwrap();
        assert_eq!(told.recv_timeout(DEADLINE / 2).unwrap(), Some(false));
        let mut stream = audit.subscribe();
        while !stream.has_ended() {
            let _ = stream.recv_timeout(Duration::from_millis(1));
        }
        assert!(audit.shutdown(DEADLINE).is_complete);
    }

    #[test]
    fn who_asks_for_health_does_not_wait_for_a_shutdown_that_waits_for_a_sink() {
        let audit = AuditLayer::builder().build_without_layer().unwrap();
        let (go_on, wait) = mpsc::channel();
        audit.attach(Stuck(wait)).unwrap();
        audit.record(AuditEvent::builder("STORE").build()).unwrap();
        let (tell, told) = mpsc::channel();
        let ending = audit.clone();
        let shutdown = std::thread::spawn(move || ending.shutdown(DEADLINE).is_complete);
        // The stream ends when only the sink is left to be waited for.
        let mut stream = audit.subscribe();
        while !stream.has_ended() {
            let _ = stream.recv_timeout(Duration::from_millis(1));
        }
        let asking = audit.clone();
        std::thread::spawn(move || {
            let unfinished = asking.shutdown(Duration::from_millis(1)).unfinished_sinks;
            tell.send((asking.health().recorded_events, unfinished))
        });
        assert_eq!(told.recv_timeout(DEADLINE / 2).unwrap(), (1, 1));
        drop(go_on);
        assert!(shutdown.join().unwrap());
    }
}

//! The end of a trail, and the account of it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::PoisonError;
use std::time::Duration;

use crate::channel::{LossReason, block_on_for};
use crate::clock::{Clock, SystemClock};
use crate::worker::Request;

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
    /// it. Events of a rotation that failed are in that one, if there is one.
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
    /// Whether the worker had finished by the deadline.
    pub is_complete: bool,
}

impl ShutdownReport {
    pub(super) fn of(inner: &Inner, at_most: Duration) -> ShutdownReport {
        let clock = SystemClock::new();
        let left = || at_most.saturating_sub(Duration::from_nanos(clock.monotonic_ns()));
        inner.intake.close_intake();
        let counts = match inner.ask(Request::Shutdown) {
            Ok(pending) => block_on_for(pending, left()).and_then(|counts| counts.ok()),
            Err(_) => None,
        };
        let mut unfinished_sinks = 0;
        let mut sinks = inner.sinks.lock().unwrap_or_else(PoisonError::into_inner);
        for sink in sinks.iter_mut() {
            unfinished_sinks += usize::from(!sink.finish(left()));
        }
        let is_complete = counts.is_some() && unfinished_sinks == 0;
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

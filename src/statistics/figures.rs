//! The figures themselves.

use std::borrow::Borrow;
use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::StatisticsRecorder;
use crate::event::AuditEvent;

/// Figures over a set of events. Shares and averages are `None`, and never
/// NaN, where there is nothing to compute them from.
///
/// A refusal (`ACCESS_DENIED`) counts as a failure, whatever its status says.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Statistics {
    /// How many events there were.
    pub total_events: u64,
    /// Successes ÷ (successes + failures + partial successes), from 0 to 1.
    /// Events whose end is unknown do not count for it.
    pub success_rate: Option<f64>,
    /// Mean duration of the events that have one, in milliseconds.
    pub avg_duration_ms: Option<f64>,
    /// Half of the durations are at most this, in milliseconds.
    ///
    /// Percentiles are within 0.1 % of the exact value, and never beyond the
    /// longest duration. A duration over 24 hours counts as 24 hours for them.
    pub p50_duration_ms: Option<f64>,
    /// 95 in 100 durations are at most this, in milliseconds.
    pub p95_duration_ms: Option<f64>,
    /// 99 in 100 durations are at most this, in milliseconds.
    pub p99_duration_ms: Option<f64>,
    /// Events by operation. Names of operations beyond the first 1,024 are
    /// counted together under `other`, in lower case, which no operation is
    /// called.
    pub by_operation: BTreeMap<String, u64>,
    /// Events by status; every status is there.
    pub by_status: BTreeMap<String, u64>,
    /// Failures by operation, for the operations that failed at all.
    pub failures_by_operation: BTreeMap<String, u64>,
    /// Share of the events that name no actor, from 0 to 1.
    pub anonymous_share: Option<f64>,
    /// When the earliest operation began.
    pub first_timestamp: Option<DateTime<Utc>>,
    /// When the latest operation began.
    pub last_timestamp: Option<DateTime<Utc>>,
}

impl Statistics {
    /// The figures over these events, for example those of a page.
    pub fn of<E: Borrow<AuditEvent>>(events: impl IntoIterator<Item = E>) -> Statistics {
        let mut recorder = StatisticsRecorder::default();
        events.into_iter().for_each(|event| recorder.add_event(event.borrow()));
        recorder.statistics()
    }
}

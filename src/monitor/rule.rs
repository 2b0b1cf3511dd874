//! What a monitor watches for.

use std::fmt::Write;
use std::time::Duration;

use super::alert::{Alert, Measure};
use super::tally::Tally;
use crate::event::row::time_from_us;
use crate::event::{Operation, Status};
use crate::statistics::Sample;

/// More deletions than this within [`DELETIONS_WINDOW`] alert by default.
pub const DELETIONS_MAX: u64 = 100;
/// Window of [`DELETIONS_MAX`].
pub const DELETIONS_WINDOW: Duration = Duration::from_secs(60 * 60);
/// More failures than this within [`FAILURES_WINDOW`] alert by default.
pub const FAILURES_MAX: u64 = 10;
/// Window of [`FAILURES_MAX`].
pub const FAILURES_WINDOW: Duration = Duration::from_secs(15 * 60);
/// More exports than this within [`EXPORTS_WINDOW`] alert by default.
pub const EXPORTS_MAX: u64 = 5;
/// Window of [`EXPORTS_MAX`].
pub const EXPORTS_WINDOW: Duration = Duration::from_secs(24 * 60 * 60);
/// A success rate below this within [`HEALTH_WINDOW`] alerts by default.
pub const SUCCESS_RATE_MIN: f64 = 0.95;
/// An average duration over this within [`HEALTH_WINDOW`] alerts by default.
pub const AVERAGE_DURATION_MS_MAX: f64 = 1_000.0;
/// Window of the two rules on health.
pub const HEALTH_WINDOW: Duration = Duration::from_secs(60 * 60);

/// A condition on the events of the last while.
///
/// An event is in the window if it began at or after its start. In a running
/// [`Monitor`](super::Monitor), the window of a success rate or an average
/// moves in steps of a sixtieth.
#[derive(Debug, Clone, PartialEq)]
#[must_use = "a rule does something in a `Monitor`"]
pub struct Rule {
    name: String,
    operations: Vec<Operation>,
    status: Option<Status>,
    events_min: u64,
    window: Duration,
    pub(super) limit: Limit,
}

/// What must not be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Limit {
    EventsOver(u64),
    SuccessRateBelow(f64),
    AverageDurationOverMs(f64),
}

impl Rule {
    /// Alerts on more than `events_max` events within `window`. A monitor
    /// keeps up to `events_max` + 1 times in memory.
    pub fn events_over(name: impl Into<String>, events_max: u64, window: Duration) -> Rule {
        Rule::new(name.into(), window, Limit::EventsOver(events_max))
    }

    /// Alerts when successes ÷ (successes + failures + partial successes)
    /// within `window` is below `rate`, from 0 to 1.
    pub fn success_rate_below(name: impl Into<String>, rate: f64, window: Duration) -> Rule {
        Rule::new(name.into(), window, Limit::SuccessRateBelow(rate))
    }

    /// Alerts when the mean duration within `window` is over so many
    /// milliseconds.
    pub fn average_duration_over(name: impl Into<String>, ms: f64, window: Duration) -> Rule {
        Rule::new(name.into(), window, Limit::AverageDurationOverMs(ms))
    }

    /// The rules of a default monitor: deletions, failures, exports, success
    /// rate and average duration, with the constants of this module.
    pub fn defaults() -> Vec<Rule> {
        vec![
            Rule::events_over("excessive deletions", DELETIONS_MAX, DELETIONS_WINDOW)
                .operation(Operation::Forget)
                .operation(Operation::DeleteDocument)
                .operation(Operation::DeleteKnowledgeBase)
                .operation(Operation::DeleteUser),
            Rule::events_over("multiple failures", FAILURES_MAX, FAILURES_WINDOW)
                .status(Status::Failure),
            Rule::events_over("unusual export activity", EXPORTS_MAX, EXPORTS_WINDOW)
                .operation(Operation::Export),
            Rule::success_rate_below("low success rate", SUCCESS_RATE_MIN, HEALTH_WINDOW),
            Rule::average_duration_over("high latency", AVERAGE_DURATION_MS_MAX, HEALTH_WINDOW),
        ]
    }

    /// Looks at this operation only; called again, at that one too.
    pub fn operation(mut self, operation: impl Into<Operation>) -> Rule {
        self.operations.push(operation.into());
        self
    }

    /// Looks at events with this status only. A refused access is a failure.
    pub fn status(mut self, status: Status) -> Rule {
        self.status = Some(status);
        self
    }

    /// Does not alert on fewer events than this, so that a single failure
    /// after a quiet night is no breakdown. Without this: 1.
    pub fn events_min(mut self, events: u64) -> Rule {
        self.events_min = events;
        self
    }

    fn new(name: String, window: Duration, limit: Limit) -> Rule {
        Rule { name, operations: Vec::new(), status: None, events_min: 1, window, limit }
    }

    pub(super) fn window_us(&self) -> i64 {
        i64::try_from(self.window.as_micros()).unwrap_or(i64::MAX)
    }

    pub(super) fn matches(&self, sample: &Sample<'_>) -> bool {
        let operation = self.operations.is_empty()
            || self.operations.iter().any(|operation| operation.as_str() == sample.operation);
        let status = match self.status {
            None => true,
            Some(Status::Failure) => sample.is_failure(),
            Some(status) => sample.status == status && !sample.is_failure(),
        };
        operation && status
    }

    /// The alert, if the sums of a window break the rule.
    pub(super) fn alert(&self, tally: &Tally, now_us: i64) -> Option<Alert> {
        let (measure, observed, threshold, events) = match self.limit {
            Limit::EventsOver(max) if tally.events > max => {
                (Measure::Events, tally.events as f64, max as f64, tally.events)
            }
            Limit::SuccessRateBelow(min) => {
                let rate = tally.successes as f64 / tally.decided.max(1) as f64;
                let breached = tally.decided > 0 && rate < min;
                breached.then_some((Measure::SuccessRate, rate, min, tally.decided))?
            }
            Limit::AverageDurationOverMs(max) => {
                let mean = tally.duration_ns as f64 / tally.timed.max(1) as f64 / 1e6;
                (mean > max).then_some((Measure::AverageDurationMs, mean, max, tally.timed))?
            }
            Limit::EventsOver(_) => return None,
        };
        (events >= self.events_min).then(|| Alert {
            rule: self.name.clone(),
            observed,
            threshold,
            events,
            window: self.window,
            at: time_from_us(now_us),
            subject: self.subject(),
            measure,
        })
    }

    /// Which events the rule looks at, for people.
    fn subject(&self) -> String {
        let names: Vec<_> = self.operations.iter().map(Operation::as_str).collect();
        let mut subject = names.join(", ");
        if let Some(status) = self.status {
            let space = if subject.is_empty() { "" } else { " " };
            let _ = write!(subject, "{space}{status}");
        }
        subject
    }
}

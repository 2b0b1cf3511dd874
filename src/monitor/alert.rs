//! What a monitor says when a rule is broken.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Serialize, Serializer};

/// A rule was broken. Its text is one line for people.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Alert {
    /// Name of the rule.
    pub rule: String,
    /// What was found: a number of events, a success rate from 0 to 1, or
    /// milliseconds.
    pub observed: f64,
    /// What the rule allows, in the same unit.
    pub threshold: f64,
    /// Over how many events it was found.
    pub events: u64,
    /// Over what time before `at`. Seconds when serialized, as `window_s`.
    #[serde(rename = "window_s", serialize_with = "seconds")]
    pub window: Duration,
    /// When it was found.
    pub at: DateTime<Utc>,
    #[serde(skip)]
    pub(super) subject: String,
    #[serde(skip)]
    pub(super) measure: Measure,
}

/// What `observed` and `threshold` are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Measure {
    Events,
    SuccessRate,
    AverageDurationMs,
}

impl fmt::Display for Alert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Alert { rule, observed, threshold, events, .. } = self;
        let space = if self.subject.is_empty() { "" } else { " " };
        let subject = &self.subject;
        let window = window_text(self.window);
        match self.measure {
            Measure::Events => {
                write!(f, "{rule}: {events}{space}{subject} events in {window}, over {threshold}")
            }
            Measure::SuccessRate => write!(
                f,
                "{rule}: {:.2} % of {events}{space}{subject} events succeeded in {window}, below {} %",
                observed * 100.0,
                percent_text(*threshold)
            ),
            Measure::AverageDurationMs => write!(
                f,
                "{rule}: {observed:.1} ms on average over {events}{space}{subject} events in {window}, over {threshold} ms"
            ),
        }
    }
}

/// As it was written: `0.07 * 100.0` is not quite 7.
fn percent_text(share: f64) -> f64 {
    (share * 1e8).round() / 1e6
}

fn window_text(window: Duration) -> String {
    match window.as_secs() {
        seconds if seconds >= 3600 && seconds % 3600 == 0 => format!("{} h", seconds / 3600),
        seconds if seconds >= 60 && seconds % 60 == 0 => format!("{} min", seconds / 60),
        _ => format!("{} s", window.as_secs_f64()),
    }
}

fn seconds<S: Serializer>(window: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(window.as_secs_f64())
}

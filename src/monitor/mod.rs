//! Rules that turn events into alerts: too many of a kind within a time, too
//! many failures, too slow.
//!
//! State machines without a thread, a clock or an output of their own: who
//! feeds a [`Monitor`] says what time it is and does something with the
//! alerts. Memory is bounded by the rules, not by the events.
//!
//! Events are placed in time by when they began. Entries of kind `log` are
//! passed over. A refused access is a failure whatever its status says.

mod alert;
mod rule;
mod tally;
mod watch;
mod window;

pub use alert::Alert;
pub use rule::{
    AVERAGE_DURATION_MS_MAX, DELETIONS_MAX, DELETIONS_WINDOW, EXPORTS_MAX, EXPORTS_WINDOW,
    FAILURES_MAX, FAILURES_WINDOW, HEALTH_WINDOW, Rule, SUCCESS_RATE_MIN,
};
pub use watch::Monitor;

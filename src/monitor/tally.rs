//! Sums over the events in a window.

use crate::event::Status;
use crate::statistics::Sample;

/// Sums over the events in a window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) events: u64,
    pub(super) successes: u64,
    /// Events whose end is known.
    pub(super) decided: u64,
    /// Events with a duration.
    pub(super) timed: u64,
    pub(super) duration_ns: u128,
}

impl Tally {
    pub(super) fn of(sample: &Sample<'_>) -> Tally {
        let failed = sample.is_failure();
        Tally {
            events: 1,
            successes: u64::from(!failed && sample.status == Status::Success),
            decided: u64::from(failed || sample.status != Status::Unknown),
            timed: u64::from(sample.duration_ns.is_some()),
            duration_ns: u128::from(sample.duration_ns.unwrap_or_default()),
        }
    }

    pub(super) fn add(&mut self, other: &Tally) {
        self.events += other.events;
        self.successes += other.successes;
        self.decided += other.decided;
        self.timed += other.timed;
        self.duration_ns += other.duration_ns;
    }

    /// Takes out what was added before.
    pub(super) fn take_out(&mut self, other: &Tally) {
        self.events -= other.events;
        self.successes -= other.successes;
        self.decided -= other.decided;
        self.timed -= other.timed;
        self.duration_ns -= other.duration_ns;
    }
}

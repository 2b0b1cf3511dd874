//! The one place where time comes in.
//!
//! Two clocks: a monotonic one, for durations and order, and the wall clock,
//! for timestamps. Wall time is a claim; order in the trail never depends on
//! it. Tests inject [`ManualClock`].

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, SubsecRound, Utc};

/// A source of time. Called on the threads of the audited program, several
/// times for each audited span: it has to be cheap, and must not itself emit
/// spans or events.
pub trait Clock: Send + Sync + 'static {
    /// Nanoseconds since an arbitrary start; never goes back.
    fn monotonic_ns(&self) -> u64;

    /// Microseconds since the Unix epoch.
    fn wall_us(&self) -> i64;
}

/// The clocks of the operating system.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    /// A clock whose monotonic time starts near zero.
    #[expect(clippy::disallowed_methods, reason = "this is the gate")]
    pub fn new() -> Self {
        SystemClock { start: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn monotonic_ns(&self) -> u64 {
        // 2^64 ns are 584 years.
        self.start.elapsed().as_nanos() as u64
    }

    fn wall_us(&self) -> i64 {
        system_now().timestamp_micros()
    }
}

/// The wall clock, in whole microseconds.
#[expect(clippy::disallowed_methods, reason = "this is the gate")]
pub(crate) fn system_now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(6)
}

/// A clock for tests: stands still until it is told to move.
#[derive(Debug)]
pub struct ManualClock {
    monotonic_ns: AtomicU64,
    wall_us: AtomicI64,
}

impl ManualClock {
    /// A clock that shows `wall` and whose monotonic time is zero.
    pub fn at(wall: DateTime<Utc>) -> Self {
        ManualClock {
            monotonic_ns: AtomicU64::new(0),
            wall_us: AtomicI64::new(wall.timestamp_micros()),
        }
    }

    /// Lets time pass, on both clocks.
    pub fn advance(&self, by: Duration) {
        self.monotonic_ns.fetch_add(by.as_nanos() as u64, Ordering::SeqCst);
        self.wall_us.fetch_add(by.as_micros() as i64, Ordering::SeqCst);
    }

    /// Sets the wall clock, as an administrator or NTP would.
    pub fn step_wall(&self, wall: DateTime<Utc>) {
        self.wall_us.store(wall.timestamp_micros(), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn monotonic_ns(&self) -> u64 {
        self.monotonic_ns.load(Ordering::SeqCst)
    }

    fn wall_us(&self) -> i64 {
        self.wall_us.load(Ordering::SeqCst)
    }
}

impl<C: Clock + ?Sized> Clock for std::sync::Arc<C> {
    fn monotonic_ns(&self) -> u64 {
        (**self).monotonic_ns()
    }

    fn wall_us(&self) -> i64 {
        (**self).wall_us()
    }
}

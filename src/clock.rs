//! The one place where time comes in.
//!
//! Two clocks: a monotonic one, for durations and order, and the wall clock,
//! for timestamps. Wall time is a claim; order in the trail never depends on
//! it. Tests inject [`ManualClock`].

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use chrono::{DateTime, SubsecRound, Utc};

mod counter;

/// A source of time. Called on the threads of the audited program, several
/// times for each audited span: it has to be cheap, and must not itself emit
/// spans or events.
pub trait Clock: Send + Sync + 'static {
    /// Nanoseconds since an arbitrary start; never goes back.
    fn monotonic_ns(&self) -> u64;

    /// Microseconds since the Unix epoch.
    fn wall_us(&self) -> i64;

    /// Monotonic time in a unit of the clock's own, for a clock that is cheaper
    /// to read than to convert: audited spans read ticks, and the worker
    /// converts them. Nanoseconds, unless implemented otherwise.
    fn ticks(&self) -> u64 {
        self.monotonic_ns()
    }

    /// What [`monotonic_ns`](Self::monotonic_ns) showed at `ticks`. Must go
    /// together with [`ticks`](Self::ticks), and never change.
    fn ticks_to_ns(&self, ticks: u64) -> u64 {
        ticks
    }
}

/// The system's wall clock, and the fastest monotonic clock there is: the
/// processor's counter where it is invariant, else the system's.
#[derive(Debug, Clone)]
pub struct SystemClock {
    clock: quanta::Clock,
    start: u64,
    /// The clock reads the processor's counter.
    is_counter: bool,
}

impl SystemClock {
    /// A clock whose monotonic time starts near zero. The first one of a
    /// process calibrates the processor's counter, which takes about a
    /// millisecond.
    pub fn new() -> Self {
        let clock = quanta::Clock::new();
        let is_counter = counter::is_read_by(&clock);
        SystemClock { start: clock.raw(), clock, is_counter }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn monotonic_ns(&self) -> u64 {
        self.ticks_to_ns(self.ticks())
    }

    fn wall_us(&self) -> i64 {
        system_now().timestamp_micros()
    }

    #[inline]
    fn ticks(&self) -> u64 {
        self.clock.raw()
    }

    fn ticks_to_ns(&self, ticks: u64) -> u64 {
        // 2^64 ns are 584 years.
        self.clock.delta_as_nanos(self.start, ticks)
    }
}

/// The clock of a trail. Where that is the processor's counter it is read in three
/// instructions.
pub(crate) struct ChosenClock {
    is_counter: bool,
    clock: Box<dyn Clock>,
}

impl ChosenClock {
    pub(crate) fn system(clock: SystemClock) -> Self {
        ChosenClock { is_counter: clock.is_counter, clock: Box::new(clock) }
    }

    pub(crate) fn other(clock: impl Clock) -> Self {
        ChosenClock { is_counter: false, clock: Box::new(clock) }
    }

    pub(crate) fn as_dyn(&self) -> &dyn Clock {
        &*self.clock
    }

    pub(crate) fn monotonic_ns(&self) -> u64 {
        self.clock.monotonic_ns()
    }

    pub(crate) fn wall_us(&self) -> i64 {
        self.clock.wall_us()
    }

    /// What its ticks are read from, where that is the processor's counter.
    #[inline(always)]
    pub(crate) fn counter(&self) -> Option<Counter> {
        self.is_counter.then_some(Counter(()))
    }

    #[inline(always)]
    pub(crate) fn ticks(&self) -> u64 {
        match self.counter() {
            Some(counter) => counter.ticks(),
            None => self.other_ticks(),
        }
    }

    #[cold]
    #[inline(never)]
    fn other_ticks(&self) -> u64 {
        self.clock.ticks()
    }

    pub(crate) fn ticks_to_ns(&self, ticks: u64) -> u64 {
        self.clock.ticks_to_ns(ticks)
    }
}

/// The processor's counter, where a clock reads it.
pub(crate) struct Counter(());

impl Counter {
    #[inline(always)]
    pub(crate) fn ticks(&self) -> u64 {
        counter::read()
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

    fn ticks(&self) -> u64 {
        (**self).ticks()
    }

    fn ticks_to_ns(&self, ticks: u64) -> u64 {
        (**self).ticks_to_ns(ticks)
    }
}

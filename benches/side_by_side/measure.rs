//! How time is taken: CPU time of the calling thread.

use std::sync::Barrier;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

use super::corpus::{Corpus, Item};
use super::spans::Workload;

/// Bursts of one repetition whose time is taken.
const BURSTS: usize = 15;

/// Spans that are opened together where a pace is kept, and how often.
const PACED_SPANS: usize = 20;
const PACED_EVERY: Duration = Duration::from_micros(100);
const PACED_GROUPS: usize = 1_500;
const PACED_GROUPS_UNTIMED: usize = 200;

/// CPU time of this thread.
pub(crate) fn thread_ns() -> u64 {
    cpu_ns(ClockId::ThreadCPUTime)
}

/// CPU time of all threads of this process.
pub(crate) fn process_ns() -> u64 {
    cpu_ns(ClockId::ProcessCPUTime)
}

fn cpu_ns(clock: ClockId) -> u64 {
    let time = clock_gettime(clock);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// The middle value.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Nanoseconds per span of bursts at full speed, each drained off the clock.
/// The first one warms up.
pub(crate) fn bursts(
    workload: Workload,
    seed: u64,
    spans: usize,
    mut drain: impl FnMut(usize),
) -> f64 {
    let mut corpus = Corpus::new(seed);
    let mut burst = || {
        let items = corpus.items(spans);
        let ns = timed(workload, &items);
        drain(spans);
        ns
    };
    burst();
    median((0..BURSTS).map(|_| burst()).collect())
}

/// The same on two threads at once, each on a processor of its own where there are two:
/// threads that take turns on one do not meet. Nanoseconds of CPU time per span.
pub(crate) fn bursts_of_two(
    workload: Workload,
    seed: u64,
    spans: usize,
    drain: impl Fn(usize) + Sync,
) -> f64 {
    let start = Barrier::new(2);
    let one = |seed: u64| {
        let _processor = OnProcessor::numbered(seed % 2);
        bursts_between(workload, seed, spans, &start, |is_leader| {
            if is_leader {
                drain(2 * spans);
            }
        })
    };
    std::thread::scope(|scope| {
        let other = scope.spawn(|| one(2 * seed));
        let mine = one(2 * seed + 1);
        (mine + other.join().expect("the other thread")) / 2.0
    })
}

/// Keeps this thread on one processor, until it is dropped.
#[cfg(target_os = "linux")]
struct OnProcessor(rustix::thread::CpuSet);

#[cfg(target_os = "linux")]
impl OnProcessor {
    /// On this one, counted from zero, of those that this thread may run on; `None` if there
    /// are fewer.
    fn numbered(number: u64) -> Option<Self> {
        let before = rustix::thread::sched_getaffinity(None).ok()?;
        let mut allowed = (0..rustix::thread::CpuSet::MAX_CPU).filter(|cpu| before.is_set(*cpu));
        let mut only = rustix::thread::CpuSet::new();
        only.set(allowed.nth(number as usize)?);
        rustix::thread::sched_setaffinity(None, &only).ok()?;
        Some(OnProcessor(before))
    }
}

#[cfg(target_os = "linux")]
impl Drop for OnProcessor {
    fn drop(&mut self) {
        let _ = rustix::thread::sched_setaffinity(None, &self.0);
    }
}

/// Elsewhere threads run where they are put.
#[cfg(not(target_os = "linux"))]
struct OnProcessor;

#[cfg(not(target_os = "linux"))]
impl OnProcessor {
    fn numbered(_: u64) -> Option<Self> {
        None
    }
}

fn bursts_between(
    workload: Workload,
    seed: u64,
    spans: usize,
    start: &Barrier,
    drain: impl Fn(bool),
) -> f64 {
    let mut corpus = Corpus::new(seed);
    let burst = |_| {
        let items = corpus.items(spans);
        start.wait();
        let ns = timed(workload, &items);
        drain(start.wait().is_leader());
        ns
    };
    let all: Vec<f64> = (0..=BURSTS).map(burst).collect();
    median(all.into_iter().skip(1).collect())
}

fn timed(workload: Workload, items: &[Item]) -> f64 {
    workload.surrounded(|| {
        let start = thread_ns();
        workload.run(items);
        (thread_ns() - start) as f64 / items.len() as f64
    })
}

/// Nanoseconds per span at 200,000 spans a second. The mean without the
/// slowest twentieth, which is what the machine does besides.
pub(crate) fn paced(workload: Workload, seed: u64, drain: impl FnOnce(usize)) -> f64 {
    let items = Corpus::new(seed).items(PACED_SPANS * (PACED_GROUPS + PACED_GROUPS_UNTIMED));
    let mut groups = items.chunks(PACED_SPANS);
    let ns = workload.surrounded(|| {
        paced_groups(PACED_GROUPS_UNTIMED, || groups.next().map(|items| workload.run(items)));
        paced_groups(PACED_GROUPS, || groups.next().map(|items| workload.run(items)))
    });
    drain(items.len());
    let nothing = paced_groups(PACED_GROUPS / 4, || None);
    (ns - nothing) / PACED_SPANS as f64
}

fn paced_groups(count: usize, mut group: impl FnMut() -> Option<()>) -> f64 {
    let start = Instant::now();
    let mut times: Vec<u64> = (1..=count as u32)
        .map(|number| {
            while start.elapsed() < PACED_EVERY * number {
                std::hint::spin_loop();
            }
            let start = thread_ns();
            group();
            thread_ns() - start
        })
        .collect();
    times.sort_unstable();
    times.truncate(count - count / 20);
    times.iter().sum::<u64>() as f64 / times.len() as f64
}

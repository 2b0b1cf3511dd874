//! Twice as much as the worker can take, for a while, under each policy for a
//! full queue: what gets through, what is lost, and whether all of it is
//! accounted for; and how the callers' cost grows with their number.

use std::sync::Barrier;
use std::time::{Duration, Instant};

use tracing_audit::{Audit, AuditLayer, OverflowPolicy};
use tracing_subscriber::prelude::*;
use tracing_subscriber::registry;

use super::arms::{BURST_SPANS, init};
use super::control::Empty;
use super::corpus::Corpus;
use super::journal::Scratch;
use super::measure::{median, thread_ns};
use super::spans::Workload;

/// Spans opened between two looks at the clock.
const GROUP_SPANS: usize = 50;
/// How long the worker's own rate is taken over.
const CAPACITY_EVENTS: usize = 400_000;

/// The policies, by name.
pub(crate) const POLICIES: [&str; 3] = ["block_5ms", "block_forever", "drop"];

fn policy(name: &str) -> OverflowPolicy {
    match name {
        "block_forever" => OverflowPolicy::BlockForever,
        "drop" => OverflowPolicy::Drop,
        _ => OverflowPolicy::default(),
    }
}

/// For how long to overload.
pub(crate) fn seconds(quick: bool) -> &'static str {
    if quick { "1" } else { "5" }
}

/// Prints the figures of one policy, one `name value` a line.
pub(crate) fn measure(name: &str, seconds: usize) {
    let scratch = Scratch::new();
    let (layer, audit) = AuditLayer::builder()
        .journal(scratch.0.join("audit"))
        .overflow(policy(name))
        .build()
        .expect("a trail");
    init(registry().with(Empty).with(layer).into());
    let capacity = capacity(&audit);
    let before = audit.statistics().total_events;
    let offered_per_s = 2.0 * capacity;
    let (sent, mut times_ns, took) = offer(offered_per_s, Duration::from_secs(seconds as u64));
    audit.sync().expect("the journal");
    let recorded = audit.statistics().total_events - before;
    let lost = audit.health().lost_events();
    assert_eq!(recorded + lost, sent, "every span is accounted for");
    times_ns.sort_unstable();
    let p99 = times_ns.get(times_ns.len() * 99 / 100).copied().unwrap_or_default();
    println!("overload_{name}_capacity_per_s {capacity}");
    println!("overload_{name}_offered_per_s {}", sent as f64 / took.as_secs_f64());
    println!("overload_{name}_recorded_per_s {}", recorded as f64 / took.as_secs_f64());
    println!("overload_{name}_lost_fraction {}", lost as f64 / sent as f64);
    println!("overload_{name}_group_of_50_p99_us {}", p99 as f64 / 1_000.0);
}

/// Events a second that the worker takes, the journal included.
fn capacity(audit: &Audit) -> f64 {
    let mut corpus = Corpus::new(31);
    let start = Instant::now();
    let mut producing = Duration::ZERO;
    for _ in 0..CAPACITY_EVENTS / BURST_SPANS {
        let items = corpus.items(BURST_SPANS);
        let made = Instant::now();
        Workload::Formatted.run(&items);
        producing += made.elapsed();
        audit.flush().expect("the worker");
    }
    CAPACITY_EVENTS as f64 / (start.elapsed() - producing).as_secs_f64()
}

/// Opens spans at a pace, or as quickly as it can; how many, the time of each
/// group of them, and of all.
fn offer(per_s: f64, during: Duration) -> (u64, Vec<u64>, Duration) {
    let items = Corpus::new(37).items(200_000);
    let (start, mut sent, mut times) = (Instant::now(), 0, Vec::new());
    for group in items.chunks(GROUP_SPANS).cycle() {
        let due = Duration::from_secs_f64(sent as f64 / per_s);
        while start.elapsed() < due {
            std::hint::spin_loop();
        }
        let made = Instant::now();
        if made.duration_since(start) >= during {
            break;
        }
        Workload::Formatted.run(group);
        times.push(made.elapsed().as_nanos() as u64);
        sent += group.len() as u64;
    }
    (sent, times, start.elapsed())
}

/// Numbers of threads that open spans at once.
pub(crate) const THREADS: [usize; 4] = [1, 2, 8, 64];

/// Prints the CPU time of a span with so many threads, ours or the control's.
pub(crate) fn measure_threads(arm: &str, threads: usize) {
    let audit = (arm == "ours").then(|| super::arms::unbounded_trail(2 * BURST_SPANS * threads));
    if audit.is_none() {
        init(registry().with(Empty).into());
    }
    let (start, rounds) = (Barrier::new(threads), if threads > 8 { 5 } else { 15 });
    let one = |seed: usize| {
        let mut corpus = Corpus::new(seed as u64);
        let round = |_| {
            let items = corpus.items(BURST_SPANS);
            start.wait();
            let before = thread_ns();
            Workload::Formatted.run(&items);
            let ns = (thread_ns() - before) as f64 / items.len() as f64;
            if start.wait().is_leader() {
                audit.iter().for_each(|audit| audit.flush().expect("the worker"));
            }
            ns
        };
        median((0..=rounds).map(round).skip(1).collect())
    };
    let ns: f64 = std::thread::scope(|scope| {
        let running: Vec<_> =
            (0..threads).map(|seed| scope.spawn(move || one(40 + seed))).collect();
        running.into_iter().map(|thread| thread.join().expect("a thread")).sum()
    });
    println!("threads_{threads}_{arm}_ns {}", ns / threads as f64);
    if let Some(audit) = audit {
        let sent = (threads * (rounds + 1) * BURST_SPANS) as u64;
        println!("lost {}", sent - audit.statistics().total_events.min(sent));
    }
}

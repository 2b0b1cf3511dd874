//! Queries while the worker takes 200,000 events a second: what they cost the
//! asker, and what they cost the worker.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tracing_audit::Audit;

use super::arms::unbounded_trail;
use super::corpus::{Corpus, Item};
use super::measure::{process_ns, thread_ns};
use super::spans::Workload;

const EVENTS_PER_S: usize = 200_000;
const GROUP_EVERY: Duration = Duration::from_millis(1);
const GROUP_EVENTS: usize = EVENTS_PER_S / 1_000;
/// A pause of the asker after each query.
const ASK_EVERY: Duration = Duration::from_micros(500);

/// For how long to measure with queries, and for how long without.
pub(crate) fn seconds(quick: bool) -> &'static str {
    if quick { "1" } else { "7" }
}

/// Prints the figures, one `name value` a line.
pub(crate) fn measure(seconds: usize) {
    let audit = unbounded_trail(tracing_audit::QUEUE_EVENTS_MAX);
    run(&audit, false);
    // In turns, since the machine itself is quicker in some seconds than in others.
    let (mut alone_ns, mut queried_ns, mut times_us) = (0.0, 0.0, Vec::new());
    for _ in 0..seconds {
        alone_ns += run(&audit, false).0;
        let (ns, of_queries_us) = run(&audit, true);
        queried_ns += ns;
        times_us.extend(of_queries_us);
    }
    times_us.sort_by(f64::total_cmp);
    let p99 = times_us.get(times_us.len() * 99 / 100).copied().unwrap_or(f64::NAN);
    println!("p99_query_under_load_us {p99}");
    println!("queries_under_load {}", times_us.len());
    println!("worker_slowdown_under_queries {}", queried_ns / alone_ns);
    let sent = ((2 * seconds + 1) * EVENTS_PER_S) as u64;
    println!("lost {}", sent - audit.statistics().total_events.min(sent));
}

/// The worker's nanoseconds per event in one second, and the microseconds of each query.
fn run(audit: &Audit, with_queries: bool) -> (f64, Vec<f64>) {
    let items = Corpus::new(11).items(EVENTS_PER_S);
    let done = AtomicBool::new(false);
    let producer_ns = AtomicU64::new(0);
    let start_ns = (process_ns(), thread_ns());
    let times_us = std::thread::scope(|scope| {
        scope.spawn(|| {
            produce(&items);
            producer_ns.store(thread_ns(), Ordering::Release);
            done.store(true, Ordering::Release);
        });
        ask_until(audit, &done, with_queries)
    });
    audit.flush().expect("the worker");
    let mine = thread_ns() - start_ns.1;
    let others = process_ns() - start_ns.0 - mine;
    let worker_ns = others - producer_ns.load(Ordering::Acquire);
    (worker_ns as f64 / items.len() as f64, times_us)
}

fn produce(items: &[Item]) {
    let start = Instant::now();
    for (number, group) in items.chunks(GROUP_EVENTS).enumerate() {
        let due = GROUP_EVERY * number as u32;
        std::thread::sleep(due.saturating_sub(start.elapsed()));
        Workload::Formatted.run(group);
    }
}

fn ask_until(audit: &Audit, done: &AtomicBool, with_queries: bool) -> Vec<f64> {
    let mut times_us = Vec::new();
    let mut corpus = Corpus::new(13);
    let mut item = Item::default();
    while !done.load(Ordering::Acquire) {
        if with_queries {
            corpus.fill(&mut item);
            let start = Instant::now();
            audit.snapshot().query().user(&item.user).limit(100).ids().expect("ids");
            times_us.push(start.elapsed().as_nanos() as f64 / 1_000.0);
        }
        std::thread::sleep(ASK_EVERY);
    }
    times_us
}

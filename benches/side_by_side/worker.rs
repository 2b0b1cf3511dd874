//! What one core of the worker takes: decode, columns, index, statistics.
//!
//! Its CPU time is that of the process less that of the one producer.

use super::arms::unbounded_trail;
use super::corpus::Corpus;
use super::measure::{median, process_ns, thread_ns};
use super::spans::Workload;

/// Events of one repetition; they fit the queue of this trail.
const BURST: usize = 100_000;

/// How many events to measure over.
pub(crate) fn events(quick: bool) -> &'static str {
    if quick { "400000" } else { "2000000" }
}

/// Prints the figures, one `name value` a line.
pub(crate) fn measure(events: usize) {
    let audit = unbounded_trail(2 * BURST);
    let mut corpus = Corpus::new(3);
    let mut sent = 0;
    let mut burst = || {
        let items = corpus.items(BURST);
        let start = (process_ns(), thread_ns());
        Workload::Formatted.run(&items);
        audit.flush().expect("the worker");
        sent += BURST as u64;
        let ns = (process_ns() - start.0) - (thread_ns() - start.1);
        ns as f64 / BURST as f64
    };
    burst();
    let ns = median((0..events / BURST).map(|_| burst()).collect());
    println!("worker_ns_per_event {ns}");
    println!("worker_events_per_s {}", 1e9 / ns);
    println!("lost {}", sent - audit.statistics().total_events.min(sent));
}

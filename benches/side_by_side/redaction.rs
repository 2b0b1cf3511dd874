//! What hiding secrets costs the worker for an event that has none: two trails
//! in turns and either of them first as often as the other, one with the redaction
//! of the default and one without any.

use tracing_audit::redaction::Redaction;

use super::arms::scoped_trail;
use super::corpus::Corpus;
use super::measure::{median, process_ns, thread_ns};
use super::spans::Workload;

/// Events of one repetition; they fit the queue of these trails.
const BURST: usize = 20_000;

/// How many events to measure over, for each trail.
pub(crate) fn events(quick: bool) -> &'static str {
    if quick { "400000" } else { "2000000" }
}

/// Prints the figures, one `name value` a line.
pub(crate) fn measure(events: usize) {
    let mut trails = [None, Some(Redaction::new())].map(|redaction| {
        let hides = i32::from(redaction.is_some());
        let redaction = redaction.unwrap_or_else(Redaction::nothing);
        let (dispatch, audit) = scoped_trail(redaction, 2 * BURST);
        (dispatch, audit, hides, Vec::new())
    });
    let mut corpus = Corpus::new(5);
    for _ in 0..=events / BURST {
        let items = corpus.items(BURST);
        // Who comes first finds other caches than who comes second.
        trails.reverse();
        for (dispatch, audit, _, took) in &mut trails {
            let start = (process_ns(), thread_ns());
            tracing::dispatcher::with_default(dispatch, || Workload::Listed.run(&items));
            audit.flush().expect("the worker");
            took.push(((process_ns() - start.0) - (thread_ns() - start.1)) as f64 / BURST as f64);
        }
    }
    trails.sort_by_key(|(_, _, hides, _)| *hides);
    let [without, with] = trails.map(|(_, audit, _, took)| {
        println!("lost {}", (took.len() * BURST) as u64 - audit.statistics().total_events);
        // Every second time it came first.
        let every_second = |from| median(took.iter().skip(from).step_by(2).copied().collect());
        (every_second(2) + every_second(3)) / 2.0
    });
    println!("redaction_ns {}", with - without);
}

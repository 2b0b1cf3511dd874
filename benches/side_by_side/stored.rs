//! A log of ten million events on disk: opening it, verifying it.

use std::time::Instant;

use tracing_audit::verify::Verification;
use tracing_audit::{Audit, AuditLayer, Operation};

use super::corpus::Corpus;
use super::journal::{Scratch, trail};
use super::spans::Workload;

const BURST: usize = 50_000;

/// How many events to store.
pub(crate) fn events(quick: bool) -> &'static str {
    if quick { "500000" } else { "10000000" }
}

/// Prints the figures, one `name value` a line.
pub(crate) fn measure(events: usize) {
    let scratch = Scratch::new();
    let directory = scratch.0.join("audit");
    let audit = trail(&directory, tracing_audit::QUEUE_EVENTS_MAX);
    let mut corpus = Corpus::new(19);
    for _ in 0..events / BURST {
        Workload::Formatted.run(&corpus.items(BURST));
    }
    let report = audit.shutdown(std::time::Duration::from_secs(60));
    assert!(report.is_complete, "{report:?}");

    let start = Instant::now();
    let (_layer, audit): (AuditLayer, Audit) =
        AuditLayer::builder().journal(&*directory).build().expect("a trail");
    println!("open_10m_ms {}", start.elapsed().as_secs_f64() * 1_000.0);
    let held = audit.query().operation(Operation::Store).limit(1).run().expect("a page");
    assert_eq!(held.events.len(), 1, "the newest events are there again");
    drop(audit);

    let start = Instant::now();
    let verdict = Verification::of(&directory).run();
    let entries: u64 = verdict.logs.iter().map(|log| log.entries()).sum();
    assert!(entries as usize >= events, "{verdict:?}");
    println!("verify_events_per_s {}", entries as f64 / start.elapsed().as_secs_f64());
}

//! Whether memory is flat over rotations, and given back when segments go.

use tracing_audit::Audit;

use super::arms::unbounded_trail;
use super::corpus::Corpus;
use super::spans::Workload;

const BURST: usize = 10_000;
const ROTATIONS: usize = 10;

/// Events of one rotation.
pub(crate) fn events(quick: bool) -> &'static str {
    if quick { "100000" } else { "1000000" }
}

/// Prints the figures, one `name value` a line.
pub(crate) fn measure(events: usize) {
    let audit = unbounded_trail(2 * BURST);
    let mut corpus = Corpus::new(41);
    let (mut sent, mut full, mut after) = (0, Vec::new(), Vec::new());
    for _ in 0..ROTATIONS {
        for _ in 0..events / BURST {
            sent += burst(&mut corpus);
        }
        full.push(settled_bytes(&audit));
        audit.rotate().expect("the worker");
        after.push(settled_bytes(&audit));
    }
    for (name, bytes) in [("full", &full), ("released", &after)] {
        for (when, bytes) in [("first", bytes.first()), ("last", bytes.last())] {
            let bytes = bytes.copied().unwrap_or(f64::NAN);
            println!("rotation_{name}_{when}_mib {}", bytes / f64::from(1 << 20));
        }
    }
    println!("lost {}", sent - audit.statistics().total_events.min(sent));
}

fn burst(corpus: &mut Corpus) -> u64 {
    Workload::Formatted.run(&corpus.items(BURST));
    BURST as u64
}

fn settled_bytes(audit: &Audit) -> f64 {
    audit.flush().expect("the worker");
    super::history::resident_bytes(audit)
}

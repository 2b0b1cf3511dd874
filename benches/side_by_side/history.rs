//! A trail of ten million events: its memory, and the queries on it.
//!
//! A process of its own, so that nothing else is in its resident memory.

use std::hint::black_box;
use std::time::{Duration, Instant};

use tracing::field::Empty;
use tracing::info_span;
use tracing_audit::{Audit, Query};

use super::arms::unbounded_trail;
use super::corpus::{Corpus, Item};
use super::measure::median;

/// Events before memory is looked at for the first time: pools and tables of
/// the process are filled by then.
pub(crate) const WARM_EVENTS: usize = 50_000;
/// Users that few events are of.
const RARE_HITS: usize = 100;
pub(crate) const RARE_USER: &str = "user-rare";
/// One event in so many failed and says why.
const FAILURES_EVERY: usize = 50;
/// Hits beyond the first hundred that their cost is taken over.
const FURTHER_HITS: usize = 10_000;

/// How many events to hold.
pub(crate) fn events(quick: bool) -> &'static str {
    if quick { "500000" } else { "10000000" }
}

/// Prints the figures, one `name value` a line.
pub(crate) fn measure(events: usize) {
    let audit = unbounded_trail(tracing_audit::QUEUE_EVENTS_MAX);
    let mut filling = Filling::new(events);
    filling.add(WARM_EVENTS);
    let empty = resident_bytes(&audit);
    for (name, upto) in [("bytes_per_event", events / 10), ("bytes_per_event_10m", events)] {
        filling.add(upto);
        let bytes = resident_bytes(&audit) - empty;
        println!("{name} {}", bytes / upto as f64);
        println!("{name}_own_count {}", audit.health().held_bytes as f64 / filling.done as f64);
    }
    let done = filling.done as u64;
    println!("lost {}", done - audit.statistics().total_events.min(done));
    print_queries(&audit, filling.done);
}

/// The events so far, and those to come.
pub(crate) struct Filling {
    corpus: Corpus,
    item: Item,
    pub(crate) done: usize,
    rare_every: usize,
}

impl Filling {
    pub(crate) fn new(events: usize) -> Self {
        let rare_every = (events + WARM_EVENTS) / RARE_HITS;
        Filling { corpus: Corpus::new(5), item: Item::default(), done: 0, rare_every }
    }

    /// Adds events until there are `upto` beside those that warmed up.
    pub(crate) fn add(&mut self, upto: usize) {
        let upto = if self.done < WARM_EVENTS { upto } else { upto + WARM_EVENTS };
        while self.done < upto {
            self.corpus.fill(&mut self.item);
            if self.done % self.rare_every == self.rare_every / 2 {
                RARE_USER.clone_into(&mut self.item.user);
            }
            operation(&self.item, self.done.is_multiple_of(FAILURES_EVERY));
            self.done += 1;
        }
    }
}

fn operation(item: &Item, failed: bool) {
    let entries = [item.entry.as_str(), item.other_entry.as_str()];
    let span = info_span!(
        "store",
        audit.operation = "STORE",
        audit.user_id = item.user.as_str(),
        audit.session_id = item.session.as_str(),
        audit.entry_ids = tracing_audit::list(&entries),
        audit.status = Empty,
        audit.error = Empty,
        importance = item.importance,
    );
    if failed {
        span.record("audit.error", format_args!("timed out after {} ms", item.importance));
        span.record("audit.status", "FAILURE");
    } else {
        span.record("audit.status", "SUCCESS");
    }
}

/// Resident memory of this process; nothing where it cannot be read.
pub(crate) fn resident_bytes(audit: &Audit) -> f64 {
    drop(audit.view().expect("the worker"));
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kib.map_or(f64::NAN, |kib| kib * 1_024.0)
}

fn print_queries(audit: &Audit, events: usize) {
    for (name, user) in [
        ("query_10m_rare_us", RARE_USER),
        ("query_10m_heavy_us", "user-00000"),
        ("query_10m_absent_us", "nobody"),
    ] {
        println!("{name} {}", us(501, || ids(audit.snapshot().query().user(user).limit(100))));
    }
    println!("query_10m_rare_hits {}", ids(audit.snapshot().query().user(RARE_USER)));
    let heaviest =
        |limit| us(101, || ids(audit.snapshot().query().user("user-00000").limit(limit)));
    let further = heaviest(100 + FURTHER_HITS) - heaviest(100);
    println!("query_per_hit_ns {}", further * 1_000.0 / FURTHER_HITS as f64);
    let view = audit.snapshot();
    let scan = |query: &dyn Fn() -> Query| {
        us(3, || query().count().expect("a count") as usize) * 1_000.0 / events as f64
    };
    let metadata = scan(&|| view.query().metadata("importance", 0.123));
    let error = scan(&|| view.query().error_contains("after 0.15 ms"));
    println!("query_scan_metadata_ns_per_event {metadata}");
    println!("query_scan_error_ns_per_event {error}");
    println!("query_scan_ns_per_event {}", metadata.max(error));
    println!("query_read_your_writes_us {}", read_your_writes_us(audit));
}

/// From a sleeping worker to the event in hand.
fn read_your_writes_us(audit: &Audit) -> f64 {
    let mut corpus = Corpus::new(7);
    let once = |_| {
        std::thread::sleep(Duration::from_millis(150));
        operation(corpus.items(1).first().expect("one item"), false);
        let start = Instant::now();
        let page = audit.query().limit(1).run().expect("a page");
        let us = start.elapsed().as_nanos() as f64 / 1_000.0;
        assert_eq!(page.events.len(), 1);
        us
    };
    median((0..21).map(once).collect())
}

fn ids(query: Query) -> usize {
    query.ids().expect("ids").len()
}

/// Microseconds of `query`, the middle of many runs.
fn us(runs: usize, mut query: impl FnMut() -> usize) -> f64 {
    let once = |_| {
        let start = Instant::now();
        black_box(query());
        start.elapsed().as_nanos() as f64 / 1_000.0
    };
    median((0..runs).map(once).collect())
}

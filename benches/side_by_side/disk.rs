//! Ten million events on disk: what they take there once they are sealed, and
//! a query for a few that lie all over them.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tracing_audit::Audit;

use super::history::{Filling, RARE_USER, WARM_EVENTS};
use super::journal::{Scratch, trail};
use super::measure::median;

/// The longest time to wait until everything is compressed.
const PACKED_WITHIN: Duration = Duration::from_secs(120);

/// How many events to store.
pub(crate) fn events(quick: bool) -> &'static str {
    if quick { "500000" } else { "10000000" }
}

/// Prints the figures, one `name value` a line.
pub(crate) fn measure(events: usize) {
    let scratch = Scratch::new();
    let audit = trail(&scratch.0.join("audit"), tracing_audit::QUEUE_EVENTS_MAX);
    let mut filling = Filling::new(events);
    let start = Instant::now();
    filling.add(WARM_EVENTS);
    filling.add(events);
    audit.sync().expect("the journal");
    println!("disk_filled_s {}", start.elapsed().as_secs_f64());
    let done = filling.done as u64;
    println!("lost {}", done - audit.statistics().total_events.min(done));
    let sealed = Sealed::wait(&scratch.0.join("audit"));
    println!("disk_packed_s {}", start.elapsed().as_secs_f64());
    println!("sealed_events {}", sealed.events);
    println!("sealed_bytes_per_event {}", sealed.bytes as f64 / sealed.events as f64);
    println!("sealed_index_bytes_per_event {}", sealed.index_bytes as f64 / sealed.events as f64);
    print_queries(&audit, &sealed);
}

fn print_queries(audit: &Audit, sealed: &Sealed) {
    let first = Instant::now();
    let hits = newest_100(audit);
    println!("disk_query_10m_first_ms {}", first.elapsed().as_secs_f64() * 1_000.0);
    println!("disk_query_10m_hits {hits}");
    let before = bytes_read();
    newest_100(audit);
    let read = bytes_read() - before;
    println!("disk_query_read_fraction {}", read / sealed.bytes as f64);
    let once = |_| {
        let start = Instant::now();
        newest_100(audit);
        start.elapsed().as_secs_f64() * 1_000.0
    };
    println!("disk_query_10m_ms {}", median((0..11).map(once).collect()));
}

fn newest_100(audit: &Audit) -> usize {
    audit.snapshot().query().user(RARE_USER).limit(100).run().expect("a page").events.len()
}

/// Bytes that this process has read from files so far, from the cache or not.
fn bytes_read() -> f64 {
    let counts = std::fs::read_to_string("/proc/self/io").unwrap_or_default();
    let count = counts.lines().find_map(|line| line.strip_prefix("rchar: ")?.parse().ok());
    count.unwrap_or(f64::NAN)
}

/// The sealed segments of the one log below a directory.
struct Sealed {
    events: u64,
    bytes: u64,
    index_bytes: u64,
}

impl Sealed {
    /// Waits until all of them are compressed.
    fn wait(parent: &Path) -> Self {
        let start = Instant::now();
        loop {
            let files = files(parent);
            let is_of = |path: &PathBuf, kind| path.extension().is_some_and(|ext| ext == kind);
            let open = files.iter().find(|(path, _)| is_of(path, "open"));
            let open = open.and_then(|(path, _)| path.file_stem()?.to_str());
            // The one that is written is compressed meanwhile.
            let is_unfinished = |path: &PathBuf| {
                let name = path.file_name().and_then(|name| name.to_str());
                let is_of_open = open.zip(name).is_some_and(|(open, name)| name.starts_with(open));
                is_of(path, "seg") || is_of(path, "new") && !is_of_open
            };
            if !files.iter().any(|(path, _)| is_unfinished(path)) {
                let bytes_of = |kind| {
                    files
                        .iter()
                        .filter(|(path, _)| is_of(path, kind))
                        .map(|(_, bytes)| bytes)
                        .sum::<u64>()
                };
                let first = open.and_then(|first| first.parse().ok());
                let index_bytes = bytes_of("idx");
                let bytes = bytes_of("zst") + index_bytes;
                return Sealed { events: first.unwrap_or(0), bytes, index_bytes };
            }
            assert!(start.elapsed() < PACKED_WITHIN, "the segments are never compressed");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

fn files(parent: &Path) -> Vec<(PathBuf, u64)> {
    let log = std::fs::read_dir(parent).expect("a directory").flatten().next().expect("a log");
    let segments = std::fs::read_dir(log.path().join("segments")).expect("segments");
    let file = |entry: std::fs::DirEntry| Some((entry.path(), entry.metadata().ok()?.len()));
    segments.flatten().filter_map(file).collect()
}

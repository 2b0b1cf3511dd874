//! How long the calling thread is held up by one span: percentiles, with the
//! journal on a real disk, beside the control.
//!
//! *Hot*: 200,000 spans a second, in groups. *Cold*: one span now and then,
//! with the caches used for something else in between.

use std::hint::black_box;
use std::time::{Duration, Instant};

use tracing_subscriber::prelude::*;
use tracing_subscriber::registry;

use super::arms::init;
use super::control::Empty;
use super::corpus::Corpus;
use super::journal::{Scratch, trail};
use super::spans::Workload;

/// Spans opened one after the other, and how often.
const GROUP_SPANS: usize = 20;
const GROUP_EVERY: Duration = Duration::from_micros(100);
const HOT_SPANS: usize = 1_000_000;
const COLD_SPANS: usize = 4_000;
/// Between two cold spans: memory that is walked over, and a pause.
const EVICTING_BYTES: usize = 8 << 20;
const COLD_EVERY: Duration = Duration::from_millis(1);

/// How many spans of each kind to take: one in so many.
pub(crate) fn one_in(quick: bool) -> &'static str {
    if quick { "10" } else { "1" }
}

/// Prints the percentiles of ours, one `name value` a line.
pub(crate) fn measure_ours(one_in: usize) {
    let scratch = Scratch::new();
    let audit = trail(&scratch.0.join("audit"), tracing_audit::QUEUE_EVENTS_MAX);
    print("ours", one_in);
    audit.sync().expect("the journal");
    println!("lost {}", audit.health().lost_events());
}

/// The same of the control.
pub(crate) fn measure_control(one_in: usize) {
    init(registry().with(Empty).into());
    print("control", one_in);
}

fn print(arm: &str, one_in: usize) {
    print_percentiles(&format!("latency_hot_{arm}"), hot(HOT_SPANS / one_in));
    print_percentiles(&format!("latency_cold_{arm}"), cold(COLD_SPANS / one_in));
}

fn print_percentiles(name: &str, mut ns: Vec<u64>) {
    ns.sort_unstable();
    for (percentile, per_mille) in [("p50", 500), ("p99", 990), ("p999", 999)] {
        let value = ns.get(ns.len() * per_mille / 1_000).copied().unwrap_or_default();
        println!("{name}_{percentile}_ns {value}");
    }
}

fn hot(spans: usize) -> Vec<u64> {
    let items = Corpus::new(23).items(spans);
    let start = Instant::now();
    let mut times = Vec::with_capacity(spans);
    for (number, group) in items.chunks(GROUP_SPANS).enumerate() {
        let due = GROUP_EVERY * number as u32;
        while start.elapsed() < due {
            std::hint::spin_loop();
        }
        times.extend(group.iter().map(|item| timed(std::slice::from_ref(item))));
    }
    times
}

fn cold(spans: usize) -> Vec<u64> {
    let items = Corpus::new(29).items(spans);
    let mut evicting = vec![1_u8; EVICTING_BYTES];
    let each = items.iter().map(|item| {
        std::thread::sleep(COLD_EVERY);
        evicting.iter_mut().step_by(64).for_each(|byte| *byte = byte.wrapping_add(1));
        black_box(&evicting);
        timed(std::slice::from_ref(item))
    });
    each.collect()
}

/// Wall time of one span, reading the clock included.
fn timed(item: &[super::corpus::Item]) -> u64 {
    let start = Instant::now();
    Workload::Formatted.run(item);
    start.elapsed().as_nanos() as u64
}

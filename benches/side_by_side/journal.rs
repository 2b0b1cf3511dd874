//! What a trail takes whose journal is on: encoding, checksum, tree, group
//! commit, sealing, all of it sustained; and the time until calls that wait
//! for the disk are acknowledged.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::thread::{CpuSet, sched_setaffinity};
use tracing_audit::{Audit, AuditEvent, AuditLayer, Operation, OverflowPolicy, QUEUE_EVENTS_MAX};
use tracing_subscriber::prelude::*;
use tracing_subscriber::registry;

use super::arms::init;
use super::control::Empty;
use super::corpus::Corpus;
use super::measure::{median, process_ns, thread_ns};
use super::spans::Workload;

/// Spans between two syncs; they fit the queue.
const BURST: usize = 100_000;
/// Acknowledged calls of one caller, each beside a bare fdatasync.
const CALLS: usize = 400;
/// What many callers are.
const CALLERS: usize = 64;
/// Length of what the bare fdatasync makes durable: about that of an entry.
const BARE_BYTES: usize = 400;

/// For how long to write.
pub(crate) fn seconds(quick: bool) -> &'static str {
    if quick { "5" } else { "60" }
}

/// Prints the figures, one `name value` a line.
///
/// Everything runs on one processor, since two of a virtual machine are often
/// one core. What the producer uses of it is subtracted; what is left are the
/// worker, its helpers, and the waiting for the disk, until every segment that
/// was sealed is packed: `journal_packed_events_per_s`. Packing has a thread of
/// its own, which another core runs where there is one, and it takes less time
/// than the worker; without its share, that is `journal_events_per_s`.
pub(crate) fn measure(seconds: u64) {
    stay_on_one_processor();
    let scratch = Scratch::new();
    let audit = trail(&scratch.0.join("audit"), 2 * BURST);
    let start = (Instant::now(), process_ns(), thread_ns());
    let mut corpus = Corpus::new(17);
    let mut sent = 0;
    while start.0.elapsed() < Duration::from_secs(seconds) {
        Workload::Formatted.run(&corpus.items(BURST));
        audit.sync().expect("the journal");
        sent += BURST as u64;
    }
    wait_for_packing(&scratch.0.join("audit"));
    let (wall_ns, mine_ns) = (start.0.elapsed().as_nanos() as u64, thread_ns() - start.2);
    let per_event = |ns: u64| ns as f64 / sent as f64;
    let packing_ns = ns_of_thread("audit-packer");
    println!("journal_events_per_s {}", 1e9 / per_event(wall_ns - mine_ns - packing_ns));
    println!("journal_packed_events_per_s {}", 1e9 / per_event(wall_ns - mine_ns));
    println!("journal_packing_ns_per_event {}", per_event(packing_ns));
    println!("journal_cpu_ns_per_event {}", per_event(process_ns() - start.1 - mine_ns));
    println!("journal_producer_ns_per_event {}", per_event(mine_ns));
    println!("lost {}", sent - audit.statistics().total_events.min(sent));
}

/// The time on a processor that a thread of this process has had.
fn ns_of_thread(name: &str) -> u64 {
    let threads = std::fs::read_dir("/proc/self/task").expect("the threads of this process");
    let mut named = threads.map(|thread| thread.expect("a thread").path()).filter(|thread| {
        std::fs::read_to_string(thread.join("comm")).is_ok_and(|comm| comm.trim_end() == name)
    });
    let thread = named.next().expect("a thread of that name");
    let times = std::fs::read_to_string(thread.join("schedstat")).expect("its times");
    times.split(' ').next().and_then(|ns| ns.parse().ok()).expect("nanoseconds")
}

/// What was sealed is paid for in full: compressed, told of, and removed.
fn wait_for_packing(parent: &Path) {
    let is_raw = |path: &Path| path.extension().is_some_and(|extension| extension == "seg");
    let files = |path: &Path| {
        let entries = std::fs::read_dir(path).expect("a directory");
        entries.map(|entry| entry.expect("an entry").path()).collect::<Vec<_>>()
    };
    while files(parent).iter().any(|log| files(&log.join("segments")).iter().any(|f| is_raw(f))) {
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn stay_on_one_processor() {
    let mut one = CpuSet::new();
    one.set(0);
    if sched_setaffinity(None, &one).is_err() {
        eprintln!("side_by_side: the journal is measured on all processors");
    }
}

/// Prints how long acknowledged calls take, one `name value` a line.
pub(crate) fn measure_acknowledged() {
    let scratch = Scratch::new();
    let audit = trail(&scratch.0.join("audit"), QUEUE_EVENTS_MAX);
    let mut bare = std::fs::File::create(scratch.0.join("bare")).expect("a file");
    let (mut bare_us, mut record_us) = (Vec::new(), Vec::new());
    for _ in 0..CALLS {
        bare_us.push(us(|| {
            bare.write_all(&[b'x'; BARE_BYTES]).expect("room");
            bare.sync_data().expect("a disk");
        }));
        record_us.push(us(|| record(&audit)));
    }
    let (bare_us, record_us) = (median(bare_us), median(record_us));
    println!("bare_fdatasync_us {bare_us}");
    println!("record_durable_us {record_us}");
    println!("record_durable_ratio {}", record_us / bare_us);
    let one = calls_per_s(&audit, 1);
    let many = calls_per_s(&audit, CALLERS);
    println!("record_64_callers_per_s {many}");
    println!("record_64_callers_ratio {}", many / one);
}

/// A trail with every default and a journal, which takes everything in.
pub(crate) fn trail(directory: &Path, queue_events_max: usize) -> Audit {
    let (layer, audit) = AuditLayer::builder()
        .journal(directory)
        .queue_events_max(queue_events_max)
        .overflow(OverflowPolicy::BlockForever)
        .build()
        .expect("a trail");
    init(registry().with(Empty).with(layer).into());
    audit
}

fn record(audit: &Audit) {
    let event = AuditEvent::builder(Operation::Store).user_id("user-00017").entry_ids(["entry_1"]);
    audit.record(event).expect("an acknowledgement");
}

/// How many calls a second so many threads have acknowledged together.
fn calls_per_s(audit: &Audit, callers: usize) -> f64 {
    let calls_each = (CALLS * 20 / callers).max(CALLS * 5);
    let start = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..callers {
            scope.spawn(|| (0..calls_each).for_each(|_| record(audit)));
        }
    });
    (callers * calls_each) as f64 / start.elapsed().as_secs_f64()
}

fn us(run: impl FnOnce()) -> f64 {
    let start = Instant::now();
    run();
    start.elapsed().as_nanos() as f64 / 1_000.0
}

/// A directory beside this program, on whatever disk that is, and gone
/// afterwards. The system's own place for such may be memory.
pub(crate) struct Scratch(pub(crate) PathBuf);

impl Scratch {
    pub(crate) fn new() -> Self {
        let program = std::env::current_exe().expect("this program has a path");
        let place = program.with_file_name(format!("side_by_side-{}", std::process::id()));
        std::fs::create_dir_all(&place).expect("a directory");
        Scratch(place)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

//! An idle trail hardly ever wakes up. Alone in its process, so that there is
//! one worker to watch.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test reads /proc")]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tracing::info_span;
use tracing_audit::AuditLayer;
use tracing_subscriber::prelude::*;

/// For what is sure to come, on a machine that has much else to do.
const DEADLINE: Duration = Duration::from_secs(120);

fn worker_task() -> Option<PathBuf> {
    let tasks = std::fs::read_dir("/proc/self/task").ok()?;
    let is_worker = |task: &PathBuf| {
        std::fs::read_to_string(task.join("comm")).unwrap_or_default().trim() == "tracing-audit"
    };
    tasks.filter_map(|task| Some(task.ok()?.path())).find(is_worker)
}

/// How often the thread gave up its core by itself; not how often it was taken
/// away, as it is on a machine with other things to do.
fn naps(task: &Path) -> Option<u64> {
    let status = std::fs::read_to_string(task.join("status")).ok()?;
    let count = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?;
    count.trim().parse().ok()
}

/// The worker's thread, or a loud word: there are systems without these figures.
fn watched_task() -> Option<PathBuf> {
    let task = worker_task().filter(|task| naps(task).is_some());
    if task.is_none() {
        let message = b"\nSKIPPED: /proc does not say how often a thread sleeps\n";
        std::io::stderr().write_all(message).unwrap();
    }
    task
}

#[test]
fn an_idle_worker_wakes_at_most_20_times_a_second() {
    let (layer, audit) = AuditLayer::builder().build().unwrap();
    let _default = tracing_subscriber::registry().with(layer).set_default();
    drop(info_span!("op", audit.operation = "OP"));
    assert_eq!(audit.query().count().unwrap(), 1);
    let Some(task) = watched_task() else { return };
    let naps = || naps(&task).unwrap();
    // Until it has come to rest, it naps more often.
    let is_calm = || {
        let (before, from) = (naps(), Instant::now());
        std::thread::sleep(Duration::from_secs(2));
        let (count, at_most) = (naps() - before, from.elapsed().as_secs_f64() * 20.0);
        (count >= 1 && count as f64 <= at_most, count)
    };
    let start = Instant::now();
    loop {
        let (is_calm, count) = is_calm();
        if is_calm {
            break;
        }
        assert!(start.elapsed() < DEADLINE, "{count} in 2 s, again and again");
    }
    drop(info_span!("op", audit.operation = "OP"));
    assert_eq!(audit.query().count().unwrap(), 2, "and it wakes when it is needed");
}

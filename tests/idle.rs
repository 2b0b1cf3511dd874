//! An idle trail hardly ever wakes up. Alone in its process, so that there is
//! one worker to watch.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test reads /proc")]

use std::path::{Path, PathBuf};
use std::time::Duration;

use tracing::info_span;
use tracing_audit::AuditLayer;
use tracing_subscriber::prelude::*;

fn worker_task() -> PathBuf {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let is_worker = |task: &PathBuf| {
        std::fs::read_to_string(task.join("comm")).unwrap_or_default().trim() == "tracing-audit"
    };
    tasks.map(|task| task.unwrap().path()).find(is_worker).unwrap()
}

/// How often the thread gave up its core.
fn switches(task: &Path) -> u64 {
    let status = std::fs::read_to_string(task.join("status")).unwrap();
    let of = |line: &str| line.contains("voluntary_ctxt_switches:").then(|| line.to_owned());
    let lines = status.lines().filter_map(of);
    lines.map(|line| line.split_whitespace().next_back().unwrap().parse::<u64>().unwrap()).sum()
}

#[test]
fn an_idle_worker_wakes_at_most_20_times_a_second() {
    let (layer, audit) = AuditLayer::builder().build().unwrap();
    let _default = tracing_subscriber::registry().with(layer).set_default();
    drop(info_span!("op", audit.operation = "OP"));
    assert_eq!(audit.query().count().unwrap(), 1);
    std::thread::sleep(Duration::from_millis(300));
    let (task, seconds) = (worker_task(), 2);
    let before = switches(&task);
    std::thread::sleep(Duration::from_secs(seconds));
    let woke = switches(&task) - before;
    assert!((1..=20 * seconds).contains(&woke), "{woke} in {seconds} s");
    drop(info_span!("op", audit.operation = "OP"));
    assert_eq!(audit.query().count().unwrap(), 2, "and it wakes when it is needed");
}

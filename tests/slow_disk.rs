//! A disk that takes its time: callers of spans don't wait for it, and callers
//! of `record` wait for it and nothing else. In a process of its own, under
//! `strace`, on Linux.
#![cfg(all(feature = "journal", target_os = "linux"))]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "only the library has a clock of its own")]

use std::io::Write as _;
use std::process::Command;
use std::time::{Duration, Instant};

use tracing_audit::{AuditEvent, AuditLayer, Operation};
use tracing_subscriber::prelude::*;

const DIRECTORY: &str = "TRACING_AUDIT_CHILD_DIRECTORY";

/// How long a sync takes.
const DELAY: Duration = Duration::from_secs(1);

/// Spans that have to be through while somebody waits for one sync: a few milliseconds of work, also
/// on a machine with other things to do.
const SPANS: u64 = 100;

fn strace() -> Command {
    let mut strace = Command::new("strace");
    strace.args(["-f", "-qq", "-o", "/dev/null", "-e", "signal=none", "-e", "trace=fdatasync"]);
    strace.arg("-e").arg(format!("inject=fdatasync:delay_enter={}", DELAY.as_micros()));
    strace
}

/// Whether the tool works; says loudly if it does not.
fn is_strace_there() -> bool {
    let home = tempfile::tempdir().unwrap();
    let file = format!("of={}", home.path().join("file").display());
    let mut syncs = strace();
    syncs.args(["dd", "if=/dev/zero", &file, "bs=1", "count=1", "conv=fdatasync"]);
    let before = Instant::now();
    let has_synced = syncs.output().is_ok_and(|output| output.status.success());
    let found = has_synced && before.elapsed() >= DELAY;
    if !found {
        let required = std::env::var_os("TRACING_AUDIT_REQUIRE_TOOLS").is_some();
        assert!(!required, "strace does not work, and TRACING_AUDIT_REQUIRE_TOOLS is set");
        let message = b"\nSKIPPED: strace does not work, no slow disk was tried\n";
        std::io::stderr().write_all(message).unwrap();
    }
    found
}

#[test]
fn a_slow_disk_keeps_only_those_waiting_who_asked_for_it() {
    if !is_strace_there() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let output = strace()
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "--ignored", "--nocapture", "records_on_a_slow_disk"])
        .env(DIRECTORY, home.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
#[ignore = "run as a process of its own, on a slow disk"]
fn records_on_a_slow_disk() {
    let directory = std::env::var(DIRECTORY).unwrap();
    let (layer, audit) = AuditLayer::builder().journal(directory).build().unwrap();
    tracing_subscriber::registry().with(layer).init();
    let (begun, has_begun) = std::sync::mpsc::channel();
    let waiting = audit.clone();
    let waits = std::thread::spawn(move || {
        let before = Instant::now();
        begun.send(()).unwrap();
        waiting.record(AuditEvent::builder(Operation::Store).user_id("alice").build()).unwrap();
        before.elapsed()
    });
    has_begun.recv().unwrap();
    let mut spans = 0;
    while !waits.is_finished() && spans < SPANS {
        drop(tracing::info_span!("captured", audit.operation = "RECALL", audit.user_id = "alice"));
        spans += 1;
    }
    assert_eq!(spans, SPANS, "spans wait for the disk");
    assert!(waits.join().unwrap() >= DELAY, "it was told before it was durable");
    audit.flush().unwrap();
    let health = audit.health();
    assert_eq!((health.recorded_events, health.lost_events()), (SPANS + 1, 0));
}

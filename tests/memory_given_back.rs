//! What events took is the system's again after they left. Alone in its process,
//! whose memory is looked at.
#![cfg(all(target_os = "linux", target_env = "gnu"))]
#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test reads /proc")]

use tracing::info_span;
use tracing_audit::{Audit, AuditLayer, OverflowPolicy};
use tracing_subscriber::prelude::*;

const EVENTS: u64 = 500_000;

/// Events that the queue takes for certain.
const BURST: u64 = 1_000;

/// Memory of the process that is in use and not part of a file, in MiB.
fn resident_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let kib = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    kib.trim().trim_end_matches("kB").trim().parse::<u64>().unwrap() / 1024
}

/// How often the buffer is filled and emptied.
const ROUNDS: u64 = 2;

#[test]
fn memory_of_released_events_goes_back_to_the_system() {
    let builder = AuditLayer::builder().rotation(false).overflow(OverflowPolicy::BlockForever);
    let (layer, audit) = builder.build().unwrap();
    let _default = tracing_subscriber::registry().with(layer).set_default();
    let before = resident_mib();
    let (mut full, mut released) = (0, 0);
    for round in 0..ROUNDS {
        (0..EVENTS).for_each(|number| record(&audit, round * EVENTS + number));
        audit.flush().unwrap();
        full = resident_mib();
        assert!(full >= before + 30, "{before} MiB before, {full} when full");
        assert!(audit.rotate().unwrap().events >= EVENTS);
        // Behind the turn in which that was answered.
        audit.flush().unwrap();
        released = resident_mib();
    }
    assert!(
        released <= before + (full - before) / 3,
        "{before} MiB before, {full} when full, {released} after all was released"
    );
}

fn record(audit: &Audit, number: u64) {
    let user = format!("user-{number}");
    let session = format!("a longer session {number}");
    drop(info_span!(
        "op",
        audit.operation = "STORE",
        audit.user_id = user,
        audit.session_id = session
    ));
    if number.is_multiple_of(BURST) {
        audit.flush().unwrap();
    }
}

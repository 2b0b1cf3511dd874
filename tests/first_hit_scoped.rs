//! A callsite first hit on a bare thread while only a scoped subscriber
//! exists. Alone in its process: a second subscriber would hide it.

#[path = "it/ruled.rs"]
mod ruled;

use tracing::info_span;
use tracing_audit::{Audit, Finding};
use tracing_subscriber::prelude::*;

use self::ruled::RULED;

fn operation() {
    drop(info_span!("op", audit.operation = "FIRST_HIT_ELSEWHERE"));
    drop(info_span!(target: "ruled", "op"));
}

/// How many operations were recorded: said in code, and by policy.
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
fn recorded(audit: &Audit) -> (u64, u64) {
    let count = |operation: &str| audit.query().operation(operation).count().unwrap();
    (count("FIRST_HIT_ELSEWHERE"), count("RULED"))
}

#[test]
fn the_self_check_mends_what_a_bare_thread_hit_first() {
    let (layer, audit) = ruled::builder().build().unwrap();
    let _default = tracing_subscriber::registry().with(layer).set_default();
    std::thread::spawn(operation).join().unwrap();
    operation();
    let (said, ruled) = recorded(&audit);
    assert_eq!(audit.self_check(), []);
    operation();
    assert_eq!(recorded(&audit), (said + 1, ruled + RULED));

    // Asked for on a bare thread it says so, and switches nothing off.
    let elsewhere = audit.clone();
    let findings = std::thread::spawn(move || elsewhere.self_check()).join().unwrap();
    assert_eq!(findings, [Finding::NoSubscriber]);
    operation();
    assert_eq!(recorded(&audit), (said + 2, ruled + 2 * RULED));
    assert_eq!(audit.self_check(), []);
}

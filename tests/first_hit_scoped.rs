//! A callsite first hit on a bare thread while only a scoped subscriber
//! exists. Alone in its process: a second subscriber would hide it.

use tracing::info_span;
use tracing_audit::{AuditLayer, Finding};
use tracing_subscriber::prelude::*;

fn operation() {
    drop(info_span!("op", audit.operation = "FIRST_HIT_ELSEWHERE"));
}

#[test]
fn the_self_check_mends_what_a_bare_thread_hit_first() {
    let (layer, audit) = AuditLayer::builder().build().unwrap();
    let _default = tracing_subscriber::registry().with(layer).set_default();
    std::thread::spawn(operation).join().unwrap();
    operation();
    let before = audit.query().count().unwrap();
    assert_eq!(audit.self_check(), []);
    operation();
    assert_eq!(audit.query().count().unwrap(), before + 1);

    // Asked for on a bare thread it says so, and switches nothing off.
    let elsewhere = audit.clone();
    let findings = std::thread::spawn(move || elsewhere.self_check()).join().unwrap();
    assert_eq!(findings, [Finding::NoSubscriber]);
    operation();
    assert_eq!(audit.query().count().unwrap(), before + 2);
    assert_eq!(audit.self_check(), []);
}

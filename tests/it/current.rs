//! Adding to the operation under way, from anywhere inside it.

use serde_json::json;
use tracing::{info, info_span};
use tracing_audit::{Actor, AuditLayer, ErrorKind, OverflowPolicy, Status, StatusSource, current};
use tracing_subscriber::prelude::*;

use crate::trail::{events, only, subscribe, trail, trail_of};

#[test]
fn it_finds_the_operation_from_inside_other_spans() {
    let (audit, _default) = trail();
    let op = info_span!("op", audit.operation = "OP", audit.entry_ids = "a").entered();
    let plain = info_span!("plain").entered();
    let context = info_span!("context", audit.session_id = "inner").entered();
    current()
        .unwrap()
        .user_id("alice")
        .org_id("o1")
        .resource("r1")
        .source("10.0.0.1")
        .session_id("s1")
        .entry_id("b")
        .entry_ids(["c", "d"])
        .metadata("score", 0.5)
        .metadata("steps", json!(["x"]));
    drop((context, plain, op));
    let event = only(&audit, "OP");
    assert_eq!(event.user_id.as_deref(), Some("alice"));
    assert_eq!(event.org_id.as_deref(), Some("o1"));
    assert_eq!(event.resource.as_deref(), Some("r1"));
    assert_eq!(event.source.as_deref(), Some("10.0.0.1"));
    assert_eq!(event.session_id.as_deref(), Some("s1"));
    assert_eq!(event.entry_ids, ["a", "b", "c", "d"]);
    assert_eq!(event.metadata.get("score"), Some(&json!(0.5)));
    assert_eq!(event.metadata.get("steps"), Some(&json!(["x"])));
}

#[test]
fn without_an_audited_span_it_is_an_error_that_says_what_to_do() {
    let (_audit, _default) = trail();
    let _plain = info_span!("plain").entered();
    let _context = info_span!("context", audit.user_id = "alice").entered();
    let error = current().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoSpan);
    assert!(error.to_string().contains("audit.operation"), "{error}");
}

#[test]
fn without_a_subscriber_it_is_an_error_too() {
    assert_eq!(current().unwrap_err().kind(), ErrorKind::NoSpan);
}

#[test]
fn it_states_how_an_operation_ends() {
    let (audit, _default) = trail();
    info_span!("op", audit.operation = "PARTLY")
        .in_scope(|| current().unwrap().status(Status::Partial).actor(Actor::System));
    info_span!("op", audit.operation = "FAILED").in_scope(|| current().unwrap().error("no room"));
    let partly = only(&audit, "PARTLY");
    assert_eq!((partly.status, partly.status_source), (Status::Partial, StatusSource::Explicit));
    assert_eq!(partly.actor, Actor::System);
    let failed = only(&audit, "FAILED");
    assert_eq!(
        (failed.status, failed.error_message.as_deref()),
        (Status::Failure, Some("no room"))
    );
}

#[test]
fn inner_operations_are_nearer() {
    let (audit, _default) = trail();
    let _outer = info_span!("op", audit.operation = "OUTER").entered();
    let inner = info_span!("op", audit.operation = "INNER").entered();
    current().unwrap().entry_id("inner");
    drop(inner);
    current().unwrap().entry_id("outer");
    drop(_outer);
    assert_eq!(only(&audit, "INNER").entry_ids, ["inner"]);
    assert_eq!(only(&audit, "OUTER").entry_ids, ["outer"]);
}

#[test]
fn a_user_found_this_way_is_inherited_by_what_is_open_inside() {
    let (audit, _default) = trail();
    let outer = info_span!("op", audit.operation = "OUTER").entered();
    let inner = info_span!("op", audit.operation = "INNER");
    current().unwrap().user_id("alice");
    drop(inner);
    drop(outer);
    assert_eq!(only(&audit, "INNER").user_id.as_deref(), Some("alice"));
}

#[test]
fn it_works_in_a_thread_that_entered_the_span() {
    let (audit, _default) = trail();
    let dispatch = tracing::dispatcher::get_default(Clone::clone);
    let span = info_span!("op", audit.operation = "SPAWNED");
    let moved = span.clone();
    std::thread::spawn(move || {
        tracing::dispatcher::with_default(&dispatch, || {
            moved.in_scope(|| info_span!("plain").in_scope(|| current().unwrap().user_id("alice")));
            drop(moved);
        });
    })
    .join()
    .unwrap();
    drop(span);
    assert_eq!(only(&audit, "SPAWNED").user_id.as_deref(), Some("alice"));
}

#[test]
fn it_works_in_a_thread_that_entered_a_plain_span_inside_alone() {
    let (layer, audit) = AuditLayer::builder().build().unwrap();
    // Somebody else wants the plain span, or there would be none.
    let other = tracing_subscriber::fmt::layer().with_writer(std::io::sink);
    let _default = subscribe(tracing_subscriber::registry().with(other).with(layer));
    let dispatch = tracing::dispatcher::get_default(Clone::clone);
    let op = info_span!("op", audit.operation = "AROUND").entered();
    let plain = info_span!("plain");
    let add = || drop(current().unwrap().user_id("alice"));
    let inside = || tracing::dispatcher::with_default(&dispatch, || plain.in_scope(add));
    std::thread::scope(|scope| scope.spawn(inside).join().unwrap());
    drop((plain, op));
    assert_eq!(only(&audit, "AROUND").user_id.as_deref(), Some("alice"));
}

#[test]
fn after_the_end_it_does_nothing_to_anybody() {
    // More than can wait for a worker that is kept from its core.
    let (audit, _default) = trail_of(AuditLayer::builder().overflow(OverflowPolicy::BlockForever));
    let kept = info_span!("op", audit.operation = "ENDED").in_scope(|| current().unwrap());
    // Ids of spans recur; what is added must not land in whoever has the id then.
    for _ in 0..20_000 {
        let _span = info_span!("op", audit.operation = "OTHER");
        let _ = kept.clone().user_id("mallory").entry_id("stray").error("stray");
    }
    assert_eq!(audit.query().user("mallory").count().unwrap(), 0);
    assert_eq!(audit.query().entry_id("stray").count().unwrap(), 0);
    assert_eq!(audit.query().status(Status::Failure).count().unwrap(), 0);
    assert_eq!(events(&audit).len(), 20_001);
}

#[test]
fn it_works_behind_reload() {
    let (layer, audit) = AuditLayer::builder().build().unwrap();
    let (layer, _handle) = tracing_subscriber::reload::Layer::new(layer);
    let _default = subscribe(tracing_subscriber::registry().with(layer));
    info_span!("op", audit.operation = "RELOADED").in_scope(|| {
        info_span!("plain").in_scope(|| current().unwrap().user_id("alice"));
    });
    assert_eq!(only(&audit, "RELOADED").user_id.as_deref(), Some("alice"));
}

#[test]
fn both_of_two_layers_are_told() {
    let (first, first_audit) = AuditLayer::builder().build().unwrap();
    let (second, second_audit) = AuditLayer::builder().build().unwrap();
    let _default = subscribe(tracing_subscriber::registry().with(first).with(second));
    info_span!("op", audit.operation = "BOTH").in_scope(|| current().unwrap().user_id("alice"));
    assert_eq!(only(&first_audit, "BOTH").user_id.as_deref(), Some("alice"));
    assert_eq!(only(&second_audit, "BOTH").user_id.as_deref(), Some("alice"));
}

#[test]
fn a_reported_operation_is_over() {
    #[tracing::instrument(err, skip_all, fields(audit.operation = "REPORTED"))]
    fn reported() -> Result<(), String> {
        Err("over".to_owned())
    }
    let (audit, _default) = trail();
    let _ = reported();
    assert!(current().is_err());
    info!(audit.operation = "ALONE");
    assert_eq!(events(&audit).len(), 2);
}

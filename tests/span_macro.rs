//! `audited_span!`: every form of field, every option, and the spans that come
//! of them.

use tracing::Level;
use tracing_audit::test_kit::TestTrail;
use tracing_audit::{Operation, assert_audited, audited_span, json, list};

#[test]
fn every_key_arrives_as_its_field() {
    let trail = TestTrail::start();
    let ids = ["a", "b"];
    let (user, session_id) = ("alice", 7);
    let span = audited_span!(
        "STORE",
        user_id = %user,
        actor = "system",
        %session_id,
        org_id = "acme",
        resource = "kb",
        source = ?std::net::Ipv4Addr::LOCALHOST,
        entry_ids = list(&ids),
        status = Empty,
        error = Empty,
    );
    span.record("audit.status", "FAILURE");
    span.record("audit.error", "no space left");
    drop(span);
    assert_audited!(
        trail,
        operation = "STORE",
        user_id = "alice",
        actor = "system",
        session_id = "7",
        org_id = "acme",
        resource = "kb",
        source = "127.0.0.1",
        entry_ids = ids,
        status = FAILURE,
        error_message = "no space left",
        span_name = "STORE",
        count = 1,
    );
}

#[test]
fn variables_and_metadata_stand_by_their_names() {
    let trail = TestTrail::start();
    let (user_id, org_id, tags) = ("alice".to_owned(), "acme", ["verified"]);
    let attempt = 2;
    audited_span!("RECALL", %user_id, org_id, metadata {
        attempt,
        http.status = 200,
        user_id = "metadata, not identity",
        tags = json(&tags)
    });
    audited_span!("FORGET", metadata { attempt }, ?org_id, status = "PARTIAL");
    assert_audited!(
        trail,
        operation = "RECALL",
        user_id = "alice",
        org_id = "acme",
        metadata.attempt = 2,
        metadata."http.status" = 200,
        metadata.user_id = "metadata, not identity",
        metadata.tags = tags,
    );
    assert_audited!(
        trail,
        operation = "FORGET",
        org_id = "\"acme\"",
        status = PARTIAL,
        metadata.attempt = 2
    );
}

#[test]
fn options_come_in_any_order() {
    let trail = TestTrail::start();
    let outer = audited_span!("IMPORT");
    let span = audited_span!(
        target: "cache",
        name: "cache.recall",
        parent: &outer,
        level: DEBUG,
        "RECALL",
        user_id = "alice"
    );
    let metadata = span.metadata().unwrap();
    assert_eq!((metadata.name(), metadata.target()), ("cache.recall", "cache"));
    assert_eq!(*metadata.level(), Level::DEBUG);
    drop(span);
    let typed = audited_span!(level: Level::TRACE, parent: None, "REINDEX");
    assert_eq!(*typed.metadata().unwrap().level(), Level::TRACE);
    drop((typed, outer));
    let events = trail.events();
    assert_eq!(events.len(), 3);
    let parent = events[0].span.as_ref().unwrap().parent;
    assert_eq!(parent, Some(events[2].event_id));
}

#[test]
fn an_operation_may_be_computed() {
    let trail = TestTrail::start();
    let name = String::from("archive");
    let span = audited_span!(name.as_str(), user_id = "alice");
    let metadata = span.metadata().unwrap();
    assert_eq!((metadata.name(), metadata.target()), ("audited", "span_macro"));
    assert_eq!((*metadata.level(), metadata.line()), (Level::INFO, Some(line!() - 3)));
    drop(span);
    audited_span!(%Operation::SetQuota);
    audited_span!(name: "quota", %Operation::SetQuota, actor = "system");
    assert_audited!(trail, operation = "ARCHIVE", user_id = "alice", count = 1);
    assert_audited!(trail, operation = "SET_QUOTA", span_name = "audited", count = 1);
    assert_audited!(
        trail,
        operation = "SET_QUOTA",
        span_name = "quota",
        actor = "system",
        count = 1
    );
}

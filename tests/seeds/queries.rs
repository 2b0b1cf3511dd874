//! The queries of both reference systems.

use chrono::{DateTime, Duration, Utc};
use tracing_audit::{AuditEvent, EventId, Field, Operation, Status};

use crate::memory::{Trail, forget, recall, store};

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// Four events of two users, on four days of January 2025.
fn january() -> (Trail, Vec<EventId>) {
    let trail = Trail::start();
    let record = |operation, user: &str, day: u32, status, ids: &[&str]| {
        let event = AuditEvent::builder(operation)
            .user_id(user)
            .timestamp(at(&format!("2025-01-{day:02}T10:00:00Z")))
            .status(status)
            .entry_ids(ids);
        trail.audit.record(event).unwrap().event_id
    };
    let ids = vec![
        record(Operation::Store, "user_123", 1, Status::Success, &["entry_1"]),
        record(Operation::Recall, "user_123", 10, Status::Failure, &[]),
        record(Operation::Store, "user_456", 20, Status::Success, &["entry_2", "entry_3"]),
        record(Operation::Forget, "user_123", 31, Status::Failure, &["entry_1"]),
    ];
    (trail, ids)
}

#[test]
fn a9_by_user_and_by_user_and_operation() {
    let (trail, ids) = january();
    let query = || trail.audit.query().user("user_123");
    assert_eq!(query().ids().unwrap(), [ids[3], ids[1], ids[0]]);
    assert_eq!(query().operation(Operation::Store).ids().unwrap(), [ids[0]]);
}

#[test]
fn a10_by_start_and_by_start_and_end_when_the_operation_began() {
    let (trail, ids) = january();
    let from = at("2025-01-10T10:00:00Z");
    let until = at("2025-01-31T10:00:00Z");
    assert_eq!(trail.audit.query().since(from).ids().unwrap(), [ids[3], ids[2], ids[1]]);
    assert_eq!(trail.audit.query().since(from).until(until).ids().unwrap(), [ids[2], ids[1]]);
    let backwards = trail.audit.query().since(until).until(from).run();
    assert!(backwards.unwrap_err().is_invalid_input());
}

#[test]
fn a11_by_status_and_by_status_and_operation() {
    let (trail, ids) = january();
    let failures = trail.audit.query().status(Status::Failure);
    assert_eq!(failures.ids().unwrap(), [ids[3], ids[1]]);
    let stores = trail.audit.query().operation("store").status(Status::Success);
    assert_eq!(stores.ids().unwrap(), [ids[2], ids[0]]);
}

#[test]
fn a12_failed_recalls_of_one_user_in_the_last_day() {
    let trail = Trail::start();
    recall("user_123", "timeout").unwrap_err();
    recall("user_123", "fine").unwrap();
    recall("user_456", "timeout").unwrap_err();
    let old = AuditEvent::builder(Operation::Recall)
        .user_id("user_123")
        .error("long ago")
        .timestamp(Utc::now() - Duration::days(2));
    trail.audit.record(old).unwrap();
    let query = trail
        .audit
        .query()
        .user("user_123")
        .operation(Operation::Recall)
        .status(Status::Failure)
        .since(Utc::now() - Duration::days(1));
    let events = query.run().unwrap().events;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].error_message.as_deref(), Some("Database connection timeout"));
}

#[test]
fn a13_all_operations_on_any_of_these_entries() {
    let (trail, ids) = january();
    let query = trail.audit.query().entry_ids(["entry_1", "entry_2"]);
    assert_eq!(query.ids().unwrap(), [ids[3], ids[2], ids[0]]);
}

#[test]
fn a29_groups_by_user_and_by_operation() {
    let (trail, _) = january();
    tracing::info!(audit.operation = "COMPACT");
    let groups = |field| trail.audit.query().group_by(field).unwrap();
    let pairs = |pairs: &[(&str, u64)]| {
        pairs.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect::<Vec<_>>()
    };
    assert_eq!(groups(Field::User), pairs(&[("user_123", 3), ("anonymous", 1), ("user_456", 1)]));
    let by_operation = groups(Field::Operation);
    assert_eq!(by_operation[0], ("STORE".to_owned(), 2));
    assert_eq!(by_operation.len(), 4);
}

#[test]
fn a30_session_limit_newest_first_and_a_total_that_survives_rotation() {
    let trail = Trail::with(|builder| builder.buffer_events_max(4));
    for id in 0..20 {
        store("user_123", if id % 2 == 0 { "even" } else { "odd" }, &format!("entry_{id}"))
            .unwrap();
    }
    let page = trail.audit.query().session("odd").limit(1).run().unwrap();
    assert_eq!(page.events[0].entry_ids, ["entry_19"]);
    assert_eq!(trail.audit.statistics().total_events, 20);
    assert!(trail.audit.query().count().unwrap() <= 4);
    assert!(trail.audit.query().limit(0).run().unwrap_err().is_invalid_input());
}

#[test]
fn m11_by_organisation_action_time_actor_and_limit() {
    let trail = Trail::start();
    for (org, actor, operation) in [
        ("org_abc123", "user:alice", "search"),
        ("org_abc123", "user:alice", "ingest"),
        ("org_abc123", "system", "search"),
        ("org_other", "user:alice", "search"),
    ] {
        tracing::info_span!(
            "op",
            audit.operation = operation,
            audit.actor = actor,
            audit.org_id = org
        );
    }
    let log = || trail.audit.query().org("org_abc123");
    assert_eq!(log().limit(50).run().unwrap().len(), 3);
    assert_eq!(log().operation("search").limit(100).run().unwrap().len(), 2);
    assert_eq!(log().actor("user:alice").limit(1).run().unwrap().len(), 1);
    let older = |days| {
        let event = AuditEvent::builder("search").actor("system").org_id("org_abc123");
        let at = Utc::now() - Duration::days(days);
        trail.audit.record(event.timestamp(at)).unwrap().event_id
    };
    let (two_days, eight_days) = (older(2), older(8));
    let now = Utc::now();
    let since = |days| log().since(now - Duration::days(days)).actor("system");
    assert_eq!([1, 7, 30].map(|days| since(days).count().unwrap()), [1, 2, 3]);
    // Page by page, each after the one before.
    let page = |cursor| since(30).limit(1).after(cursor).run().unwrap();
    let mut pages = vec![page(None)];
    while let Some(cursor) = pages.last().unwrap().next.clone() {
        pages.push(page(Some(cursor)));
    }
    let ids: Vec<_> = pages.iter().flat_map(|page| &page.events).map(|e| e.event_id).collect();
    assert_eq!((ids.len(), ids[0], ids[1]), (3, eight_days, two_days));
}

#[test]
fn m14_the_trail_of_one_request() {
    let trail = Trail::start();
    let request =
        tracing::info_span!("request", audit.operation = "SEARCH", audit.user_id = "alice");
    request.in_scope(|| {
        let unaudited = tracing::info_span!("step");
        unaudited.in_scope(|| recall("alice", "refund policy").unwrap());
        forget("alice", "missing").unwrap_err();
    });
    drop(request);
    store("bob", "other", "entry_9").unwrap();
    let root = trail.audit.query().operation(Operation::Search).ids().unwrap()[0];
    let page = trail.audit.query().trail_of(root).run().unwrap();
    let operations: Vec<_> = page.events.iter().map(|event| event.operation.as_str()).collect();
    assert_eq!(operations, ["SEARCH", "FORGET", "RECALL"]);
    assert!(page.events[1..].iter().all(|event| event.span.as_ref().unwrap().parent == Some(root)));
}

#[test]
fn m14_which_steps_ran_with_how_many_results_and_for_how_long() {
    let (trail, clock) = Trail::timed(|builder| builder);
    let search = |user: &str, steps: &[(&'static str, u64, u64)]| {
        let search = tracing::info_span!(
            "search",
            audit.operation = "SEARCH",
            audit.user_id = user,
            results = tracing::field::Empty
        );
        search.in_scope(|| {
            for (name, results, ms) in steps {
                tracing::info_span!("step", audit.operation = name, results)
                    .in_scope(|| clock.advance(std::time::Duration::from_millis(*ms)));
            }
        });
        search.record("results", steps.last().unwrap().1);
    };
    search("bob", &[("EMBED", 1, 9)]);
    search("alice", &[("EMBED", 1, 20), ("SEMANTIC_SEARCH", 40, 150), ("RERANK", 5, 30)]);
    let root = trail.audit.query().user("alice").operation(Operation::Search).ids().unwrap()[0];
    let mut steps = trail.audit.query().trail_of(root).run().unwrap().events;
    steps.reverse();
    let told: Vec<_> = steps
        .iter()
        .map(|step| {
            let results = step.metadata.get("results").unwrap().as_u64().unwrap();
            (step.operation.as_str(), results, step.duration_ms().unwrap())
        })
        .collect();
    let expected = [
        ("EMBED", 1, 20.0),
        ("SEMANTIC_SEARCH", 40, 150.0),
        ("RERANK", 5, 30.0),
        ("SEARCH", 5, 200.0),
    ];
    assert_eq!(told, expected);
}

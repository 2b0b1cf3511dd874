//! The test kit as its users meet it: trails in parallel, other threads,
//! and what a failed assertion says.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panics")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;
use tracing::instrument::WithSubscriber;
use tracing_audit::test_kit::{Expectation, TestTrail};
use tracing_audit::{
    AuditEvent, Operation, Status, StatusSource, assert_audited, assert_not_audited, list,
};

#[tracing::instrument(
    err,
    skip_all,
    fields(audit.operation = "STORE", audit.user_id = user, audit.entry_ids = list(ids), importance = 0.8)
)]
fn store(user: &str, ids: &[&str], is_full: bool) -> Result<(), String> {
    if is_full { Err("no space left".to_owned()) } else { Ok(()) }
}

#[test]
fn every_field_can_be_asserted() {
    let trail = TestTrail::start();
    store("alice", &["a", "b"], false).unwrap();
    store("bob", &[], true).unwrap_err();
    let (name, ids) = ("alice".to_owned(), vec!["a".to_owned(), "b".to_owned()]);
    assert_audited!(trail);
    assert_audited!(trail, count = 2);
    assert_audited!(
        trail,
        operation = "store",
        actor = "user:alice",
        user_id = name,
        session_id = None,
        entry_ids = ids,
        status = SUCCESS,
        status_source = StatusSource::Closed,
        error_message = None,
        span_name = "store",
        metadata.importance = 0.8,
        metadata.other = None,
        count = 1,
    );
    assert_audited!(
        trail,
        operation = Operation::Store,
        user_id = Some("bob"),
        entry_ids = None,
        status = Status::Failure,
        error_message = "no space left",
        error_contains = "space",
    );
    let failed = Status::Failure;
    assert_audited!(trail.audit(), status = failed, count = 1);
    assert_audited!(trail.audit().query().user("bob").run().unwrap(), count = 1);
    assert_audited!(trail.events()[..1], user_id = "alice", count = 1);
    assert_not_audited!(trail, operation = "FORGET");
    assert_not_audited!(trail, user_id = "alice", status = FAILURE);
    // Values that were looked at are still there.
    assert_eq!((name.len(), ids.len()), (5, 2));
}

#[test]
fn metadata_is_found_by_path_and_by_literal_key() {
    let at = "2025-01-15T10:30:45Z".parse().unwrap();
    let event = AuditEvent::builder("search")
        .timestamp(at)
        .metadata("http.status", 200)
        .metadata("retry", json!({"count": 2, "after": [1, 2]}))
        .build();
    let events = [event];
    assert_audited!(events, metadata."http.status" = 200);
    assert_audited!(events, metadata.http.status = 200.0);
    assert_audited!(events, metadata.retry.count = 2, metadata.retry.after = [1, 2]);
    assert_not_audited!(events, metadata.retry.count = "2");
    assert_not_audited!(events, metadata.retry = None);
    assert_not_audited!(events, org_id = "acme");
}

fn sample() -> Vec<AuditEvent> {
    let event = |operation: &str, second: i64| {
        let at = chrono::DateTime::from_timestamp(1_736_937_045 + second, 0).unwrap();
        AuditEvent::builder(operation).timestamp(at)
    };
    vec![
        event("STORE", 0).user_id("alice").entry_ids(["a"]).metadata("importance", 0.5).build(),
        event("RECALL", 1).user_id("bob").build(),
        event("STORE", 2).user_id("bob").error("no space left").build(),
    ]
}

fn failure(assertion: impl FnOnce()) -> String {
    let failed = catch_unwind(AssertUnwindSafe(assertion)).expect_err("the assertion holds");
    *failed.downcast::<String>().unwrap()
}

#[test]
fn a_failure_names_the_nearest_event_and_shows_all() {
    let text = failure(|| {
        assert_audited!(
            sample(),
            operation = "STORE",
            user_id = "alice",
            status = SUCCESS,
            session_id = "s1",
            entry_ids = ["a"],
            metadata.importance = 0.8,
        )
    });
    assert_eq!(
        text,
        r#"no audited event is as expected: operation = "STORE", user_id = "alice", status = "SUCCESS", session_id = "s1", entry_ids = ["a"], metadata.importance = 0.8
nearest: event 1 of 3
  session_id: expected "s1", was absent
  metadata.importance: expected 0.8, was 0.5
all 3 audited events:
TIMESTAMP                    OPERATION  STATUS   ACTOR       USER   ENTRIES  DURATION MS  ERROR
2025-01-15T10:30:45.000000Z  STORE      SUCCESS  user:alice  alice  a
2025-01-15T10:30:46.000000Z  RECALL     SUCCESS  user:bob    bob
2025-01-15T10:30:47.000000Z  STORE      FAILURE  user:bob    bob                          no space left
"#
    );
}

#[test]
fn a_wrong_count_says_how_many_there_are() {
    let text = failure(|| assert_audited!(sample(), error_contains = "space", count = 2));
    assert!(
        text.starts_with(
            "1 audited events instead of 2 are as expected: error_message containing \"space\"\n\
             nearest: event 2 of 3\n  error_message: expected a text containing \"space\", was absent\n\
             all 3 audited events:\n"
        ),
        "{text}"
    );
    let text = failure(|| assert_audited!(sample(), operation = "STORE", count = 1));
    assert!(text.starts_with("2 audited events instead of 1"), "{text}");
    assert!(!text.contains("nearest"), "{text}");
}

#[test]
fn a_failure_on_nothing_says_so() {
    let trail = TestTrail::start();
    let text = failure(|| assert_audited!(trail, error_message = None));
    assert_eq!(
        text,
        "no audited event is as expected: error_message absent\n\
         nothing was audited; does the code under test run on this thread, inside the trail?\n"
    );
}

#[test]
fn what_should_not_be_there_is_shown_alone() {
    let text = failure(|| assert_not_audited!(sample(), user_id = "bob"));
    assert!(
        text.starts_with("2 audited events should not be there: user_id = \"bob\"\n"),
        "{text}"
    );
    assert!(text.contains("no space left") && !text.contains("alice"), "{text}");
    let text = failure(|| assert_not_audited!(sample()));
    assert!(text.starts_with("3 audited events should not be there: any event\n"), "{text}");
    assert_not_audited!(Vec::new());
}

#[test]
fn a_table_of_many_events_keeps_the_latest() {
    let events: Vec<_> = sample().into_iter().cycle().take(60).collect();
    let text = Expectation::new().operation("FORGET").difference(&events).unwrap();
    assert!(text.ends_with("and 10 earlier ones\n"), "{text}");
    assert!(text.contains("nearest: event 60 of 60"), "{text}");
}

#[test]
fn trails_of_parallel_tests_do_not_mix() {
    const TESTS: usize = 8;
    let together = Barrier::new(TESTS);
    std::thread::scope(|scope| {
        for test in 0..TESTS {
            let together = &together;
            scope.spawn(move || {
                let user = format!("user-{test}");
                together.wait();
                let trail = TestTrail::start();
                for _ in 0..50 {
                    store(&user, &[], false).unwrap();
                }
                assert_audited!(trail, user_id = user, count = 50);
                assert_audited!(trail, count = 50);
                assert!(trail.audit().self_check().is_empty());
            });
        }
    });
}

#[test]
fn a_nested_trail_gives_the_thread_back() {
    let outer = TestTrail::start();
    store("outer", &[], false).unwrap();
    {
        let inner = TestTrail::start();
        store("inner", &[], false).unwrap();
        assert_audited!(inner, user_id = "inner", count = 1);
        assert_audited!(inner, count = 1);
    }
    store("outer", &[], false).unwrap();
    assert_audited!(outer, user_id = "outer", count = 2);
    assert_audited!(outer, count = 2);
}

#[test]
fn other_threads_and_tasks_take_the_dispatch() {
    let trail = TestTrail::start();
    std::thread::scope(|scope| {
        let trail = &trail;
        scope.spawn(move || {
            let store = || store("thread", &[], false);
            tracing::dispatcher::with_default(&trail.dispatch(), store).unwrap();
        });
        scope.spawn(move || store("without", &[], false).unwrap());
    });
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let task = async {
        tokio::task::yield_now().await;
        store("task", &[], false).unwrap();
    };
    runtime.block_on(runtime.spawn(task.with_subscriber(trail.dispatch()))).unwrap();
    assert_audited!(trail, user_id = "thread", count = 1);
    assert_audited!(trail, user_id = "task", count = 1);
    assert_audited!(trail, count = 2);
}

#[test]
fn layers_beside_it_work_with_their_own_filters() {
    use tracing_subscriber::layer::{Context, Layer};

    static EVENTS: AtomicUsize = AtomicUsize::new(0);

    struct Counting;

    impl<S: tracing::Subscriber> Layer<S> for Counting {
        fn on_event(&self, _: &tracing::Event<'_>, _: Context<'_, S>) {
            EVENTS.fetch_add(1, Ordering::Relaxed);
        }
    }

    let choose = |builder: tracing_audit::Builder| builder.collapse("IMPORT");
    let trail = TestTrail::builder_with(choose)
        .layer(Counting.with_filter(tracing_subscriber::filter::LevelFilter::WARN))
        .start();
    tracing::warn!("counted");
    tracing::info!("filtered out");
    tracing::info_span!("import", audit.operation = "IMPORT").in_scope(|| {
        store("alice", &["a"], false).unwrap();
    });
    assert_eq!(EVENTS.load(Ordering::Relaxed), 1);
    assert_audited!(trail, operation = "IMPORT", entry_ids = ["a"], count = 1);
    assert_audited!(trail, count = 1);
}

#[test]
#[should_panic(expected = "queue_events_max is 0; give at least 1")]
fn a_choice_that_makes_no_sense_fails_the_test() {
    drop(TestTrail::builder_with(|builder| builder.queue_events_max(0)).start());
}

#[test]
fn an_event_can_be_awaited_at_a_clock_that_stands_still() {
    let clock = std::sync::Arc::new(tracing_audit::clock::ManualClock::at(
        "2025-01-15T10:30:45Z".parse().unwrap(),
    ));
    let trail = TestTrail::builder_with(|builder| builder.clock(clock.clone())).start();
    for _ in 0..3 {
        store("alice", &[], false).unwrap();
        clock.advance(Duration::from_secs(1));
    }
    let times: Vec<_> = trail.events().iter().map(|event| event.timestamp.to_rfc3339()).collect();
    assert_eq!(
        times,
        ["2025-01-15T10:30:45+00:00", "2025-01-15T10:30:46+00:00", "2025-01-15T10:30:47+00:00"]
    );
}

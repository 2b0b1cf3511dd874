//! Outcomes that a guard or a future tells: completion is not cancellation.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use tokio::sync::oneshot;
use tracing::{Instrument, info_span, instrument};
use tracing_audit::{
    Audit, AuditEvent, FutureOutcome, ReportsOutcome, Status, StatusSource, audited_span, current,
};

use crate::trail::{events, only, trail};

#[track_caller]
fn assert_ended(event: &AuditEvent, status: Status, source: StatusSource) {
    assert_eq!((event.status, event.status_source), (status, source), "{event:#?}");
}

#[track_caller]
fn assert_cancelled(audit: &Audit, operation: &str) {
    let event = only(audit, operation);
    assert_ended(&event, Status::Unknown, StatusSource::Cancelled);
    assert_eq!(event.error_message, None);
}

/// Somebody else's future: ends when it is told how, or never.
async fn foreign(answer: Option<Result<u32, &'static str>>) -> Result<u32, &'static str> {
    tokio::task::yield_now().await;
    match answer {
        Some(answer) => answer,
        None => std::future::pending().await,
    }
}

fn panics() {
    panic!("on purpose");
}

#[instrument(skip_all, fields(audit.operation = operation))]
async fn instrumented(
    operation: &str,
    answer: Option<Result<u32, &'static str>>,
) -> Result<u32, &'static str> {
    foreign(answer).with_outcome().await
}

#[tokio::test]
async fn completion_failure_and_cancellation_are_told_apart_inside_a_function() {
    let (audit, _default) = trail();
    assert_eq!(instrumented("DONE", Some(Ok(7))).await, Ok(7));
    assert_eq!(instrumented("FAILED", Some(Err("disk full"))).await, Err("disk full"));
    let timeout = tokio::time::timeout(Duration::from_millis(1), instrumented("TIMEOUT", None));
    assert!(timeout.await.is_err());
    tokio::select! {
        biased;
        _ = instrumented("SELECT", None) => unreachable!(),
        () = tokio::task::yield_now() => {}
    }
    assert_ended(&only(&audit, "DONE"), Status::Success, StatusSource::Return);
    let failed = only(&audit, "FAILED");
    assert_ended(&failed, Status::Failure, StatusSource::Error);
    assert_eq!(failed.error_message.as_deref(), Some("disk full"));
    assert_cancelled(&audit, "TIMEOUT");
    assert_cancelled(&audit, "SELECT");
}

#[tokio::test]
async fn a_future_has_a_span_of_its_own() {
    let (audit, _default) = trail();
    let _outer = info_span!("op", audit.operation = "OUTER").entered();
    let done = foreign(Some(Ok(7))).with_outcome();
    assert_eq!(done.in_span(audited_span!("DONE", entry_ids = "e1")).await, Ok(7));
    let never_polled = foreign(Some(Ok(7))).with_outcome().in_span(audited_span!("UNPOLLED"));
    drop(never_polled);
    drop(_outer);
    let event = only(&audit, "DONE");
    assert_ended(&event, Status::Success, StatusSource::Return);
    assert_eq!(event.entry_ids, ["e1"]);
    assert_cancelled(&audit, "UNPOLLED");
    assert_ended(&only(&audit, "OUTER"), Status::Success, StatusSource::Closed);
}

#[tokio::test]
async fn what_never_was_a_part_of_an_operation_says_nothing_of_it() {
    let (audit, _default) = trail();
    async {
        drop(foreign(None).with_outcome());
        drop(foreign(None).with_outcome().in_span(tracing::Span::none()));
    }
    .instrument(info_span!("op", audit.operation = "OUTER"))
    .await;
    assert_ended(&only(&audit, "OUTER"), Status::Success, StatusSource::Closed);
    assert_eq!(foreign(Some(Ok(1))).with_outcome().await, Ok(1), "without an operation");
    assert_eq!(events(&audit).len(), 1);
}

#[tokio::test]
async fn in_a_span_that_is_not_audited_a_future_says_nothing_of_what_is_around_it() {
    let (audit, _default) = trail();
    async {
        let plain = || info_span!("plain");
        drop(foreign(None).with_outcome().in_span(plain()));
        let failed = foreign(Some(Err("disk full"))).with_outcome().in_span(plain());
        assert!(failed.await.is_err());
        let carrier = info_span!("carrier", audit.user_id = "alice");
        assert!(foreign(Some(Err("disk full"))).with_outcome().in_span(carrier).await.is_err());
    }
    .instrument(info_span!("op", audit.operation = "OUTER"))
    .await;
    assert_ended(&only(&audit, "OUTER"), Status::Success, StatusSource::Closed);
}

/// An error that cannot be shown.
#[derive(Debug)]
struct Unshowable {
    panics: bool,
}

impl std::fmt::Display for Unshowable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("lost ")?;
        if self.panics {
            std::panic::resume_unwind(Box::new(()));
        }
        Err(std::fmt::Error)
    }
}

#[tokio::test]
async fn an_error_that_cannot_be_shown_harms_nobody() {
    let (audit, _default) = trail();
    for (panics, told) in [(false, "lost "), (true, "lost [its Debug panicked]")] {
        let failed = async { Err::<(), _>(Unshowable { panics }) }.with_outcome();
        assert!(failed.in_span(audited_span!("AWAITED")).await.is_err());
        let current = || tracing_audit::current().unwrap();
        audited_span!("STATED").in_scope(|| {
            current().error(Unshowable { panics }).entry_id(Unshowable { panics });
        });
        audited_span!("GUARDED").in_scope(|| {
            current().user_id(Unshowable { panics }).outcome_guard().failure(Unshowable { panics });
        });
        let events = audit.query().run().unwrap().events;
        let events: Vec<_> = events.iter().take(3).collect();
        for event in events {
            assert_eq!(event.status, Status::Failure);
            assert_eq!(event.error_message.as_deref(), Some(told), "{event:#?}");
            let mut ids = event.entry_ids.iter().chain(&event.user_id);
            assert!(ids.all(|id| id == told));
        }
    }
}

#[tokio::test]
async fn an_aborted_task_was_cancelled_and_one_that_panicked_failed() {
    let (audit, _default) = trail();
    let (started, starts) = oneshot::channel();
    let waits = async {
        let _ = started.send(());
        std::future::pending::<()>().await;
    };
    let aborted = tokio::spawn(waits.with_outcome().in_span(audited_span!("ABORTED")));
    starts.await.unwrap();
    aborted.abort();
    assert!(aborted.await.unwrap_err().is_cancelled());

    let not_started = tokio::spawn(
        std::future::pending::<()>().with_outcome().in_span(audited_span!("NOT_STARTED")),
    );
    not_started.abort();
    assert!(not_started.await.unwrap_err().is_cancelled());

    let failing = async {
        tokio::task::yield_now().await;
        panics();
    };
    let failing = tokio::spawn(failing.with_outcome().in_span(audited_span!("PANICS")));
    assert!(failing.await.unwrap_err().is_panic());

    assert_cancelled(&audit, "ABORTED");
    assert_cancelled(&audit, "NOT_STARTED");
    assert_ended(&only(&audit, "PANICS"), Status::Failure, StatusSource::Panic);
}

#[tokio::test]
async fn a_panic_is_a_failure_also_where_it_is_caught_before_it_leaves_the_span() {
    let (audit, _default) = trail();
    let waker = std::task::Waker::noop();
    for (operation, recovers) in [("CAUGHT", false), ("RECOVERED", true)] {
        info_span!("op", audit.operation = operation).in_scope(|| {
            let mut failing = Box::pin(async { panics() }.with_outcome());
            let mut context = std::task::Context::from_waker(waker);
            let poll = || failing.as_mut().poll(&mut context).is_ready();
            assert!(catch_unwind(AssertUnwindSafe(poll)).is_err());
            if recovers {
                current().unwrap().outcome_guard().success();
            }
        });
    }
    assert_ended(&only(&audit, "CAUGHT"), Status::Failure, StatusSource::Panic);
    assert_ended(&only(&audit, "RECOVERED"), Status::Success, StatusSource::Return);
}

#[test]
fn dropped_by_a_siblings_panic_it_was_unwound() {
    let (audit, _default) = trail();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let joined = || {
        runtime.block_on(async {
            let waits = foreign(None).with_outcome().in_span(audited_span!("SIBLING"));
            let failing = async {
                tokio::task::yield_now().await;
                panics();
            };
            let _ = tokio::join!(waits, failing.with_outcome().in_span(audited_span!("PANICS")));
        });
    };
    assert!(catch_unwind(AssertUnwindSafe(joined)).is_err());
    assert_ended(&only(&audit, "SIBLING"), Status::Unknown, StatusSource::Unwound);
    assert_ended(&only(&audit, "PANICS"), Status::Failure, StatusSource::Panic);
}

#[tokio::test]
async fn the_last_word_counts_and_a_stated_status_above_all() {
    let (audit, _default) = trail();
    let op = |operation| info_span!("op", audit.operation = operation);
    async {
        let _ = foreign(Some(Err("busy"))).with_outcome().await;
        let _ = foreign(Some(Ok(1))).with_outcome().await;
    }
    .instrument(op("RETRIED"))
    .await;
    async {
        let _ = foreign(Some(Err("busy"))).with_outcome().await;
        let _ = foreign(Some(Err("still busy"))).with_outcome().await;
    }
    .instrument(op("RETRIED_IN_VAIN"))
    .await;
    async {
        let first = foreign(None).with_outcome();
        assert!(tokio::time::timeout(Duration::from_millis(1), first).await.is_err());
        let _ = foreign(Some(Ok(1))).with_outcome().await;
    }
    .instrument(op("FELL_BACK"))
    .await;
    async {
        current().unwrap().status(Status::Partial);
        drop(current().unwrap().outcome_guard());
    }
    .instrument(op("STATED"))
    .await;
    let retried = only(&audit, "RETRIED");
    assert_ended(&retried, Status::Success, StatusSource::Return);
    assert_eq!(retried.error_message, None);
    let in_vain = only(&audit, "RETRIED_IN_VAIN");
    assert_ended(&in_vain, Status::Failure, StatusSource::Error);
    assert_eq!(in_vain.error_message.as_deref(), Some("still busy"));
    assert_ended(&only(&audit, "FELL_BACK"), Status::Success, StatusSource::Return);
    assert_ended(&only(&audit, "STATED"), Status::Partial, StatusSource::Explicit);
}

#[tokio::test]
async fn a_guard_is_told_or_dropped() {
    let (audit, _default) = trail();
    let op = |operation| info_span!("op", audit.operation = operation);
    op("DONE").in_scope(|| current().unwrap().outcome_guard().success());
    op("FAILED").in_scope(|| current().unwrap().outcome_guard().failure("no room"));
    op("GIVEN_UP").in_scope(|| drop(current().unwrap().outcome_guard()));
    let panics = || {
        op("PANICS").in_scope(|| {
            let _guard = current().unwrap().outcome_guard();
            panic!("on purpose");
        });
    };
    assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
    op("CAUGHT").in_scope(|| {
        let panics = || {
            let _guard = current().unwrap().outcome_guard();
            panic!("on purpose");
        };
        assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
    });
    assert_ended(&only(&audit, "DONE"), Status::Success, StatusSource::Return);
    let failed = only(&audit, "FAILED");
    assert_ended(&failed, Status::Failure, StatusSource::Error);
    assert_eq!(failed.error_message.as_deref(), Some("no room"));
    assert_cancelled(&audit, "GIVEN_UP");
    assert_ended(&only(&audit, "PANICS"), Status::Failure, StatusSource::Panic);
    assert_ended(&only(&audit, "CAUGHT"), Status::Unknown, StatusSource::Unwound);
}

#[tokio::test]
async fn outputs_say_themselves_whether_they_are_failures() {
    struct Answer(u16);
    impl ReportsOutcome for Answer {
        fn failure(&self) -> Option<String> {
            (self.0 >= 400).then(|| format!("status {}", self.0))
        }
    }
    let (audit, _default) = trail();
    for (operation, status) in [("OK", 200), ("GONE", 410)] {
        let answer = async move { Answer(status) }.with_outcome();
        answer.in_span(info_span!("op", audit.operation = operation)).await;
    }
    assert_ended(&only(&audit, "OK"), Status::Success, StatusSource::Return);
    assert_eq!(only(&audit, "GONE").error_message.as_deref(), Some("status 410"));
}

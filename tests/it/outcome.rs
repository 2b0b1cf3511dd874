//! How an operation ended, and how that is known.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use tracing::{Instrument, error, info, info_span, instrument};
use tracing_audit::clock::ManualClock;
use tracing_audit::{AuditEvent, AuditLayer, Status, StatusSource};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::prelude::*;

use crate::trail::{events, only, subscribe, told_trail, trail, trail_of};

#[track_caller]
fn assert_ended(event: &AuditEvent, status: Status, source: StatusSource) {
    assert_eq!((event.status, event.status_source), (status, source), "{event:#?}");
}

fn panics(inside: impl FnOnce()) {
    assert!(catch_unwind(AssertUnwindSafe(inside)).is_err());
}

#[instrument(err, skip_all, fields(audit.operation = "WITH_ERR"))]
fn with_err(fails: bool) -> Result<u32, String> {
    if fails { Err("disk full".to_owned()) } else { Ok(1) }
}

#[instrument(err, ret, skip_all, fields(audit.operation = "WITH_BOTH"))]
fn with_both(fails: bool) -> Result<u32, String> {
    if fails { Err("disk full".to_owned()) } else { Ok(1) }
}

#[instrument(ret, skip_all, fields(audit.operation = "WITH_RET"))]
fn with_ret(fails: bool) -> Result<u32, String> {
    if fails { Err("disk full".to_owned()) } else { Ok(1) }
}

#[test]
fn err_and_ret_tell_how_a_function_ended() {
    let (audit, _default) = trail();
    let _ = (with_err(false), with_err(true));
    let _ = (with_both(false), with_both(true));
    let events = events(&audit);
    assert_ended(&events[0], Status::Success, StatusSource::Closed);
    assert_ended(&events[1], Status::Failure, StatusSource::Error);
    assert_eq!(events[1].error_message.as_deref(), Some("disk full"));
    assert_ended(&events[2], Status::Success, StatusSource::Return);
    assert_ended(&events[3], Status::Failure, StatusSource::Error);
    assert_eq!(events[3].error_message.as_deref(), Some("disk full"));
    assert_eq!(events.len(), 4);
}

#[test]
fn ret_without_err_that_returns_err_is_a_failure_with_its_text() {
    let (audit, _default) = trail();
    let _ = (with_ret(false), with_ret(true));
    let events = events(&audit);
    assert_ended(&events[0], Status::Success, StatusSource::Return);
    assert_ended(&events[1], Status::Failure, StatusSource::Return);
    assert_eq!(events[1].error_message.as_deref(), Some("\"disk full\""));
}

#[test]
fn errors_logged_inside_are_no_failure() {
    let (audit, _default) = trail();
    info_span!("op", audit.operation = "UNRELATED").in_scope(|| {
        error!("something else went wrong");
        error!(error = "by hand", "with a message");
    });
    let by_hand = info_span!("op", audit.operation = "BY_HAND");
    by_hand.in_scope(|| error!(error = "by hand"));
    let returns = info_span!("op", audit.operation = "RETURNS");
    returns.in_scope(|| info!(return = "Err(by hand)"));
    drop((by_hand, returns));
    for operation in ["UNRELATED", "BY_HAND", "RETURNS"] {
        let event = only(&audit, operation);
        assert_ended(&event, Status::Success, StatusSource::Closed);
        assert_eq!(event.error_message, None);
    }
}

mod disabled_inner {
    use super::instrument;

    #[instrument(err, level = "trace", target = "quiet", skip_all)]
    pub(super) fn plain() -> Result<(), String> {
        Err("inner, not audited".to_owned())
    }

    #[instrument(err, skip_all, fields(audit.operation = "OUTER"))]
    pub(super) fn outer() -> Result<(), String> {
        let _ = plain();
        Ok(())
    }

    #[instrument(err, skip_all, fields(audit.operation = "IGNORED"), target = "ignored")]
    pub(super) fn ignored() -> Result<(), String> {
        Err("inner, ignored".to_owned())
    }

    #[instrument(err, skip_all, fields(audit.operation = "MUTED"), target = "muted")]
    pub(super) fn muted() -> Result<(), String> {
        Err("inner, its span switched off".to_owned())
    }

    #[instrument(err, skip_all, fields(audit.operation = "OUTER_OF_MUTED"))]
    pub(super) fn outer_of_muted() -> Result<(), String> {
        let _ = muted();
        Ok(())
    }

    #[instrument(err, skip_all, fields(audit.operation = "OUTER_OF_IGNORED"))]
    pub(super) fn outer_of_ignored() -> Result<(), String> {
        let _ = ignored();
        Ok(())
    }
}

#[test]
fn an_error_of_a_disabled_inner_span_is_not_the_outer_ones_failure() {
    let (audit, _default) = trail_of(AuditLayer::builder().ignored_target("ignored"));
    disabled_inner::outer().unwrap();
    disabled_inner::outer_of_ignored().unwrap();
    assert_ended(&only(&audit, "OUTER"), Status::Success, StatusSource::Closed);
    assert_ended(&only(&audit, "OUTER_OF_IGNORED"), Status::Success, StatusSource::Closed);
    assert_eq!(events(&audit).len(), 2);
}

#[test]
fn an_error_of_an_audited_span_that_a_global_filter_took_is_not_the_outer_ones() {
    let (layer, audit) = AuditLayer::builder().build().unwrap();
    let no_muted_spans = filter_fn(|metadata| !metadata.is_span() || metadata.target() != "muted");
    let _default = subscribe(tracing_subscriber::registry().with(no_muted_spans).with(layer));
    disabled_inner::outer_of_muted().unwrap();
    let outer = only(&audit, "OUTER_OF_MUTED");
    assert_ended(&outer, Status::Success, StatusSource::Closed);
    assert_eq!(outer.error_message, None);
    assert_eq!(events(&audit).len(), 1);
}

macro_rules! two_functions {
    ($outer:ident, $outer_operation:literal, $inner:ident, $inner_operation:literal) => {
        #[instrument(err, skip_all, fields(audit.operation = $outer_operation))]
        fn $outer(inner_fails: bool) -> Result<(), String> {
            let _ = $inner(inner_fails);
            Ok(())
        }
        #[instrument(err, skip_all, fields(audit.operation = $inner_operation))]
        fn $inner(fails: bool) -> Result<(), String> {
            if fails { Err("inner".into()) } else { Ok(()) }
        }
    };
}

two_functions!(first_of_two, "FIRST_OF_TWO", second_of_two, "SECOND_OF_TWO");

#[test]
fn functions_of_one_macro_call_do_not_take_each_others_errors() {
    let (audit, _default) = trail();
    first_of_two(false).unwrap();
    first_of_two(true).unwrap();
    for event in events(&audit) {
        // Which of them an error belongs to cannot be known: nobody gets it.
        assert_ended(&event, Status::Success, StatusSource::Closed);
        assert_eq!(event.error_message, None);
    }
    assert_eq!(events(&audit).len(), 4);
}

#[instrument(ret, skip_all, fields(audit.operation = "ASYNC_RET"))]
async fn async_ret(waits: bool) -> u32 {
    if waits {
        std::future::pending::<()>().await;
    }
    1
}

#[instrument(skip_all, fields(audit.operation = "ASYNC_PLAIN"))]
async fn async_plain(waits: bool) -> u32 {
    if waits {
        std::future::pending::<()>().await;
    }
    1
}

async fn cancelled<F: Future>(future: F) {
    assert!(tokio::time::timeout(Duration::from_millis(5), future).await.is_err());
}

#[tokio::test]
async fn a_cancelled_future_is_incomplete_where_its_return_was_seen_before() {
    let (audit, _default) = trail();
    async_ret(false).await;
    cancelled(async_ret(true)).await;
    async_plain(false).await;
    cancelled(async_plain(true)).await;
    let events = events(&audit);
    assert_ended(&events[0], Status::Success, StatusSource::Return);
    assert_ended(&events[1], Status::Unknown, StatusSource::Incomplete);
    assert_ended(&events[2], Status::Success, StatusSource::Closed);
    assert_ended(&events[3], Status::Success, StatusSource::Closed);
}

#[tokio::test]
async fn a_policy_can_call_everything_unknown_that_simply_closed() {
    let (audit, _default) = trail_of(AuditLayer::builder().closed_is_unknown(true));
    cancelled(async_plain(true)).await;
    async_ret(false).await;
    let events = events(&audit);
    assert_ended(&events[0], Status::Unknown, StatusSource::Closed);
    assert_ended(&events[1], Status::Success, StatusSource::Return);
}

#[test]
fn a_panic_that_leaves_the_span_is_a_failure_and_one_caught_inside_is_not() {
    let (audit, _default) = trail();
    panics(|| info_span!("op", audit.operation = "OUTSIDE").in_scope(|| panic!("on purpose")));
    info_span!("op", audit.operation = "INSIDE").in_scope(|| panics(|| panic!("on purpose")));
    assert_ended(&only(&audit, "OUTSIDE"), Status::Failure, StatusSource::Panic);
    assert_ended(&only(&audit, "INSIDE"), Status::Success, StatusSource::Closed);
}

#[test]
fn a_statement_after_a_panic_counts() {
    let (audit, _default) = trail();
    let span =
        info_span!("op", audit.operation = "RECOVERED", audit.status = tracing::field::Empty);
    panics(|| span.in_scope(|| panic!("on purpose")));
    span.in_scope(|| ());
    span.record("audit.status", "PARTIAL");
    drop(span);
    let span = info_span!("op", audit.operation = "STICKY", audit.status = "SUCCESS");
    panics(|| span.in_scope(|| panic!("on purpose")));
    span.in_scope(|| ());
    drop(span);
    assert_ended(&only(&audit, "RECOVERED"), Status::Partial, StatusSource::Explicit);
    assert_ended(&only(&audit, "STICKY"), Status::Failure, StatusSource::Panic);
}

#[test]
fn a_panic_in_a_sibling_of_join_is_somebody_elses() {
    let (audit, _default) = trail();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    panics(|| {
        runtime.block_on(async {
            let waits = async { std::future::pending::<()>().await }
                .instrument(info_span!("op", audit.operation = "SIBLING"));
            let fails = async {
                tokio::task::yield_now().await;
                panic!("on purpose");
            }
            .instrument(info_span!("op", audit.operation = "PANICS"));
            tokio::join!(waits, fails);
        });
    });
    assert_ended(&only(&audit, "SIBLING"), Status::Unknown, StatusSource::Unwound);
    assert_ended(&only(&audit, "PANICS"), Status::Failure, StatusSource::Panic);
}

#[test]
fn work_done_while_unwinding_is_judged_by_itself() {
    struct CleansUp;
    impl Drop for CleansUp {
        fn drop(&mut self) {
            let _ = with_both(false);
            let span = info_span!("op", audit.operation = "CLEAN_UP");
            span.in_scope(|| ());
        }
    }
    let (audit, _default) = trail();
    panics(|| {
        let _cleans_up = CleansUp;
        panic!("on purpose");
    });
    assert_ended(&only(&audit, "WITH_BOTH"), Status::Success, StatusSource::Return);
    assert_ended(&only(&audit, "CLEAN_UP"), Status::Unknown, StatusSource::Unwound);
}

#[test]
fn explicit_statuses_take_precedence() {
    let (audit, _default) = trail();
    for status in ["SUCCESS", "failure", " Partial ", "UNKNOWN"] {
        let _span = info_span!("op", audit.operation = "STATED", audit.status = status);
    }
    let stated: Vec<_> = events(&audit).iter().map(|event| event.status).collect();
    assert_eq!(stated, [Status::Success, Status::Failure, Status::Partial, Status::Unknown]);
    assert!(events(&audit).iter().all(|event| event.status_source == StatusSource::Explicit));
}

#[instrument(err, skip_all, fields(audit.operation = op, audit.status = status))]
fn stated(op: &str, status: &str) -> Result<(), String> {
    Err("after all".to_owned())
}

#[test]
fn an_error_after_a_stated_success_is_a_failure_but_partial_stays() {
    let (audit, _default) = trail();
    let _ = (stated("THOUGHT_SUCCESS", "SUCCESS"), stated("KNOWN_PARTIAL", "PARTIAL"));
    assert_ended(&only(&audit, "THOUGHT_SUCCESS"), Status::Failure, StatusSource::Error);
    let partial = only(&audit, "KNOWN_PARTIAL");
    assert_ended(&partial, Status::Partial, StatusSource::Explicit);
    assert_eq!(partial.error_message.as_deref(), Some("after all"));
}

#[test]
fn an_unknown_status_is_kept_as_unknown_and_told_once() {
    let (audit, _default, told) = told_trail();
    for _ in 0..3 {
        let _span = info_span!("op", audit.operation = "ODD", audit.status = "done");
    }
    assert!(events(&audit).iter().all(|event| event.status == Status::Unknown));
    assert_eq!(events(&audit).len(), 3);
    assert_eq!(told.count("\"done\" is none of SUCCESS"), 1, "{:?}", told.texts());
    assert_eq!(told.count("tests/it/outcome.rs:"), 1);
}

#[test]
fn an_error_text_alone_and_a_denial_are_failures() {
    let (audit, _default) = trail();
    drop(info_span!("op", audit.operation = "HAS_ERROR", audit.error = "no such entry"));
    drop(info_span!("op", audit.operation = "access_denied"));
    info!(audit.operation = "ACCESS_DENIED", audit.resource = "statement");
    let has_error = only(&audit, "HAS_ERROR");
    assert_ended(&has_error, Status::Failure, StatusSource::Explicit);
    assert_eq!(has_error.error_message.as_deref(), Some("no such entry"));
    let denials = audit.query().operation("ACCESS_DENIED").run().unwrap().events;
    assert_eq!(denials.len(), 2);
    denials.iter().for_each(|denial| assert_ended(denial, Status::Failure, StatusSource::Explicit));
}

#[test]
fn a_clone_held_elsewhere_does_not_delay_a_reported_end() {
    #[instrument(err, skip_all, fields(audit.operation = "HELD", audit.user_id = "alice"))]
    fn held(clone: &mut Option<tracing::Span>) -> Result<(), String> {
        *clone = Some(tracing::Span::current());
        Err("reported".to_owned())
    }
    let (audit, _default) = trail();
    let mut clone = None;
    let _ = held(&mut clone);
    let at_exit = only(&audit, "HELD");
    assert_ended(&at_exit, Status::Failure, StatusSource::Error);
    // What opens inside it later still knows whose it is.
    clone.as_ref().unwrap().in_scope(|| info!(audit.operation = "LATER"));
    drop(clone);
    assert_eq!(only(&audit, "HELD"), at_exit);
    let later = only(&audit, "LATER");
    assert_eq!(later.user_id.as_deref(), Some("alice"));
    assert_eq!(later.span.unwrap().parent, Some(at_exit.event_id));
}

#[test]
fn a_child_that_outlives_its_parent_is_recorded_with_its_context() {
    let clock = Arc::new(ManualClock::at("2025-01-15T10:30:45Z".parse().unwrap()));
    let (audit, _default) = trail_of(AuditLayer::builder().clock(clock.clone()));
    let parent = info_span!("op", audit.operation = "PARENT", audit.user_id = "alice");
    let child = parent.in_scope(|| info_span!("op", audit.operation = "CHILD"));
    parent.in_scope(|| clock.advance(Duration::from_millis(3)));
    let dispatch = tracing::dispatcher::get_default(Clone::clone);
    let thread = std::thread::spawn(move || {
        tracing::dispatcher::with_default(&dispatch, || {
            clock.advance(Duration::from_millis(4));
            child.in_scope(|| ());
            drop(child);
        });
    });
    drop(parent);
    thread.join().unwrap();
    let (parent, child) = (only(&audit, "PARENT"), only(&audit, "CHILD"));
    assert_eq!(child.user_id.as_deref(), Some("alice"));
    assert_eq!(parent.duration_ms(), Some(3.0), "its own last exit ends it");
    assert_eq!(child.duration_ms(), Some(7.0));
    assert_eq!(child.span.unwrap().parent, Some(parent.event_id));
}

#[test]
fn an_error_level_statement_does_not_claim_success() {
    let (audit, _default) = trail();
    error!(audit.operation = "BROKE");
    error!(audit.operation = "BROKE_A_PART", audit.status = "PARTIAL");
    error!(audit.operation = "ACCESS_DENIED");
    info!(audit.operation = "WORKED");
    assert_ended(&only(&audit, "BROKE"), Status::Unknown, StatusSource::Closed);
    assert_ended(&only(&audit, "BROKE_A_PART"), Status::Partial, StatusSource::Explicit);
    assert_ended(&only(&audit, "ACCESS_DENIED"), Status::Failure, StatusSource::Explicit);
    assert_ended(&only(&audit, "WORKED"), Status::Success, StatusSource::Closed);
}

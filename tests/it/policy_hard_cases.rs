//! The hard cases of capture, with spans that only a policy makes operations of.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use tracing::{Instrument, enabled, error, info, info_span, instrument};
use tracing_audit::policy::{Identity, Level, Origin, Policy, Rule};
use tracing_audit::{AuditLayer, Builder, OverflowPolicy, Status, StatusSource};
use tracing_subscriber::filter::{LevelFilter, filter_fn};
use tracing_subscriber::fmt as fmt_layer;
use tracing_subscriber::prelude::*;

use crate::trail::{events, only, subscribe, trail_of};

/// Spans of this target are operations, by their names.
fn by_policy() -> Builder {
    let names = ["op", "outer", "first", "second", "returns", "fails", "waits"];
    let rules = names.map(|name| {
        let rule = Rule::new(name).target("hard").span(name).level(Level::Trace).operation(name);
        rule.identity(Identity::EntryIds, Origin::fields(["id"]))
    });
    AuditLayer::builder().policy(Policy::new(rules).unwrap())
}

/// Asks the filters, and logs, while it is formatted.
struct Probing;

impl fmt::Debug for Probing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        info!(target: "elsewhere", asked = enabled!(tracing::Level::TRACE), "formatting");
        f.write_str("probed")
    }
}

fn probe() -> u64 {
    info_span!(target: "hard", "op", id = "inside").in_scope(|| {
        u64::from(enabled!(tracing::Level::DEBUG)) + u64::from(log::log_enabled!(log::Level::Info))
    })
}

#[test]
fn probes_between_and_inside_lose_nothing() {
    let before = fmt_layer::layer().with_writer(std::io::sink).with_filter(LevelFilter::WARN);
    let after = fmt_layer::layer().with_writer(std::io::sink).with_filter(LevelFilter::WARN);
    let (layer, audit) = by_policy().build().unwrap();
    let _default = subscribe(tracing_subscriber::registry().with(before).with(layer).with(after));
    for id in 0..10 {
        assert!(enabled!(target: "hard", tracing::Level::ERROR));
        tracing::trace_span!(target: "hard", "op", id, asked = probe(), shown = ?Probing);
        tracing::debug!(target: "elsewhere", "vetoed by all");
    }
    let events = events(&audit);
    assert_eq!(events.len(), 20);
    for id in 0..10 {
        assert_eq!(audit.query().entry_id(id.to_string()).count().unwrap(), 1);
    }
    assert_eq!(only_shown(&events), 10);
    assert_eq!(audit.health().lost_events(), 0);
}

fn only_shown(events: &[tracing_audit::AuditEvent]) -> usize {
    events
        .iter()
        .filter(|event| event.metadata.get("shown").is_some_and(|shown| shown == "probed"))
        .count()
}

#[instrument(target = "quiet", err, skip_all)]
fn disabled_inside() -> Result<(), String> {
    Err("inner".to_owned())
}

macro_rules! two_functions {
    ($($name:ident calls $inner:path),*) => { $(
        #[instrument(target = "hard", err, skip_all)]
        fn $name(fails: bool) -> Result<(), String> {
            let _ = $inner(fails);
            if fails { Err("refused".to_owned()) } else { Ok(()) }
        }
    )* };
}

two_functions!(first calls std::convert::identity, second calls first);

#[instrument(target = "hard", name = "op", err, skip_all)]
fn muted() -> Result<(), String> {
    Err("its span is switched off".to_owned())
}

#[instrument(target = "hard", name = "outer", err, skip_all)]
fn outer_of_muted() -> Result<(), String> {
    let _ = muted();
    Ok(())
}

#[test]
fn an_error_of_a_ruled_span_that_a_global_filter_took_is_not_the_outer_ones() {
    let (layer, audit) = by_policy().build().unwrap();
    let no_muted_spans = filter_fn(|metadata| !(metadata.is_span() && metadata.name() == "op"));
    let _default = subscribe(tracing_subscriber::registry().with(no_muted_spans).with(layer));
    outer_of_muted().unwrap();
    let outer = only(&audit, "OUTER");
    assert_eq!((outer.status, outer.status_source), (Status::Success, StatusSource::Closed));
    assert_eq!((outer.error_message, events(&audit).len()), (None, 1));
}

#[test]
fn nobody_takes_the_error_of_another() {
    let (layer, audit) = by_policy().build().unwrap();
    let neighbour = fmt_layer::layer().with_writer(std::io::sink).with_filter(LevelFilter::ERROR);
    let _default = subscribe(tracing_subscriber::registry().with(neighbour).with(layer));
    info_span!(target: "hard", "outer").in_scope(|| {
        let _ = disabled_inside();
        error!("unrelated");
    });
    let outer = only(&audit, "OUTER");
    assert_eq!((outer.status, outer.status_source), (Status::Success, StatusSource::Closed));
    let _ = (first(false), second(true), first(true), second(false));
    assert_eq!(events(&audit).len(), 7);
    for event in events(&audit) {
        // One place in the source, two functions: nothing ties their events.
        assert_eq!((event.status_source, event.error_message), (StatusSource::Closed, None));
    }
}

#[instrument(target = "hard", ret, skip_all)]
fn returns(fails: bool) -> Result<u32, String> {
    if fails { Err("disk full".to_owned()) } else { Ok(1) }
}

#[instrument(target = "hard", ret, skip_all)]
async fn waits(for_ever: bool) -> u32 {
    if for_ever {
        std::future::pending::<()>().await;
    }
    1
}

async fn cancelled<F: Future>(future: F) {
    assert!(tokio::time::timeout(Duration::ZERO, future).await.is_err());
}

#[test]
fn each_way_to_end_is_told_as_it_is_known() {
    let (audit, _default) = trail_of(by_policy());
    let _ = (returns(false), returns(true));
    let panics = || info_span!(target: "hard", "fails").in_scope(|| panic!("on purpose"));
    assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let span = info_span!(target: "hard", "outer");
        let child = async { tokio::task::yield_now().await };
        let spawned =
            tokio::spawn(child.instrument(info_span!(target: "hard", "op", id = "child")));
        drop(span);
        spawned.await.unwrap();
        cancelled(waits(true)).await;
        waits(false).await;
        cancelled(waits(true)).await;
    });
    let ended: Vec<_> = events(&audit)
        .into_iter()
        .map(|event| (event.operation.to_string(), event.status, event.status_source))
        .collect();
    let expected = [
        ("RETURNS", Status::Success, StatusSource::Return),
        ("RETURNS", Status::Failure, StatusSource::Return),
        ("FAILS", Status::Failure, StatusSource::Panic),
        ("OUTER", Status::Success, StatusSource::Closed),
        ("OP", Status::Success, StatusSource::Closed),
        ("WAITS", Status::Success, StatusSource::Closed),
        ("WAITS", Status::Success, StatusSource::Return),
        ("WAITS", Status::Unknown, StatusSource::Incomplete),
    ];
    assert_eq!(ended, expected.map(|(name, status, source)| (name.to_owned(), status, source)));
}

#[test]
fn a_panic_in_a_sibling_of_join_is_somebody_elses() {
    let (audit, _default) = trail_of(by_policy());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let joined = || {
        runtime.block_on(async {
            let waits = std::future::pending::<()>();
            let fails = async {
                tokio::task::yield_now().await;
                panic!("on purpose");
            };
            tokio::join!(
                waits.instrument(info_span!(target: "hard", "waits")),
                fails.instrument(info_span!(target: "hard", "fails")),
            );
        });
    };
    assert!(catch_unwind(AssertUnwindSafe(joined)).is_err());
    let ended = |operation: &str| {
        let event = only(&audit, operation);
        (event.status, event.status_source)
    };
    assert_eq!(ended("WAITS"), (Status::Unknown, StatusSource::Unwound));
    assert_eq!(ended("FAILS"), (Status::Failure, StatusSource::Panic));
}

#[test]
fn what_a_full_queue_does_not_take_is_counted_exactly() {
    const SPANS: u64 = 5_000;
    let (audit, _default) =
        trail_of(by_policy().queue_events_max(4).overflow(OverflowPolicy::Drop));
    for id in 0..SPANS {
        info_span!(target: "hard", "op", id);
    }
    audit.flush().unwrap();
    let (recorded, lost) = (audit.statistics().total_events, audit.health().lost_events());
    assert_eq!(recorded + lost, SPANS);
    let late = info_span!(target: "hard", "op", id = "late");
    let report = audit.shutdown(Duration::from_secs(60));
    drop(late);
    assert_eq!((report.open, report.is_complete), (1, true));
}

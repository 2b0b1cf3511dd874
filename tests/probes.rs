//! Probes of the subscriber between and inside audited spans, beside filtered
//! neighbours: nothing of ours is lost, and the neighbours see what they would
//! see without us. Once with spans that say themselves that they are audited,
//! and once with spans that a policy alone makes audited. Alone in its process, since subscribers of other tests
//! decide which levels are switched on at all.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

#[path = "it/written.rs"]
mod written;

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};

use tracing::{
    Dispatch, Event, Level, Subscriber, debug, dispatcher, error, info, info_span, span, trace,
    trace_span, warn,
};
use tracing_audit::{Audit, AuditLayer, Builder};
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::layer::Context;
use tracing_subscriber::prelude::*;
use tracing_subscriber::{EnvFilter, Layer, Registry, filter::LevelFilter, fmt, registry};

use self::written::Written;

thread_local! {
    static NEXT_ID: Cell<u64> = const { Cell::new(0) };
}

/// To be taken before a macro decides whether its fields are evaluated at all.
fn next_id() -> String {
    format!("id_{}", NEXT_ID.replace(NEXT_ID.get() + 1))
}

/// Whether spans are audited by policy; else, they say it themselves.
static BY_POLICY: AtomicBool = AtomicBool::new(false);

fn is_by_policy() -> bool {
    BY_POLICY.load(Ordering::Relaxed)
}

fn builder() -> Builder {
    let builder = AuditLayer::builder();
    #[cfg(feature = "policy")]
    if is_by_policy() {
        use tracing_audit::policy::{Identity, Origin, Policy, Rule};
        let rule = Rule::new("probed").target("probes").field("id").operation("PROBED");
        let rule = rule.identity(Identity::EntryIds, Origin::fields(["id"]));
        return builder.policy(Policy::new([rule]).unwrap());
    }
    builder
}

/// A span that is an operation, with these fields around what says so.
macro_rules! operation {
    ($level:ident, $name:literal $(, $first:ident = $before:expr)* ; $($last:ident = $after:expr),*) => {{
        let id = next_id();
        if is_by_policy() {
            span!(Level::$level, $name, $($first = $before,)* id, $($last = $after),*)
        } else {
            span!(Level::$level, $name, $($first = $before,)* audit.operation = "PROBED", audit.entry_ids = id,
                $($last = $after),*)
        }
    }};
}

/// An audited operation of its own, for use as a field's value.
fn audited_value() -> u64 {
    operation!(TRACE, "in a field";).in_scope(|| 7)
}

/// A value that logs and probes while it is formatted.
struct Logs;

impl std::fmt::Debug for Logs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        info!("a Debug that logs");
        trace!("and traces");
        let _ = tracing::enabled!(Level::TRACE);
        f.write_str("logs")
    }
}

type Probe = (&'static str, fn());

const PROBES: [Probe; 19] = [
    ("nothing", || ()),
    ("enabled! TRACE", || _ = tracing::enabled!(Level::TRACE)),
    ("enabled! INFO", || _ = tracing::enabled!(Level::INFO)),
    ("enabled! ERROR", || _ = tracing::enabled!(Level::ERROR)),
    ("span_enabled!", || _ = tracing::span_enabled!(Level::DEBUG)),
    ("event_enabled!", || _ = tracing::event_enabled!(Level::DEBUG)),
    ("log_enabled! Trace", || _ = log::log_enabled!(log::Level::Trace)),
    ("log_enabled! Info", || _ = log::log_enabled!(log::Level::Info)),
    ("log::debug!", || log::debug!("by log")),
    ("log::warn!", || log::warn!("by log")),
    ("dispatch.enabled", || {
        let span = info_span!("asked for", audit.user_id = "nobody");
        let ask = |metadata| dispatcher::get_default(|dispatch| dispatch.enabled(metadata));
        span.metadata().map(ask).unwrap_or_default();
    }),
    ("disabled span", || drop(trace_span!("quiet"))),
    ("enabled span", || drop(tracing::error_span!("loud"))),
    ("events", || {
        trace!("t");
        debug!("d");
        info!("i");
        warn!("w");
        error!("e");
    }),
    ("audited span in an event's field", || info!(value = audited_value())),
    ("audited span in a disabled event's field", || trace!(value = audited_value())),
    ("vetoed event", || info!(target: "vetoed", "never seen")),
    ("vetoed event with an audited span in its field", || {
        warn!(target: "vetoed", value = audited_value());
    }),
    ("a Debug that logs, in an event", || info!(value = ?Logs)),
];

/// Runs a probe at every place where it could disturb something.
fn run(probe: fn()) {
    let audited = || operation!(TRACE, "audited";);
    audited().in_scope(|| ());
    probe();
    audited().in_scope(|| {
        probe();
        audited().in_scope(probe);
        probe();
        let id = next_id();
        trace!(audit.operation = "PROBED", audit.entry_ids = id);
    });
    let at_info = operation!(INFO, "at info"; value = 1);
    at_info.in_scope(probe);
    at_info.record("value", 2);
    drop(at_info);
    let inside = info_span!("not audited");
    inside.in_scope(probe);
    drop(inside);
    let id = next_id();
    info!(audit.operation = "PROBED", audit.entry_ids = id);
}

/// Runs a probe while spans and events are being opened.
fn run_in_fields(probe: fn()) {
    let value = || {
        probe();
        1
    };
    let probed = operation!(INFO, "probed in its fields",
        first = value(), inner = audited_value(); last = value());
    probed.in_scope(probe);
    drop(probed);
    let id = next_id();
    info!(audit.operation = "PROBED", audit.entry_ids = id, value = value());
    let after = || operation!(TRACE, "after";);
    after().in_scope(probe);
    after().in_scope(probe);
}

/// Vetoes events of one target.
struct Veto;

impl<S: Subscriber> Layer<S> for Veto {
    fn event_enabled(&self, event: &Event<'_>, _: Context<'_, S>) -> bool {
        event.metadata().target() != "vetoed"
    }
}

/// A neighbour that writes down everything it sees.
fn neighbour<S>(written: &Written) -> impl Layer<S> + Send + Sync + use<S>
where
    S: Subscriber + for<'span> tracing_subscriber::registry::LookupSpan<'span>,
{
    fmt::layer()
        .with_ansi(false)
        .with_span_events(FmtSpan::FULL)
        .without_time()
        .with_writer(written.clone())
}

type Ours = Option<AuditLayer>;
/// Layers as a list, so that a stack can be built with and without ours.
type Layers = Vec<Box<dyn Layer<Registry> + Send + Sync>>;

/// Every composition: a name, and how to build it with or without our layers.
struct Stack {
    name: &'static str,
    build: fn(&Written, bool) -> (Dispatch, Vec<Audit>),
}

fn ours<S>(audits: &mut Vec<Audit>) -> AuditLayer<S> {
    let (layer, audit) = builder().build().unwrap();
    audits.push(audit);
    layer
}

/// Builds a stack twice in the source: with our layers where `us` stands, and
/// without.
macro_rules! stack {
    ($name:literal, |$written:ident| $($before:expr),* ; us ; $($after:expr),*) => {
        Stack { name: $name, build: |$written, with_us| {
            let mut audits = Vec::new();
            let dispatch = if with_us {
                let stack = registry()$(.with($before))*.with(ours(&mut audits))$(.with($after))*;
                Dispatch::new(stack)
            } else {
                Dispatch::new(registry()$(.with($before))*$(.with($after))*)
            };
            (dispatch, audits)
        } }
    };
}

fn env_filter() -> EnvFilter {
    EnvFilter::new("warn,probes=info,probes[audited]=debug")
}

fn stacks() -> Vec<Stack> {
    vec![
        stack!("alone", |_written| ; us ; ),
        stack!("unfiltered before", |w| neighbour(w) ; us ; ),
        stack!("unfiltered after", |w| ; us ; neighbour(w)),
        stack!("INFO before", |w| neighbour(w).with_filter(LevelFilter::INFO) ; us ; ),
        stack!("INFO after", |w| ; us ; neighbour(w).with_filter(LevelFilter::INFO)),
        stack!("WARN before", |w| neighbour(w).with_filter(LevelFilter::WARN) ; us ; ),
        stack!("WARN after", |w| ; us ; neighbour(w).with_filter(LevelFilter::WARN)),
        stack!("EnvFilter before", |w| neighbour(w).with_filter(env_filter()) ; us ; ),
        stack!("EnvFilter after", |w| ; us ; neighbour(w).with_filter(env_filter())),
        stack!("both sides", |w| neighbour(w).with_filter(LevelFilter::WARN) ; us ; neighbour(w).with_filter(env_filter())),
        stack!("veto before", |w| neighbour(w).with_filter(LevelFilter::INFO), Veto ; us ; ),
        stack!("veto after", |w| neighbour(w).with_filter(LevelFilter::INFO) ; us ; Veto),
        Stack {
            name: "two of us around INFO",
            build: |written, with_us| {
                let mut audits = Vec::new();
                if !with_us {
                    let fmt = neighbour(written).with_filter(LevelFilter::INFO);
                    return (Dispatch::new(registry().with(fmt)), audits);
                }
                let fmt = neighbour(written).with_filter(LevelFilter::INFO);
                let stack = registry().with(ours(&mut audits)).with(fmt).with(ours(&mut audits));
                (Dispatch::new(stack), audits)
            },
        },
        Stack {
            name: "in a Vec of layers",
            build: |written, with_us| {
                let mut audits = Vec::new();
                let mut layers: Layers =
                    vec![neighbour(written).with_filter(LevelFilter::INFO).boxed()];
                if with_us {
                    layers.push(ours(&mut audits).boxed());
                }
                (Dispatch::new(registry().with(layers)), audits)
            },
        },
        Stack {
            name: "as an Option",
            build: |written, with_us| {
                let mut audits = Vec::new();
                if !with_us {
                    let fmt = neighbour(written).with_filter(LevelFilter::WARN);
                    return (Dispatch::new(registry().with(fmt)), audits);
                }
                let fmt = neighbour(written).with_filter(LevelFilter::WARN);
                let ours: Ours = Some(ours(&mut audits));
                (Dispatch::new(registry().with(ours).with(fmt)), audits)
            },
        },
    ]
}

/// What a neighbour wrote, our trails, and how many operations there were.
fn written_of(
    stack: &Stack,
    with_us: bool,
    run: impl FnOnce() + Send,
) -> (String, Vec<Audit>, u64) {
    let written = Written::default();
    let (dispatch, audits) = (stack.build)(&written, with_us);
    // Filters leave marks on the thread, and another subscriber would find them.
    let operations = std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            let _default = dispatcher::set_default(&dispatch);
            run();
            NEXT_ID.get()
        });
        thread.join().unwrap()
    });
    (written.text(), audits, operations)
}

#[track_caller]
fn assert_all_recorded(audit: &Audit, operations: u64, case: &str) {
    let recorded = audit.query().operation("PROBED").run().unwrap().events;
    let mut ids: Vec<_> = recorded.iter().flat_map(|event| event.entry_ids.clone()).collect();
    ids.sort_by_key(|id| (id.len(), id.clone()));
    let all: Vec<_> = (0..operations).map(|id| format!("id_{id}")).collect();
    assert_eq!(ids, all, "{case}");
}

/// Every line of `part` is in `whole`, in this order.
fn is_subsequence(part: &str, whole: &str) -> bool {
    let mut whole = whole.lines();
    part.lines().all(|line| whole.any(|other| other == line))
}

/// Ids count operations, of which there are more where we are.
fn without_ids(text: &str) -> String {
    text.split("id_").map(|piece| piece.trim_start_matches(|c: char| c.is_ascii_digit())).collect()
}

#[track_caller]
fn assert_lost_nothing(stack: &Stack, name: &str, run: impl Fn() + Send + Sync) -> bool {
    let case = format!("{name} · {}", stack.name);
    let (with_us, audits, operations) = written_of(stack, true, &run);
    let (without_us, _, _) = written_of(stack, false, &run);
    assert!(operations >= 5, "{case}: {operations}");
    audits.iter().for_each(|audit| assert_all_recorded(audit, operations, &case));
    is_subsequence(&without_ids(&without_us), &without_ids(&with_us))
}

#[test]
fn we_are_not_felt_and_miss_nothing() {
    let _ = tracing_log::LogTracer::init();
    nothing_is_felt_or_missed();
    if cfg!(feature = "policy") {
        BY_POLICY.store(true, Ordering::Relaxed);
        nothing_is_felt_or_missed();
    }
}

fn nothing_is_felt_or_missed() {
    probes_between_and_inside_spans_lose_nothing_of_ours_or_of_a_neighbour();
    probes_in_field_expressions_lose_nothing_of_ours();
    neighbours_see_exactly_what_they_would_see_without_us();
    a_debug_that_logs_inside_our_own_reading_loses_nothing();
    unaudited_callsites_stay_switched_off();
}

fn probes_between_and_inside_spans_lose_nothing_of_ours_or_of_a_neighbour() {
    for stack in stacks() {
        for (name, probe) in PROBES {
            let neighbour_lost_nothing = assert_lost_nothing(&stack, name, || run(probe));
            assert!(neighbour_lost_nothing, "{name} · {}", stack.name);
        }
    }
}

/// These ask for a level that no neighbour wants, in the middle of opening a
/// span: `tracing` then has filtered neighbours forget that they wanted it.
/// Where no layer wants such a level the question is not even put to them.
const MAKE_NEIGHBOURS_FORGET: [&str; 2] = ["enabled! TRACE", "log_enabled! Trace"];

fn probes_in_field_expressions_lose_nothing_of_ours() {
    for stack in stacks() {
        for (name, probe) in PROBES {
            let lost_nothing = assert_lost_nothing(&stack, name, || run_in_fields(probe));
            let is_known = MAKE_NEIGHBOURS_FORGET.contains(&name);
            assert!(lost_nothing || is_known, "{name} · {}", stack.name);
        }
    }
}

fn neighbours_see_exactly_what_they_would_see_without_us() {
    for stack in stacks() {
        let quiet = || run(|| info_span!("inside").in_scope(|| warn!("w")));
        let (with_us, _, _) = written_of(&stack, true, quiet);
        let (without_us, _, _) = written_of(&stack, false, quiet);
        assert_eq!(without_ids(&with_us), without_ids(&without_us), "{}", stack.name);
        assert_eq!(with_us.is_empty(), stack.name == "alone");
    }
}

fn a_debug_that_logs_inside_our_own_reading_loses_nothing() {
    for stack in stacks() {
        let written = Written::default();
        let (dispatch, audits) = (stack.build)(&written, true);
        let _default = dispatcher::set_default(&dispatch);
        drop(operation!(INFO, "op"; value = tracing::field::debug(Logs)));
        drop(operation!(INFO, "op"; value = "after"));
        for audit in audits {
            let found = audit.query().operation("PROBED").run().unwrap().events;
            assert_eq!(found.len(), 2, "{}", stack.name);
            assert!(found[1].metadata.get("value").is_some_and(|value| value == "logs"));
        }
    }
}

fn unaudited_callsites_stay_switched_off() {
    let (layer, _audit) = builder().build().unwrap();
    let fmt = fmt::layer().with_writer(Written::default()).with_filter(LevelFilter::WARN);
    let _default = registry().with(fmt).with(layer).set_default();
    let mut evaluated = false;
    let span = info_span!(
        "quiet",
        value = {
            evaluated = true;
            1
        }
    );
    info!(
        value = {
            evaluated = true;
            1
        }
    );
    assert!(span.is_disabled() && !evaluated);
    let audited = operation!(TRACE, "audited";);
    assert!(!audited.is_disabled());
}

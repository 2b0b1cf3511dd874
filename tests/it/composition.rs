//! Ways to put a subscriber together: those that work, and those that the
//! self-check finds.

use tracing::span::{Attributes, Id, Record};
use tracing::{Level, info, info_span, trace_span};
use tracing_audit::{Audit, AuditLayer, Finding};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::prelude::*;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt, registry, reload};

use crate::ruled::{self, RULED};
use crate::trail::{only, subscribe};
use crate::written::Written;

fn build<S>() -> (AuditLayer<S>, Audit) {
    ruled::builder().build().unwrap()
}

fn quiet_fmt<S>() -> fmt::Layer<S, fmt::format::DefaultFields, fmt::format::Format, Written> {
    fmt::layer().with_writer(Written::default())
}

/// Spans of every level and an event arrive in the trail, and what a policy alone
/// makes an operation.
#[track_caller]
fn assert_works(audit: &Audit) {
    info_span!("op", audit.operation = "AT_INFO").in_scope(|| {
        trace_span!("op", audit.operation = "AT_TRACE").in_scope(|| ());
        trace_span!(target: "ruled", "op").in_scope(|| ());
    });
    info!(audit.operation = "STATED");
    let parent = only(audit, "AT_INFO").event_id;
    assert_eq!(only(audit, "AT_TRACE").span.unwrap().parent, Some(parent));
    only(audit, "STATED");
    let ruled = audit.query().operation("RULED").run().unwrap().events;
    assert_eq!(ruled.len() as u64, RULED);
    assert!(ruled.iter().all(|event| event.span.as_ref().unwrap().parent == Some(parent)));
}

/// What the self-check finds, but for misspelt fields: other tests of this process
/// have some.
fn found(audit: &Audit) -> Vec<Finding> {
    let is_ours = |finding: &Finding| !matches!(finding, Finding::UnknownFields { .. });
    audit.self_check().into_iter().filter(is_ours).collect()
}

#[track_caller]
fn assert_found(audit: &Audit, parts: &[&str]) {
    let text: String = found(audit).iter().map(Finding::to_string).collect();
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in {text:?}");
    }
}

#[test]
fn the_right_shape_has_no_findings() {
    let (layer, audit) = build();
    let filtered = quiet_fmt().with_filter(EnvFilter::new("warn"));
    let _default = subscribe(registry().with(filtered).with(layer));
    drop(trace_span!("op", audit.operation = "KNOWN"));
    assert_eq!(found(&audit), []);
    assert_works(&audit);
    assert_eq!(found(&audit), []);
    assert_eq!(audit.query().operation("SELF_CHECK").count().unwrap(), 0, "canaries stay out");
    assert_eq!(audit.statistics().total_events, 4 + RULED);
    assert_eq!(audit.health().recorded_events, 4 + RULED);
}

#[test]
fn first_or_last_makes_no_difference() {
    let (layer, audit) = build();
    let filtered = quiet_fmt().with_filter(LevelFilter::WARN);
    let _default = subscribe(registry().with(layer).with(filtered));
    assert_eq!(found(&audit), []);
    assert_works(&audit);
}

#[test]
fn an_option_a_box_and_a_vec_work() {
    let (layer, audit) = build();
    let _default = subscribe(registry().with(Some(layer)).with(None::<LevelFilter>));
    assert_eq!(found(&audit), []);
    assert_works(&audit);

    let (layer, audit) = build::<Registry>();
    let boxed: Box<dyn Layer<Registry> + Send + Sync> = Box::new(layer);
    let _default = subscribe(registry().with(boxed));
    assert_eq!(found(&audit), []);
    assert_works(&audit);

    let (first, first_audit) = build::<Registry>();
    let (second, second_audit) = build::<Registry>();
    let filtered = quiet_fmt().with_filter(LevelFilter::WARN);
    let layers = vec![first.boxed(), filtered.boxed(), second.boxed()];
    let _default = subscribe(registry().with(layers));
    assert_eq!((found(&first_audit), found(&second_audit)), (vec![], vec![]));
    assert_works(&first_audit);
    only(&second_audit, "AT_TRACE");
}

#[test]
fn two_of_our_layers_keep_separate_trails() {
    let (first, first_audit) = build();
    let (second, second_audit) = build();
    let _default = subscribe(registry().with(first).with(second));
    assert_works(&first_audit);
    let (one, other) = (only(&first_audit, "AT_INFO"), only(&second_audit, "AT_INFO"));
    assert_ne!(one.event_id, other.event_id);
    let inner = only(&second_audit, "AT_TRACE");
    assert_eq!(inner.span.unwrap().parent, Some(other.event_id), "parents are of the same trail");
    assert_eq!((found(&first_audit), found(&second_audit)), (vec![], vec![]));
}

#[test]
fn reload_around_it_works() {
    let (layer, audit) = build::<Registry>();
    let (layer, handle) = reload::Layer::new(layer);
    let _default = subscribe(registry().with(layer));
    assert_eq!(found(&audit), []);
    assert_works(&audit);
    let (next, next_audit) = build();
    handle.reload(next).unwrap();
    assert_works(&next_audit);
    assert_eq!(
        audit.query().count().unwrap(),
        3 + RULED,
        "the layer that was replaced sees no more"
    );
}

#[test]
fn a_reload_from_none_works_and_is_found() {
    let (layer, handle) = reload::Layer::new(None::<AuditLayer>);
    let _default = subscribe(registry().with(layer));
    let (layer, audit) = build();
    handle.reload(Some(layer)).unwrap();
    assert_works(&audit);
    assert_eq!(found(&audit), [Finding::SwitchesEverythingOn]);
}

#[test]
fn a_reload_from_none_beside_a_filtered_neighbour_works() {
    let (layer, handle) = reload::Layer::new(None::<AuditLayer>);
    let filtered = quiet_fmt().with_filter(LevelFilter::WARN);
    let _default = subscribe(registry().with(layer).with(filtered));
    let (layer, audit) = build();
    handle.reload(Some(layer)).unwrap();
    assert_works(&audit);
}

#[test]
fn a_subscriber_without_filters_works_and_is_found() {
    let (layer, audit) = build();
    let fmt = fmt::fmt().with_max_level(Level::TRACE).with_writer(Written::default()).finish();
    let _default = subscribe(fmt.with(layer));
    assert_works(&audit);
    assert_eq!(found(&audit), [Finding::SwitchesEverythingOn]);
    assert_found(&audit, &["tracing_subscriber::registry()"]);
}

/// A subscriber of one's own, with a registry inside, that knows no filters.
struct Own(Registry);

impl tracing::Subscriber for Own {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        self.0.enabled(metadata)
    }
    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        self.0.new_span(attributes)
    }
    fn record(&self, span: &Id, values: &Record<'_>) {
        self.0.record(span, values);
    }
    fn record_follows_from(&self, span: &Id, follows: &Id) {
        self.0.record_follows_from(span, follows);
    }
    fn event(&self, event: &tracing::Event<'_>) {
        self.0.event(event);
    }
    fn enter(&self, span: &Id) {
        self.0.enter(span);
    }
    fn exit(&self, span: &Id) {
        self.0.exit(span);
    }
    fn clone_span(&self, span: &Id) -> Id {
        self.0.clone_span(span)
    }
    fn try_close(&self, span: Id) -> bool {
        self.0.try_close(span)
    }
    fn current_span(&self) -> tracing_core::span::Current {
        self.0.current_span()
    }
}

impl<'a> LookupSpan<'a> for Own {
    type Data = <Registry as LookupSpan<'a>>::Data;
    fn span_data(&'a self, span: &Id) -> Option<Self::Data> {
        self.0.span_data(span)
    }
}

#[test]
fn a_subscriber_of_ones_own_without_filters_works_and_is_found() {
    let (layer, audit) = build();
    let _default = subscribe(Own(registry()).with(quiet_fmt()).with(layer));
    // Nothing inside: as this one shows no registry, what has held children never closes.
    info_span!("op", audit.operation = "AT_INFO").in_scope(|| ());
    trace_span!("op", audit.operation = "AT_TRACE").in_scope(|| info!(audit.operation = "STATED"));
    for operation in ["AT_INFO", "AT_TRACE", "STATED"] {
        only(&audit, operation);
    }
    assert_eq!(found(&audit), [Finding::SwitchesEverythingOn]);
}

#[test]
fn a_layer_that_was_not_added_is_found() {
    let (_layer, audit) = build::<Registry>();
    assert_eq!(found(&audit), [Finding::NotAttached]);
    assert_found(&audit, &[".with(audit_layer)"]);
}

#[test]
fn a_global_env_filter_is_found() {
    let (layer, audit) = build();
    let _default = subscribe(registry().with(layer).with(EnvFilter::new("warn")));
    let span = info_span!("op", audit.operation = "LOST");
    assert!(span.is_disabled());
    let findings = found(&audit);
    let levels = vec![Level::INFO, Level::DEBUG, Level::TRACE];
    assert!(findings.contains(&Finding::CanariesLost { levels }), "{findings:?}");
    assert_found(&audit, &["lost at INFO, DEBUG, TRACE", ".with_filter(env_filter)"]);
}

#[test]
fn a_global_env_filter_below_us_names_the_callsites_it_switches_off() {
    let (layer, audit) = build();
    // Something else is wanted in detail, so that callsites are known at all.
    let global = EnvFilter::new("warn,elsewhere=trace");
    let _default = subscribe(registry().with(global).with(layer));
    let span = info_span!("my_operation", audit.operation = "LOST");
    assert!(span.is_disabled());
    assert_found(&audit, &["`my_operation` at tests/it/composition.rs:", "level INFO"]);
    let ruled = info_span!(target: "ruled", "my_ruled_operation");
    assert!(ruled.is_disabled());
    if RULED == 1 {
        assert_found(&audit, &["`my_ruled_operation` at tests/it/composition.rs:"]);
    }
}

#[test]
fn our_layer_wrapped_in_a_filter_is_found() {
    let (layer, audit) = build::<Registry>();
    let _default = subscribe(registry().with(layer.with_filter(LevelFilter::WARN)));
    drop(info_span!("op", audit.operation = "LOST"));
    drop(info_span!(target: "ruled", "op"));
    assert_eq!(audit.query().count().unwrap(), 0);
    assert_found(&audit, &["lost at INFO", "never wrapped in `.with_filter`"]);
}

#[test]
fn a_self_check_where_there_is_no_subscriber_harms_nothing() {
    let (layer, audit) = build();
    let default = subscribe(registry().with(layer));
    drop(info_span!("op", audit.operation = "BEFORE"));
    let elsewhere = audit.clone();
    let findings = std::thread::spawn(move || found(&elsewhere)).join().unwrap();
    assert!(!findings.is_empty());
    drop(info_span!("op", audit.operation = "AFTER"));
    drop(info_span!(target: "ruled", "op"));
    assert_eq!(audit.query().count().unwrap(), 2 + RULED);
    assert_eq!(found(&audit), []);
    drop(default);
}

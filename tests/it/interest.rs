//! What a stack says of callsites once and for all, with the layer in it: never less than
//! without it, and asking about each span only where another filter needs to be asked.

use tracing::{Dispatch, Span, Subscriber, debug_span, dispatcher, info_span, trace_span};
use tracing_audit::AuditLayer;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::prelude::*;
use tracing_subscriber::{Layer, fmt, registry};

use crate::written::Written;

/// A layer without a filter.
struct Open;

impl<S: Subscriber> Layer<S> for Open {}

fn ours<S>() -> AuditLayer<S> {
    AuditLayer::builder().build().unwrap().0
}

fn filtered<S>() -> impl Layer<S>
where
    S: Subscriber + for<'span> tracing_subscriber::registry::LookupSpan<'span>,
{
    fmt::layer().with_writer(Written::default()).with_filter(LevelFilter::INFO)
}

/// What is said of an audited span, and of others at INFO and at DEBUG.
fn said(subscriber: impl Into<Dispatch>) -> [&'static str; 3] {
    let dispatch = subscriber.into();
    let spans = || [trace_span!("op", audit.operation = "A"), info_span!("i"), debug_span!("d")];
    // Made where all of them are on, so that what is asked about is known.
    let everything = Dispatch::new(registry().with(Open));
    dispatcher::with_default(&everything, spans).map(|span: Span| {
        let interest = dispatch.register_callsite(span.metadata().unwrap());
        match () {
            () if interest.is_always() => "always",
            () if interest.is_never() => "never",
            () => "asked",
        }
    })
}

#[test]
fn beside_layers_without_a_filter_no_span_is_asked_about() {
    assert_eq!(said(registry().with(ours())), ["always", "never", "never"]);
    assert_eq!(said(registry().with(Open).with(ours())), ["always"; 3]);
    assert_eq!(said(registry().with(ours()).with(Open)), ["always", "asked", "asked"]);
}

#[test]
fn what_a_global_filter_decides_stays_decided() {
    let info = LevelFilter::INFO;
    assert_eq!(said(registry().with(info).with(Open)), ["never", "always", "never"]);
    assert_eq!(said(registry().with(info).with(Open).with(ours())), ["never", "always", "never"]);
    assert_eq!(said(registry().with(info).with(ours())), ["never", "always", "never"]);
}

#[test]
fn beside_filters_those_are_asked_about_each_span() {
    let asked = ["asked", "asked", "never"];
    assert_eq!(said(registry().with(filtered()).with(ours())), asked);
    assert_eq!(said(registry().with(ours()).with(filtered())), asked);
    assert_eq!(said(registry().with(Open).with(filtered()).with(ours()))[..2], asked[..2]);
    assert_eq!(said(registry().with(ours()).with(ours())), ["asked", "never", "never"]);
}

//! Events are found among the traces of OpenTelemetry.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::{Arc, Mutex};

use opentelemetry::trace::{
    SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState, TracerProvider,
};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider, SpanData, SpanExporter};
use tracing::dispatcher::DefaultGuard;
use tracing::{Dispatch, info, info_span, instrument};
use tracing_audit::{Audit, AuditEvent, AuditLayer};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::prelude::*;

/// The spans that left the tracer.
#[derive(Clone, Debug, Default)]
struct Exported(Arc<Mutex<Vec<SpanData>>>);

impl SpanExporter for Exported {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.0.lock().unwrap().extend(batch);
        Ok(())
    }
}

impl Exported {
    fn tracer(&self) -> SdkTracer {
        SdkTracerProvider::builder().with_simple_exporter(self.clone()).build().tracer("test")
    }

    /// Trace and span id of the one span of this name.
    fn ids(&self, name: &str) -> (String, String) {
        let spans = self.0.lock().unwrap();
        let mut named = spans.iter().filter(|span| span.name == name);
        let found = named.next().unwrap();
        assert!(named.next().is_none());
        let ids = &found.span_context;
        (ids.trace_id().to_string(), ids.span_id().to_string())
    }
}

fn default(subscriber: impl Into<Dispatch>) -> DefaultGuard {
    let guard = tracing::dispatcher::set_default(&subscriber.into());
    tracing::callsite::rebuild_interest_cache();
    guard
}

/// The audit layer last, as the documentation has it.
fn traced() -> (Audit, Exported, DefaultGuard) {
    let (layer, audit) = AuditLayer::builder().build().unwrap();
    let exported = Exported::default();
    let traces = tracing_opentelemetry::layer().with_tracer(exported.tracer());
    let guard = default(tracing_subscriber::registry().with(traces).with(layer));
    (audit, exported, guard)
}

fn only(audit: &Audit, operation: &str) -> AuditEvent {
    let mut found = audit.query().operation(operation).run().unwrap().events;
    assert_eq!(found.len(), 1, "{operation}: {found:#?}");
    found.remove(0)
}

fn ids(event: &AuditEvent) -> (String, String) {
    let span = event.span.as_ref().unwrap();
    (span.trace_id.unwrap().to_string(), span.span_id.unwrap().to_string())
}

#[test]
fn an_event_has_the_ids_of_the_span_that_was_exported() {
    let (audit, exported, _default) = traced();
    info_span!("outer", audit.operation = "OUTER").in_scope(|| {
        info_span!("between").in_scope(|| {
            let _inner = info_span!("inner", audit.operation = "INNER").entered();
        });
        info!(audit.operation = "STATED");
    });
    let (outer, inner) = (only(&audit, "OUTER"), only(&audit, "INNER"));
    assert_eq!(ids(&outer), exported.ids("outer"));
    assert_eq!(ids(&inner), exported.ids("inner"));
    assert_eq!(ids(&outer).0, ids(&inner).0);
    assert_eq!(ids(&only(&audit, "STATED")), exported.ids("outer"), "the span that it is in");
    let text = serde_json::to_value(&outer).unwrap();
    assert_eq!(text["span"]["trace_id"], ids(&outer).0);
}

#[test]
fn reported_ends_and_futures_have_them_too() {
    #[instrument(err, ret, skip_all, fields(audit.operation = "FAILS"))]
    async fn fails() -> Result<(), String> {
        tokio::task::yield_now().await;
        Err("no room".to_owned())
    }
    let (audit, exported, _default) = traced();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(fails()).unwrap_err();
    assert_eq!(ids(&only(&audit, "FAILS")), exported.ids("fails"));
}

#[test]
fn a_parent_that_is_set_after_the_opening_is_not_shut_out() {
    let (audit, exported, _default) = traced();
    let caller = SpanContext::new(
        TraceId::from_bytes([7; 16]),
        SpanId::from_bytes([8; 8]),
        TraceFlags::SAMPLED,
        true,
        TraceState::default(),
    );
    let span = info_span!("request", audit.operation = "REQUEST");
    let remote = opentelemetry::Context::new().with_remote_span_context(caller);
    span.set_parent(remote).unwrap();
    span.in_scope(|| ());
    drop(span);
    let event = only(&audit, "REQUEST");
    assert_eq!(ids(&event).0, "07".repeat(16));
    assert_eq!(ids(&event), exported.ids("request"));
}

#[test]
fn a_span_that_was_never_entered_has_them_where_the_tracer_closes_later() {
    let (audit, _exported, _default) = traced();
    drop(info_span!("idle", audit.operation = "IDLE"));
    assert_eq!(only(&audit, "IDLE").span.unwrap().trace_id, None);

    let (layer, audit) = AuditLayer::builder().build().unwrap();
    let exported = Exported::default();
    let traces = tracing_opentelemetry::layer().with_tracer(exported.tracer());
    let _default = default(tracing_subscriber::registry().with(layer).with(traces));
    drop(info_span!("idle", audit.operation = "IDLE"));
    assert_eq!(ids(&only(&audit, "IDLE")), exported.ids("idle"));
}

#[test]
fn what_is_not_traced_has_none() {
    let (layer, audit) = AuditLayer::builder().build().unwrap();
    let exported = Exported::default();
    let traces = tracing_opentelemetry::layer().with_tracer(exported.tracer());
    let traces = traces.with_filter(filter_fn(|metadata| metadata.name() != "quiet"));
    let _default = default(tracing_subscriber::registry().with(traces).with(layer));
    info_span!("quiet", audit.operation = "QUIET").in_scope(|| ());
    assert_eq!(only(&audit, "QUIET").span.unwrap().trace_id, None);

    let (layer, audit) = AuditLayer::builder().build().unwrap();
    let _default = default(tracing_subscriber::registry().with(layer));
    info_span!("untraced", audit.operation = "UNTRACED").in_scope(|| ());
    assert_eq!(only(&audit, "UNTRACED").span.unwrap().span_id, None);
}

#[test]
fn within_an_option_it_works_as_well() {
    let (layer, audit) = AuditLayer::builder().build().unwrap();
    let exported = Exported::default();
    let traces = tracing_opentelemetry::layer().with_tracer(exported.tracer());
    let _default = default(tracing_subscriber::registry().with(traces).with(Some(layer)));
    info_span!("op", audit.operation = "OPTIONAL").in_scope(|| ());
    assert_eq!(ids(&only(&audit, "OPTIONAL")), exported.ids("op"));
}

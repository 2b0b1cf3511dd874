//! Which trace of OpenTelemetry an operation is in.
//!
//! Runs on callers' threads, in the callbacks of spans that become events. The
//! ids are asked of `tracing-opentelemetry` when the span was left the first
//! time: by then its span has begun, and the program had its chance to set
//! another parent (`set_parent`), which works only before. A span that never was
//! entered is asked for when it closes, which succeeds only if the layer of
//! OpenTelemetry is added after the audit layer. Nothing is asked under a lock.

use std::sync::OnceLock;

use opentelemetry::trace::TraceContextExt;
use tracing_core::dispatcher::{self, WeakDispatch};
use tracing_core::{Dispatch, span};

use crate::event::{SpanId, TraceId};

use super::intake::Intake;
use super::local;
use super::message::Capture;

/// Place of an operation among the traces.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Traced {
    trace_id: TraceId,
    span_id: SpanId,
}

impl Traced {
    pub(crate) fn trace_id(self) -> TraceId {
        self.trace_id
    }

    pub(crate) fn span_id(self) -> SpanId {
        self.span_id
    }
}

/// Where to ask.
#[derive(Default)]
pub(super) struct Traces(OnceLock<WeakDispatch>);

impl Traces {
    pub(super) fn note_dispatch(&self, dispatch: &Dispatch) {
        let _ = self.0.set(dispatch.downgrade());
    }

    fn of(&self, span: u64) -> Option<Traced> {
        match self.0.get().and_then(WeakDispatch::upgrade) {
            Some(dispatch) => traced(span, &dispatch),
            // Within an `Option` a layer is not told of its subscriber.
            None => dispatcher::get_default(|dispatch| traced(span, dispatch)),
        }
    }
}

impl Intake {
    /// Notes the ids of an operation, unless they are known.
    pub(super) fn note_trace(&self, span: u64) {
        let is_wanted = |open: &mut Capture| {
            open.is_unsent_operation() && open.rare().is_none_or(|rare| rare.traced.is_none())
        };
        if self.open.with(span, is_wanted) != Some(true) {
            return;
        }
        // What the tracer does, samplers and all, is none of our business.
        let Some(_busy) = local::enter_work() else { return };
        if let Some(traced) = self.traces.of(span) {
            self.open.with(span, |open| open.rare_mut().traced = Some(traced));
        }
    }

    /// Notes of a statement the span that it was made in.
    pub(super) fn note_trace_around(&self, capture: &mut Capture, span: Option<&span::Id>) {
        if let Some(traced) = span.and_then(|span| self.traces.of(span.into_u64())) {
            capture.rare_mut().traced = Some(traced);
        }
    }
}

fn traced(span: u64, dispatch: &Dispatch) -> Option<Traced> {
    let id = span::Id::from_u64(span);
    let context = tracing_opentelemetry::get_otel_context(&id, dispatch)?;
    let span = context.span();
    let ids = span.span_context();
    Some(Traced {
        trace_id: TraceId::from_bytes(ids.trace_id().to_bytes())?,
        span_id: SpanId::from_bytes(ids.span_id().to_bytes())?,
    })
}

//! The filter by which the rest of a stack of layers learns what we want.
//!
//! It only answers, once per callsite. Whether a span is captured is decided by
//! the layer itself, from its own table, because the state that per-layer
//! filters share can be overwritten between the question and the span (a probe
//! such as `enabled!`, or an audited span inside another one's field
//! expression, is enough).

use std::sync::Arc;

use tracing_core::{Interest, Metadata};
use tracing_subscriber::layer::{Context, Filter};

use super::intake::Intake;

/// Wants the callsites that matter and no others.
pub(super) struct AuditFilter(pub(super) Arc<Intake>);

impl<S> Filter<S> for AuditFilter {
    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        // `always` would make filtered neighbours lose spans.
        if self.0.wants(metadata) { Interest::sometimes() } else { Interest::never() }
    }

    fn enabled(&self, _: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        // Nobody asks about single spans: the layer does not pass it on.
        true
    }
}

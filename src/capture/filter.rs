//! The filter by which the rest of a stack of layers learns what we want.
//!
//! It only answers, once per callsite. Whether a span is captured is decided by
//! the layer itself, from its own table, because the state that per-layer
//! filters share can be overwritten between the question and the span (a probe
//! such as `enabled!`, or an audited span inside another one's field
//! expression, is enough).
//!
//! Beside other filters it answers so that they are asked about each span. Where
//! there are none, nobody is.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tracing_core::{Dispatch, Interest, Metadata};
use tracing_subscriber::Registry;
use tracing_subscriber::layer::{Context, Filter};

use super::intake::Intake;

/// Wants the callsites that matter and no others.
pub(super) struct AuditFilter {
    intake: Arc<Intake>,
    /// No other layer has a filter.
    is_only: AtomicBool,
}

impl AuditFilter {
    pub(super) fn new(intake: Arc<Intake>) -> Self {
        AuditFilter { intake, is_only: AtomicBool::new(false) }
    }

    /// Looks who else is there, once the stack is complete.
    pub(super) fn note_dispatch(&self, dispatch: &Dispatch) {
        let registry = dispatch.downcast_ref::<Registry>();
        self.is_only.store(registry.is_some_and(has_one_filter), Ordering::Relaxed);
    }

    /// Whether it makes no difference what is said of this callsite: it does not matter,
    /// no filter needs to be asked for the sake of others, and `S` has layers that
    /// decide by themselves.
    pub(super) fn may_be_silent<S>(&self, metadata: &'static Metadata<'static>) -> bool {
        self.is_only.load(Ordering::Relaxed) && has_layers::<S>() && !self.intake.wants(metadata)
    }
}

impl<S> Filter<S> for AuditFilter {
    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        if !self.intake.wants(metadata) {
            Interest::never()
        } else if self.is_only.load(Ordering::Relaxed) {
            Interest::always()
        } else {
            // `always` would make filtered neighbours lose spans: what they said of
            // the span around is forgotten only when they are asked again.
            Interest::sometimes()
        }
    }

    fn enabled(&self, _: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        // Nobody asks about single spans: the layer does not pass it on.
        true
    }
}

/// Whether a single filter is registered. There is no other way to ask than to have it
/// written; what is not understood counts as several, which is only slower.
fn has_one_filter(registry: &Registry) -> bool {
    format!("{registry:?}").ends_with(", next_filter_id: 1 }")
}

/// Whether `S` is a registry with layers on top, and not what a registry is known by
/// otherwise, which alone would switch everything on.
pub(super) fn has_layers<S>() -> bool {
    std::any::type_name::<S>().starts_with("tracing_subscriber::layer::layered::Layered<")
}

//! The face towards `tracing`: a layer that other layers do not feel.
//!
//! Three designs were weighed. A plain layer switches every span and event of
//! the process on, for everybody. A layer behind a per-layer filter loses spans
//! whenever anything asks the filters between a span's question and its
//! creation. This one is a hybrid: it carries a filter for the rest of the
//! stack to ask, and decides for itself, in its own callbacks, from its own
//! table of callsites.

use std::any::TypeId;
use std::sync::Arc;

use tracing_core::{Dispatch, Event, Interest, LevelFilter, Metadata, Subscriber, span};
use tracing_subscriber::Registry;
use tracing_subscriber::filter::Filtered;
use tracing_subscriber::layer::{Context, Identity, Layer};
use tracing_subscriber::registry::LookupSpan;

use super::callbacks::Callbacks;
use super::filter::{AuditFilter, has_layers};
use super::intake::Intake;
use super::local;

/// The layer that audits. Made by [`AuditLayer::builder`](crate::AuditLayer::builder).
///
/// Add it last, to a registry whose other layers carry their own filters:
///
/// ```
/// use tracing_subscriber::{filter::LevelFilter, fmt, prelude::*};
///
/// let (audit_layer, audit) = tracing_audit::AuditLayer::builder().build()?;
/// let fmt_layer = fmt::layer().with_filter(LevelFilter::INFO);
/// tracing_subscriber::registry().with(fmt_layer).with(audit_layer).init();
/// # Ok::<(), tracing_audit::Error>(())
/// ```
///
/// A *global* filter below it (`registry().with(env_filter)`) decides about
/// audited spans too, and no layer can prevent that; neither may it be wrapped
/// in a filter itself. [`Audit::self_check`](crate::Audit::self_check) finds
/// such mistakes.
pub struct AuditLayer<S = Registry> {
    /// What tells the rest of the stack which callsites we want. Asked once per
    /// callsite, never per span: its mark on a span would only say whether to
    /// call us, and we decide that ourselves.
    marker: Filtered<Identity, AuditFilter, S>,
    mode: Mode,
    callbacks: Callbacks,
    /// Keeps the worker alive.
    _alive: Arc<dyn std::any::Any + Send + Sync>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Not part of a subscriber that supports filters (or not yet): a plain
    /// layer, which switches everything on.
    Plain,
    Filtered,
}

impl<S> AuditLayer<S> {
    pub(crate) fn new(intake: Arc<Intake>, alive: Arc<dyn std::any::Any + Send + Sync>) -> Self {
        AuditLayer {
            marker: Filtered::new(Identity::new(), AuditFilter::new(intake.clone())),
            mode: Mode::Plain,
            callbacks: Callbacks::new(intake),
            _alive: alive,
        }
    }

    fn is_filtered(&self) -> bool {
        self.mode == Mode::Filtered
    }
}

impl<S> std::fmt::Debug for AuditLayer<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AuditLayer").field("mode", &self.mode).finish_non_exhaustive()
    }
}

impl<S> Layer<S> for AuditLayer<S>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    fn on_register_dispatch(&self, dispatch: &Dispatch) {
        self.marker.on_register_dispatch(dispatch);
        self.marker.filter().note_dispatch(dispatch);
        self.callbacks.intake.traces.note_dispatch(dispatch);
        self.callbacks.intake.callsites.book.note_dispatch(dispatch);
    }

    fn on_layer(&mut self, subscriber: &mut S) {
        if supports_filters::<S>() {
            self.marker.on_layer(subscriber);
            self.mode = Mode::Filtered;
        }
        self.callbacks.intake.note_attached(self.is_filtered());
    }

    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.is_filtered() {
            if self.marker.filter().may_be_silent::<S>(metadata) {
                return Interest::always();
            }
            return self.marker.register_callsite(metadata);
        }
        // A reload from nothing never calls `on_layer`.
        self.callbacks.intake.note_attached(false);
        self.callbacks.intake.wants(metadata);
        Interest::always()
    }

    // `enabled` and `event_enabled` stay at their default: a layer among others
    // must never say no for all of them.

    fn max_level_hint(&self) -> Option<LevelFilter> {
        // An audited span may have any level.
        None
    }

    fn on_new_span(&self, attributes: &span::Attributes<'_>, id: &span::Id, ctx: Context<'_, S>) {
        if !self.callbacks.others.contains_at_once(attributes.metadata()) {
            self.callbacks.intake.span_opened(attributes, id.clone(), ctx);
        }
    }

    fn on_record(&self, id: &span::Id, values: &span::Record<'_>, _: Context<'_, S>) {
        let span = id.into_u64();
        if let Some(slot) = self.callbacks.open.slot_of(span) {
            self.callbacks.intake.tracked_recorded(span, values, slot);
        }
    }

    fn on_follows_from(&self, id: &span::Id, follows: &span::Id, _: Context<'_, S>) {
        self.callbacks.intake.span_follows(id, follows);
    }

    fn on_event(&self, event: &Event<'_>, ctx: Context<'_, S>) {
        if !self.callbacks.others.contains_at_once(event.metadata()) {
            self.callbacks.intake.event_emitted(event, &ctx);
        }
    }

    fn on_enter(&self, id: &span::Id, _: Context<'_, S>) {
        self.callbacks.entered(id.into_u64());
    }

    fn on_exit(&self, id: &span::Id, _: Context<'_, S>) {
        self.callbacks.left(id.into_u64());
    }

    fn on_close(&self, id: span::Id, _: Context<'_, S>) {
        let span = id.into_u64();
        if let Some(slot) = self.callbacks.open.slot_of(span) {
            self.callbacks.intake.tracked_closed(span, slot);
        }
    }

    #[expect(unsafe_code, reason = "the signature of the trait; needed to be known as filtered")]
    unsafe fn downcast_raw(&self, id: TypeId) -> Option<*const ()> {
        if id == TypeId::of::<Self>() {
            return Some(std::ptr::from_ref(self).cast());
        }
        if id == TypeId::of::<Arc<Intake>>() {
            let intake = || std::ptr::from_ref(&self.callbacks.intake).cast();
            return (!local::is_skipped()).then(intake);
        }
        if self.may_show_marker(id) {
            // SAFETY: the caller keeps `self`, of which the marker is a part,
            // borrowed for as long as it uses the pointer.
            return unsafe { self.marker.downcast_raw(id) };
        }
        None
    }
}

impl<S: 'static> AuditLayer<S> {
    /// The marker is asked for what stands for a filter, which it may only be
    /// once it is registered. Before `on_layer` has run the answer decides how
    /// the stack is built, so it has to be given there too.
    fn may_show_marker(&self, _: TypeId) -> bool {
        supports_filters::<S>()
    }
}

/// Whether `S` lets layers register filters. What does not panics when asked, as
/// `fmt::Subscriber` and most subscribers of one's own, so the question has to be
/// answered by its name: a registry does, and so do layers on top of one.
fn supports_filters<S>() -> bool {
    let (name, registry) = (std::any::type_name::<S>(), std::any::type_name::<Registry>());
    let innermost = || name.trim_end_matches('>');
    name == registry || (has_layers::<S>() && innermost().ends_with(registry))
}

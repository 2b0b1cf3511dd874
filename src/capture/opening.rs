//! A span opens.
//!
//! Of what is usual, all is done here, in code that is not made anew for each
//! subscriber. What a rule says of a span stands with the rules.

use std::sync::atomic::Ordering;

use tracing_core::span;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::callsite::Opens;
use super::intake::Intake;
use super::local::{self, Thread};
use super::message::Capture;

/// A span that opens.
pub(super) struct Opening<'a> {
    pub(super) attributes: &'a span::Attributes<'a>,
    pub(super) span: u64,
    /// Asks the subscriber for the nearest tracked span around it.
    ask: &'a dyn Fn() -> Option<u64>,
}

impl Intake {
    /// A span was opened that may matter.
    ///
    /// Takes what it is told by value: what is handed on by reference would be
    /// written to the stack for every span, for those of no concern too.
    #[inline(never)]
    pub(super) fn span_opened<S>(
        &self,
        attributes: &span::Attributes<'_>,
        id: span::Id,
        ctx: Context<'_, S>,
    ) where
        S: tracing_core::Subscriber + for<'span> LookupSpan<'span>,
    {
        let ask = || self.nearest_tracked_around(attributes, &ctx);
        self.open_if_tracked(&Opening { attributes, span: id.into_u64(), ask: &ask });
    }

    #[inline(never)]
    fn open_if_tracked(&self, opening: &Opening<'_>) {
        let Some(callsite) = self.callsite(opening.attributes.metadata()) else { return };
        if callsite.ruled.is_set() && self.open_by_rule(callsite, opening) {
            return;
        }
        if callsite.opens == Opens::Nothing {
            return;
        }
        let is_operation = callsite.opens == Opens::Operation;
        if local::is_at_work() {
            return self.lose_reentrant(is_operation);
        }
        let capture = self.begin(callsite);
        capture.open.span = opening.span;
        capture.open.is_operation = is_operation;
        self.record_fields(&callsite.fields, callsite, capture, |recorder| {
            opening.attributes.record(recorder);
        });
        capture.open.epoch = self.late_identities.load(Ordering::Acquire);
        if !self.is_at_top(opening) {
            self.open_below(capture, opening);
        }
        self.open.insert(opening.span, capture);
    }

    /// Whether there is no span around one that opens, as far as this thread knows
    /// itself.
    #[inline(always)]
    fn is_at_top(&self, opening: &Opening<'_>) -> bool {
        opening.attributes.is_contextual()
            && self.is_told_of_all()
            && local::with(Thread::is_outside)
    }

    #[inline(never)]
    fn open_below(&self, capture: &mut Capture, opening: &Opening<'_>) {
        if let Some(parent) = self.enclosing_tracked(opening) {
            self.open_in_parent(capture, capture.open.epoch, parent);
        }
    }

    fn open_in_parent(&self, capture: &mut Capture, epoch: u64, parent: u64) {
        capture.open.enclosing = parent;
        self.inherit(capture, epoch, parent);
        if capture.open.is_operation {
            if let Some(outer) = self.collapsing_ancestor(parent) {
                capture.rare_mut().collapse_into = Some(outer);
            }
        }
    }

    /// The nearest tracked span around one that opens.
    pub(super) fn enclosing_tracked(&self, opening: &Opening<'_>) -> Option<u64> {
        if opening.attributes.is_contextual() && self.is_told_of_all() {
            // Where only tracked spans were entered, this thread knows it itself.
            if let Some(current) = local::with(|thread| thread.current_span(self.instance)) {
                return current;
            }
        }
        (opening.ask)()
    }
}

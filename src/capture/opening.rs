//! A span opens.
//!
//! Of what is usual, all is done here, in code that is not made anew for each
//! subscriber. What a rule says of a span stands with the rules.

use std::sync::atomic::Ordering;

use tracing_core::span;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::callsite::Callsite;
use super::intake::Intake;
use super::local::{self, Thread};
use super::message::Capture;
use super::opens::Opens;

/// A span that opens.
pub(super) struct Opening<'a> {
    pub(super) attributes: &'a span::Attributes<'a>,
    #[cfg_attr(not(feature = "policy"), expect(dead_code, reason = "there are no rules"))]
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
        self.open_if_tracked(attributes, id.into_u64(), &ask);
    }

    #[inline(never)]
    fn open_if_tracked(
        &self,
        attributes: &span::Attributes<'_>,
        span: u64,
        ask: &dyn Fn() -> Option<u64>,
    ) {
        let Some(callsite) = self.callsite(attributes.metadata()) else { return };
        match callsite.opens.operation() {
            Some(is_operation) => {
                self.open_by_code::<true>(callsite, is_operation, attributes, span, ask);
            }
            None => self.open_unusually(callsite, attributes, span, ask),
        }
    }

    /// A span was opened of which the policy may say something, or in a subscriber that
    /// does not tell everything.
    #[cold]
    #[inline(never)]
    fn open_unusually(
        &self,
        callsite: &Callsite,
        attributes: &span::Attributes<'_>,
        span: u64,
        ask: &dyn Fn() -> Option<u64>,
    ) {
        if callsite.ruled.is_set()
            && self.open_by_rule(callsite, &Opening { attributes, span, ask })
        {
            return;
        }
        let is_operation = match Opens::by_code(&callsite.role) {
            Opens::Operation => true,
            Opens::Context => false,
            Opens::Unusually => return,
        };
        self.open_by_code::<false>(callsite, is_operation, attributes, span, ask);
    }

    /// Opens a span by what its code says. What a span opens with is handed on in
    /// parts, which stay in registers. It is told whether the layer is told of
    /// every span.
    #[inline(always)]
    fn open_by_code<const TOLD_OF_ALL: bool>(
        &self,
        callsite: &Callsite,
        is_operation: bool,
        attributes: &span::Attributes<'_>,
        span: u64,
        ask: &dyn Fn() -> Option<u64>,
    ) {
        if local::is_at_work() {
            return self.lose_reentrant(is_operation);
        }
        let capture = self.begin(callsite);
        capture.open.span = span;
        capture.open.is_operation = is_operation;
        self.record_fields(&callsite.fields, callsite, capture, |recorder| {
            attributes.record(recorder);
        });
        capture.open.epoch = self.late_identities.load(Ordering::Acquire);
        // Whether nothing is around it, a thread knows itself.
        let is_at_top =
            TOLD_OF_ALL && attributes.is_contextual() && local::with(Thread::is_outside);
        if !is_at_top {
            self.open_below(capture, attributes, ask);
        }
        self.open.insert(span, callsite.index, capture);
    }

    #[inline(never)]
    fn open_below(
        &self,
        capture: &mut Capture,
        attributes: &span::Attributes<'_>,
        ask: &dyn Fn() -> Option<u64>,
    ) {
        let opening = Opening { attributes, span: capture.open.span, ask };
        if let Some(parent) = self.enclosing_tracked(&opening) {
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

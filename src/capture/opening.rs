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
use super::message::{Capture, WhileOpen};
use super::opens::Opens;
use super::record::FieldRecorder;

/// A span that opens.
pub(super) struct Opening<'a> {
    pub(super) attributes: &'a span::Attributes<'a>,
    #[cfg_attr(not(feature = "policy"), expect(dead_code, reason = "there are no rules"))]
    pub(super) span: u64,
    around: &'a dyn Around,
}

/// Knows what is around a span that opens.
pub(super) trait Around {
    /// The nearest tracked span around it, as the subscriber says.
    fn nearest_tracked(&self, intake: &Intake, attributes: &span::Attributes<'_>) -> Option<u64>;
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
        self.open_if_tracked(attributes, id.into_u64(), &ctx);
    }

    /// Opens a span if it is tracked; at once, if nothing is around it.
    #[inline(never)]
    fn open_if_tracked(&self, attributes: &span::Attributes<'_>, span: u64, around: &dyn Around) {
        let Some(callsite) = self.callsite(attributes.metadata()) else { return };
        let is_at_top = attributes.is_contextual() && local::with(Thread::is_free);
        if is_at_top && callsite.opens.is_operation() {
            return self.open_at_top(callsite, attributes, span);
        }
        self.open_somewhere(callsite, attributes, span, around);
    }

    /// Opens an operation by what its code says, with no other span around it. Whether
    /// one is, a thread knows itself, as it was told of every span.
    #[inline(always)]
    fn open_at_top(&self, callsite: &Callsite, attributes: &span::Attributes<'_>, span: u64) {
        let epoch = self.late_identities.load(Ordering::Acquire);
        let open = WhileOpen { span, epoch, is_operation: true, ..WhileOpen::default() };
        let capture = self.begin(callsite, open);
        self.record_fields(&callsite.fields, callsite, capture, |recorder| {
            record_all(attributes, recorder);
        });
        self.open.insert(callsite.status_field, capture);
    }

    #[inline(never)]
    fn open_somewhere(
        &self,
        callsite: &Callsite,
        attributes: &span::Attributes<'_>,
        span: u64,
        around: &dyn Around,
    ) {
        match callsite.opens.operation() {
            Some(is_operation) => {
                self.open_by_code(callsite, is_operation, attributes, span, around);
            }
            None => self.open_unusually(callsite, attributes, span, around),
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
        around: &dyn Around,
    ) {
        if callsite.ruled.is_set()
            && self.open_by_rule(callsite, &Opening { attributes, span, around })
        {
            return;
        }
        let is_operation = match Opens::by_code(&callsite.role) {
            Opens::Operation => true,
            Opens::Context => false,
            Opens::Unusually => return,
        };
        self.open_by_code(callsite, is_operation, attributes, span, around);
    }

    /// Opens a span by what its code says. What a span opens with is handed on in
    /// parts, which stay in registers.
    #[inline(always)]
    fn open_by_code(
        &self,
        callsite: &Callsite,
        is_operation: bool,
        attributes: &span::Attributes<'_>,
        span: u64,
        around: &dyn Around,
    ) {
        if local::is_at_work() {
            return self.lose_reentrant(is_operation);
        }
        let open = WhileOpen { span, is_operation, ..WhileOpen::default() };
        let capture = self.begin(callsite, open);
        self.record_fields(&callsite.fields, callsite, capture, |recorder| {
            attributes.record(recorder);
        });
        capture.open.epoch = self.late_identities.load(Ordering::Acquire);
        if let Some(parent) = self.enclosing_tracked(&Opening { attributes, span, around }) {
            self.open_in_parent(capture, capture.open.epoch, parent);
        }
        self.open.insert(callsite.status_field, capture);
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
        opening.around.nearest_tracked(self, opening.attributes)
    }
}

/// Records the values with which a span opens. Apart, so that neither the values nor who
/// goes through them lack registers for the sake of the other.
#[inline(never)]
fn record_all(attributes: &span::Attributes<'_>, recorder: &mut FieldRecorder<'_>) {
    attributes.record(recorder);
}

//! Whose context: what an operation takes over from the spans around it.
//!
//! Resolved when a span opens, so that a connection that changes its user
//! midway cannot rewrite who began an operation. What was absent then is filled
//! by the first value that an enclosing span is given later, which is the usual
//! order of a server: open, authenticate, record the user.

use std::num::NonZeroU64;
use std::sync::atomic::Ordering;

use tracing_core::span;
use tracing_subscriber::Registry;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::callsite::IdField;
use super::intake::Intake;
use super::message::Capture;
use super::open::Late;
use super::opening::Around;

impl<S> Around for Context<'_, S>
where
    S: tracing_core::Subscriber + for<'span> LookupSpan<'span>,
{
    fn nearest_tracked(&self, intake: &Intake, attributes: &span::Attributes<'_>) -> Option<u64> {
        intake.nearest_tracked(parent_of(attributes, self), self)
    }
}

impl Intake {
    /// The nearest tracked span, from `span` outwards.
    pub(super) fn nearest_tracked<S>(
        &self,
        span: Option<span::Id>,
        ctx: &Context<'_, S>,
    ) -> Option<u64>
    where
        S: tracing_core::Subscriber + for<'span> LookupSpan<'span>,
    {
        let mut span = span?;
        loop {
            if self.open.contains(span.into_u64()) {
                return Some(span.into_u64());
            }
            let parent = ctx.span(&span)?.parent()?.id();
            span = parent;
        }
    }

    /// Takes over what the enclosing spans say at this moment.
    ///
    /// While no identity was recorded late since the parent opened, what the
    /// parent carries or inherited is all there is to know.
    pub(super) fn inherit(&self, capture: &mut Capture, epoch: u64, parent: u64) {
        let is_current = self.open.with(parent, |parent| {
            capture.parent = parent.event_key();
            let is_current = parent.open.epoch == epoch;
            if is_current {
                copy_missing(capture, parent, |_| true);
            }
            is_current
        });
        if is_current == Some(false) {
            self.inherit_from_carriers(capture, parent);
        }
    }

    /// The slow way: each value from the nearest span that was given it.
    pub(super) fn inherit_from_carriers(&self, capture: &mut Capture, parent: u64) {
        let mut next = Some(parent);
        while let Some(span) = next {
            next = self
                .open
                .with(span, |carrier| {
                    copy_missing(capture, carrier, |field| carrier.fields.owns(field));
                    carrier.enclosing()
                })
                .flatten();
        }
    }

    /// The enclosing operation that takes operations inside it in.
    pub(super) fn collapsing_ancestor(&self, parent: u64) -> Option<u64> {
        if self.settings.collapse.is_empty() && !self.callsites.book.may_collapse() {
            return None;
        }
        let mut next = Some(parent);
        while let Some(span) = next {
            let (collapses, parent) = self.open.with(span, |open| {
                let operation = open.fields.operation().filter(|_| open.open.is_operation);
                let collapses = operation
                    .is_some_and(|operation| open.open.collapses || self.collapses(operation));
                (collapses, open.collapse_into().or(open.enclosing()))
            })?;
            if collapses {
                return Some(span);
            }
            next = parent;
        }
        None
    }

    pub(super) fn collapses(&self, operation: &str) -> bool {
        let operation = operation.trim();
        self.settings.collapse.iter().any(|known| known.as_str().eq_ignore_ascii_case(operation))
    }

    /// Sets an identity field of an open span.
    pub(super) fn set_late(&self, open: &mut Capture, field: IdField, text: &str) {
        let was_absent = !open.fields.has_identity(field);
        if open.fields.set_identity(field, text, true) {
            self.note_late(open, field.bit(), if was_absent { field.bit() } else { 0 });
        }
    }

    /// Notes identities that were set on an open span. The first value of a
    /// field that was absent is kept for the spans that opened without it.
    #[cold]
    pub(super) fn note_late(&self, open: &mut Capture, set: u8, absent: u8) {
        for field in IdField::ALL.into_iter().filter(|field| set & field.bit() != 0) {
            let order = self.late_identities.fetch_add(1, Ordering::AcqRel) + 1;
            let is_first =
                open.rare().is_none_or(|rare| rare.late.iter().all(|late| late.field != field));
            if is_first && absent & field.bit() != 0 {
                let text = open.fields.identity(field).unwrap_or_default().to_owned();
                open.rare_mut().late.push(Late { order, field, text });
            }
        }
    }

    /// Changes an operation, unless it ended. No user code in there.
    pub(super) fn change(&self, span: u64, key: NonZeroU64, change: impl FnOnce(&mut Capture)) {
        self.open.with(span, |open| {
            if open.key == key && open.is_unsent_operation() {
                change(open);
                open.fields.collect_garbage();
            }
        });
    }

    /// The nearest open operation, from `span` outwards, and its key.
    pub(super) fn nearest_operation(
        &self,
        span: u64,
        registry: Option<&Registry>,
    ) -> Option<(u64, NonZeroU64)> {
        let mut next = Some(span);
        while let Some(span) = next {
            let tracked = self.open.with(span, |open| {
                (open.is_unsent_operation().then_some(open.key), open.enclosing())
            });
            next = match tracked {
                Some((Some(key), _)) => return Some((span, key)),
                Some((None, parent)) => parent,
                None => registry.and_then(|registry| {
                    let id = span::Id::from_u64(span);
                    Some(registry.span(&id)?.parent()?.id().into_u64())
                }),
            };
        }
        None
    }

    /// Fills what was absent at the opening with the first value that an
    /// enclosing span was given later.
    pub(super) fn fill_from_late(&self, capture: &mut Capture) {
        if let Some(enclosing) = capture.enclosing().filter(|_| self.may_fill_from_late(capture)) {
            self.fill_after(capture, capture.open.epoch, enclosing);
        }
    }

    /// Whether an enclosing span may have been given values later.
    #[inline]
    pub(super) fn may_fill_from_late(&self, capture: &Capture) -> bool {
        capture.open.enclosing != 0
            && self.late_identities.load(Ordering::Acquire) != capture.open.epoch
    }

    fn fill_after(&self, capture: &mut Capture, epoch: u64, parent: u64) {
        let mut late = Vec::new();
        let mut next = Some(parent);
        while let Some(span) = next {
            next = self
                .open
                .with(span, |open| {
                    let known = open.rare().map_or(&[][..], |rare| &rare.late);
                    let later = known.iter().filter(|late| late.order > epoch);
                    late.extend(later.map(|late| (span, late.clone())));
                    open.enclosing()
                })
                .flatten();
        }
        late.sort_by_key(|(_, late)| late.order);
        let somebody = has_somebody(capture);
        // The span that was the first to name a user or an actor names both.
        let mut group_of = None;
        for (span, Late { field, text, .. }) in late {
            let is_group = matches!(field, IdField::User | IdField::Actor);
            if is_group && (somebody || *group_of.get_or_insert(span) != span) {
                continue;
            }
            if !capture.fields.has_identity(field) {
                capture.fields.inherit_text(field, &text);
            }
        }
    }
}

/// The span in which `attributes` would be opened.
fn parent_of<S>(attributes: &span::Attributes<'_>, ctx: &Context<'_, S>) -> Option<span::Id>
where
    S: tracing_core::Subscriber + for<'span> LookupSpan<'span>,
{
    if attributes.is_root() {
        None
    } else if attributes.is_contextual() {
        ctx.current_span().id().cloned()
    } else {
        attributes.parent().cloned()
    }
}

fn has_somebody(capture: &Capture) -> bool {
    capture.fields.has_identity(IdField::User) || capture.fields.has_identity(IdField::Actor)
}

/// Copies the identity fields that `into` lacks. User and actor go together:
/// a span that names either inherits neither.
fn copy_missing(into: &mut Capture, from: &Capture, carries: impl Fn(IdField) -> bool) {
    let somebody = has_somebody(into);
    for field in IdField::ALL {
        let is_group = matches!(field, IdField::User | IdField::Actor);
        let is_settled = into.fields.has_identity(field) || (is_group && somebody);
        if !is_settled && carries(field) {
            into.fields.inherit_identity(field, &from.fields);
        }
    }
}

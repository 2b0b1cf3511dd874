//! Events inside a span that tell how it ends.

use std::num::{NonZeroU8, NonZeroU64};

use tracing_core::Event;

use crate::capture::callsite::Callsite;
use crate::capture::captured::Captured;
use crate::capture::fields::Values;
use crate::capture::intake::Intake;
use crate::capture::message::{Capture, Sent};
use crate::capture::pool;
use crate::capture::record::{FieldRecorder, Notes};
use crate::event::Status;
use crate::policy::{Known, Outcome, with_text};

use super::plan::Plan;
use super::selective::Selective;
use super::values::value_of;

impl Intake {
    /// An event was emitted that may tell how the span ends that it is inside of:
    /// that very span, none around it.
    #[cold]
    #[inline(never)]
    pub(in crate::capture) fn watched(&self, callsite: &Callsite, event: &Event<'_>, span: u64) {
        let ruled = |open: &mut Capture| open.ruled.clone().filter(|_| open.open.sent == Sent::No);
        let Some(plan) = self.open.with(span, ruled).flatten() else { return };
        let Some((known, error)) = plan.told_by(callsite, event) else { return };
        self.open.with(span, |open| {
            if open.ruled.as_ref().is_some_and(|now| std::sync::Arc::ptr_eq(now, &plan)) {
                open.note_known(known, error.as_deref());
            }
        });
    }
}

impl Plan {
    /// What an event tells, with the text of the error.
    fn told_by(&self, callsite: &Callsite, event: &Event<'_>) -> Option<(Known, Option<String>)> {
        let (applied, outcome) = (self.applied()?, &self.rule()?.outcome);
        let watches = self.compiled.watches(callsite);
        let is_watched = |case: usize| {
            watches.cases.iter().any(|watch| watch.rule == applied.rule && watch.case == case)
        };
        if !watches.cases.iter().any(|watch| watch.rule == applied.rule) {
            return None;
        }
        let seen = pool::take();
        seen.restart(0, NonZeroU64::MIN);
        let mut notes = Notes::default();
        event.record(&mut Selective(&mut FieldRecorder {
            slots: &watches.slots,
            fields: &mut seen.fields,
            notes: &mut notes,
        }));
        let values = seen.fields.values();
        let value = |name: &str| value_of(&callsite.names, &values, name);
        let told = outcome.by_event(is_watched, value).map(|known| {
            let error = outcome.error_field(known).and_then(value);
            (known, error.map(|error| with_text(error, str::to_owned)))
        });
        pool::give(seen);
        told
    }

    /// What is known of the outcome: from events, and from the values of the
    /// span.
    fn known(&self, values: &Values<'_>, by_event: Option<NonZeroU8>) -> Option<Known> {
        let outcome = &self.rule()?.outcome;
        let by_event = by_event.and_then(|case| outcome.known(usize::from(case.get()) - 1));
        let by_fields = outcome.by_fields(|name| value_of(&self.names, values, name));
        Outcome::weigh(by_event, by_fields)
    }

    /// The status that is known, by events alone, and by all there is.
    pub(in crate::capture) fn statuses(
        &self,
        captured: &Captured<'_>,
    ) -> (Option<Status>, Option<Status>) {
        let by_event = captured.case().and_then(|case| self.status_of(case));
        (by_event, self.known(&captured.values, captured.case()).map(|known| known.status))
    }

    fn status_of(&self, case: NonZeroU8) -> Option<Status> {
        self.rule()?.outcome.known(usize::from(case.get()) - 1).map(|known| known.status)
    }

    /// The error that a value of the span tells, if what is known comes from
    /// there.
    pub(crate) fn error_of<'v>(
        &self,
        captured: &Captured<'v>,
    ) -> Option<std::borrow::Cow<'v, str>> {
        use crate::event::packed::ValueRef;
        let known = self.known(&captured.values, captured.case())?;
        let field = self.rule()?.outcome.error_field(known)?;
        Some(match value_of(&self.names, &captured.values, field)? {
            ValueRef::Str(text) | ValueRef::Json(text) => text.into(),
            value => with_text(value, str::to_owned).into(),
        })
    }
}

impl Capture {
    /// Notes what an event told. Of several, the case that is listed first
    /// counts; of one case, the last event.
    fn note_known(&mut self, learnt: Known, error: Option<&str>) {
        let case = u8::try_from(learnt.case + 1).ok().and_then(NonZeroU8::new);
        if self.seen.case.is_some_and(|known| Some(known) < case) {
            return;
        }
        self.seen.case = case;
        if let Some(error) = error {
            self.fields.set_error(error);
        }
    }
}

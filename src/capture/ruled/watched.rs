//! Events inside a span that tell how it ends.
//!
//! While values are still to decide which rule the span is for, what they tell
//! is kept for each rule that may be: as many as there are rules at most.

use std::num::{NonZeroU8, NonZeroU64};
use std::sync::Arc;

use tracing_core::Event;

use crate::capture::callsite::Callsite;
use crate::capture::captured::Captured;
use crate::capture::fields::Values;
use crate::capture::intake::Intake;
use crate::capture::message::{Capture, Sent, WhileOpen};
use crate::capture::pool;
use crate::capture::record::FieldRecorder;
use crate::event::Status;
use crate::policy::{Known, Outcome, with_text};

use super::compiled::{Compiled, Watches};
use super::plan::{Plan, Standing};
use super::selective::Selective;
use super::values::value_of;

/// What an event told of a span, if a rule turns out to be for it.
#[derive(Debug, Clone)]
pub(in crate::capture) struct Told {
    rule: usize,
    known: Known,
    error: Option<String>,
}

impl Intake {
    /// An event was emitted that may tell how the span ends that it is inside of:
    /// that very span, none around it.
    #[cold]
    #[inline(never)]
    pub(in crate::capture) fn watched(&self, callsite: &Callsite, event: &Event<'_>, span: u64) {
        let ruled = |open: &mut Capture| open.ruled.clone().filter(|_| open.open.sent == Sent::No);
        let Some(plan) = self.open.with(span, ruled).flatten() else { return };
        let watches = plan.compiled.watches(callsite);
        if !watches.cases.iter().any(|watch| plan.rules().contains(&watch.rule)) {
            return;
        }
        let seen = pool::take();
        seen.restart(0, NonZeroU64::MIN, WhileOpen::default());
        let mut recorder = FieldRecorder::new(&watches.fields, &mut seen.fields);
        event.record(&mut Selective(&mut recorder));
        let values = seen.fields.values();
        self.open.with(span, |open| {
            for rule in plan.rules() {
                if let Some(told) = plan.compiled.told_by(*rule, watches, callsite, &values) {
                    open.note_told(&plan, told);
                }
            }
        });
        pool::give(seen);
    }
}

impl Compiled {
    /// What an event tells of the spans of a rule, with the text of the error.
    fn told_by(
        &self,
        rule: usize,
        watches: &Watches,
        callsite: &Callsite,
        values: &Values<'_>,
    ) -> Option<Told> {
        let outcome = &self.rule(rule)?.outcome;
        let is_watched = |case: usize| {
            watches.cases.iter().any(|watch| watch.rule == rule && watch.case == case)
        };
        let value = |name: &str| value_of(&callsite.names, values, name);
        let known = outcome.by_event(is_watched, value)?;
        let error = outcome.error_field(known).and_then(value);
        Some(Told { rule, known, error: error.map(|error| with_text(error, str::to_owned)) })
    }
}

impl Plan {
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
    /// Notes what an event told, under the plan that the span had then. By now,
    /// it may have been decided which rule is for it.
    fn note_told(&mut self, then: &Plan, told: Told) {
        let now = self.ruled.as_ref().filter(|now| Arc::ptr_eq(&now.compiled, &then.compiled));
        let Some(now) = now else { return };
        match &now.standing {
            Standing::Rule(applied) if applied.rule == told.rule => self.note_known(told),
            Standing::Pending(_) => self.keep_told(told),
            Standing::Rule(_) | Standing::Carrier => {}
        }
    }

    /// Keeps what an event told for when a rule is decided on: of each rule, what
    /// would count.
    fn keep_told(&mut self, mut told: Told) {
        let kept = &mut self.rare_mut().told;
        match kept.iter_mut().find(|known| known.rule == told.rule) {
            Some(known) if known.known.case < told.known.case => {}
            Some(known) => {
                told.error = told.error.or(known.error.take());
                *known = told;
            }
            None => kept.push(told),
        }
    }

    /// It was decided which rule is for the span: what events told before counts.
    pub(super) fn settle_told(&mut self, rule: usize) {
        if self.rare().is_none_or(|rare| rare.told.is_empty()) {
            return;
        }
        let told = std::mem::take(&mut self.rare_mut().told);
        if let Some(told) = told.into_iter().find(|told| told.rule == rule) {
            self.note_known(told);
        }
    }

    /// Notes what an event told. Of several, the case that is listed first
    /// counts; of one case, the last event.
    fn note_known(&mut self, told: Told) {
        let case = u8::try_from(told.known.case + 1).ok().and_then(NonZeroU8::new);
        if self.seen.case.is_some_and(|known| Some(known) < case) {
            return;
        }
        self.seen.case = case;
        if let Some(error) = told.error {
            self.fields.set_error(&error);
        }
    }
}

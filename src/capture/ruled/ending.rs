//! Values that come later, and the end.

use std::cell::Cell;

use tracing_core::span;

use crate::capture::intake::Intake;
use crate::capture::later::LateRecorder;
use crate::capture::message::{Capture, Sent};
use crate::capture::open::Times;
use crate::capture::pool::{self, Parcel};

use super::plan::{Plan, Standing};
use super::resolve::Touched;

impl Intake {
    /// Records values on an open span, if a policy has something to say about it.
    #[cold]
    #[inline(never)]
    pub(in crate::capture) fn record_by_rule(&self, span: u64, values: &span::Record<'_>) {
        let Some(plan) = self.open.with(span, |open| open.ruled.clone()).flatten() else { return };
        let Some(slot) = self.open.slot_of(span) else { return };
        let (touched, mut begins) = (Cell::new(Touched::default()), false);
        let note = |index| {
            let mut all = touched.get();
            all.note(index);
            touched.set(all);
        };
        let mut recorder = LateRecorder::new(slot, span, slot.lock(), plan.fields(), note);
        values.record(&mut recorder);
        recorder.finish(self, |capture| {
            begins = self.settle_recorded(capture, touched.get());
        });
        if begins {
            self.send_late_intent(span);
        }
        if let Some(callsite) = self.callsites.by_index(plan.callsite) {
            recorder.tell_misuse(self, callsite);
        }
    }

    /// Values were recorded on an open span. Called under its lock; whether an
    /// intent is to be sent afterwards.
    fn settle_recorded(&self, capture: &mut Capture, touched: Touched) -> bool {
        let Some(plan) = capture.ruled.clone() else { return false };
        let was_pending = capture.is_pending();
        if was_pending && !plan.decide(capture, false) {
            return false;
        }
        let touched = if was_pending { Touched::ALL } else { touched };
        let Some(plan) = capture.ruled.clone() else { return false };
        let set = plan.resolve(capture, touched, false);
        if set.identities != 0 {
            self.note_late(capture, set.identities, set.were_absent);
        }
        was_pending && begin_late(&plan, capture)
    }

    /// Sends the intent of a span that turned out to be an operation.
    fn send_late_intent(&self, span: u64) {
        let copied = self.open.with(span, |open| open.clone());
        if let Some(copied) = copied {
            self.send_intent(&copied);
        }
    }

    /// A span was closed that is no operation, as far as is known.
    #[cold]
    pub(in crate::capture) fn close_undecided(&self, capture: Parcel, times: Times) {
        if capture.open.sent == Sent::No && settle_finally(capture) {
            return self.complete(capture, times, std::thread::panicking());
        }
        pool::give(capture);
    }

    /// Gives an operation that ends what its rule has to say still.
    #[cold]
    pub(in crate::capture) fn finish_by_rule(&self, capture: &mut Capture) {
        settle_finally(capture);
        let Some(plan) = capture.ruled.clone() else { return };
        plan.resolve(capture, Touched::default(), true);
        self.take_from_enclosing(&plan, capture);
        self.fill_from_late(capture);
        plan.fix(capture, true);
    }
}

impl Capture {
    fn is_pending(&self) -> bool {
        self.ruled.as_ref().is_some_and(|plan| matches!(plan.standing, Standing::Pending(_)))
    }
}

/// Decides what was not decided yet: nothing more will be recorded. Whether the
/// span is an operation.
pub(in crate::capture) fn settle_finally(capture: &mut Capture) -> bool {
    if let Some(plan) = capture.ruled.clone().filter(|_| capture.is_pending()) {
        plan.decide(capture, true);
        if let Some(plan) = capture.ruled.clone() {
            plan.resolve(capture, Touched::ALL, true);
            plan.note_match();
        }
    }
    capture.open.is_operation
}

/// A span turned out to be for a rule; whether an intent is to be sent.
fn begin_late(plan: &Plan, capture: &mut Capture) -> bool {
    plan.note_match();
    plan.fix(capture, false);
    plan.wants_intent(capture)
}

impl Plan {
    pub(super) fn note_match(&self) {
        if let Some(applied) = self.applied() {
            self.compiled.counts.note_match(applied.rule);
        }
    }
}

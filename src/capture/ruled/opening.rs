//! A span opens that a rule may be for.

use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tracing_core::span;

use crate::capture::callsite::{Callsite, NO_FIELD, Role};
use crate::capture::intake::Intake;
use crate::capture::local;
use crate::capture::message::{Capture, Origin, WhileOpen};
use crate::capture::open::End;
use crate::capture::opening::Opening;
use crate::capture::pool::{self, Parcel};
use crate::capture::record::FieldRecorder;
use crate::policy::Choice;

use super::plan::{Dynamic, Plan, SpanPlan, Standing};
use super::resolve::Touched;
use super::selective::Selective;
use super::values::ByName;

impl Intake {
    /// Opens a span by what the policy says of it; whether it says anything.
    #[cold]
    #[inline(never)]
    pub(in crate::capture) fn open_by_rule(
        &self,
        callsite: &Callsite,
        opening: &Opening<'_>,
    ) -> bool {
        let Some(_busy) = local::enter_work() else {
            return self.lose_ruled(callsite);
        };
        let choose = |plan: &SpanPlan| plan.choose(opening.attributes);
        let book = &self.callsites.book;
        let plan = book.with_current(|policy| choose(policy.plan(callsite))).flatten();
        plan.map(|plan| self.open_with(plan, callsite, opening)).is_some()
    }

    fn open_with(&self, plan: Arc<Plan>, callsite: &Callsite, opening: &Opening<'_>) {
        let is_operation = callsite.role == Role::Operation || plan.makes_operation();
        let open = WhileOpen { span: opening.span, is_operation, ..WhileOpen::default() };
        let capture = self.begin(callsite, open);
        self.record_fields(plan.fields(), callsite, capture, |recorder| {
            opening.attributes.record(&mut Selective(recorder));
        });
        plan.resolve(capture, Touched::ALL, false);
        capture.open.epoch = self.late_identities.load(Ordering::Acquire);
        if let Some(parent) = self.enclosing_tracked(opening) {
            self.open_inside(&plan, capture, parent);
        }
        plan.fix(capture, false);
        if let Standing::Rule(applied) = &plan.standing {
            plan.compiled.counts.note_match(applied.rule);
        }
        let wants_intent = plan.wants_intent(capture);
        capture.ruled = Some(plan);
        // With its plan, which says what is hidden in it.
        if wants_intent {
            self.send_intent(capture);
        }
        self.open.insert(NO_FIELD, capture);
    }

    fn open_inside(&self, plan: &Plan, capture: &mut Capture, parent: u64) {
        capture.open.enclosing = parent;
        self.take_from_enclosing(plan, capture);
        let epoch = capture.open.epoch;
        self.inherit(capture, epoch, parent);
        let may_end_as_event =
            capture.open.is_operation || matches!(plan.standing, Standing::Pending(_));
        if let Some(outer) = self.collapsing_ancestor(parent).filter(|_| may_end_as_event) {
            capture.rare_mut().collapse_into = Some(outer);
        }
    }

    /// Says that an operation has begun.
    pub(super) fn send_intent(&self, capture: &Capture) {
        let intent: Parcel = pool::take();
        intent.clone_from(capture);
        intent.origin = Origin::Intent;
        let end = End { ended_ticks: capture.opened_ticks, busy_ticks: 0 };
        self.send(intent, end);
    }

    /// Counts a span that is lost since it opened within this crate's own work;
    /// where only its values could tell whether it is one, it is none.
    fn lose_ruled(&self, callsite: &Callsite) -> bool {
        let makes_operation = |plan: &SpanPlan| match plan {
            SpanPlan::Static(plan) => plan.makes_operation(),
            _ => false,
        };
        let book = &self.callsites.book;
        let by_rule = book.with_current(|policy| makes_operation(policy.plan(callsite)));
        self.lose_reentrant(callsite.role == Role::Operation || by_rule == Some(true));
        true
    }
}

impl SpanPlan {
    /// What is to be done with a span that opens with these values.
    fn choose(&self, attributes: &span::Attributes<'_>) -> Option<Arc<Plan>> {
        match self {
            SpanPlan::Nothing => None,
            SpanPlan::Carrier(plan) | SpanPlan::Static(plan) => Some(plan.clone()),
            SpanPlan::Dynamic(dynamic) => dynamic.choose(attributes),
        }
    }
}

impl Dynamic {
    /// Looks at nothing but the fields that decide. They go into a capture that
    /// is given back at once.
    fn choose(&self, attributes: &span::Attributes<'_>) -> Option<Arc<Plan>> {
        let Standing::Pending(candidates) = &self.pending.standing else { return None };
        let probed = pool::take();
        probed.restart(0, NonZeroU64::MIN, WhileOpen::default());
        let mut recorder = FieldRecorder::new(&self.probe, &mut probed.fields);
        attributes.record(&mut Selective(&mut recorder));
        let values = probed.fields.values();
        let by_name = ByName::new(&self.pending.names, &values);
        let value = |name: &str| by_name.value(name);
        let compiled = &self.pending.compiled;
        let choice = compiled.policy.choose(&candidates.numbers, value, false);
        pool::give(probed);
        match choice {
            Choice::None => candidates.carrier.clone(),
            Choice::Ignored(rule) => {
                compiled.counts.note_match(rule);
                candidates.carrier.clone()
            }
            Choice::NotYet => Some(self.pending.clone()),
            Choice::Rule(rule) => {
                let mut plans = candidates.numbers.iter().zip(&candidates.plans);
                plans.find(|(number, _)| **number == rule).map(|(_, plan)| plan.clone())
            }
        }
    }
}

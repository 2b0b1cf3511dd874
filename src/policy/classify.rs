//! Which rule is for a span: from its callsite, once, and from values where
//! that is not enough.

use crate::event::packed::ValueRef;

use super::facts::CallsiteFacts;
use super::operation::{Named, OperationFrom};
use super::outcome::Watch;
use super::plan::Policy;
use super::rule::Rule;

/// What the callsite of a span decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Decision {
    /// No rule is for its spans.
    Never,
    /// This rule has every one of them ignored.
    Ignored(usize),
    /// This rule is for every one of them.
    Static(usize),
    /// The first of these whose conditions hold, by their numbers.
    Dynamic(Box<[usize]>),
}

/// What the values of a span decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Choice {
    Rule(usize),
    /// This rule has the span ignored.
    Ignored(usize),
    /// A value that decides has not been recorded.
    NotYet,
    None,
}

impl Policy {
    /// What the callsite of a span decides.
    pub(crate) fn classify(&self, facts: &CallsiteFacts<'_>) -> Decision {
        let mut candidates = Vec::new();
        for (number, rule) in self.rules().iter().enumerate() {
            if !rule.may_match(facts) {
                continue;
            }
            if rule.is_static() {
                if rule.ignored && candidates.is_empty() {
                    return Decision::Ignored(number);
                }
                // Nothing behind it is ever reached.
                candidates.push(number);
                break;
            }
            candidates.push(number);
        }
        match candidates.as_slice() {
            [] => Decision::Never,
            [only] if self.rules().get(*only).is_some_and(Rule::is_static) => {
                Decision::Static(*only)
            }
            _ => Decision::Dynamic(candidates.into()),
        }
    }

    /// The first of `candidates` whose conditions hold, from the values that
    /// were recorded so far. `is_over` says that no further ones will come.
    pub(crate) fn choose<'v>(
        &self,
        candidates: &[usize],
        value: impl Fn(&str) -> Option<ValueRef<'v>>,
        is_over: bool,
    ) -> Choice {
        for number in candidates {
            let Some(rule) = self.rules().get(*number) else { continue };
            match rule.holds(&value, is_over) {
                Some(true) if rule.ignored => return Choice::Ignored(*number),
                Some(true) => return Choice::Rule(*number),
                Some(false) => {}
                None => return Choice::NotYet,
            }
        }
        Choice::None
    }

    /// The cases of outcomes that events of a callsite may hold. Empty for
    /// callsites that tell nothing.
    pub(crate) fn watches(&self, facts: &CallsiteFacts<'_>) -> Box<[Watch]> {
        let watched = |(rule, by): (usize, &Rule)| {
            by.outcome.watched_by(facts).map(|case| Watch { rule, case }).collect::<Vec<_>>()
        };
        self.rules().iter().enumerate().flat_map(watched).collect()
    }

    /// Places of the fields of a callsite that some rule looks for around its
    /// spans. Spans that have any are followed, without becoming events.
    pub(crate) fn carries(&self, facts: &CallsiteFacts<'_>) -> Box<[usize]> {
        let is_wanted = |field: &str| self.enclosing_fields().contains(field);
        let fields = facts.fields.iter().enumerate();
        fields.filter(|(_, field)| is_wanted(field)).map(|(place, _)| place).collect()
    }
}

impl Rule {
    /// Whether the conditions hold; nothing where that is not known yet.
    fn holds<'v>(
        &self,
        value: &impl Fn(&str) -> Option<ValueRef<'v>>,
        is_over: bool,
    ) -> Option<bool> {
        let mut waits = false;
        for condition in &self.conditions {
            match value(&condition.field) {
                Some(value) if !condition.holds(value) => return Some(false),
                Some(_) => {}
                None => waits = true,
            }
        }
        match self.operation.as_ref().map(|from: &OperationFrom| from.named(value, is_over)) {
            Some(Named::Not) => return Some(false),
            Some(Named::NotYet) => waits = true,
            Some(Named::As(_)) | None => {}
        }
        match (waits, is_over) {
            (false, _) => Some(true),
            (true, true) => Some(false),
            (true, false) => None,
        }
    }
}

//! How it is known how a matched span ended.

use crate::event::Status;
use crate::event::packed::ValueRef;

use super::condition::Condition;
use super::facts::{CallsiteFacts, Level};
use super::pattern::Pattern;

/// How it is known how an operation ended: cases in the order of their weight.
/// Of those that were seen to hold, the first listed decides, whenever it came.
///
/// What the program itself states with `audit.status` counts before it, and so
/// does a panic; errors and values that `#[instrument]` reports count after it.
#[derive(Debug, Clone, Default, PartialEq)]
#[must_use = "an outcome does nothing until a rule has it"]
pub struct Outcome {
    pub(super) cases: Vec<Case>,
    /// What it is when no case held; without it, what closing says.
    pub(crate) otherwise: Option<Status>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Case {
    pub(super) seen: Seen,
    pub(super) status: Status,
    /// The field whose value is the error message.
    pub(super) error: Option<Box<str>>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Seen {
    /// A value on the span itself.
    Field(Condition),
    /// An event inside the span, and what has to hold of its fields.
    Event(EventPattern, Option<Condition>),
}

/// Which `tracing` events tell how the span ended that they are inside of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use = "a pattern does nothing until an outcome has it"]
pub struct EventPattern {
    pub(super) target: Option<Pattern>,
    pub(super) name: Option<Pattern>,
    pub(super) message: Option<Pattern>,
    pub(super) level: Option<Level>,
}

impl EventPattern {
    /// Any event.
    pub fn new() -> Self {
        EventPattern::default()
    }

    /// Of this target or a module below it.
    pub fn target(mut self, pattern: impl AsRef<str>) -> Self {
        self.target = Some(Pattern::new(pattern.as_ref()));
        self
    }

    /// With this name, which is its place in the source unless the code names it.
    pub fn name(mut self, pattern: impl AsRef<str>) -> Self {
        self.name = Some(Pattern::new(pattern.as_ref()));
        self
    }

    /// With this message.
    pub fn message(mut self, pattern: impl AsRef<str>) -> Self {
        self.message = Some(Pattern::new(pattern.as_ref()));
        self
    }

    /// At least as severe.
    pub fn level(mut self, level: Level) -> Self {
        self.level = Some(level);
        self
    }

    fn may_match(&self, facts: &CallsiteFacts<'_>) -> bool {
        self.target.as_ref().is_none_or(|target| target.matches_target(facts.target))
            && self.name.as_ref().is_none_or(|name| name.matches(facts.name))
            && self.level.is_none_or(|level| facts.level <= level)
            && (self.message.is_none() || facts.declares("message"))
    }
}

/// What was learnt of an outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Known {
    /// The case; a smaller number weighs more.
    pub(crate) case: usize,
    pub(crate) status: Status,
}

/// An event callsite that may hold a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Watch {
    pub(crate) rule: usize,
    pub(crate) case: usize,
}

impl Outcome {
    /// No case yet.
    pub fn new() -> Self {
        Outcome::default()
    }

    /// A value on the span says how it ended.
    pub fn field(mut self, condition: Condition, status: Status) -> Self {
        self.cases.push(Case { seen: Seen::Field(condition), status, error: None });
        self
    }

    /// An event inside the span says how it ended.
    pub fn event(mut self, event: EventPattern, status: Status) -> Self {
        self.cases.push(Case { seen: Seen::Event(event, None), status, error: None });
        self
    }

    /// An event inside the span says how it ended, by the value of its field.
    pub fn event_field(
        mut self,
        event: EventPattern,
        condition: Condition,
        status: Status,
    ) -> Self {
        self.cases.push(Case { seen: Seen::Event(event, Some(condition)), status, error: None });
        self
    }

    /// The field that holds the error message of the case that was added last,
    /// on the span or on the event.
    pub fn error_from(mut self, field: impl AsRef<str>) -> Self {
        if let Some(case) = self.cases.last_mut() {
            case.error = Some(field.as_ref().into());
        }
        self
    }

    /// What it is when no case held.
    pub fn otherwise(mut self, status: Status) -> Self {
        self.otherwise = Some(status);
        self
    }

    /// What the values recorded on the span so far say.
    pub(crate) fn by_fields<'v>(
        &self,
        value: impl Fn(&str) -> Option<ValueRef<'v>>,
    ) -> Option<Known> {
        let holds = |case: &Case| match &case.seen {
            Seen::Field(condition) => {
                value(&condition.field).is_some_and(|value| condition.holds(value))
            }
            Seen::Event(..) => false,
        };
        self.first(holds)
    }

    /// What an event says that one of `watched` cases waits for.
    pub(crate) fn by_event<'v>(
        &self,
        watched: impl Fn(usize) -> bool,
        value: impl Fn(&str) -> Option<ValueRef<'v>>,
    ) -> Option<Known> {
        let mut index = 0;
        let holds = |case: &Case| {
            index += 1;
            let Seen::Event(event, condition) = &case.seen else { return false };
            watched(index - 1)
                && event.message.as_ref().is_none_or(|message| {
                    value("message").is_some_and(|text| {
                        super::condition::with_text(text, |text| message.matches(text))
                    })
                })
                && condition.as_ref().is_none_or(|condition| {
                    value(&condition.field).is_some_and(|value| condition.holds(value))
                })
        };
        self.first(holds)
    }

    /// What has to hold in the cases.
    pub(super) fn conditions(&self) -> impl Iterator<Item = &Condition> {
        self.cases.iter().filter_map(|case| match &case.seen {
            Seen::Field(condition) => Some(condition),
            Seen::Event(_, condition) => condition.as_ref(),
        })
    }

    pub(super) fn cases_count(&self) -> usize {
        self.cases.len()
    }

    /// What a case says.
    pub(crate) fn known(&self, case: usize) -> Option<Known> {
        Some(Known { case, status: self.cases.get(case)?.status })
    }

    /// The field with the error message of a case.
    pub(crate) fn error_field(&self, known: Known) -> Option<&str> {
        self.cases.get(known.case)?.error.as_deref()
    }

    /// Of what was known and what is learnt, what weighs more. Values of one
    /// case that come later count.
    pub(crate) fn weigh(known: Option<Known>, learnt: Option<Known>) -> Option<Known> {
        match (known, learnt) {
            (Some(known), Some(learnt)) if known.case < learnt.case => Some(known),
            (known, learnt) => learnt.or(known),
        }
    }

    /// The cases that an event callsite may hold.
    pub(super) fn watched_by<'a>(
        &'a self,
        facts: &'a CallsiteFacts<'a>,
    ) -> impl Iterator<Item = usize> + 'a {
        let holds = |case: &Case| match &case.seen {
            Seen::Event(event, condition) => {
                event.may_match(facts)
                    && condition.as_ref().is_none_or(|condition| facts.declares(&condition.field))
            }
            Seen::Field(_) => false,
        };
        self.cases.iter().enumerate().filter(move |(_, case)| holds(case)).map(|(index, _)| index)
    }

    fn first(&self, holds: impl FnMut(&Case) -> bool) -> Option<Known> {
        let case = self.cases.iter().position(holds)?;
        self.known(case)
    }
}

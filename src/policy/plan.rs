//! A policy: rules in order, what is hidden, and what is expected.

use std::collections::BTreeSet;

use crate::error::{Error, Result};
use crate::event::Operation;
use crate::redaction::{Action, Redaction, Rules};

use super::rule::{Detail, Rule};

/// Names of fields that hold the text of queries and messages.
const QUERY_TEXTS: &[&str] = &[
    "query",
    "*.query",
    "query.*",
    "*.query.text",
    "*.statement",
    "sql",
    "prompt",
    "*.prompt",
    "*.completion",
    "*.messages",
    "*.system_instructions",
    "*.call.arguments",
    "*.call.result",
    "question",
    "search_text",
    "headers",
    "body",
];

/// Most cases of one outcome.
const CASES_MAX: usize = 250;

/// Rules in order, what is hidden, and what is expected. Never changes.
#[derive(Debug, Clone)]
#[must_use = "nothing is audited by it until it is given to a builder"]
pub struct Policy {
    rules: Vec<Rule>,
    redaction: Redaction,
    expected: BTreeSet<Operation>,
    enclosing: BTreeSet<Box<str>>,
}

impl Policy {
    /// The rules, in their order: the first that matches a span decides.
    ///
    /// # Errors
    ///
    /// When two rules have one name, or one can never do anything.
    pub fn new(rules: impl IntoIterator<Item = Rule>) -> Result<Policy> {
        let rules: Vec<Rule> = rules.into_iter().collect();
        for (number, rule) in rules.iter().enumerate() {
            check(rule)?;
            if rules.iter().take(number).any(|earlier| earlier.name == rule.name) {
                return Err(Error::invalid(format!(
                    "two rules are called `{}`; reports tell rules apart by their names, so give \
                     one of them another",
                    rule.name
                )));
            }
        }
        let origins = rules.iter().flat_map(|rule| &rule.identities).map(|(_, origin)| origin);
        let enclosing = origins.filter(|origin| origin.enclosing);
        let enclosing = enclosing.flat_map(|origin| origin.fields.iter().cloned()).collect();
        Ok(Policy { rules, redaction: Redaction::new(), expected: BTreeSet::new(), enclosing })
    }

    /// What is hidden in all events. What it leaves at its default, the builder's
    /// [`redaction`](crate::Builder::redaction) says. Default: [`Redaction::new`].
    pub fn redaction(mut self, redaction: Redaction) -> Self {
        self.redaction = redaction;
        self
    }

    /// Operations that the service does: those that never come are reported.
    pub fn expect_operations(
        mut self,
        operations: impl IntoIterator<Item = impl Into<Operation>>,
    ) -> Self {
        self.expected.extend(operations.into_iter().map(Into::into));
        self
    }

    /// The same, and where it says nothing of what is hidden, `redaction` does.
    pub(crate) fn before(mut self, redaction: &Redaction) -> Self {
        self.redaction = self.redaction.before(redaction);
        self
    }

    pub(crate) fn rules(&self) -> &[Rule] {
        &self.rules
    }

    pub(crate) fn expected(&self) -> &BTreeSet<Operation> {
        &self.expected
    }

    pub(crate) fn hides(&self) -> &Redaction {
        &self.redaction
    }

    /// The fields that rules look for around their spans.
    pub(crate) fn enclosing_fields(&self) -> &BTreeSet<Box<str>> {
        &self.enclosing
    }

    /// What is hidden in the events of a rule.
    pub(crate) fn hidden_by(&self, rule: &Rule) -> Rules {
        let own = rule.redact.iter().map(|(name, action)| (&**name, *action));
        let texts = QUERY_TEXTS.iter().map(|name| (*name, Action::Hash));
        let texts = texts.filter(|_| rule.detail == Detail::Metadata);
        self.redaction.preceded_by(own.chain(texts), rule.detail != Detail::None).compile()
    }
}

fn check(rule: &Rule) -> Result<()> {
    let name = &rule.name;
    if !rule.does_something() {
        return Err(Error::invalid(format!(
            "the rule `{name}` does nothing; give it an operation, an identity for the spans \
             inside, or `ignore = true`"
        )));
    }
    if let Some((what, mistake)) = rule.mistake() {
        return Err(Error::invalid(format!(
            "the rule `{name}` asks for what never is: `{what}` {mistake}"
        )));
    }
    if rule.outcome.cases_count() > CASES_MAX {
        return Err(Error::invalid(format!(
            "the rule `{name}` has more than {CASES_MAX} cases of its outcome; join some, for \
             example with `*` in values"
        )));
    }
    let matches_all = rule.target.is_none()
        && rule.span.is_none()
        && rule.fields.is_empty()
        && rule.conditions.is_empty();
    if matches_all && !rule.ignored && rule.operation.as_ref().is_some_and(|from| from.is_static())
    {
        return Err(Error::invalid(format!(
            "the rule `{name}` matches every span of the process; give it a target, a span name, \
             a field or a condition"
        )));
    }
    Ok(())
}

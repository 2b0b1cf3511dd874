//! One rule: which spans, and what becomes of them.

use crate::event::Operation;
use crate::redaction::Action;

use super::condition::Condition;
use super::facts::{CallsiteFacts, Level};
use super::operation::OperationFrom;
use super::origin::{Identity, Origin};
use super::outcome::Outcome;
use super::pattern::Pattern;

/// How much of a span is kept beside who did what to which entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Detail {
    /// None of its other fields.
    None,
    /// Its other fields; texts of queries and messages as hashes.
    Metadata,
    /// Its other fields, after what is hidden everywhere.
    #[default]
    Full,
}

/// Which spans, and what becomes of them.
///
/// A rule without an operation makes no events: with identities it says whose
/// context its spans are for those inside, and else it is for spans whose code
/// says `audit.operation`, of which it says the outcome, what is hidden, or that
/// they are durable.
///
/// ```
/// use tracing_audit::policy::{Condition, Identity, Level, Origin, Rule};
///
/// let rule = Rule::new("orders")
///     .target("shop::orders")
///     .span("place")
///     .level(Level::Info)
///     .condition(Condition::not("dry_run", ["true"]))
///     .operation("ORDER")
///     .identity(Identity::User, Origin::fields(["customer"]).enclosing(true));
/// # let _ = rule;
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use = "a rule does nothing until a policy has it"]
pub struct Rule {
    pub(crate) name: Box<str>,
    pub(super) target: Option<Pattern>,
    pub(super) span: Option<Pattern>,
    pub(super) level: Option<Level>,
    pub(super) fields: Vec<Box<str>>,
    pub(crate) conditions: Vec<Condition>,
    pub(super) ignored: bool,
    pub(crate) operation: Option<OperationFrom>,
    pub(crate) identities: Vec<(Identity, Origin)>,
    pub(crate) outcome: Outcome,
    pub(crate) detail: Detail,
    pub(crate) collapse: bool,
    pub(crate) durable: bool,
    pub(crate) intent: bool,
    pub(super) redact: Vec<(Box<str>, Action)>,
}

impl Rule {
    /// A rule that matches every span and does nothing with it. Its name stands
    /// in reports about coverage.
    pub fn new(name: impl AsRef<str>) -> Self {
        Rule {
            name: name.as_ref().into(),
            target: None,
            span: None,
            level: None,
            fields: Vec::new(),
            conditions: Vec::new(),
            ignored: false,
            operation: None,
            identities: Vec::new(),
            outcome: Outcome::new(),
            detail: Detail::default(),
            collapse: false,
            durable: false,
            intent: false,
            redact: Vec::new(),
        }
    }

    /// Only spans of this target or a module below it; with `*`, of exactly the
    /// targets that the pattern matches.
    pub fn target(mut self, pattern: impl AsRef<str>) -> Self {
        self.target = Some(Pattern::new(pattern.as_ref()));
        self
    }

    /// Only spans with this name; `*` matches any characters.
    pub fn span(mut self, pattern: impl AsRef<str>) -> Self {
        self.span = Some(Pattern::new(pattern.as_ref()));
        self
    }

    /// Only spans that are at least as severe.
    pub fn level(mut self, level: Level) -> Self {
        self.level = Some(level);
        self
    }

    /// Only spans that declare this field. May be called several times.
    pub fn field(mut self, name: impl AsRef<str>) -> Self {
        self.fields.push(name.as_ref().into());
        self
    }

    /// Only spans with a value like this. May be called several times; all have
    /// to hold. A value may come after the span was opened.
    pub fn condition(mut self, condition: Condition) -> Self {
        self.conditions.push(condition);
        self
    }

    /// Such spans are not audited, whatever later rules say.
    pub fn ignored(mut self) -> Self {
        self.ignored = true;
        self
    }

    /// The name of the operation. Without one, the spans become no events and
    /// only say who acts in the spans inside them.
    pub fn operation(self, operation: impl Into<Operation>) -> Self {
        self.operation_from(OperationFrom::fixed(operation))
    }

    /// Where the name of the operation comes from.
    pub fn operation_from(mut self, operation: OperationFrom) -> Self {
        self.operation = Some(operation);
        self
    }

    /// Where it comes from who acted on what.
    pub fn identity(mut self, identity: Identity, origin: Origin) -> Self {
        self.identities.retain(|(known, _)| *known != identity);
        self.identities.push((identity, origin));
        self.identities.sort_by_key(|(identity, _)| *identity as u8);
        self
    }

    /// How it is known how the operation ended.
    pub fn outcome(mut self, outcome: Outcome) -> Self {
        self.outcome = outcome;
        self
    }

    /// How much is kept. Default: [`Detail::Full`].
    pub fn detail(mut self, detail: Detail) -> Self {
        self.detail = detail;
        self
    }

    /// Audited spans inside become a part of it.
    pub fn collapse(mut self) -> Self {
        self.collapse = true;
        self
    }

    /// Its events are synced to the disk as soon as they are written, without
    /// waiting for those that come after. Without a journal, the policy is refused.
    pub fn durable(mut self) -> Self {
        self.durable = true;
        self
    }

    /// An entry is made when the operation begins, too, so that one that a
    /// crash ended is known of.
    pub fn intent(mut self) -> Self {
        self.intent = true;
        self
    }

    /// What happens to the fields whose name matches, before what is said for
    /// all events. May be called several times; the first match decides.
    pub fn redact(mut self, name: impl AsRef<str>, action: Action) -> Self {
        self.redact.push((name.as_ref().into(), action));
        self
    }

    /// Whether spans of a callsite can match.
    pub(super) fn may_match(&self, facts: &CallsiteFacts<'_>) -> bool {
        (self.is_for_all() || facts.declares("audit.operation"))
            && self.target.as_ref().is_none_or(|target| target.matches_target(facts.target))
            && self.span.as_ref().is_none_or(|span| span.matches(facts.name))
            && self.level.is_none_or(|level| facts.level <= level)
            && self.fields.iter().all(|field| facts.declares(field))
            && self.conditions.iter().all(|condition| facts.declares(&condition.field))
            && self
                .operation
                .as_ref()
                .is_none_or(|from| from.is_possible(|field| facts.declares(field)))
    }

    /// Whether it makes something of spans, or only says more about those that
    /// the code makes operations of.
    fn is_for_all(&self) -> bool {
        self.ignored || self.operation.is_some() || !self.identities.is_empty()
    }

    /// Whether it says anything at all.
    pub(super) fn does_something(&self) -> bool {
        let says_more = self.outcome != Outcome::new() || self.detail != Detail::default();
        let has_effects = self.collapse || self.durable || self.intent || !self.redact.is_empty();
        self.is_for_all() || says_more || has_effects
    }

    /// What in it can never match, and why.
    pub(super) fn mistake(&self) -> Option<(&str, &'static str)> {
        let is_empty = |pattern: &Option<Pattern>| {
            pattern.as_ref().is_some_and(|pattern| pattern.as_str().is_empty())
        };
        const EMPTY: &str = "is empty; leave it out where all are meant";
        if is_empty(&self.target) {
            return Some(("target", EMPTY));
        }
        if is_empty(&self.span) {
            return Some(("span", EMPTY));
        }
        if self.fields.iter().any(|field| field.is_empty()) {
            return Some(("fields", "has an empty name in it"));
        }
        let mut origins = self.identities.iter();
        let origin = origins.find_map(|(what, origin)| Some((what.as_str(), origin.mistake()?)));
        let mut conditions = self.conditions.iter().chain(self.outcome.conditions());
        origin.or_else(|| {
            conditions.find_map(|condition| Some((&*condition.field, condition.mistake()?)))
        })
    }

    /// Whether the callsite alone decides.
    pub(super) fn is_static(&self) -> bool {
        self.conditions.is_empty() && self.operation.as_ref().is_none_or(OperationFrom::is_static)
    }
}

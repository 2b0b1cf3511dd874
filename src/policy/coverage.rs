//! What a policy missed, or may have missed.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::event::Operation;

use super::facts::CallsiteFacts;
use super::plan::Policy;

/// What a policy missed, or may have missed, since it came into force.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Coverage {
    /// Rules that never matched a span, by name.
    pub rules_unmatched: Vec<String>,
    /// Operations that were said to be expected and never came.
    pub operations_missing: Vec<Operation>,
    /// Audited callsites that were seen and that something keeps disabled: name,
    /// `file:line` and level.
    pub callsites_disabled: Vec<String>,
    /// Spans that look like access to memory or data, by their name or by fields
    /// of OpenTelemetry's conventions, and that no rule is for. They are known
    /// once they were met.
    pub callsites_unmatched: Vec<String>,
    /// Events recorded.
    pub events: u64,
    /// Those of them without anybody who acted.
    pub events_without_actor: u64,
}

impl Coverage {
    /// The share of events without an actor, from 0 to 1; nothing without events.
    pub fn share_without_actor(&self) -> Option<f64> {
        (self.events > 0).then(|| self.events_without_actor as f64 / self.events as f64)
    }

    /// Whether nothing seems to be missing. Events without an actor are not
    /// judged: some services have them.
    pub fn is_complete(&self) -> bool {
        self.rules_unmatched.is_empty()
            && self.operations_missing.is_empty()
            && self.callsites_disabled.is_empty()
            && self.callsites_unmatched.is_empty()
    }
}

/// Most callsites of a kind that are kept for the report.
const CALLSITES_MAX: usize = 256;

/// What is counted for the report. Callers' threads count matches, with one
/// addition to a counter of the rule's own; callsites are noted once each.
#[derive(Debug)]
pub(crate) struct Counts {
    matched: Box<[AtomicU64]>,
    /// Expected operations that have not come yet.
    awaited: Mutex<BTreeSet<Operation>>,
    unmatched: Mutex<BTreeSet<String>>,
    events: AtomicU64,
    without_actor: AtomicU64,
}

impl Counts {
    pub(crate) fn new(policy: &Policy) -> Self {
        Counts {
            matched: policy.rules().iter().map(|_| AtomicU64::new(0)).collect(),
            awaited: Mutex::new(policy.expected().clone()),
            unmatched: Mutex::default(),
            events: AtomicU64::new(0),
            without_actor: AtomicU64::new(0),
        }
    }

    /// A span was given to a rule.
    #[inline]
    pub(crate) fn note_match(&self, rule: usize) {
        if let Some(count) = self.matched.get(rule) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// An event was recorded. Called by the worker alone.
    pub(crate) fn note_event(&self, operation: &str, is_anonymous: bool) {
        self.events.fetch_add(1, Ordering::Relaxed);
        self.without_actor.fetch_add(u64::from(is_anonymous), Ordering::Relaxed);
        lock(&self.awaited).retain(|awaited| awaited.as_str() != operation);
    }

    /// A callsite that no rule is for was registered.
    pub(crate) fn note_unmatched(&self, facts: &CallsiteFacts<'_>) {
        if may_touch_data(facts) {
            note(&self.unmatched, format!("{} in {}", facts.name, facts.target));
        }
    }

    /// What the counts say about `policy`, which they were made for; which
    /// callsites are disabled is known elsewhere.
    pub(crate) fn report(&self, policy: &Policy, disabled: Vec<String>) -> Coverage {
        let unmatched = policy.rules().iter().zip(&self.matched);
        Coverage {
            rules_unmatched: unmatched
                .filter(|(_, count)| count.load(Ordering::Relaxed) == 0)
                .map(|(rule, _)| rule.name.to_string())
                .collect(),
            operations_missing: lock(&self.awaited).iter().cloned().collect(),
            callsites_disabled: disabled,
            callsites_unmatched: lock(&self.unmatched).iter().cloned().collect(),
            events: self.events.load(Ordering::Relaxed),
            events_without_actor: self.without_actor.load(Ordering::Relaxed),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn note(callsites: &Mutex<BTreeSet<String>>, callsite: String) {
    let mut known = lock(callsites);
    if known.len() < CALLSITES_MAX {
        known.insert(callsite);
    }
}

/// Words of names of spans that read, write or forget something.
const VERBS: &[&str] = &[
    "store",
    "save",
    "insert",
    "create",
    "update",
    "upsert",
    "delete",
    "remove",
    "put",
    "write",
    "read",
    "get",
    "fetch",
    "query",
    "search",
    "select",
    "recall",
    "remember",
    "forget",
    "ingest",
    "retrieve",
    "retrieval",
    "memory",
    "export",
    "import",
    "load",
    "list",
    "purge",
];

/// Fields that say so.
const FIELD_PREFIXES: &[&str] = &["gen_ai.", "db."];

/// Whether a span looks like access to memory or data, by its name or by fields
/// of OpenTelemetry's conventions.
fn may_touch_data(facts: &CallsiteFacts<'_>) -> bool {
    let says_field = |field: &&str| FIELD_PREFIXES.iter().any(|prefix| field.starts_with(prefix));
    let words = facts.name.split(|c: char| !c.is_ascii_alphanumeric());
    facts.fields.iter().any(says_field)
        || words.into_iter().any(|word| VERBS.iter().any(|verb| word.eq_ignore_ascii_case(verb)))
}

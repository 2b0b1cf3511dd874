//! A policy, ready to be applied.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tracing_core::Metadata;

use crate::capture::callsite::{Callsite, Slot};
use crate::capture::meaning::Meanings;
use crate::policy::{CallsiteFacts, Counts, Level, Policy, Rule, Watch};
use crate::redaction::{Redaction, Rules};

use super::by_callsite::ByCallsite;

/// A policy, ready to be applied. Shared by what is decided by it, and freed
/// when none of that is left.
pub(crate) struct Compiled {
    /// Tells the policies of this process apart. Never zero.
    pub(super) number: u64,
    pub(crate) policy: Policy,
    pub(crate) digest: String,
    pub(crate) counts: Counts,
    /// What is hidden in the events of each rule.
    hidden: Box<[Rules]>,
    /// What is hidden in all others.
    pub(crate) hidden_elsewhere: Arc<Rules>,
    watches: ByCallsite<Watches>,
}

/// What the events of a callsite may tell.
pub(super) struct Watches {
    pub(super) cases: Box<[Watch]>,
    /// Which of their fields have to be looked at for that.
    pub(super) fields: Meanings,
}

impl Compiled {
    /// Where the policy says nothing of what is hidden, `redaction` does.
    pub(crate) fn new(policy: Policy, redaction: &Redaction) -> Self {
        static NUMBERS: AtomicU64 = AtomicU64::new(1);
        let digest = policy.digest();
        let policy = policy.before(redaction);
        Compiled {
            number: NUMBERS.fetch_add(1, Ordering::Relaxed),
            digest,
            counts: Counts::new(&policy),
            hidden: policy.rules().iter().map(|rule| policy.hidden_by(rule)).collect(),
            hidden_elsewhere: Arc::new(policy.hides().compile()),
            watches: ByCallsite::new(),
            policy,
        }
    }

    pub(super) fn hidden(&self, rule: usize) -> &Rules {
        self.hidden.get(rule).unwrap_or(&self.hidden_elsewhere)
    }

    pub(super) fn rule(&self, number: usize) -> Option<&Rule> {
        self.policy.rules().get(number)
    }

    /// What the events of a callsite may tell.
    pub(super) fn watches(&self, callsite: &Callsite) -> &Watches {
        self.watches.of(callsite.index, || {
            let cases = with_facts(callsite.metadata, |facts| self.policy.watches(facts));
            let is_looked_at = |name: &str| {
                let mut rules =
                    cases.iter().filter_map(|watch| Some((self.rule(watch.rule)?, watch)));
                rules.any(|(rule, watch)| {
                    rule.outcome.fields_of(watch.case).any(|field| field == name)
                })
            };
            let slot = |name: &&str| if is_looked_at(name) { Slot::Kept } else { Slot::Unknown };
            Watches { fields: callsite.names.iter().map(slot).collect(), cases }
        })
    }
}

/// The plain facts of a callsite.
pub(super) fn with_facts<R>(
    metadata: &Metadata<'_>,
    then: impl FnOnce(&CallsiteFacts<'_>) -> R,
) -> R {
    let fields: Vec<&str> = metadata.fields().iter().map(|field| field.name()).collect();
    then(&CallsiteFacts {
        name: metadata.name(),
        target: metadata.target(),
        level: level(*metadata.level()),
        fields: &fields,
    })
}

fn level(level: tracing_core::Level) -> Level {
    match level {
        tracing_core::Level::ERROR => Level::Error,
        tracing_core::Level::WARN => Level::Warn,
        tracing_core::Level::INFO => Level::Info,
        tracing_core::Level::DEBUG => Level::Debug,
        tracing_core::Level::TRACE => Level::Trace,
    }
}

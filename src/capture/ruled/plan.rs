//! What a policy has to say about the spans of one callsite.

use std::sync::Arc;

use crate::capture::callsite::{Callsite, IdField, Role, Slot};
use crate::capture::meaning::Meanings;
use crate::event::Status;
use crate::policy::{Decision, Identity, Origin, Rule};
use crate::redaction::Rules;

use super::compiled::{Compiled, with_facts};

/// What a policy has to say about the spans of one callsite.
pub(super) enum SpanPlan {
    Nothing,
    /// Its spans carry what rules look for around theirs.
    Carrier(Arc<Plan>),
    /// One rule is for all of them.
    Static(Arc<Plan>),
    /// Values decide.
    Dynamic(Dynamic),
}

/// Values decide which rule a span is for.
pub(super) struct Dynamic {
    /// The fields that decide; all others are unknown.
    pub(super) probe: Meanings,
    pub(super) pending: Arc<Plan>,
}

/// What a policy has to say about a span. Its capture holds on to it.
pub(crate) struct Plan {
    pub(super) compiled: Arc<Compiled>,
    /// Index of the callsite.
    pub(super) callsite: u32,
    /// Names of the fields of the span, by field index.
    pub(super) names: Box<[&'static str]>,
    /// How its fields are recorded.
    fields: Meanings,
    pub(super) standing: Standing,
}

pub(super) enum Standing {
    /// It only carries values for spans inside it.
    Carrier,
    /// A rule is for it.
    Rule(Applied),
    /// One of these may be, by values that have not been recorded.
    Pending(Candidates),
}

/// A rule, as it is applied to the spans of one callsite.
pub(super) struct Applied {
    pub(super) rule: usize,
    pub(super) sources: Box<[Source]>,
}

/// Where a value comes from.
pub(super) struct Source {
    pub(super) identity: Identity,
    /// Indices of the fields, the strongest first.
    pub(super) fields: Box<[u16]>,
}

pub(super) struct Candidates {
    pub(super) numbers: Box<[usize]>,
    pub(super) plans: Box<[Arc<Plan>]>,
    /// What the span is if no rule is for it, and it is anything.
    pub(super) carrier: Option<Arc<Plan>>,
}

/// Fields of another convention that say who acts on what, where a rule does
/// not say it.
const KNOWN_FIELDS: &[(Identity, &str)] = &[
    (Identity::Session, "gen_ai.conversation.id"),
    (Identity::Resource, "gen_ai.memory.store.id"),
    (Identity::EntryIds, "gen_ai.memory.record.id"),
];

impl SpanPlan {
    pub(super) fn of(compiled: &Arc<Compiled>, callsite: &Callsite) -> Self {
        let policy = &compiled.policy;
        let (decision, carried) =
            with_facts(callsite.metadata, |facts| (policy.classify(facts), policy.carries(facts)));
        let making = Making { compiled, callsite, carried: &carried };
        let carrier = (!carried.is_empty()).then(|| making.carrier());
        match decision {
            Decision::Never | Decision::Ignored(_) => {
                carrier.map_or(SpanPlan::Nothing, SpanPlan::Carrier)
            }
            Decision::Static(rule) => SpanPlan::Static(making.rule(rule, &making.fields(&[rule]))),
            Decision::Dynamic(candidates) => SpanPlan::Dynamic(Dynamic {
                probe: making.probe(&candidates),
                pending: making.pending(candidates, carrier),
            }),
        }
    }
}

impl Plan {
    /// How its fields are recorded.
    pub(in crate::capture) fn fields(&self) -> &Meanings {
        &self.fields
    }

    /// The rule that is for the span, if that is decided.
    pub(super) fn rule(&self) -> Option<&Rule> {
        self.compiled.rule(self.applied()?.rule)
    }

    pub(super) fn applied(&self) -> Option<&Applied> {
        match &self.standing {
            Standing::Rule(applied) => Some(applied),
            Standing::Carrier | Standing::Pending(_) => None,
        }
    }

    /// The rules that are for the span, or may turn out to be.
    pub(super) fn rules(&self) -> &[usize] {
        match &self.standing {
            Standing::Carrier => &[],
            Standing::Rule(applied) => std::slice::from_ref(&applied.rule),
            Standing::Pending(candidates) => &candidates.numbers,
        }
    }

    /// Whether the rule makes an event of its spans.
    pub(super) fn makes_operation(&self) -> bool {
        self.rule().is_some_and(|rule| rule.operation.is_some())
    }

    /// What is hidden in the event.
    pub(crate) fn hidden(&self) -> &Rules {
        match self.applied() {
            Some(applied) => self.compiled.hidden(applied.rule),
            None => &self.compiled.hidden_elsewhere,
        }
    }

    /// Whether the event is to be synced at once.
    pub(crate) fn is_durable(&self) -> bool {
        self.rule().is_some_and(|rule| rule.durable)
    }

    /// What the outcome is if nothing else is known.
    pub(in crate::capture) fn otherwise(&self) -> Option<Status> {
        self.rule()?.outcome.otherwise
    }
}

impl std::fmt::Debug for Plan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plan")
            .field("rule", &self.rule().map(|rule| &rule.name))
            .finish_non_exhaustive()
    }
}

impl Applied {
    /// Where an identity comes from, as the rule says it.
    pub(super) fn origin<'r>(&self, rule: &'r Rule, identity: Identity) -> Option<&'r Origin> {
        rule.identities.iter().find(|(known, _)| *known == identity).map(|(_, origin)| origin)
    }
}

/// The field that stands for an identity; none does for the entry ids.
pub(super) fn id_field(identity: Identity) -> Option<IdField> {
    IdField::ALL.get(identity as usize).copied()
}

struct Making<'a> {
    compiled: &'a Arc<Compiled>,
    callsite: &'a Callsite,
    /// Indices of the fields that rules look for around their spans.
    carried: &'a [usize],
}

impl Making<'_> {
    fn plan(&self, fields: Meanings, standing: Standing) -> Arc<Plan> {
        let (compiled, names) = (self.compiled.clone(), self.callsite.names.clone());
        Arc::new(Plan { compiled, callsite: self.callsite.index, names, fields, standing })
    }

    fn carrier(&self) -> Arc<Plan> {
        let is_silent = self.callsite.role == Role::Silent;
        let fields = self.fields_by(|index, _, by_code| match by_code {
            _ if self.carried.contains(&index) && !is_audit(self.name(index)) => Slot::Kept,
            _ if is_silent => Slot::Unknown,
            by_code => by_code,
        });
        self.plan(fields, Standing::Carrier)
    }

    fn rule(&self, rule: usize, fields: &Meanings) -> Arc<Plan> {
        let sources = self.compiled.rule(rule).map(|rule| self.sources(rule)).unwrap_or_default();
        self.plan(fields.clone(), Standing::Rule(Applied { rule, sources }))
    }

    fn pending(&self, numbers: Box<[usize]>, carrier: Option<Arc<Plan>>) -> Arc<Plan> {
        let fields = self.fields(&numbers);
        let plans = numbers.iter().map(|rule| self.rule(*rule, &fields)).collect();
        self.plan(fields, Standing::Pending(Candidates { numbers, plans, carrier }))
    }

    /// What is recorded for a span that one of these rules is for.
    fn fields(&self, rules: &[usize]) -> Meanings {
        let rules: Vec<&Rule> = rules.iter().filter_map(|rule| self.compiled.rule(*rule)).collect();
        let is_used = |name: &str| {
            KNOWN_FIELDS.iter().any(|(_, known)| *known == name)
                || rules.iter().any(|rule| rule.used_fields().any(|field| field == name))
        };
        self.fields_by(|index, name, by_code| match by_code {
            by_code if is_audit(name) => by_code,
            _ if self.carried.contains(&index) || is_used(name) => Slot::Kept,
            Slot::OtherOperation if self.callsite.role == Role::Operation => by_code,
            _ => Slot::Metadata,
        })
    }

    /// What is looked at to tell which of these rules a span is for.
    fn probe(&self, rules: &[usize]) -> Meanings {
        let rules: Vec<&Rule> = rules.iter().filter_map(|rule| self.compiled.rule(*rule)).collect();
        let decides =
            |name: &str| rules.iter().any(|rule| rule.deciding_fields().any(|field| field == name));
        self.fields_by(|_, name, by_code| match by_code {
            _ if !decides(name) => Slot::Unknown,
            by_code if is_audit(name) => by_code,
            _ => Slot::Kept,
        })
    }

    fn fields_by(&self, slot: impl Fn(usize, &'static str, Slot) -> Slot) -> Meanings {
        let fields = self.callsite.names.iter().zip(self.callsite.fields.slots()).enumerate();
        fields.map(|(index, (name, by_code))| slot(index, name, by_code)).collect()
    }

    fn name(&self, index: usize) -> &'static str {
        self.callsite.names.get(index).copied().unwrap_or_default()
    }

    fn sources(&self, rule: &Rule) -> Box<[Source]> {
        let said = rule.identities.iter().map(|(identity, origin)| {
            (*identity, origin.fields.iter().map(|field| &**field).collect::<Vec<_>>())
        });
        let is_said = |identity| rule.identities.iter().any(|(known, _)| *known == identity);
        let known = KNOWN_FIELDS.iter().filter(|(identity, _)| !is_said(*identity));
        let known = known.map(|(identity, field)| (*identity, vec![*field]));
        said.chain(known).map(|(identity, fields)| self.source(identity, &fields)).collect()
    }

    fn source(&self, identity: Identity, fields: &[&str]) -> Source {
        let index = |field: &&str| self.callsite.names.iter().rposition(|name| name == field);
        // A callsite has far fewer fields than 2^16.
        Source {
            identity,
            fields: fields.iter().filter_map(index).map(|index| index as u16).collect(),
        }
    }
}

fn is_audit(name: &str) -> bool {
    name.starts_with("audit.")
}

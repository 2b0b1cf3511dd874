//! What the values of a span mean by the rule that is for it.
//!
//! Runs when a span opens, when values are recorded on it, and when it ends.
//! Changes nothing but the capture, and runs no user code, so that it may run
//! under the capture's lock. What the code says under `audit.*` names is never
//! replaced.

use crate::capture::callsite::IdField;
use crate::capture::fields::Values;
use crate::capture::message::Capture;
use crate::event::limits::{ENTRY_IDS_MAX, bounded};
use crate::event::packed::{PackedIds, ValueRef, write_id};
use crate::policy::{Choice, Identity, Named, Origin, with_text};

use super::plan::{Plan, Source, Standing, id_field};
use super::values::{ByName, value_of};

/// Which fields were recorded: bits by field index, the last one for all that
/// are beyond.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Touched(u64);

impl Touched {
    pub(super) const ALL: Touched = Touched(u64::MAX);

    pub(super) fn note(&mut self, index: usize) {
        self.0 |= 1 << index.min(63);
    }

    fn concerns(self, source: &Source) -> bool {
        source.fields.iter().any(|index| self.0 & (1 << index.min(&63)) != 0)
    }
}

/// Identities that were set, as bits, and those of them that were absent.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Set {
    pub(super) identities: u8,
    pub(super) were_absent: u8,
}

impl Set {
    pub(super) fn identity(&mut self, capture: &mut Capture, field: IdField, text: &str) {
        if capture.fields.identity(field) == Some(text) {
            return;
        }
        let was_absent = !capture.fields.has_identity(field);
        if capture.fields.set_identity(field, text, false) {
            self.identities |= field.bit();
            self.were_absent |= if was_absent { field.bit() } else { 0 };
        }
    }
}

impl Plan {
    /// Decides which of several rules is for the span, by what was recorded;
    /// `is_over` says that no more will be. Whether it is decided.
    pub(super) fn decide(&self, capture: &mut Capture, is_over: bool) -> bool {
        let Standing::Pending(candidates) = &self.standing else { return false };
        let values = capture.fields.values();
        let by_name = ByName::new(&self.names, &values);
        match self.compiled.policy.choose(&candidates.numbers, |name| by_name.value(name), is_over)
        {
            Choice::NotYet => false,
            Choice::None => {
                capture.ruled = candidates.carrier.clone();
                true
            }
            Choice::Ignored(rule) => {
                self.compiled.counts.note_match(rule);
                capture.ruled = candidates.carrier.clone();
                true
            }
            Choice::Rule(rule) => {
                let mut plans = candidates.numbers.iter().zip(&candidates.plans);
                let plan = plans.find(|(number, _)| **number == rule).map(|(_, plan)| plan.clone());
                capture.open.is_operation |=
                    plan.as_ref().is_some_and(|plan| plan.makes_operation());
                capture.ruled = plan;
                capture.settle_told(rule);
                true
            }
        }
    }

    /// Gives the span the name and identities that its own values say.
    pub(super) fn resolve(&self, capture: &mut Capture, touched: Touched, is_over: bool) -> Set {
        let mut set = Set::default();
        let (Some(applied), Some(rule)) = (self.applied(), self.rule()) else { return set };
        self.name_operation(capture, is_over);
        capture.open.collapses = rule.collapse;
        for source in applied.sources.iter().filter(|source| touched.concerns(source)) {
            let origin = applied.origin(rule, source.identity);
            match id_field(source.identity) {
                Some(field) => {
                    if let Some(text) = self.text_of(capture, source, origin) {
                        set.identity(capture, field, &text);
                    }
                }
                None => self.set_entry_ids(capture, source, origin),
            }
        }
        set
    }

    fn name_operation(&self, capture: &mut Capture, is_over: bool) {
        let Some(from) = self.rule().and_then(|rule| rule.operation.as_ref()) else { return };
        if from.fields.is_empty() && capture.fields.operation().is_some() {
            return;
        }
        let values = capture.fields.values();
        let named = from.named(|name| value_of(&self.names, &values, name), is_over);
        if let Named::As(operation) = named {
            if values.operation() != Some(operation.as_str()) {
                capture.fields.set_operation(operation.as_str(), false);
            }
        }
    }

    /// Gives the span the fixed values of what nothing else says. Before the end,
    /// only where nothing can be said any more by spans around it.
    pub(super) fn fix(&self, capture: &mut Capture, is_over: bool) {
        let Some(rule) = self.rule() else { return };
        for (identity, origin) in &rule.identities {
            let Some(fixed) = origin.fixed.as_deref() else { continue };
            if origin.enclosing && !is_over {
                continue;
            }
            match id_field(*identity) {
                Some(field) if !capture.fields.has_identity(field) => {
                    capture.fields.set_identity(field, fixed, false);
                }
                None if !capture.fields.has_entry_ids() => {
                    capture.fields.set_entry_id(fixed, false)
                }
                _ => {}
            }
        }
    }

    /// Whether a field is told as an identity, so that it is no metadata: bits
    /// by field index.
    pub(crate) fn told_elsewhere(&self, captured: &crate::capture::Captured<'_>) -> u64 {
        let (Some(applied), Some(rule)) = (self.applied(), self.rule()) else { return 0 };
        let values = &captured.values;
        let mut told = 0;
        for source in &applied.sources {
            let Some(field) = id_field(source.identity) else {
                told |= self.told_as_ids(values, source, applied.origin(rule, source.identity));
                continue;
            };
            let said = |index: &&u16| {
                let value = self.value_at(values, **index);
                value.is_some_and(|value| with_text(value, |text| !text.is_empty()))
            };
            let Some(index) = source.fields.iter().find(said) else { continue };
            let origin = applied.origin(rule, source.identity);
            let text = self.value_at(values, *index).map(|value| told_as(value, origin));
            if text.as_deref() == values.identity(field) {
                told |= bit(*index);
            }
        }
        told
    }

    /// Of the fields that name entries, those whose values came to be the entry
    /// ids, as bits: all of them, unless the code named some itself. What it added
    /// comes behind theirs, and what it set stands in their place.
    fn told_as_ids(&self, values: &Values<'_>, source: &Source, origin: Option<&Origin>) -> u64 {
        let mut packed = Vec::new();
        if values.has_strong_ids {
            values.write_entry_ids(&mut packed);
        }
        let mut ids = PackedIds(&packed);
        let (mut told, mut seen) = (0, 0);
        for index in &source.fields {
            let mut is_told = true;
            if let Some(value) = self.value_at(values, *index).filter(|_| values.has_strong_ids) {
                for_each_id(value, |id| {
                    let id = told_as(ValueRef::Str(id), origin);
                    // Those beyond the limit were counted.
                    is_told &= seen >= ENTRY_IDS_MAX || ids.next() == Some(&id);
                    seen += 1;
                });
            }
            told |= if is_told { bit(*index) } else { 0 };
        }
        told
    }

    /// The value of the first of the fields that has one.
    fn text_of(
        &self,
        capture: &Capture,
        source: &Source,
        origin: Option<&Origin>,
    ) -> Option<String> {
        let values = capture.fields.values();
        let texts = source.fields.iter().filter_map(|index| self.value_at(&values, *index));
        let mut texts = texts.filter(|value| with_text(*value, |text| !text.is_empty()));
        texts.next().map(|value| told_as(value, origin))
    }

    /// All of the fields name entries.
    fn set_entry_ids(&self, capture: &mut Capture, source: &Source, origin: Option<&Origin>) {
        let mut ids = Vec::new();
        let values = capture.fields.values();
        for value in source.fields.iter().filter_map(|index| self.value_at(&values, *index)) {
            for_each_id(value, |id| ids.push(told_as(ValueRef::Str(id), origin)));
        }
        if ids.is_empty() {
            return;
        }
        let (kept, more) = ids.split_at(ids.len().min(ENTRY_IDS_MAX));
        let mut packed = Vec::new();
        kept.iter().for_each(|id| write_id(&mut packed, id));
        capture.fields.set_entry_ids(&packed, more.len() as u32, false);
    }

    fn value_at<'v>(&self, values: &Values<'v>, index: u16) -> Option<ValueRef<'v>> {
        let name = self.names.get(usize::from(index)).copied().unwrap_or_default();
        values.recordings().last_value(Some(index), name)
    }

    /// Whether an entry of intent is made of the span.
    pub(super) fn wants_intent(&self, capture: &Capture) -> bool {
        capture.is_unsent_operation()
            && capture.collapse_into().is_none()
            && self.rule().is_some_and(|rule| rule.intent)
    }
}

/// Fields beyond are kept as metadata, whatever they are told as.
fn bit(index: u16) -> u64 {
    1_u64.checked_shl(index.into()).unwrap_or(0)
}

/// A value as the identity that it stands for.
pub(super) fn told_as(value: ValueRef<'_>, origin: Option<&Origin>) -> String {
    let prefix = origin.and_then(|origin| origin.prefix.as_deref()).unwrap_or_default();
    with_text(value, |text| match prefix {
        "" => bounded(text).into_owned(),
        prefix => bounded(&[prefix, text].concat()).into_owned(),
    })
}

/// Items of a list that was recorded as one; a text is one id, whatever it
/// looks like.
pub(super) fn for_each_id(value: ValueRef<'_>, mut each: impl FnMut(&str)) {
    if let ValueRef::Json(json) = value {
        if let Ok(ids) = serde_json::from_str::<Vec<String>>(json) {
            return ids.iter().for_each(|id| each(id));
        }
    }
    with_text(value, |text| {
        if !text.is_empty() {
            each(text);
        }
    });
}

/// Identities that can come from spans around.
pub(super) fn enclosing_origins(plan: &Plan) -> impl Iterator<Item = (Identity, &Origin)> {
    let rule = plan.rule().into_iter();
    let origins = rule.flat_map(|rule| &rule.identities);
    origins.filter(|(_, origin)| origin.enclosing).map(|(identity, origin)| (*identity, origin))
}

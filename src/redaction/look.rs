//! What looks at values: at texts, and at the fields of metadata with their
//! names. Runs on the worker's thread; what it remembers of names is its own.

use crate::event::limits::{KEY_BYTES_MAX, OWN_KEYS, prefix};
use crate::event::packed::{PackedMetadata, Unread, ValueRef, write_field};

use super::action::Action;
use super::detect::{Detector, Detectors, Finding, is_card_number, is_cut_json, is_plain, scan};
use super::json;
use super::names::looks_random;
use super::numbers::Numbers;
use super::rules::Rules;
use super::text::{write_around, write_cut, write_whole};
use super::verdict::{Verdict, Verdicts};

/// What looks at values.
#[derive(Debug, Default)]
pub(super) struct Look {
    verdicts: Verdicts,
    found: Vec<Finding>,
}

impl Look {
    pub(super) fn verdict(&mut self, rules: &Rules, name: &str) -> Verdict {
        self.verdicts.on(rules, name)
    }

    /// Whether there is something to hide in a text.
    #[inline]
    pub(super) fn finds(&mut self, text: &str, detectors: Detectors, rules: &Rules) -> bool {
        if !detectors.contains(Detector::Assignment) && is_cut_json(text) {
            return self.finds_by_names(text, detectors, rules);
        }
        if detectors.is_empty() {
            self.found.clear();
            return false;
        }
        let verdicts = &mut self.verdicts;
        scan(text, detectors, |name| verdicts.on(rules, name), &mut self.found);
        !self.found.is_empty()
    }

    /// The same in JSON that was cut. It is read no more, but it has fields, and what is
    /// said about names holds for them where nobody looks for assignments in texts.
    #[cold]
    fn finds_by_names(&mut self, text: &str, detectors: Detectors, rules: &Rules) -> bool {
        let known_names = rules.settings.of_known_names();
        let verdicts = &mut self.verdicts;
        let verdict = |name: &str| match verdicts.on(rules, name) {
            Verdict::Do(action) => Verdict::Do(action),
            _ if known_names == Action::Keep => Verdict::Look,
            verdict => verdict,
        };
        scan(text, detectors, verdict, &mut self.found);
        for finding in &mut self.found {
            if finding.detector == Detector::Assignment {
                finding.action.get_or_insert(known_names);
            }
        }
        !self.found.is_empty()
    }

    /// Appends a text as it may be kept: after `action`, or where there is none
    /// with what detectors find in it hidden. `false` where it is dropped.
    pub(super) fn write_text(
        &mut self,
        text: &str,
        action: Option<Action>,
        detectors: Detectors,
        rules: &Rules,
        out: &mut String,
    ) -> bool {
        match action {
            Some(Action::Keep) => out.push_str(text),
            None => self.write_looked_at(text, detectors, rules, out),
            Some(Action::Truncate(bytes_max)) => {
                // A secret that the cut would go through is hidden whole.
                let mut whole = String::new();
                self.write_looked_at(text, detectors, rules, &mut whole);
                write_cut(&whole, bytes_max, out);
            }
            Some(action) => return write_whole(text, action, rules, out),
        }
        true
    }

    fn write_looked_at(
        &mut self,
        text: &str,
        detectors: Detectors,
        rules: &Rules,
        out: &mut String,
    ) {
        self.finds(text, detectors, rules);
        write_around(text, &self.found, rules, out);
        self.found.clear();
    }

    #[inline]
    pub(super) fn metadata_concerns(
        &mut self,
        metadata: PackedMetadata<'_>,
        rules: &Rules,
    ) -> bool {
        let mut rest = metadata;
        loop {
            let mut field = rest;
            let Some((name, value)) = rest.next_unread() else { return false };
            if self.verdicts.known(rules, name) == Some(Verdict::Look) && is_plain_value(value) {
                continue;
            }
            if field.next().is_some_and(|(name, value)| self.concerns(name, value, rules)) {
                return true;
            }
        }
    }

    /// Whether a field cannot be kept as it is.
    #[inline]
    fn concerns(&mut self, name: &str, value: ValueRef<'_>, rules: &Rules) -> bool {
        match (self.verdicts.on(rules, name), value) {
            (Verdict::Look, _) => {}
            (Verdict::Do(action), _) => return action != Action::Keep,
            (Verdict::Name(_), _) => return true,
            (Verdict::Secret, ValueRef::Str(text)) if !json::is_hidden(text) => return true,
            (Verdict::Perhaps, ValueRef::Str(text)) if looks_random(text) => return true,
            (Verdict::Perhaps, ValueRef::Json(text)) if json::holds_random(text) => return true,
            (Verdict::Secret, ValueRef::Str(_) | ValueRef::Bool(_)) | (Verdict::Perhaps, _) => {}
            (Verdict::Secret, _) => return true,
        }
        match value {
            ValueRef::Bool(_) => false,
            ValueRef::Str(text) => self.finds(text, rules.detectors, rules),
            ValueRef::Json(text) => json::concerns(self, text, rules),
            number => is_card(number),
        }
    }

    #[cold]
    pub(super) fn rewrite_metadata(
        &mut self,
        metadata: PackedMetadata<'_>,
        rules: &Rules,
        out: &mut Vec<u8>,
    ) {
        out.clear();
        let names = self.hidden_names(metadata, rules);
        for (name, value) in metadata {
            if rules.settings.metadata_kept || OWN_KEYS.contains(&name) {
                let hidden = names.iter().find(|(known, _)| *known == name);
                let written = hidden.map_or(name, |(_, hidden)| hidden);
                self.rewrite_field(name, written, value, rules, out);
            }
        }
    }

    /// The names that cannot be kept as they are, and what stands for each.
    fn hidden_names<'a>(
        &mut self,
        metadata: PackedMetadata<'a>,
        rules: &Rules,
    ) -> Vec<(&'a str, String)> {
        const NUMBER_BYTES: usize = 8;
        let (mut names, mut numbers) = (Vec::<(&str, String)>::new(), Numbers::default());
        for (name, _) in metadata {
            let Some(hidden) = self.hidden_name(name, rules) else { continue };
            if names.iter().any(|(known, _)| *known == name) {
                continue;
            }
            let hidden = prefix(&hidden, KEY_BYTES_MAX - NUMBER_BYTES).to_owned();
            let hidden = numbers.free(hidden, |hidden| {
                names.iter().any(|(_, known)| known == hidden)
                    || metadata.into_iter().any(|(name, _)| name == hidden)
            });
            names.push((name, hidden));
        }
        names
    }

    /// What stands for a name that cannot be kept as it is.
    pub(super) fn hidden_name(&mut self, name: &str, rules: &Rules) -> Option<String> {
        match self.verdict(rules, name) {
            Verdict::Name(_) => {}
            Verdict::Do(action) if action != Action::Keep => {}
            _ => return None,
        }
        let mut hidden = String::new();
        self.write_looked_at(name, rules.detectors, rules, &mut hidden);
        Some(hidden).filter(|hidden| hidden != name)
    }

    /// Appends a field, whose name is written as it may be kept.
    fn rewrite_field(
        &mut self,
        name: &str,
        written: &str,
        value: ValueRef<'_>,
        rules: &Rules,
        out: &mut Vec<u8>,
    ) {
        let mut value = value.to_value();
        if json::hide_field(self, name, &mut value, rules) {
            let nested;
            let value = match &value {
                serde_json::Value::String(text) => ValueRef::Str(text),
                serde_json::Value::Bool(value) => ValueRef::Bool(*value),
                serde_json::Value::Number(number) => number_ref(number),
                value => {
                    nested = value.to_string();
                    ValueRef::Json(&nested)
                }
            };
            write_field(out, written, value);
        }
    }
}

/// A number as it was before it was looked at.
fn number_ref(number: &serde_json::Number) -> ValueRef<'static> {
    match (number.as_u64(), number.as_i64(), number.as_f64()) {
        (Some(value), ..) => ValueRef::U64(value),
        (_, Some(value), _) => ValueRef::I64(value),
        (.., value) => ValueRef::F64(value.unwrap_or(f64::NAN)),
    }
}

/// Whether nothing can be found in a value, as far as the quickest look tells.
#[inline]
fn is_plain_value(value: Unread<'_>) -> bool {
    match value {
        Unread::Fixed(value) => !is_card(value),
        Unread::Str(text) => is_plain(text),
        Unread::Json(_) => false,
    }
}

/// The least number of fourteen digits.
const CARD_MIN: u64 = 10_u64.pow(13);

/// Whether a number is that of a card.
#[inline]
fn is_card(number: ValueRef<'_>) -> bool {
    let number = match number {
        ValueRef::U64(number) => number,
        ValueRef::I64(number) => number.unsigned_abs(),
        // Whether it is whole is asked of great ones alone: that takes a call.
        ValueRef::F64(number) if number.abs() >= CARD_MIN as f64 && number.fract() == 0.0 => {
            number.abs() as u64
        }
        _ => return false,
    };
    number >= CARD_MIN && is_card_number(number.to_string().as_bytes())
}

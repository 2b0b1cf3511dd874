//! Nested values: their keys are names, their texts are looked at.

use serde_json::Value;

use crate::event::limits::FIELD_BYTES_MAX;

use super::action::Action;
use super::detect::is_card_number;
use super::look::Look;
use super::names::{Known, looks_random};
use super::numbers::Numbers;
use super::rules::Rules;
use super::text::{MASK, write_whole};
use super::verdict::Verdict;

/// Whether JSON text has to be read to know, or holds something to hide.
///
/// A text without escapes says what it says, so its keys and values can be
/// looked at where they stand.
#[inline]
pub(super) fn concerns(look: &mut Look, text: &str, rules: &Rules) -> bool {
    memchr::memchr(b'\\', text.as_bytes()).is_some()
        || holds_cut_text(text)
        || look.finds(text, rules.detectors, rules)
        || keys(text).any(|key| {
            !matches!(look.verdict(rules, key), Verdict::Look | Verdict::Do(Action::Keep))
        })
}

/// Whether a text inside may have been cut, as it is if it was longer than a field:
/// only read on its own it tells that a secret may begin at its end.
#[inline]
fn holds_cut_text(text: &str) -> bool {
    // No character was cut apart.
    text.len() + 4 > FIELD_BYTES_MAX && text.contains(" …[cut")
}

/// Whether a text inside looks random.
pub(super) fn holds_random(text: &str) -> bool {
    text.split('"').any(looks_random)
}

/// Whatever stands in quotes before a colon.
fn keys(text: &str) -> impl Iterator<Item = &str> {
    memchr::memchr_iter(b':', text.as_bytes()).filter_map(|colon| {
        let before = text.get(..colon)?.trim_end().strip_suffix('"')?;
        before.rsplit('"').next()
    })
}

/// Hides what may not be kept of the value of a field; `false` where the field
/// is dropped.
pub(super) fn hide_field(look: &mut Look, name: &str, value: &mut Value, rules: &Rules) -> bool {
    match look.verdict(rules, name) {
        Verdict::Do(Action::Keep) => {}
        Verdict::Do(Action::Truncate(bytes_max)) => hide_cut(look, value, bytes_max, rules),
        Verdict::Do(action) => return hide_whole(value, action, rules),
        Verdict::Secret | Verdict::Name(Known::Secret) if !is_no_secret(value) => {
            return hide_whole(value, rules.settings.of_known_names(), rules);
        }
        Verdict::Perhaps | Verdict::Name(Known::Perhaps) => {
            return hide_random(look, value, rules);
        }
        _ => hide_inside(look, value, rules),
    }
    true
}

/// Hides texts that look random, also those in a list; `false` where the value is
/// dropped. The values of an object have names of their own.
fn hide_random(look: &mut Look, value: &mut Value, rules: &Rules) -> bool {
    match value {
        Value::String(text) if looks_random(text) => {
            return hide_whole(value, rules.settings.of_known_names(), rules);
        }
        Value::Array(items) => items.retain_mut(|item| hide_random(look, item, rules)),
        value => hide_inside(look, value, rules),
    }
    true
}

/// The digits of a number, if it is whole.
fn digits_of(number: &str) -> &[u8] {
    without_point(number).trim_start_matches('-').as_bytes()
}

/// A whole number as a text: before a point and a digit no detector sees a card.
fn without_point(number: &str) -> &str {
    number.trim_end_matches(".0")
}

fn hide_inside(look: &mut Look, value: &mut Value, rules: &Rules) {
    match value {
        Value::String(text) => {
            let mut hidden = String::new();
            look.write_text(text, None, rules.detectors, rules, &mut hidden);
            *text = hidden;
        }
        Value::Array(items) => items.iter_mut().for_each(|item| hide_inside(look, item, rules)),
        Value::Object(fields) => {
            let (old, mut numbers) = (std::mem::take(fields), Numbers::default());
            for (name, mut field) in old {
                if hide_field(look, &name, &mut field, rules) {
                    let name = look.hidden_name(&name, rules).unwrap_or(name);
                    let name = numbers.free(name, |name| fields.contains_key(name));
                    fields.insert(name, field);
                }
            }
        }
        Value::Number(number) if is_card_number(digits_of(&number.to_string())) => {
            let number = number.to_string();
            let mut hidden = Value::String(without_point(&number).to_owned());
            hide_inside(look, &mut hidden, rules);
            if hidden.as_str() != Some(without_point(&number)) {
                *value = hidden;
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Neither says what the secret is.
fn is_no_secret(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) => true,
        Value::String(text) => is_hidden(text),
        _ => false,
    }
}

/// Neither says this text.
pub(super) fn is_hidden(text: &str) -> bool {
    text.is_empty() || text == MASK
}

fn hide_whole(value: &mut Value, action: Action, rules: &Rules) -> bool {
    if action == Action::Keep {
        return true;
    }
    let mut hidden = String::new();
    let is_kept = write_whole(&text_of(value), action, rules, &mut hidden);
    *value = Value::String(hidden);
    is_kept
}

fn hide_cut(look: &mut Look, value: &mut Value, bytes_max: usize, rules: &Rules) {
    if matches!(value, Value::Null | Value::Bool(_) | Value::Number(_)) {
        return hide_inside(look, value, rules);
    }
    hide_inside(look, value, rules);
    let mut hidden = String::new();
    super::text::write_cut(&text_of(value), bytes_max, &mut hidden);
    if hidden != *text_of(value) {
        *value = Value::String(hidden);
    }
}

fn text_of(value: &Value) -> std::borrow::Cow<'_, str> {
    match value {
        Value::String(text) => text.into(),
        value => value.to_string().into(),
    }
}

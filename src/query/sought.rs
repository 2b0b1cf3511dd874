//! What a query looks for, in every form in which it may stand in the trail.
//!
//! A value that was hashed stands there under the key of its day. Whoever has
//! the keys asks for the value itself, and all forms are tried: an event needs
//! any of them. A value that was masked or dropped cannot be found.

use std::borrow::Cow;
use std::hash::{Hash, Hasher};

use serde_json::Value;

use crate::event::limits::bounded;
use crate::event::{Actor, bounded_actor};
use crate::redaction::HashKeys;

/// A text, and its other forms. Equal to another if the texts are: a cursor
/// outlives the rotation of a key.
#[derive(Debug, Clone)]
pub(super) struct Sought {
    text: String,
    others: Vec<String>,
}

/// A value under a path of the metadata, and its hashed forms.
#[derive(Debug, Clone)]
pub(super) struct SoughtValue {
    pub(super) path: String,
    /// As it was asked for first.
    pub(super) values: Vec<Value>,
}

impl Sought {
    pub(super) fn text(text: String, keys: &HashKeys) -> Self {
        Sought { others: keys.forms(&text), text }
    }

    /// The kind of an actor is never hashed, its id may be. An id that was too long
    /// was cut by itself, or with its kind, as spans say it.
    pub(super) fn actor(actor: Actor, keys: &HashKeys) -> Self {
        let whole = actor.to_string();
        let text = bounded_actor(actor).to_string();
        let mut others: Vec<_> = match text.split_once(':') {
            Some((kind, id)) => {
                keys.forms(id).iter().map(|form| format!("{kind}:{form}")).collect()
            }
            None => Vec::new(),
        };
        if let Cow::Owned(cut) = bounded(&whole) {
            others.push(cut);
        }
        Sought { text, others }
    }

    /// The text as it is, and its other forms.
    pub(super) fn forms(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.text).chain(&self.others).map(String::as_str)
    }

    /// The text, if there is no other form of it.
    #[cfg_attr(not(feature = "journal"), expect(dead_code, reason = "asked by what reads disks"))]
    pub(super) fn only_form(&self) -> Option<&str> {
        self.others.is_empty().then_some(&self.text)
    }
}

impl SoughtValue {
    pub(super) fn new(path: String, value: Value, keys: &HashKeys) -> Self {
        let hashed = match &value {
            Value::String(text) => keys.forms(text),
            value => keys.forms(&value.to_string()),
        };
        let values = std::iter::once(value).chain(hashed.into_iter().map(Value::from)).collect();
        SoughtValue { path, values }
    }
}

impl PartialEq for Sought {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Hash for Sought {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl PartialEq for SoughtValue {
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path && self.values.first() == other.values.first()
    }
}

impl Hash for SoughtValue {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.path.hash(state);
        self.values.first().hash(state);
    }
}

//! What a matched span is called in the trail.

use crate::event::Operation;
use crate::event::packed::ValueRef;

use super::condition::with_text;

/// Where the name of the operation comes from.
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation does nothing until a rule has it"]
pub struct OperationFrom {
    /// Tried in this order; none where the name is fixed.
    pub(crate) fields: Vec<Box<str>>,
    pub(super) map: Vec<(Box<str>, Operation)>,
    pub(super) otherwise: Option<Operation>,
}

/// What is known of the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Named<'a> {
    As(&'a Operation),
    /// The value that decides has not been recorded.
    NotYet,
    /// The value is one that the rule has no name for: it is not for this span.
    Not,
}

impl OperationFrom {
    /// Always this name.
    pub fn fixed(operation: impl Into<Operation>) -> Self {
        OperationFrom { fields: Vec::new(), map: Vec::new(), otherwise: Some(operation.into()) }
    }

    /// By the value of the first of these fields that has one. A value without
    /// a name means that the rule does not match, unless
    /// [`otherwise`](Self::otherwise) gives one.
    pub fn fields(fields: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let fields = fields.into_iter().map(|field| field.as_ref().into()).collect();
        OperationFrom { fields, map: Vec::new(), otherwise: None }
    }

    /// Adds a name for a value.
    pub fn value(mut self, value: impl AsRef<str>, operation: impl Into<Operation>) -> Self {
        self.map.push((value.as_ref().into(), operation.into()));
        self
    }

    /// The name for values that have none of their own, and for no value.
    pub fn otherwise(mut self, operation: impl Into<Operation>) -> Self {
        self.otherwise = Some(operation.into());
        self
    }

    /// Whether a callsite with these fields can ever be given a name.
    pub(super) fn is_possible(&self, declares: impl Fn(&str) -> bool) -> bool {
        self.otherwise.is_some() || self.fields.iter().any(|field| declares(field))
    }

    /// Whether the callsite alone decides.
    pub(super) fn is_static(&self) -> bool {
        self.otherwise.is_some()
    }

    /// The name, from the values that were recorded so far. `is_over` says that
    /// no further ones will come.
    pub(crate) fn named<'v>(
        &self,
        value: impl Fn(&str) -> Option<ValueRef<'v>>,
        is_over: bool,
    ) -> Named<'_> {
        let found = self.fields.iter().find_map(|field| value(field));
        let mapped = found.and_then(|value| with_text(value, |text| self.mapped(text)));
        match (mapped.or(self.otherwise.as_ref()), found) {
            (Some(operation), _) => Named::As(operation),
            (None, None) if !is_over => Named::NotYet,
            (None, _) => Named::Not,
        }
    }

    fn mapped(&self, text: &str) -> Option<&Operation> {
        self.map.iter().find(|(value, _)| **value == *text).map(|(_, operation)| operation)
    }
}

//! What must not be kept is hidden here, before anything is appended: journal,
//! buffer, statistics and stream get what [`Hiding`] lets through, and nothing
//! else.
//!
//! Runs on the worker. Entries that the worker itself writes about the trail
//! do not pass here, nor does what comes back from the log: it was hidden when
//! it was written.

use std::borrow::Cow;
use std::sync::Arc;

use crate::capture::{Captured, Origin};
use crate::error::Error;
use crate::event::Operation;
use crate::event::limits::{INTENDED_KEY, KEY_BYTES_MAX};
use crate::event::packed::{PackedMetadata, ValueRef, write_field};
use crate::event::row::Row;
use crate::redaction::{Part, Redactor, Rules};

use super::decode::canonical_operation;

/// What hides, and what is to be hidden. Owned by the worker.
pub(super) struct Hiding {
    redactor: Redactor,
    rules: Arc<Rules>,
    /// Of what was hidden last, where the row could not tell.
    operation: String,
    metadata: Vec<u8>,
}

impl Hiding {
    pub(super) fn new(rules: Arc<Rules>) -> Self {
        let redactor = Redactor::default();
        Hiding { redactor, rules, operation: String::new(), metadata: Vec::new() }
    }

    /// Hides by other rules from here on, where no rule of a policy says more.
    #[cfg(feature = "policy")]
    pub(super) fn adopt(&mut self, rules: Arc<Rules>) {
        self.rules = rules;
    }

    /// The row of a captured operation as it may be kept.
    #[inline]
    pub(super) fn captured<'a>(
        &'a mut self,
        row: &'a Row<'a>,
        captured: &Captured<'_>,
    ) -> Cow<'a, Row<'a>> {
        let named = captured.values.operation_bytes();
        if named.is_some_and(|named| named != row.operation.as_bytes()) {
            return self.named_otherwise(row, captured);
        }
        self.redactor.apply(row, rules_for(&self.rules, captured))
    }

    /// The row of an operation whose name stands in it in capitals, cut, or in the
    /// metadata of an intent: secrets are found in the name as it was given.
    #[cold]
    fn named_otherwise<'a>(
        &'a mut self,
        row: &'a Row<'a>,
        captured: &Captured<'_>,
    ) -> Cow<'a, Row<'a>> {
        let Hiding { redactor, rules, operation, metadata } = self;
        let rules = rules_for(rules, captured);
        let is_intent = captured.origin == Origin::Intent;
        let named = captured.values.operation().filter(|named| is_intent || tells_more(named));
        let hidden = named.and_then(|named| redactor.part(named, Part::Operation, rules));
        let Some(hidden) = hidden else { return redactor.apply(row, rules) };
        operation.clear();
        operation.push_str(&canonical_operation(&hidden));
        if !is_intent && *operation == row.operation {
            return redactor.apply(row, rules);
        }
        let mut kept = redactor.apply(row, rules).into_owned();
        match is_intent {
            true => {
                write_intended(kept.metadata, operation, metadata);
                kept.metadata = PackedMetadata(metadata);
            }
            false => kept.operation = operation,
        }
        Cow::Owned(kept)
    }

    /// The name of an operation as it may be kept.
    pub(super) fn operation(&mut self, operation: &Operation) -> Operation {
        let hidden = self.redactor.part(operation.as_str(), Part::Operation, &self.rules);
        hidden.map_or_else(|| operation.clone(), |hidden| Operation::from(hidden.as_str()))
    }

    /// The row of an event that was recorded by hand as it may be kept. The
    /// place that it says it came from is text like any other.
    pub(super) fn given<'a>(&'a mut self, row: &'a Row<'a>) -> Cow<'a, Row<'a>> {
        self.redactor.apply_given(row, &self.rules)
    }

    /// A problem that quotes what a user wrote, as it may be told.
    pub(super) fn problem(&mut self, problem: Error) -> Error {
        let rules = &self.rules;
        problem.with_message(|message| self.redactor.text(message, rules))
    }
}

/// Whether a name says more than it does in capitals or in small letters, which are
/// both looked at, and within the limit.
fn tells_more(named: &str) -> bool {
    let has = |is: fn(&u8) -> bool| named.as_bytes().iter().any(is);
    named.len() > KEY_BYTES_MAX || (has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase))
}

/// Writes `metadata` into `out`, with this operation as the intended one.
fn write_intended(metadata: PackedMetadata<'_>, operation: &str, out: &mut Vec<u8>) {
    out.clear();
    write_field(out, INTENDED_KEY, ValueRef::Str(operation));
    for (name, value) in metadata.filter(|(name, _)| *name != INTENDED_KEY) {
        write_field(out, name, value);
    }
}

/// What is hidden in one operation.
#[inline]
fn rules_for<'r>(rules: &'r Rules, captured: &Captured<'r>) -> &'r Rules {
    captured.ruled.map_or(rules, |plan| plan.hidden())
}

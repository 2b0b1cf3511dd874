//! What must not be kept is hidden here, before anything is appended: journal,
//! buffer, statistics and stream get what [`Hiding`] lets through, and nothing
//! else.
//!
//! Runs on the worker. Entries that the worker itself writes about the trail
//! do not pass here, nor does what comes back from the log: it was hidden when
//! it was written.

use std::borrow::Cow;
use std::sync::Arc;

use crate::capture::Captured;
use crate::error::Error;
use crate::event::row::Row;
use crate::redaction::{Redactor, Rules};

/// What hides, and what is to be hidden. Owned by the worker.
pub(super) struct Hiding {
    redactor: Redactor,
    rules: Arc<Rules>,
}

impl Hiding {
    pub(super) fn new(rules: Arc<Rules>) -> Self {
        Hiding { redactor: Redactor::default(), rules }
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
        self.redactor.apply(row, rules_for(&self.rules, captured))
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

/// What is hidden in one operation.
#[inline]
fn rules_for<'r>(rules: &'r Rules, captured: &Captured<'r>) -> &'r Rules {
    captured.ruled.map_or(rules, |plan| plan.hidden())
}

//! Where `#[instrument]` stands in the source.
//!
//! The attribute emits its `error` and `return` events with the file, line,
//! target and module of its span; that is all that ties them together. If two
//! spans or two such events share a place (a macro that makes several
//! functions), nothing ties them, and none of them is believed.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tracing_core::Metadata;
use tracing_core::callsite::Identifier;
use tracing_core::field::FieldSet;

use super::callsite::{Role, identifier};

/// The two events by which `#[instrument]` reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Report {
    /// `err`: the function returned an error.
    Error,
    /// `ret`: the function returned a value.
    Return,
}

impl Report {
    /// The report that an event with these fields may be.
    pub(crate) fn of(fields: &FieldSet) -> Option<Report> {
        let mut names = fields.iter().map(|field| field.name());
        match (names.next(), names.next()) {
            (Some("error"), None) => Some(Report::Error),
            (Some("return"), None) => Some(Report::Return),
            _ => None,
        }
    }
}

/// What is known of one place. Shared by the callsites there.
#[derive(Debug, Default)]
pub(crate) struct Place {
    has_operation: AtomicBool,
    has_other_span: AtomicBool,
    errors_tied: AtomicBool,
    returns_tied: AtomicBool,
}

impl Place {
    /// Whether a report event here belongs to the one audited span here.
    pub(crate) fn ties(&self, report: Report) -> bool {
        match report {
            Report::Error => self.errors_tied.load(Ordering::Relaxed),
            Report::Return => self.returns_tied.load(Ordering::Relaxed),
        }
    }

    /// Whether a report event here may still turn out to matter: an audited
    /// span is here, or no span is known here yet.
    pub(crate) fn may_matter(&self) -> bool {
        self.has_operation.load(Ordering::Relaxed) || !self.has_other_span.load(Ordering::Relaxed)
    }
}

/// Every place that was seen.
#[derive(Debug, Default)]
pub(crate) struct Places(Mutex<HashMap<Key, Members>>);

type Key = (Option<&'static str>, Option<u32>, &'static str, Option<&'static str>);

#[derive(Debug, Default)]
struct Members {
    spans: Vec<Identifier>,
    errors: Vec<Identifier>,
    returns: Vec<Identifier>,
    place: Arc<Place>,
}

impl Places {
    /// Adds a callsite to its place.
    pub(crate) fn register(
        &self,
        metadata: &'static Metadata<'static>,
        role: Option<&Role>,
    ) -> Arc<Place> {
        let key = (metadata.file(), metadata.line(), metadata.target(), metadata.module_path());
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let members = match (metadata.is_span(), role) {
            (false, Some(Role::Report(_))) | (true, _) => places.entry(key).or_default(),
            _ => return Arc::default(),
        };
        members.add(identifier(metadata), role);
        members.place.clone()
    }
}

impl Members {
    fn add(&mut self, callsite: Identifier, role: Option<&Role>) {
        let known = match role {
            Some(Role::Report(Report::Error)) => &mut self.errors,
            Some(Role::Report(Report::Return)) => &mut self.returns,
            _ => &mut self.spans,
        };
        if !known.contains(&callsite) {
            known.push(callsite);
        }
        match role {
            Some(Role::Operation) => self.place.has_operation.store(true, Ordering::Relaxed),
            Some(Role::Report(_)) => {}
            _ => self.place.has_other_span.store(true, Ordering::Relaxed),
        }
        let one_operation =
            self.spans.len() == 1 && self.place.has_operation.load(Ordering::Relaxed);
        self.place.errors_tied.store(one_operation && self.errors.len() == 1, Ordering::Relaxed);
        self.place.returns_tied.store(one_operation && self.returns.len() == 1, Ordering::Relaxed);
    }
}

//! What travels from a caller's thread to the worker.

use std::sync::atomic::Ordering;

use crate::event::Status;

use super::callsite::Callsite;
use super::fields::Fields;
use super::outcome::Reported;

/// Identity of an operation in this process; the worker makes the event id
/// from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EventKey {
    pub(crate) key: u64,
    pub(crate) opened_ns: u64,
}

/// What a captured record came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Origin {
    /// A span that ended.
    #[default]
    Span,
    /// A `tracing` event.
    Statement,
}

/// What was seen of an operation's end; `outcome` decides what it means.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Seen {
    pub(crate) stated: Option<Status>,
    pub(crate) stated_error: bool,
    pub(crate) reported: Option<Reported>,
    /// The report came after the statement.
    pub(crate) reported_last: bool,
    pub(crate) panicked: bool,
    pub(crate) unwound: bool,
    pub(crate) still_open: bool,
    pub(crate) usually_reports: bool,
    pub(crate) is_denial: bool,
    /// A statement made at the level of errors.
    pub(crate) is_error_level: bool,
}

/// One captured operation. Boxed, pooled and reused.
#[derive(Debug, Clone, Default)]
pub(crate) struct Capture {
    /// Index of the callsite in the layer's table.
    pub(crate) callsite: u32,
    pub(crate) origin: Origin,
    pub(crate) key: u64,
    pub(crate) opened_ns: u64,
    pub(crate) ended_ns: u64,
    pub(crate) busy_ns: u64,
    pub(crate) parent: Option<EventKey>,
    pub(crate) links: Vec<EventKey>,
    pub(crate) seen: Seen,
    /// Nested operations that were collapsed into this one, and how many of
    /// them failed.
    pub(crate) collapsed: u64,
    pub(crate) collapsed_failures: u64,
    pub(crate) fields: Fields,
}

impl Capture {
    pub(crate) fn clear(&mut self) {
        self.callsite = 0;
        self.origin = Origin::default();
        (self.key, self.opened_ns, self.ended_ns, self.busy_ns) = (0, 0, 0, 0);
        self.parent = None;
        self.links.clear();
        self.seen = Seen::default();
        (self.collapsed, self.collapsed_failures) = (0, 0);
        self.fields.clear();
    }

    pub(crate) fn event_key(&self) -> EventKey {
        EventKey { key: self.key, opened_ns: self.opened_ns }
    }

    /// Notes a status that the program stated: it ends what a panic said.
    pub(super) fn note_statement(&mut self, status: Option<Status>, error: bool) {
        if let Some(status) = status {
            self.seen.stated = Some(status);
            self.seen.reported_last = false;
            self.seen.panicked = false;
        }
        self.seen.stated_error |= error;
    }

    /// Notes what `#[instrument]` reported, with the error's text if it is one.
    pub(super) fn note_report(&mut self, reported: Reported, error: Option<&str>) {
        self.seen.reported = Some(reported);
        self.seen.reported_last = true;
        self.seen.panicked = false;
        if let Some(error) = error.filter(|_| self.fields.error().is_none()) {
            self.fields.set_error(error);
        }
    }

    /// Completes what was seen with what the callsite knows.
    pub(super) fn note_end(&mut self, callsite: &Callsite) {
        self.seen.usually_reports = callsite.reports_return.load(Ordering::Relaxed);
        self.seen.is_denial = self.fields.operation().is_some_and(is_denial);
    }

    /// Takes a nested operation in.
    pub(super) fn absorb(&mut self, nested: &Capture) {
        let (status, _) = super::outcome::outcome(&nested.seen, false);
        self.collapsed += 1 + nested.collapsed;
        self.collapsed_failures += u64::from(status == Status::Failure) + nested.collapsed_failures;
        self.fields.absorb_entry_ids(&nested.fields);
    }
}

fn is_denial(operation: &str) -> bool {
    const NAME: &str = "ACCESS_DENIED";
    operation.len() >= NAME.len() && operation.trim().eq_ignore_ascii_case(NAME)
}

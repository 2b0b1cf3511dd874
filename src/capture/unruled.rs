//! What a policy has to say in a build without policies: nothing, at no cost.

use tracing_core::{Dispatch, Event, Metadata, span};

use super::callsite::Callsite;
use super::captured::Captured;
use super::intake::Intake;
use super::message::Capture;
use super::open::Times;
use super::opening::Opening;
use super::pool::Parcel;
use crate::event::Status;

/// There never is one.
#[derive(Debug)]
pub(crate) enum Plan {}

/// No callsite concerns it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Concern {
    pub(super) is_any: bool,
    pub(super) may_operate: bool,
}

/// Never set.
#[derive(Debug)]
pub(super) struct Mark;

/// No policy is in force.
#[derive(Debug, Default)]
pub(crate) struct Book(());

impl Mark {
    pub(super) fn new(_: Concern) -> Self {
        Mark
    }

    pub(super) fn is_set(&self) -> bool {
        false
    }
}

impl Book {
    pub(super) fn may_collapse(&self) -> bool {
        false
    }

    pub(super) fn concern(&self, _: &Metadata<'_>) -> Concern {
        Concern::default()
    }

    pub(super) fn note_unmatched(&self, _: &Metadata<'_>) {}

    pub(super) fn note_dispatch(&self, _: &Dispatch) {}
}

impl Plan {
    pub(super) fn statuses(&self, _: &Captured<'_>) -> (Option<Status>, Option<Status>) {
        match *self {}
    }

    pub(super) fn otherwise(&self) -> Option<Status> {
        match *self {}
    }

    pub(crate) fn told_elsewhere(&self, _: &Captured<'_>) -> u64 {
        match *self {}
    }

    pub(crate) fn error_of<'v>(&self, _: &Captured<'v>) -> Option<std::borrow::Cow<'v, str>> {
        match *self {}
    }

    pub(crate) fn hidden(&self) -> &crate::redaction::Rules {
        match *self {}
    }

    pub(crate) fn is_durable(&self) -> bool {
        match *self {}
    }
}

impl Intake {
    pub(super) fn open_by_rule(&self, _: &Callsite, _: &Opening<'_>) -> bool {
        false
    }

    pub(super) fn watched(&self, _: &Callsite, _: &Event<'_>, _: u64) {}

    pub(super) fn record_by_rule(&self, _: u64, _: &span::Record<'_>) {}

    pub(super) fn close_undecided(&self, _: Parcel, _: Times) {}

    pub(super) fn finish_by_rule(&self, _: &mut Capture) {}
}

pub(super) fn settle_finally(_: &mut Capture) {}

//! A captured operation as its reader sees it.

use crate::event::{Status, StatusSource};

use super::fields::Values;
use super::message::{Capture, EventKey, Origin, Rare, Seen};
use super::outcome::outcome;

/// A captured operation as its reader sees it. Times are ticks of the clock.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Captured<'a> {
    /// Index of the callsite in the layer's table.
    pub(crate) callsite: u32,
    pub(crate) origin: Origin,
    pub(crate) key: EventKey,
    pub(crate) ended_ticks: u64,
    pub(crate) busy_ticks: u64,
    pub(crate) parent: Option<EventKey>,
    seen: Seen,
    pub(crate) values: Values<'a>,
    pub(crate) rare: Option<&'a Rare>,
}

impl<'a> Captured<'a> {
    /// What there is to read in a capture.
    pub(crate) fn of(capture: &'a Capture) -> Self {
        Captured {
            callsite: capture.callsite,
            origin: capture.origin,
            key: capture.own_key(),
            ended_ticks: capture.ended_ticks,
            busy_ticks: capture.busy_ticks,
            parent: capture.parent,
            seen: capture.seen,
            values: capture.fields.values(),
            rare: capture.rare(),
        }
    }

    /// How it ended.
    pub(crate) fn outcome(&self, closed_is_unknown: bool) -> (Status, StatusSource) {
        let is_denial = self.values.operation().is_some_and(is_denial);
        outcome(&Seen { is_denial, ..self.seen }, closed_is_unknown)
    }
}

fn is_denial(operation: &str) -> bool {
    const NAME: &str = "ACCESS_DENIED";
    operation.len() >= NAME.len() && operation.trim().eq_ignore_ascii_case(NAME)
}

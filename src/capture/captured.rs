//! A captured operation as its reader sees it.

use std::num::NonZeroU8;
use std::sync::Arc;

use crate::event::{Status, StatusSource};

use super::fields::Values;
use super::message::{Capture, EventKey, Origin, Rare, Seen};
use super::outcome::{Learnt, outcome};
use super::ruled::Plan;

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
    /// What a policy has to say, where one has.
    pub(crate) ruled: Option<&'a Arc<Plan>>,
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
            ruled: capture.ruled.as_ref(),
        }
    }

    /// How it ended.
    pub(crate) fn outcome(&self, closed_is_unknown: bool) -> (Status, StatusSource) {
        let mut learnt = Learnt {
            is_denial: self.values.operation_bytes().is_some_and(is_denial),
            closed_is_unknown,
            ..Learnt::default()
        };
        if let Some(plan) = self.ruled {
            (learnt.by_event, learnt.by_rule) = plan.statuses(self);
            learnt.otherwise = plan.otherwise();
        }
        outcome(&self.seen, &learnt)
    }

    /// The case of the rule's that an event told.
    #[cfg_attr(not(feature = "policy"), expect(dead_code, reason = "there are no rules"))]
    pub(super) fn case(&self) -> Option<NonZeroU8> {
        self.seen.case
    }
}

fn is_denial(operation: &[u8]) -> bool {
    const NAME: &str = "ACCESS_DENIED";
    operation.len() >= NAME.len()
        && std::str::from_utf8(operation).is_ok_and(|name| name.trim().eq_ignore_ascii_case(NAME))
}

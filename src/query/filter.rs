//! What a query asks for, before it meets any data.

use std::time::Duration;

use super::sought::{Sought, SoughtValue};
use crate::error::{Error, Result};
use crate::event::{EventId, Kind, Status};

/// Conditions that all have to hold.
#[derive(Debug, Clone, Default, PartialEq, Hash)]
pub(super) struct Filter {
    /// The organisation that the handle is narrowed to. Beside `org`, which
    /// cannot widen it.
    pub(super) org_scope: Option<Sought>,
    pub(super) org: Option<Sought>,
    pub(super) user: Option<Sought>,
    pub(super) actor: Option<Sought>,
    pub(super) session: Option<Sought>,
    pub(super) resource: Option<Sought>,
    pub(super) source: Option<Sought>,
    /// Any of them.
    pub(super) operations: Option<Vec<String>>,
    /// Any of them.
    pub(super) statuses: Option<Vec<Status>>,
    /// Any of them.
    pub(super) entry_ids: Option<Vec<Sought>>,
    /// The operation began at this time or later, in microseconds.
    pub(super) since_us: Option<i64>,
    /// The operation began before this time, in microseconds.
    pub(super) until_us: Option<i64>,
    pub(super) duration_min: Option<Duration>,
    pub(super) duration_max: Option<Duration>,
    pub(super) error_contains: Option<String>,
    pub(super) metadata: Vec<SoughtValue>,
    pub(super) trail_of: Option<EventId>,
    pub(super) kinds: Kinds,
}

#[derive(Debug, Clone, Copy, PartialEq, Hash)]
pub(super) enum Kinds {
    Only(Kind),
    Every,
}

impl Default for Kinds {
    fn default() -> Self {
        Kinds::Only(Kind::Event)
    }
}

impl Filter {
    /// Refuses bounds that contradict each other.
    pub(super) fn check(&self) -> Result<()> {
        if let (Some(since), Some(until)) = (self.since_us, self.until_us) {
            if since > until {
                return Err(Error::invalid(
                    "the time to begin at (`since`) is after the time to end at (`until`); swap them",
                ));
            }
        }
        if let (Some(min), Some(max)) = (self.duration_min, self.duration_max) {
            if min > max {
                return Err(Error::invalid(
                    "the least duration (`duration_min`) is above the greatest (`duration_max`); swap them",
                ));
            }
        }
        Ok(())
    }
}

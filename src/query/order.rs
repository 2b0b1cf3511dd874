//! The order of results, and the fields to group by.

use crate::event::Sequence;

/// The order of results. Always that of the trail, which is the order of
/// completion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Order {
    /// The most recent event first.
    #[default]
    NewestFirst,
    /// The oldest event first.
    OldestFirst,
}

impl Order {
    /// Where to go on behind an event: newest first, everything from there on was
    /// seen; oldest first, everything before.
    pub(super) fn behind(self, seen: Sequence) -> u64 {
        match self {
            Order::NewestFirst => seen.0,
            Order::OldestFirst => seen.0 + 1,
        }
    }
}

/// What [`Query::group_by`](super::Query::group_by) groups by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Field {
    /// The user id; `anonymous` for events without one.
    User,
    /// Who acted, such as `user:alice` or `system`.
    Actor,
    /// The session. Events without one are left out.
    Session,
    /// The operation, such as `STORE`.
    Operation,
    /// The organisation. Events without one are left out.
    Org,
    /// The resource. Events without one are left out.
    Resource,
    /// The network origin. Events without one are left out.
    Source,
    /// The status, such as `SUCCESS`.
    Status,
    /// How the status is known, such as `explicit`.
    StatusSource,
}

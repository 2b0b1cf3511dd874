//! The order of results, and the fields to group by.

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

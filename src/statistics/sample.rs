//! The part of an event that figures and monitors look at.

use crate::event::row::Row;
use crate::event::{AuditEvent, Kind, Operation, Status};

/// The part of an event that figures and monitors look at, borrowed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample<'a> {
    pub(crate) operation: &'a str,
    pub(crate) status: Status,
    pub(crate) timestamp_us: i64,
    pub(crate) duration_ns: Option<u64>,
    pub(crate) is_anonymous: bool,
}

impl<'a> Sample<'a> {
    /// `None` for an entry about the trail itself.
    pub(crate) fn of_row(row: &Row<'a>) -> Option<Self> {
        (row.kind == Kind::Event).then(|| Sample {
            operation: row.operation,
            status: row.status,
            timestamp_us: row.timestamp_us,
            duration_ns: row.duration_ns,
            is_anonymous: row.actor == "anonymous",
        })
    }

    /// `None` for an entry about the trail itself.
    pub(crate) fn of_event(event: &'a AuditEvent) -> Option<Self> {
        (event.kind == Kind::Event).then(|| Sample {
            operation: event.operation.as_str(),
            status: event.status,
            timestamp_us: event.timestamp.timestamp_micros(),
            duration_ns: event
                .duration
                .map(|duration| u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)),
            is_anonymous: event.is_anonymous(),
        })
    }

    /// Whether it failed. A refusal is a failure whatever its status says.
    pub(crate) fn is_failure(&self) -> bool {
        self.status == Status::Failure || self.operation == Operation::AccessDenied.as_str()
    }

    /// The status that it counts with.
    pub(super) fn counted_status(&self) -> Status {
        if self.is_failure() { Status::Failure } else { self.status }
    }
}

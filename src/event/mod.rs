//! What an audit event is: its fields, its limits and its one JSON encoding.
//!
//! Plain data. Nothing here knows `tracing`, threads, files or clocks. Two
//! representations exist, and `row` converts between them: [`AuditEvent`],
//! owned, for users; and `row::Row`, borrowed, for the way from a caller's
//! thread into the buffer, where copying is what costs.

mod actor;
mod audit_event;
#[cfg(feature = "journal")]
pub(crate) mod encode;
mod id;
pub(crate) mod json;
pub mod limits;
pub(crate) mod metadata;
mod operation;
pub(crate) mod packed;
pub(crate) mod part;
pub(crate) mod row;
#[cfg(feature = "journal")]
pub(crate) mod scan;
pub(crate) mod short;
mod status;
mod trace_ids;
mod within;

pub use actor::Actor;
pub use audit_event::{AuditEvent, EventBuilder, Kind, SpanInfo};
pub(crate) use audit_event::{
    complete_identity, duration_from_ms, duration_ms, duration_ns_from_ms,
};
pub(crate) use id::EventIds;
pub use id::{EventId, Sequence};
pub(crate) use json::time_text;
pub use metadata::Metadata;
pub use operation::Operation;
pub use part::Part;
pub use status::{Status, StatusSource};
pub use trace_ids::{SpanId, TraceId};
pub(crate) use within::{bounded_actor, bounded_nested, within};

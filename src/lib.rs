#![doc = include_str!("../README.md")]

#[cfg(all(feature = "journal", any(test, fuzzing)))]
#[doc(hidden)]
#[path = "fuzzing/mod.rs"]
#[allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "it is not for users, and fails by panicking"
)]
pub mod __fuzz;
mod audit;
mod buffer;
mod capture;
mod channel;
pub mod clock;
mod error;
pub mod event;
pub mod export;
mod fs;
#[cfg(feature = "journal")]
mod history;
#[cfg(feature = "journal")]
mod journal;
#[cfg(feature = "journal")]
mod ledger;
pub mod monitor;
#[cfg(feature = "policy")]
pub mod policy;
#[cfg(feature = "journal")]
pub mod proof;
pub mod query;
pub mod redaction;
pub mod report;
mod self_check;
pub mod sink;
#[cfg(test)]
mod soak;
mod span_macro;
mod statistics;
pub mod test_kit;
#[cfg(feature = "journal")]
pub mod verify;
mod worker;

/// The programs in documents about policies compile.
#[cfg(all(doctest, feature = "policy"))]
#[doc = include_str!("../docs/POLICY.md")]
#[doc = include_str!("../docs/RECIPE.md")]
#[doc = include_str!("../docs/REDACTION.md")]
struct Documents;

pub use audit::{
    Audit, BUFFER_EVENTS_MAX, Begun, Builder, Durability, EXPORT_BACKLOG_FACTOR, ExportState,
    Health, OpenOperation, OrgAudit, QUEUE_EVENTS_MAX, Receipt, STREAM_EVENTS_MAX, ShutdownReport,
    Subscription,
};
#[cfg(feature = "journal")]
pub use audit::{CheckpointCopy, JournalSettings, JournalState};
pub use buffer::SEGMENT_EVENTS_MAX;
pub use buffer::rotation::ROTATION_REMAINDER_PERCENT;
pub use capture::{
    AuditLayer, Current, FutureOutcome, Json, List, OutcomeGuard, ReportsOutcome, WithOutcome,
    current, json, list,
};
pub use channel::{LossReason, OverflowPolicy};
pub use error::{Error, ErrorKind, Result};
pub use event::{
    Actor, AuditEvent, EventBuilder, EventId, Operation, Part, Sequence, SpanId, Status,
    StatusSource, TraceId,
};
#[cfg(feature = "journal")]
pub use query::StoredTrail;
pub use query::{Cursor, Field, Order, Page, Query, View};
pub use self_check::Finding;
#[doc(hidden)]
pub use span_macro::__private;
pub use statistics::{Statistics, UserStatistics};
#[cfg(feature = "journal")]
pub use worker::FullDisk;
pub use worker::Rotated;

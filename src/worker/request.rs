//! What callers ask of the worker. Each request carries the place for its
//! reply; a caller that gave up waiting simply is not there any more.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::oneshot;

use crate::buffer::Snapshot;
use crate::error::Result;
use crate::event::{AuditEvent, EventId, Sequence};

use super::exporter::Exported;

/// The way back.
pub(crate) type Reply<T> = oneshot::Sender<T>;

/// One message of the control lane.
pub(crate) enum Request {
    /// Everything completed before is appended; nothing else.
    Flush(Reply<()>),
    /// The same, and a snapshot of it all.
    View(Reply<Arc<Snapshot>>),
    /// Append this event.
    Record(Box<AuditEvent>, Reply<Result<Receipt>>),
    /// Rotate everything held.
    Rotate(Reply<Result<Rotated>>),
    /// Take nothing in any more, write what is open as open, export what is held.
    Shutdown(Reply<ShutdownCounts>),
    /// The exporter has finished a document.
    Exported(Exported),
}

/// What became of an event that was recorded by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Receipt {
    /// The event's identity.
    pub event_id: EventId,
    /// Its place in the trail.
    pub sequence: Sequence,
}

/// What a rotation by hand did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Rotated {
    /// How many events left the buffer.
    pub events: u64,
    /// The document they were written to, if there is an export directory.
    pub path: Option<PathBuf>,
}

/// What a shutdown did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ShutdownCounts {
    /// Operations that were written as still open.
    pub(crate) open: u64,
    /// The last document.
    pub(crate) path: Option<PathBuf>,
    /// Why the last document could not be written.
    pub(crate) error: Option<String>,
}

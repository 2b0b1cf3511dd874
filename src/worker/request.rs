//! What callers ask of the worker. Each request carries the place for its
//! reply; a caller that gave up waiting simply is not there any more.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::oneshot;

use crate::buffer::Snapshot;
use crate::error::Result;
use crate::event::AuditEvent;

use super::exporter::Exported;
use super::intents::Completion;
use super::trail::Stored;

/// The way back.
pub(crate) type Reply<T> = oneshot::Sender<T>;

/// One message of the control lane.
pub(crate) enum Request {
    /// Everything completed before is appended; nothing else.
    Flush(Reply<()>),
    /// The same, and a snapshot of it all.
    View(Reply<Arc<Snapshot>>),
    /// Append this event, and say so when it is durable.
    Record(Box<AuditEvent>, Reply<Result<Stored>>),
    /// Append the intent of this event, and say so when it is durable.
    Begin(Box<AuditEvent>, Reply<Result<Stored>>),
    /// An operation that was begun has ended; nobody waits if it was dropped.
    Complete(Box<Completion>, Option<Reply<Result<Stored>>>),
    /// Everything completed before is durable.
    #[cfg(feature = "journal")]
    Sync(Reply<Result<()>>),
    /// Sign with another key from here on; the file is for logs that were given
    /// theirs.
    #[cfg(feature = "journal")]
    RotateKey(Option<PathBuf>, Reply<Result<crate::proof::SignedCheckpoint>>),
    /// The first checkpoint that covers this place of the trail.
    #[cfg(feature = "journal")]
    Checkpoint(crate::event::Sequence, Reply<Result<crate::proof::SignedCheckpoint>>),
    /// Append the entry of this policy, which is to come into force.
    #[cfg(feature = "policy")]
    Policy(Arc<crate::capture::Compiled>, Reply<Result<Stored>>),
    /// Rotate everything held.
    Rotate(Reply<Result<Rotated>>),
    /// Take nothing in any more, write what is open as open, export what is held
    /// as far as that is done by this monotonic time.
    Shutdown(Reply<ShutdownCounts>, u64),
    /// The exporter has finished a document.
    Exported(Exported),
}

/// What a rotation by hand did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Rotated {
    /// How many events left the buffer, entries about the trail itself among them.
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
    /// Why the last document, or one that was due before, could not be written.
    pub(crate) error: Option<String>,
    /// A document was still being written, and was not waited for.
    pub(crate) is_export_left_behind: bool,
}

#[cfg(test)]
impl Request {
    /// A shutdown that waits for exports however long they take.
    pub(super) fn shutdown(reply: Reply<ShutdownCounts>) -> Self {
        Request::Shutdown(reply, u64::MAX)
    }
}

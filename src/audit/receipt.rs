//! What became of an event that was recorded by hand.

#[cfg(feature = "journal")]
use std::sync::Weak;

use crate::event::{EventId, Sequence};
#[cfg(feature = "journal")]
use crate::proof::{Digest, SignedCheckpoint};
use crate::worker::Stored;

use super::handle::Inner;

/// What survives which end of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Durability {
    /// It is in memory, and is gone when the program ends.
    Memory,
    /// It is on disk and synced: it survives a kill and a power cut.
    Durable,
}

/// What became of an event that was recorded by hand.
#[derive(Clone)]
#[non_exhaustive]
pub struct Receipt {
    /// The event's identity.
    pub event_id: EventId,
    /// Its place in the trail: of its first entry, if its entry ids take
    /// several.
    pub sequence: Sequence,
    /// What it survives. With a journal a receipt is given when the event is
    /// durable, never before.
    pub durability: Durability,
    /// The hash of its entry as a leaf of the log's tree, to be checked by a
    /// proof of inclusion; none without a journal. Of an event whose entry ids
    /// take several entries, the first one's.
    #[cfg(feature = "journal")]
    pub leaf: Option<Digest>,
    /// The place of its last entry.
    #[cfg(feature = "journal")]
    last: Sequence,
    #[cfg(feature = "journal")]
    audit: Weak<Inner>,
}

impl Receipt {
    pub(super) fn new(stored: Stored, inner: &std::sync::Arc<Inner>) -> Self {
        Receipt {
            event_id: stored.event_id,
            sequence: stored.sequence,
            durability: inner.durability(),
            #[cfg(feature = "journal")]
            leaf: stored.leaf,
            #[cfg(feature = "journal")]
            last: Sequence(stored.end().saturating_sub(1)),
            #[cfg(feature = "journal")]
            audit: std::sync::Arc::downgrade(inner),
        }
    }
}

#[cfg(feature = "journal")]
impl Receipt {
    /// Waits for the signed checkpoint that covers the event: at most the time
    /// between two checkpoints, unless a disk is full or fails for a while.
    /// Whoever holds it can be shown later that the event was in the log then.
    ///
    /// # Errors
    ///
    /// When there is no journal, when it stores nothing any more (`Poisoned`) and
    /// so signs nothing, when the worker has stopped, and on its own thread.
    pub fn checkpoint(&self) -> crate::Result<SignedCheckpoint> {
        crate::channel::block_on(self.checkpoint_async())
    }

    /// [`checkpoint`](Receipt::checkpoint) without blocking the thread.
    ///
    /// # Errors
    ///
    /// As [`checkpoint`](Receipt::checkpoint).
    pub async fn checkpoint_async(&self) -> crate::Result<SignedCheckpoint> {
        if self.durability == Durability::Memory {
            return Err(crate::Error::invalid(
                "there are no checkpoints without a journal; give the builder a directory for one",
            ));
        }
        let pending = {
            let inner = self.audit.upgrade().ok_or_else(crate::Error::stopped)?;
            inner.ask(|reply| crate::worker::Request::Checkpoint(self.last, reply))?
        };
        pending.await?
    }
}

impl std::fmt::Debug for Receipt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Receipt")
            .field("event_id", &self.event_id)
            .field("sequence", &self.sequence)
            .field("durability", &self.durability)
            .finish_non_exhaustive()
    }
}

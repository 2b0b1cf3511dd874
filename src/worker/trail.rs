//! What an event is appended to: the journal first, if there is one, then the
//! buffer, the statistics and the live stream.
//!
//! Runs on the worker. The sequence in the journal and the one in the buffer
//! are the same number, always. Appending is all or nothing: what the journal
//! does not take, nothing else gets.

use std::sync::Arc;

use tokio::sync::broadcast;

use crate::buffer::Buffer;
use crate::channel::LossReason;
use crate::event::row::Row;
use crate::event::{AuditEvent, EventId, Kind, Sequence};
use crate::statistics::StatisticsRecorder;

use super::journal::{Keeper, Leaf};

type Stream = broadcast::Sender<Arc<AuditEvent>>;

/// Where events go.
pub(super) struct Trail {
    pub(super) keeper: Keeper,
    pub(super) buffer: Buffer,
    /// Ends for its subscribers when it is dropped, at shutdown.
    pub(super) stream: Option<Stream>,
    /// Events appended, entries about the trail itself aside.
    pub(super) recorded: u64,
    /// Something was appended that readers do not see.
    pub(super) has_news: bool,
    /// The place that an event gets while it is being appended.
    pub(super) in_hand: Option<Sequence>,
    /// The next event makes the worker panic, once it is in the journal.
    #[cfg(test)]
    pub(super) panics_behind_journal: bool,
}

/// What is wanted of an event besides its place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    /// Subscribers see it.
    pub(super) streamed: bool,
    /// Somebody gets a receipt with its hash.
    pub(super) leaf: bool,
}

/// An event that has its place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stored {
    pub(crate) event_id: EventId,
    /// Of its first entry, if it takes several.
    pub(crate) sequence: Sequence,
    /// How many it takes.
    #[cfg_attr(not(feature = "journal"), expect(dead_code, reason = "there are none"))]
    pub(crate) entries: u64,
    /// The hash of its first entry in the journal's tree, if that was wanted.
    #[cfg_attr(not(feature = "journal"), expect(dead_code, reason = "there is no tree"))]
    pub(crate) leaf: Leaf,
}

#[cfg(feature = "journal")]
impl Stored {
    /// The place behind it.
    pub(crate) fn end(&self) -> u64 {
        self.sequence.0 + self.entries
    }
}

/// What the journal took in several entries, or shortened.
pub(super) struct Fitted {
    /// The event as it is there.
    pub(super) event: AuditEvent,
    pub(super) entries: u64,
    /// The hash of the first entry.
    pub(super) leaf: Leaf,
}

/// Why the journal did not take an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(feature = "journal"), expect(dead_code, reason = "no journal refuses anything"))]
pub(super) enum Refused {
    /// Its entry is longer than an event may be.
    TooLong,
    /// It is lost, for this reason.
    Lost(LossReason),
}

impl Trail {
    /// Appends an event. What is too long for one entry takes several; what is
    /// too long for that is cut.
    ///
    /// # Errors
    ///
    /// Why it is lost. Nothing has changed then.
    pub(super) fn append(
        &mut self,
        row: &Row<'_>,
        statistics: &mut StatisticsRecorder,
        wanted: Wanted,
    ) -> Result<Stored, LossReason> {
        self.in_hand = (row.kind == Kind::Event).then(|| self.buffer.next_sequence());
        let stored = match self.keeper.append(row) {
            Ok(()) => {
                let leaf = wanted.leaf.then(|| self.keeper.last_leaf()).flatten();
                Ok(self.take(row, 1, leaf, statistics, wanted.streamed))
            }
            Err(Refused::TooLong) => self.append_long(row, statistics, wanted.streamed),
            Err(Refused::Lost(reason)) => Err(reason),
        };
        self.in_hand = None;
        stored
    }

    /// How many entries there are: the next place.
    pub(super) fn size(&self) -> Sequence {
        self.keeper.size().unwrap_or_else(|| self.buffer.next_sequence())
    }

    /// Whether anybody sees the live stream. Asking takes a lock.
    pub(super) fn has_subscribers(&self) -> bool {
        self.stream.as_ref().is_some_and(|stream| stream.receiver_count() > 0)
    }

    /// Counts the event that was in hand when a turn panicked; whether it is
    /// lost.
    pub(super) fn settle_in_hand(&mut self) -> bool {
        let Some(sequence) = self.in_hand.take() else { return false };
        let is_stored = self.size() > sequence;
        self.recorded += u64::from(is_stored);
        !is_stored
    }

    /// What the journal has goes everywhere else.
    #[inline]
    fn take(
        &mut self,
        row: &Row<'_>,
        entries: u64,
        leaf: Leaf,
        statistics: &mut StatisticsRecorder,
        streamed: bool,
    ) -> Stored {
        #[cfg(test)]
        assert!(!std::mem::take(&mut self.panics_behind_journal), "on purpose");
        let sequence = self.buffer.push(row, entries);
        statistics.record(row);
        self.stream_out(row, sequence, streamed);
        self.recorded += u64::from(row.kind == Kind::Event);
        self.has_news = true;
        Stored { event_id: row.event_id, sequence, entries, leaf }
    }

    /// The buffer gets what the journal got, so that a restart changes nothing.
    #[cold]
    fn append_long(
        &mut self,
        row: &Row<'_>,
        statistics: &mut StatisticsRecorder,
        streamed: bool,
    ) -> Result<Stored, LossReason> {
        let Fitted { event, entries, leaf } = self.keeper.append_long(row)?;
        let mut scratch = crate::event::row::RowScratch::default();
        let row = scratch.row(&event, row.recorded_us);
        Ok(self.take(&row, entries, leaf, statistics, streamed))
    }

    /// Shows an event to the subscribers, if there are any.
    fn stream_out(&self, row: &Row<'_>, sequence: Sequence, streamed: bool) {
        if !streamed || !self.has_subscribers() {
            return;
        }
        if let Some(stream) = &self.stream {
            // The last subscriber may have gone meanwhile.
            let _ = stream.send(row.to_event(sequence).into());
        }
    }
}

//! The beginning: what the log held comes back into memory, and the log says
//! that it was opened.

use std::sync::{Arc, PoisonError};

use super::facts::opening;
use super::keeper::{Keeper, Kept, OpenedJournal, Opening};
use super::refill::{Refill, since, unfinished};
use crate::buffer::{Buffer, BufferConfig};
use crate::error::Result;
use crate::event::row::RowScratch;
use crate::worker::state::Worker;

impl Worker {
    /// Takes a journal up: the newest events fill the buffer again, operations
    /// that a crash left without an outcome get the one that is known, and the
    /// first entry says what was found. All of it is durable afterwards.
    ///
    /// # Errors
    ///
    /// When the log cannot be read or written.
    pub(in crate::worker) fn open_journal(&mut self, journal: Opening) -> Result<()> {
        let Some(OpenedJournal { ledger, opened, fs, full_disk, host, packer }) = journal else {
            return Ok(());
        };
        let mut kept = Kept::new(ledger, fs, full_disk, self.intake.clone());
        kept.packer = packer;
        kept.refuse_lost_beginning(&opened.report)?;
        let reader = kept.reader()?;
        let backlog_max = self.exporter.as_ref().map(|_| self.export_backlog_events_max);
        let since = since(&reader, opened.size, &self.rotation, backlog_max)?;
        let unfinished = unfinished(&reader, opened.size)?;
        kept.exported_through = since.exported_through;
        let orphans = if opened.report.was_closed { Vec::new() } else { kept.orphans()? };
        self.trail.keeper = Keeper::Open(Box::new(kept));
        self.refill(since.first, since.first, opened.size)?;
        let times = self.times();
        let entry = opening(&opened, unfinished.as_ref(), &host, times);
        let events = std::iter::once(entry).chain(orphans);
        for event in events {
            if self.append_only(&event, times, true).is_err() {
                break;
            }
        }
        for problem in &opened.problems {
            self.tell(problem);
        }
        self.begin_durably()?;
        self.publish();
        Ok(())
    }

    /// After a panic: if the journal got what the buffer did not, the buffer is
    /// made again from the journal.
    pub(in crate::worker) fn restore_from_journal(&mut self) {
        let Some(size) = self.trail.keeper.size() else { return };
        if size == self.trail.buffer.next_sequence() {
            return;
        }
        self.sync_journal();
        let (first, known) =
            (self.trail.buffer.first_sequence(), self.trail.buffer.next_sequence().0);
        if let Err(error) = self.refill(first, known, size.0) {
            self.tell(&error);
        }
        self.publish();
    }

    /// Makes the buffer again from the entries `first..size` of the journal;
    /// those before `counted` are in the statistics already.
    fn refill(&mut self, first: u64, counted: u64, size: u64) -> Result<()> {
        let Some(kept) = self.trail.keeper.open() else { return Ok(()) };
        let reader = kept.reader()?;
        let buffer = Buffer::starting_at(BufferConfig::from(&self.rotation), first);
        let published = Arc::clone(&self.published);
        let mut statistics = published.statistics.lock().unwrap_or_else(PoisonError::into_inner);
        let scratch = RowScratch::default();
        let mut refill = Refill { buffer, statistics: &mut statistics, counted, scratch };
        refill.read(&reader, first, size)?;
        self.trail.buffer = refill.buffer;
        self.trail.has_news = true;
        Ok(())
    }

    /// A log that cannot even say that it was opened is not begun.
    fn begin_durably(&mut self) -> Result<()> {
        self.sync_journal();
        let times = self.current_times();
        self.sign_checkpoint(times);
        self.trail.keeper.refusal().map_or(Ok(()), Err)
    }
}

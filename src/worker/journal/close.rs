//! The end of a journal: in good order, or on a full disk.

use serde_json::Value;

use super::facts::closing;
use super::keeper::{Keeper, Kept};
use crate::error::{Error, Result};
use crate::worker::decode::Times;
use crate::worker::state::Worker;

use super::totals::JournalTotals;

impl Worker {
    /// Says at the end of the log that it was closed, signs a last checkpoint,
    /// and lets go of the log.
    pub(in crate::worker) fn close_journal(&mut self, times: Times) {
        if self.trail.keeper.open().is_none() {
            return;
        }
        self.make_room_for_the_end();
        self.append_gaps(times);
        self.append_facts(times);
        self.append_closing(None, times);
        self.sync_journal();
        let Keeper::Open(kept) = std::mem::replace(&mut self.trail.keeper, Keeper::Closed) else {
            return;
        };
        let (totals, result) = kept.close(times);
        self.set_journal_totals(totals);
        if let Err(error) = result {
            self.tell(&error);
        }
    }

    /// Ends the log on a full disk, in the space that was reserved for that.
    pub(super) fn poison_full_journal(&mut self, error: &Error) {
        let times = self.current_times();
        self.make_room_for_the_end();
        self.append_gaps(times);
        self.append_closing(Some("the disk is full"), times);
        let Some(kept) = self.trail.keeper.open_mut() else { return };
        let now_ns = kept.now_ns();
        let ended = kept.ledger.checkpoint(now_ns).map(drop);
        kept.give_up(&format!(
            "the journal stores nothing any more, as was asked for when its disk is full; make room and build the trail again: {error}"
        ));
        if let Err(error) = ended {
            self.tell(&error);
        }
    }

    /// On a full disk the last entries go where space was kept for them.
    fn make_room_for_the_end(&mut self) {
        let Some(kept) = self.trail.keeper.open_mut() else { return };
        if !kept.is_full() {
            return;
        }
        // Where there is none, the next sync tells. It is filled at the next opening.
        let _ = kept.ledger.release_reserve();
        let now_ns = kept.now_ns();
        if kept.ledger.sync(now_ns).is_ok() {
            kept.note_success();
        }
    }

    fn append_closing(&mut self, why: Option<&str>, times: Times) {
        let lost: serde_json::Map<String, Value> = self
            .intake
            .losses
            .totals()
            .into_iter()
            .map(|(reason, count)| (reason.as_str().to_owned(), count.into()))
            .collect();
        let event = closing(self.trail.recorded, Value::Object(lost), why, times);
        // What fails is told by the sync that follows.
        let _ = self.append_only(&event, times, true);
    }
}

impl Kept {
    fn close(self, times: Times) -> (JournalTotals, Result<()>) {
        let now_ns = self.now_ns();
        let mut totals = self.totals.clone();
        self.refresh_totals(&mut totals);
        let refusal = self.refusal();
        // Nobody else writes in the log's directory once it is let go of.
        drop(self.packer);
        let closed = match self.ledger.close(now_ns) {
            Ok(closed) => closed,
            Err(error) => {
                let error = refusal.unwrap_or(error);
                totals.trouble = Some(error.to_string().into());
                return (totals, Err(error));
            }
        };
        totals.durable = closed.size;
        totals.copies = closed.copies.into();
        totals.set_checkpoint(closed.checkpoint.as_ref(), Some(times.recorded_us));
        totals.is_closed = true;
        if let Some(checkpoint) = closed.checkpoint {
            for waiting in self.waiting_for_checkpoint {
                waiting.answer(&checkpoint);
            }
        }
        let problem = closed.problems.into_iter().next();
        totals.checkpoint_problem = problem.as_ref().map(|error| error.to_string().into());
        (totals, problem.map_or(Ok(()), Err))
    }
}

//! The journal's part of a turn.

use std::time::Duration;

use super::keeper::Kept;
use super::trouble::{FullDisk, State};
use crate::channel::together;
use crate::error::{Error, Result};
use crate::worker::decode::Times;
use crate::worker::state::Worker;

impl Worker {
    /// Syncs if it is due or somebody waits, seals, signs, and says so.
    pub(in crate::worker) fn keep_journal(&mut self, times: Times) {
        self.append_facts(times);
        let Some(kept) = self.trail.keeper.open() else { return };
        if !kept.waiting.is_empty() {
            self.sync_journal();
        } else if kept.until_sync() == Some(Duration::ZERO) {
            self.begin_sync_journal();
        }
        self.seal_journal(times);
        self.keep_packing(times);
        self.sign_if_due(times);
        self.look_after_journal(times);
    }

    /// Makes what waits durable, and answers who waits for that.
    pub(in crate::worker) fn sync_journal(&mut self) {
        let Some(kept) = self.trail.keeper.open_mut() else { return };
        let synced = kept.sync();
        self.answer_after(synced);
    }

    /// Tells of a sync that failed, and answers whom it has made good, or not.
    fn answer_after(&mut self, synced: Result<()>) {
        if let Err(error) = synced {
            self.journal_failed(&error);
        }
        // Who is answered may look at health next.
        self.publish_totals();
        let asked_meanwhile = self.requests.len();
        if let Some(kept) = self.trail.keeper.open_mut() {
            let answered = together(|| kept.answer_waiting());
            kept.callers.note(answered, asked_meanwhile);
        }
    }

    /// Begins to make what waits durable, and goes on. Nobody waits for it.
    pub(in crate::worker) fn begin_sync_journal(&mut self) {
        let Some(kept) = self.trail.keeper.open_mut() else { return };
        if !matches!(kept.state, State::Working) || !kept.waiting.is_empty() {
            return self.sync_journal();
        }
        let now_ns = kept.now_ns();
        if let Err(error) = kept.ledger.begin_sync(now_ns) {
            self.journal_failed(&error);
        }
    }

    /// Remembers what went wrong and tells of it, once.
    pub(super) fn journal_failed(&mut self, error: &Error) {
        let Some(kept) = self.trail.keeper.open_mut() else { return };
        let is_new = kept.note_failure(error);
        if kept.is_full() && kept.full_disk == FullDisk::Poison {
            self.poison_full_journal(error);
        }
        if let Some(kept) = self.trail.keeper.open_mut() {
            kept.answer_checkpoints();
        }
        if is_new {
            self.tell(error);
        }
    }

    fn seal_journal(&mut self, times: Times) {
        let Some(kept) = self.trail.keeper.open_mut() else { return };
        if !matches!(kept.state, State::Working) {
            return;
        }
        let now_ns = kept.now_ns();
        match kept.ledger.seal_if_due(now_ns) {
            Ok(None) => {}
            Ok(Some(sealed)) => self.pack_sealed(&sealed, times),
            Err(error) => self.journal_failed(&error),
        }
    }
}

impl Kept {
    /// Makes what waits durable, unless the last attempt failed just before.
    fn sync(&mut self) -> Result<()> {
        let now_ns = self.now_ns();
        match &self.state {
            State::GivenUp(_) => return Ok(()),
            State::Stuck(_) if self.until_sync() != Some(Duration::ZERO) => return Ok(()),
            State::Stuck(_) | State::Working => {}
        }
        self.ledger.sync(now_ns)?;
        self.note_success();
        Ok(())
    }
}

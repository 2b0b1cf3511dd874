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
            self.sync_for_callers();
        } else if kept.until_sync() == Some(Duration::ZERO) {
            self.begin_sync_journal();
        }
        self.seal_journal(times);
        self.keep_packing(times);
        self.sign_if_due(times);
        self.look_after_journal(times);
    }

    /// Makes what callers wait for durable, and answers them: all at once, or of
    /// many callers a half at a time.
    fn sync_for_callers(&mut self) {
        let Some(kept) = self.trail.keeper.open_mut() else { return };
        if !kept.are_many() || !matches!(kept.state, State::Working) {
            return self.sync_journal();
        }
        if kept.in_flight > 0 {
            let landed = kept.ledger.end_sync().map(|_| kept.note_success());
            self.answer_after(landed);
            let are_coming = self.trail.keeper.open().is_some_and(Kept::are_callers_coming);
            if are_coming {
                return;
            }
        }
        self.sync_half();
    }

    /// Hands to the disk what callers wait for, and leaves it there.
    fn sync_half(&mut self) {
        let Some(kept) = self.trail.keeper.open_mut() else { return };
        if kept.waiting.is_empty() || !matches!(kept.state, State::Working) {
            return;
        }
        let now_ns = kept.now_ns();
        let begun = kept.ledger.begin_sync(now_ns);
        if begun.is_ok() && kept.ledger.is_syncing() {
            kept.in_flight = kept.waiting.len();
            return;
        }
        self.answer_after(begun.map(drop));
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
        if let Some(kept) = self.trail.keeper.open_mut() {
            together(|| kept.answer_waiting());
        }
    }

    /// Begins to make what waits durable, and goes on. Nobody waits for it.
    pub(in crate::worker) fn begin_sync_journal(&mut self) {
        let Some(kept) = self.trail.keeper.open_mut() else { return };
        if kept.in_flight > 0 {
            // It is begun when that has landed.
            return;
        }
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

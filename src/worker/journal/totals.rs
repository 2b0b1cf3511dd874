//! What health and the shutdown report tell about the journal.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError};

use super::keeper::{Keeper, Kept};
use super::trouble::State;
use crate::ledger::{CopyState, Ledger};
use crate::proof::SignedCheckpoint;
use crate::worker::state::{Totals, Worker};

/// The journal's figures. Cheap to copy.
#[derive(Debug, Clone)]
pub(crate) struct JournalTotals {
    /// The log's own directory.
    pub(crate) directory: Arc<PathBuf>,
    pub(crate) origin: Arc<str>,
    /// The public key, as text.
    pub(crate) verifier_key: Arc<str>,
    /// Number of entries.
    pub(crate) size: u64,
    /// Those that are durable.
    pub(crate) durable: u64,
    /// Entries that the newest checkpoint covers.
    pub(crate) checkpoint_size: Option<u64>,
    pub(crate) checkpoint_us: Option<i64>,
    /// Why checkpoints or their copies cannot be written.
    pub(crate) checkpoint_problem: Option<Arc<str>>,
    pub(crate) copies: Arc<[CopyState]>,
    /// Directories of logs beside this one.
    pub(crate) other_logs: Arc<[PathBuf]>,
    /// Why nothing is written, if nothing is.
    pub(crate) trouble: Option<Arc<str>>,
    pub(crate) is_full: bool,
    pub(crate) is_poisoned: bool,
    pub(crate) is_closed: bool,
}

impl JournalTotals {
    pub(super) fn new(ledger: &Ledger) -> Self {
        let mut totals = JournalTotals {
            directory: Arc::new(ledger.directory().to_owned()),
            origin: ledger.origin().into(),
            verifier_key: ledger.verifier().to_string().into(),
            size: ledger.size(),
            durable: ledger.durable(),
            checkpoint_size: None,
            checkpoint_us: None,
            checkpoint_problem: None,
            copies: Arc::new([]),
            other_logs: Arc::new([]),
            trouble: None,
            is_full: false,
            is_poisoned: false,
            is_closed: false,
        };
        totals.set_checkpoint(ledger.latest_checkpoint(), None);
        totals
    }

    pub(super) fn set_checkpoint(&mut self, latest: Option<&SignedCheckpoint>, us: Option<i64>) {
        self.checkpoint_size = latest.map(|signed| signed.checkpoint().head().size);
        self.checkpoint_us = us;
    }
}

impl Kept {
    pub(super) fn refresh_totals(&self, totals: &mut JournalTotals) {
        totals.size = self.ledger.size();
        totals.durable = self.ledger.durable();
        totals.set_checkpoint(self.ledger.latest_checkpoint(), self.checkpoint_us);
        totals.checkpoint_problem = self.checkpoint_problem.clone();
        totals.copies = self.copies.clone();
        totals.other_logs = self.other_logs.clone();
        totals.verifier_key = self.totals.verifier_key.clone();
        totals.trouble = self.trouble();
        totals.is_full = self.is_full();
        totals.is_poisoned = matches!(self.state, State::GivenUp(_));
    }
}

impl Worker {
    pub(in crate::worker) fn publish_journal(&self, totals: &mut Totals) {
        if let Keeper::Open(kept) = &self.trail.keeper {
            let journal = totals.journal.get_or_insert_with(|| kept.totals.clone());
            kept.refresh_totals(journal);
        }
    }

    pub(super) fn set_journal_totals(&self, journal: JournalTotals) {
        let mut totals = self.published.totals.lock().unwrap_or_else(PoisonError::into_inner);
        totals.journal = Some(journal);
    }
}

//! What becomes of sealed segments: compressed and indexed beside the worker,
//! told in the log, and only then not kept as they were written.

use std::collections::VecDeque;
use std::sync::Arc;

use super::keeper::Kept;
use crate::error::{Error, Result};
use crate::event::Sequence;
use crate::fs::JournalFs;
use crate::history::{EventIndexer, IndexRepair, Packed, Packer};
use crate::journal::{self, SealedSegment};
use crate::ledger::Ledger;
use crate::worker::decode::Times;
use crate::worker::state::Worker;

/// Who compresses.
pub(super) enum Packing {
    /// A thread of its own.
    Beside(Packer),
    /// The worker, on the spot: for simulations, and where no thread could be
    /// started.
    Inline(VecDeque<Packed>),
}

/// A segment whose hashes are in the log, at this place.
pub(super) struct Told {
    first: Sequence,
    at: Sequence,
}

impl Packing {
    pub(super) fn new(ledger: &Ledger, fs: &Arc<dyn JournalFs>, is_beside: bool) -> Result<Self> {
        Ok(match is_beside {
            true => Packing::Beside(Packer::start(fs.clone(), ledger.directory())?),
            false => Packing::Inline(VecDeque::new()),
        })
    }

    /// For those who find an index damaged.
    pub(super) fn index_repair(&self) -> Option<IndexRepair> {
        match self {
            Packing::Beside(packer) => packer.index_repair(),
            Packing::Inline(_) => None,
        }
    }

    fn outcomes(&mut self) -> Vec<Packed> {
        match self {
            Packing::Beside(packer) => packer.outcomes().collect(),
            Packing::Inline(outcomes) => outcomes.drain(..).collect(),
        }
    }
}

impl Worker {
    /// Says in the log what was sealed and compressed, and lets go of segments
    /// as they were written once that is durable.
    pub(super) fn settle_packed(&mut self, times: Times) {
        if !self.trail.keeper.takes_facts() {
            return;
        }
        let Some(kept) = self.trail.keeper.open_mut() else { return };
        kept.remove_told();
        for outcome in kept.packing.outcomes() {
            match outcome {
                Packed::Segment(packed) => {
                    let fact = super::facts::sealing(&packed, times);
                    if let Ok(stored) = self.append_only(&fact, times, true) {
                        self.note_told(packed.first, stored.sequence);
                    }
                }
                Packed::Index(first) => self.tell(&Error::new(
                    crate::ErrorKind::Degraded,
                    format!("the index of the segment that begins with {first} was made again"),
                )),
                Packed::Failed(_, error) => self.tell(&error),
            }
        }
    }

    fn note_told(&mut self, first: Sequence, at: Sequence) {
        if let Some(kept) = self.trail.keeper.open_mut() {
            kept.told.push(Told { first, at });
        }
    }
}

impl Kept {
    /// Hands a segment over.
    pub(super) fn pack(&mut self, sealed: &SealedSegment) {
        let directory = self.ledger.directory();
        match &mut self.packing {
            Packing::Beside(packer) => packer.pack(sealed.first),
            Packing::Inline(outcomes) => {
                let packed = journal::pack(&*self.fs, directory, sealed.first, &EventIndexer);
                outcomes.push_back(match packed {
                    Ok(packed) => Packed::Segment(Box::new(packed)),
                    Err(error) => Packed::Failed(sealed.first, error.into()),
                });
            }
        }
    }

    fn remove_told(&mut self) {
        let durable = self.ledger.durable();
        let (durably, not_yet): (Vec<_>, Vec<_>) =
            self.told.drain(..).partition(|told| told.at.0 < durable);
        self.told = not_yet;
        for told in durably {
            match &self.packing {
                Packing::Beside(packer) => packer.remove_raw(told.first),
                Packing::Inline(_) => {
                    // It stays then, and is as readable as before.
                    let _ = journal::remove_raw(&*self.fs, self.ledger.directory(), told.first);
                }
            }
        }
    }
}

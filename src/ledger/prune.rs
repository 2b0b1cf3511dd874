//! Removing the oldest segments, as retention says.
//!
//! The caller asks what is due ([`plan_prune`](Ledger::plan_prune)), appends a
//! `PRUNE` entry that says so, and has it carried out
//! ([`prune`](Ledger::prune)): the entry and the tree's tiles are durable
//! before the first file goes. Files go one at a time, the oldest first, each
//! durably. So a crash at any moment leaves a log without holes that begins at
//! or before what its last `PRUNE` entry says, and the next plan goes on.
//!
//! Tiles stay, so that proofs of what is left, and of what others kept, hold.

use super::hold::read_hold;
use super::retention::SegmentFacts;
use super::writer::Ledger;
use crate::error::{Error, Result};
use crate::event::Sequence;
use crate::journal::{LogReader, SegmentRef};
use crate::proof::TILE_WIDTH_MAX;

/// What retention comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PruneDecision {
    /// Nothing is to be removed.
    Nothing,
    /// Something would be, but the log is on hold, for this reason.
    Held(String),
    /// This is to be removed.
    Due(PrunePlan),
}

/// Which entries are to be removed: all with sequences before `first`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PrunePlan {
    /// The first sequence that is there.
    pub(crate) from: u64,
    /// The first sequence that stays.
    pub(crate) first: u64,
    /// First sequences of the segments that go, ascending.
    pub(crate) segments: Vec<u64>,
    /// Length of their files, in bytes.
    pub(crate) bytes: u64,
    /// Number of entries when this was planned.
    planned_at: u64,
}

impl Ledger {
    /// Whether anything is ever removed.
    pub(crate) fn has_retention(&self) -> bool {
        self.config.retention.is_set()
    }

    /// What is to be removed. `recorded_us` reads the time from an entry, in
    /// microseconds since the Unix epoch. A segment is as old as the entry
    /// that follows it, or as one before that if the clock had been set back
    /// between them.
    ///
    /// # Errors
    ///
    /// When the log can't be read, or the file of the hold can't.
    pub(crate) fn plan_prune(
        &self,
        now_us: i64,
        recorded_us: impl Fn(&[u8]) -> Option<i64>,
    ) -> Result<PruneDecision> {
        if !self.has_retention() {
            return Ok(PruneDecision::Nothing);
        }
        let reader = LogReader::open(self.fs.clone(), self.files.directory())?;
        let segments = reader.segments();
        let mut log_bytes = self.bytes_of(segments)?;
        let end = self.tiled();
        let mut plan = PrunePlan {
            from: segments.first().map_or(0, |segment| segment.first.0),
            first: 0,
            segments: Vec::new(),
            bytes: 0,
            planned_at: self.size(),
        };
        let first_us = |index| -> Result<Option<i64>> {
            let mut entries = reader.segment_entries(index);
            Ok(entries.next_entry()?.and_then(|(_, entry)| recorded_us(entry)))
        };
        let mut latest_us = first_us(0)?;
        for (index, pair) in segments.windows(2).enumerate() {
            let [oldest, following] = pair else { break };
            let followed_us = first_us(index + 1)?;
            latest_us = latest_us.max(followed_us);
            let facts = SegmentFacts {
                next: following.first.0,
                bytes: self.journal.segment_bytes(oldest.first.0)?,
                recorded_before_us: followed_us.and(latest_us),
            };
            if !self.config.retention.allows(&facts, log_bytes, end, now_us)
                || (self.config.waits_for_packing && self.journal.is_raw(oldest.first.0)?)
            {
                break;
            }
            plan.segments.push(oldest.first.0);
            plan.first = facts.next;
            plan.bytes += facts.bytes;
            log_bytes = log_bytes.saturating_sub(facts.bytes);
        }
        if plan.segments.is_empty() {
            return Ok(PruneDecision::Nothing);
        }
        Ok(match read_hold(&*self.fs, self.files.directory())? {
            Some(reason) => PruneDecision::Held(reason),
            None => PruneDecision::Due(plan),
        })
    }

    /// Removes what was planned. `told` is the sequence of the entry that says
    /// so, appended since.
    ///
    /// # Errors
    ///
    /// When the log is on hold, when `told` is not a sequence given out since
    /// the plan was made, as [`sync`](Ledger::sync), and when a file can't be
    /// removed. What is left can be planned again.
    pub(crate) fn prune(&mut self, plan: &PrunePlan, told: Sequence, now_ns: u64) -> Result<()> {
        if told.0 < plan.planned_at || told.0 >= self.size() {
            return Err(Error::invalid(
                "an entry has to tell of a removal: append it after planning, and give its sequence",
            ));
        }
        self.refuse_if_held()?;
        self.sync(now_ns)?;
        self.sync_tree()?;
        for first in &plan.segments {
            self.refuse_if_held()?;
            self.journal.remove_oldest(*first)?;
        }
        Ok(())
    }

    fn refuse_if_held(&self) -> Result<()> {
        match read_hold(&*self.fs, self.files.directory())? {
            Some(reason) => Err(Error::invalid(format!(
                "nothing is removed: the log is on hold ({reason}); release the hold first"
            ))),
            None => Ok(()),
        }
    }

    /// The sequence before which all entries are in full tiles.
    fn tiled(&self) -> u64 {
        self.durable() / u64::from(TILE_WIDTH_MAX) * u64::from(TILE_WIDTH_MAX)
    }

    fn bytes_of(&self, segments: &[SegmentRef]) -> Result<u64> {
        let mut bytes = 0;
        for segment in segments {
            bytes += self.journal.segment_bytes(segment.first.0)?;
        }
        Ok(bytes)
    }
}

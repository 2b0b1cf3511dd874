//! Sealed segments on their way to being compressed.
//!
//! A thread of its own compresses them. Then an entry names the hashes of what
//! it made, and when that is durable, the segment as it was written goes. A
//! crash in between leaves both forms; the next opening begins again, and
//! comes to the same files.

use super::keeper::Kept;
use super::trouble::State;
use crate::event::Sequence;
use crate::history::Packed;
use crate::journal::{PackedSegment, SealedSegment};
use crate::worker::decode::Times;
use crate::worker::state::Worker;

/// A segment that is there in both forms.
#[derive(Debug, Clone, Copy)]
pub(super) struct Twofold {
    first: Sequence,
    /// What has to be durable before one of them goes; none until its entry
    /// was appended.
    told_before: Option<u64>,
}

impl Worker {
    /// A segment was sealed: it is compressed next, or told of where nothing
    /// is compressed.
    pub(super) fn pack_sealed(&mut self, sealed: &SealedSegment, times: Times) {
        match self.trail.keeper.open().and_then(|kept| kept.packer.as_ref()) {
            Some(packer) => packer.pack(sealed.first),
            None => self.note_seal(sealed, times),
        }
    }

    /// Tells of what was compressed, and lets go of what that replaces.
    pub(super) fn keep_packing(&mut self, times: Times) {
        let Some(packer) = self.trail.keeper.open().and_then(|kept| kept.packer.as_ref()) else {
            return;
        };
        let outcomes: Vec<Packed> = packer.outcomes().collect();
        for outcome in outcomes {
            match outcome {
                Packed::Segment(segment) => self.tell_packed(&segment, times),
                Packed::Failed(error) => self.tell(&error),
            }
        }
        if let Some(kept) = self.trail.keeper.open_mut() {
            kept.remove_replaced();
        }
    }

    fn tell_packed(&mut self, segment: &PackedSegment, times: Times) {
        self.note_packed(segment, times);
        if let Some(kept) = self.trail.keeper.open_mut() {
            kept.twofold.push_back(Twofold { first: segment.first, told_before: None });
        }
    }
}

impl Kept {
    /// Removes segments as they were written, once what takes their place is
    /// told of durably.
    fn remove_replaced(&mut self) {
        if !matches!(self.state, State::Working) {
            return;
        }
        if self.facts.is_empty() {
            let size = self.ledger.size();
            let untold = self.twofold.iter_mut().filter(|twofold| twofold.told_before.is_none());
            untold.for_each(|twofold| twofold.told_before = Some(size));
        }
        let durable = self.ledger.durable();
        while let Some(twofold) = self.twofold.front() {
            let is_told = twofold.told_before.is_some_and(|told| told <= durable);
            let Some(packer) = self.packer.as_ref().filter(|_| is_told) else { break };
            packer.remove_raw(twofold.first);
            self.twofold.pop_front();
        }
    }
}

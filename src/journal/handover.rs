//! Groups that became durable, handed over to whoever compresses the segment
//! while it is being written, so that nobody has to read them again.

use std::fmt::Debug;

use super::index::GatheredFacts;
use crate::event::Sequence;

/// A durable group of entries, as it stands in its segment.
#[derive(Debug)]
pub(crate) struct WrittenGroup {
    /// The first sequence of the segment.
    pub(crate) segment: Sequence,
    /// Where in the segment it begins.
    pub(crate) offset: u64,
    /// Its frames, and what its entries are to be found by.
    pub(crate) memory: GroupMemory,
}

/// What a group takes in memory, used again and again.
#[derive(Debug, Default)]
pub(crate) struct GroupMemory {
    /// Whole frames.
    pub(crate) bytes: Vec<u8>,
    /// One for each entry, unless somebody failed to say it.
    pub(crate) facts: GatheredFacts,
}

/// Takes durable groups, in the order in which they stand in the log.
pub(crate) trait GroupTaker: Send + Sync + Debug {
    /// Takes a group, or not, and gives memory for another in return. Never
    /// waits.
    fn take(&mut self, group: WrittenGroup) -> GroupMemory;
}

impl WrittenGroup {
    /// Whether `next` stands right behind it in the same segment.
    pub(crate) fn is_followed_by(&self, next: &WrittenGroup) -> bool {
        self.segment == next.segment && self.offset + self.memory.bytes.len() as u64 == next.offset
    }
}

impl GroupMemory {
    /// Adds another group behind it.
    pub(crate) fn extend_from(&mut self, next: &GroupMemory) {
        self.bytes.extend_from_slice(&next.bytes);
        self.facts.extend_from(&next.facts);
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.facts.clear();
    }
}

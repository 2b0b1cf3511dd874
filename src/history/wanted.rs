//! Which blocks a question has to look at.

use std::ops::Range;

use crate::journal::index::BlockFacts;
use crate::journal::{Result, SegmentBlocks};

/// What an index can know of a question. Entries that don't satisfy it are not
/// wanted; others need not be.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    /// An entry has at least one term of each of these lists.
    pub(crate) all_of: Vec<Vec<Term>>,
    /// Least and greatest time, in microseconds since the Unix epoch.
    pub(crate) times: Option<(i64, i64)>,
    /// Least and greatest id, as an index has them.
    pub(crate) ids: Option<(u64, u64)>,
}

/// A text in a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Term {
    /// Its number.
    pub(crate) field: u8,
    pub(crate) text: String,
}

impl Term {
    pub(crate) fn new(field: u8, text: impl Into<String>) -> Self {
        Term { field, text: text.into() }
    }
}

impl Wanted {
    /// Numbers of the blocks that may hold what is wanted, ascending.
    pub(super) fn candidates(
        &self,
        segment: &mut SegmentBlocks<'_>,
        sequences: &Range<u64>,
    ) -> Result<Vec<u32>> {
        let mut candidates = self.within_bounds(segment.blocks(), sequences);
        for any_of in &self.all_of {
            if candidates.is_empty() {
                break;
            }
            let mut found = Vec::new();
            for term in any_of {
                let term = segment.hasher().term(term.field, term.text.as_bytes());
                found.extend(segment.blocks_with(term)?);
            }
            found.sort_unstable();
            let blocks = segment.blocks();
            candidates.retain(|number| {
                found.binary_search(number).is_ok()
                    || blocks.get(*number as usize).is_none_or(|block| block.is_opaque)
            });
        }
        Ok(candidates)
    }

    fn within_bounds(&self, blocks: &[BlockFacts], sequences: &Range<u64>) -> Vec<u32> {
        let blocks = (0..).zip(blocks).filter(|(_, block)| {
            block.entries > 0
                && block.first < sequences.end
                && block.next() > sequences.start
                && (block.is_opaque || self.may_be_in(block))
        });
        blocks.map(|(number, _)| number).collect()
    }

    fn may_be_in(&self, block: &BlockFacts) -> bool {
        self.times.is_none_or(|(min, max)| block.times.0 <= max && block.times.1 >= min)
            && self.ids.is_none_or(|(min, max)| block.ids.0 <= max && block.ids.1 >= min)
    }
}

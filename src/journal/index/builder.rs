//! An index in memory, made entry by entry.

use super::facts::{BlockFacts, EntryFacts, EntryIndexer, TermHasher};
use super::gathered::DescribedEntry;
use crate::journal::LogId;

/// A term's highest bits, which are all that counts.
const TERM_BITS: u32 = 40;
const BLOCK_BITS: u32 = 64 - TERM_BITS;

/// Terms of the current block that are remembered, by their lowest bits, so
/// that those which most entries have are not added over and over.
const RECENT: usize = 512;

/// The index of a segment, or of the part of it that was looked at.
#[derive(Debug)]
pub(crate) struct BuiltIndex {
    log: LogId,
    /// The highest bits of a term, and the number of a block that has it. In
    /// the order of blocks; a pair may be there twice.
    pairs: Vec<u64>,
    blocks: Vec<BlockFacts>,
    current: BlockFacts,
    facts: EntryFacts,
    recent: Vec<u64>,
}

impl BuiltIndex {
    /// An index without blocks, of the segment that begins with `first`.
    pub(crate) fn new(log: LogId, first: u64) -> Self {
        BuiltIndex {
            log,
            pairs: Vec::new(),
            blocks: Vec::new(),
            current: BlockFacts::empty(0, first),
            facts: EntryFacts::new(TermHasher::new(log)),
            recent: vec![0; RECENT],
        }
    }

    /// Adds an entry to the current block.
    pub(crate) fn add(&mut self, indexer: &dyn EntryIndexer, entry: &[u8]) {
        self.facts.clear();
        let is_known = indexer.describe(entry, &mut self.facts);
        let bounds = is_known.then_some((self.facts.time_us, self.facts.id));
        let terms = std::mem::take(&mut self.facts.terms);
        self.include(DescribedEntry { terms: &terms, bounds });
        self.facts.terms = terms;
    }

    /// Adds an entry of which it is known what it is to be found by.
    pub(crate) fn include(&mut self, entry: DescribedEntry<'_>) {
        self.current.include(entry.bounds);
        let number = self.blocks.len() as u64;
        for term in entry.terms {
            let seen = self.recent.get_mut(*term as usize % RECENT);
            if seen.as_deref() != Some(term) || *term == 0 {
                self.pairs.push(term >> BLOCK_BITS << BLOCK_BITS | number);
                seen.into_iter().for_each(|seen| *seen = *term);
            }
        }
    }

    /// Ends the current block, which has so many bytes.
    pub(crate) fn end_block(&mut self, raw_bytes: usize) {
        self.current.raw_bytes = raw_bytes as u32;
        let block = self.current;
        self.blocks.push(block);
        self.current = BlockFacts::empty(block.raw_at + raw_bytes as u64, block.next());
        self.recent.fill(0);
    }

    /// Forgets the last block, which was not complete, and whatever was added
    /// after it.
    pub(crate) fn reopen_last_block(&mut self) {
        let last = self.blocks.pop().unwrap_or(self.current);
        let number = self.blocks.len() as u64;
        let kept = self.pairs.partition_point(|pair| block_of(*pair) < number);
        self.pairs.truncate(kept);
        self.current = BlockFacts::empty(last.raw_at, last.first);
        self.recent.fill(0);
    }

    pub(crate) fn log(&self) -> LogId {
        self.log
    }

    /// The blocks, in order.
    pub(crate) fn blocks(&self) -> &[BlockFacts] {
        &self.blocks
    }

    /// The position behind the last block.
    pub(crate) fn end(&self) -> u64 {
        self.current.raw_at
    }

    /// The sequence behind the last block.
    pub(crate) fn next(&self) -> u64 {
        self.current.first
    }

    /// Numbers of the blocks that may have a term, ascending.
    pub(crate) fn blocks_with(&self, term: u64) -> Vec<u32> {
        let wanted = term >> BLOCK_BITS;
        let found = self.pairs.iter().filter(|pair| **pair >> BLOCK_BITS == wanted);
        let mut blocks: Vec<u32> = found.map(|pair| block_of(*pair) as u32).collect();
        blocks.dedup();
        blocks
    }

    /// The pairs in the order of their terms, then blocks, each once.
    pub(super) fn sorted_pairs(&self) -> Vec<u64> {
        let mut pairs = self.pairs.clone();
        pairs.sort_unstable();
        pairs.dedup();
        pairs
    }
}

/// The highest bits of a pair's term, as the lowest of a number.
pub(super) fn term_of(pair: u64) -> u64 {
    pair >> BLOCK_BITS
}

/// The number of a pair's block.
pub(super) fn block_of(pair: u64) -> u64 {
    pair & ((1 << BLOCK_BITS) - 1)
}

/// The page of a term's highest bits, where `page_bits` choose it, and its
/// place there.
pub(super) fn place_of(term_bits: u64, page_bits: u32) -> (usize, u16) {
    let page = term_bits >> (TERM_BITS - page_bits);
    let place = term_bits >> (TERM_BITS - page_bits - 16);
    (page as usize, place as u16)
}

/// The highest bits of a term.
pub(super) fn term_bits(term: u64) -> u64 {
    term >> BLOCK_BITS
}

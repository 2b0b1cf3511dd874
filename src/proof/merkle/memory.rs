//! All hashes of a tree, in memory.

use super::{Digest, Frontier, HashSource, TreeHead};
use crate::error::{Error, Result};

/// A tree that keeps every hash: 64 bytes a leaf. For small logs, for verifiers
/// and for tests; large logs keep tiles.
#[derive(Debug, Clone, Default)]
pub struct MemoryHashes {
    frontier: Frontier,
    /// The hashes of complete subtrees, by level and index.
    levels: Vec<Vec<Digest>>,
}

impl MemoryHashes {
    /// The tree without leaves.
    pub fn new() -> Self {
        MemoryHashes::default()
    }

    /// Adds a leaf.
    pub fn append(&mut self, leaf: Digest) {
        let levels = &mut self.levels;
        self.frontier.append_each(leaf, |level, _, hash| {
            match levels.get_mut(usize::from(level)) {
                Some(hashes) => hashes.push(*hash),
                None => levels.push(vec![*hash]),
            }
        });
    }

    /// Size and root of the tree as it is.
    pub fn head(&self) -> TreeHead {
        self.frontier.head()
    }
}

impl HashSource for MemoryHashes {
    fn subtree(&mut self, level: u8, index: u64) -> Result<Digest> {
        let hashes = self.levels.get(usize::from(level));
        let hash = hashes.and_then(|hashes| hashes.get(usize::try_from(index).ok()?));
        hash.copied().ok_or_else(|| {
            let size = self.frontier.size();
            Error::invalid(format!(
                "subtree {index} of level {level} is not complete in a tree of {size} leaves"
            ))
        })
    }
}

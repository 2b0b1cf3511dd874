//! The right edge of a growing tree: enough to append and to know the root.

use super::many::{RawDigest, node_hashes};
use super::{Digest, EMPTY_ROOT, HashSource, node_hash};
use crate::error::{Error, Result};

/// How many leaves a tree can have.
pub const LEAVES_MAX: u64 = 1 << 62;

/// Subtrees on the right edge of the largest tree.
const EDGE_MAX: usize = 63;

/// The size and the root of a tree: what a checkpoint signs, and what proofs
/// are verified against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct TreeHead {
    /// Number of leaves.
    pub size: u64,
    /// The Merkle tree hash of those leaves.
    pub root: Digest,
}

impl TreeHead {
    /// The head that consists of these two.
    pub const fn new(size: u64, root: Digest) -> Self {
        TreeHead { size, root }
    }
}

/// A tree that grows by leaves and remembers only the roots of the perfect
/// subtrees it is made of: at most 62 hashes, at any size.
///
/// Appending takes one inner hash on average and no allocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    /// Roots of the perfect subtrees, one for each bit of `size`, largest
    /// first.
    edge: Vec<Digest>,
}

impl Frontier {
    /// The tree without leaves.
    pub fn new() -> Self {
        Frontier { size: 0, edge: Vec::with_capacity(EDGE_MAX) }
    }

    /// The right edge of a tree of `size` leaves that `source` has the hashes
    /// of.
    ///
    /// # Errors
    ///
    /// What `source` fails with, and when `size` is beyond [`LEAVES_MAX`].
    pub fn resume(size: u64, source: &mut impl HashSource) -> Result<Self> {
        if size > LEAVES_MAX {
            return Err(Error::invalid(format!("a tree of {size} leaves is too large")));
        }
        let mut frontier = Frontier::new();
        frontier.size = size;
        for level in (0..u64::BITS as u8).rev().filter(|level| (size >> level) & 1 == 1) {
            frontier.edge.push(source.subtree(level, (size >> level) - 1)?);
        }
        Ok(frontier)
    }

    /// Number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf.
    #[inline]
    pub fn append(&mut self, leaf: Digest) {
        self.append_each(leaf, |_, _, _| {});
    }

    /// Adds a leaf, and gives level, index and hash of every perfect subtree
    /// that it completes: the leaf itself (level 0) and upwards.
    #[inline]
    pub fn append_each(&mut self, leaf: Digest, mut completed: impl FnMut(u8, u64, &Digest)) {
        let mut subtree = leaf;
        completed(0, self.size, &subtree);
        for level in 0..self.size.trailing_ones() as u8 {
            let Some(left) = self.edge.pop() else { break };
            subtree = node_hash(&left, &subtree);
            completed(level + 1, self.size >> (level + 1), &subtree);
        }
        self.edge.push(subtree);
        self.size += 1;
    }

    /// Adds leaves, and gives the perfect subtrees that they complete, by levels:
    /// level, index of the first, and the hashes of it and its neighbours. The
    /// same as adding one after the other, in less time.
    pub(crate) fn append_all(
        &mut self,
        leaves: &[RawDigest],
        rows: &mut Rows,
        mut completed: impl FnMut(u8, u64, &[RawDigest]),
    ) {
        let Rows { row, above, edge } = rows;
        row.clear();
        row.extend_from_slice(leaves);
        for level in 0..u64::BITS as u8 {
            if row.is_empty() {
                break;
            }
            completed(level, self.size >> level, row);
            let has_left = (self.size >> level) & 1 == 1;
            if let Some(left) = has_left.then(|| self.edge.pop()).flatten() {
                row.insert(0, *left.as_bytes());
            }
            above.clear();
            node_hashes(row, above);
            if row.len() % 2 == 1 {
                edge.extend(row.last().copied().map(Digest::new));
            }
            std::mem::swap(row, above);
        }
        self.edge.extend(edge.drain(..).rev());
        self.size += leaves.len() as u64;
    }

    /// The root of the tree as it is.
    pub fn root(&self) -> Digest {
        fold(self.edge.iter().rev().copied())
    }

    /// Size and root of the tree as it is.
    pub fn head(&self) -> TreeHead {
        TreeHead { size: self.size, root: self.root() }
    }
}

/// Memory for [`Frontier::append_all`], used again and again.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rows {
    row: Vec<RawDigest>,
    above: Vec<RawDigest>,
    /// What is on the right edge afterwards, smallest first.
    edge: Vec<Digest>,
}

impl Default for Frontier {
    fn default() -> Self {
        Frontier::new()
    }
}

/// The root above adjacent subtrees, given from right to left.
pub(super) fn fold(subtrees: impl Iterator<Item = Digest>) -> Digest {
    subtrees.reduce(|right, left| node_hash(&left, &right)).unwrap_or(EMPTY_ROOT)
}

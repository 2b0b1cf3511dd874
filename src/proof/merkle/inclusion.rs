//! Proofs that an entry is in a log.

use super::source::{range_hash, split};
use super::walk::{Side, Walk};
use super::{Digest, HashSource, TreeHead, node_hash};
use crate::error::{Error, ErrorKind, Result};

/// Proof that a leaf stands at a position of a tree (RFC 6962, section 2.1.1).
///
/// The tree's size is not part of it: it comes with the root, from a checkpoint
/// that is trusted, because a path alone can fit trees of several sizes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InclusionProof {
    index: u64,
    path: Vec<Digest>,
}

impl InclusionProof {
    /// A proof as received: the leaf's index, and the hashes from its sibling
    /// upwards.
    pub fn new(index: u64, path: Vec<Digest>) -> Self {
        InclusionProof { index, path }
    }

    /// Makes the proof that leaf `index` is in the tree of the first `size`
    /// leaves.
    ///
    /// # Errors
    ///
    /// When there is no such leaf, and what `source` fails with.
    pub fn of(index: u64, size: u64, source: &mut impl HashSource) -> Result<Self> {
        if index >= size {
            let message = format!("there is no entry {index} in a log of {size} entries");
            return Err(Error::invalid(message));
        }
        let mut path = Vec::new();
        let (mut begin, mut end) = (0, size);
        while end - begin > 1 {
            let middle = begin + split(end - begin);
            if index < middle {
                path.push(range_hash(middle, end, source)?);
                end = middle;
            } else {
                path.push(range_hash(begin, middle, source)?);
                begin = middle;
            }
        }
        path.reverse();
        Ok(InclusionProof { index, path })
    }

    /// The leaf's position, from 0.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// The hashes, from the leaf's sibling up to the root's child.
    pub fn path(&self) -> &[Digest] {
        &self.path
    }

    /// Verifies that `leaf` (see [`leaf_hash`](super::leaf_hash)) is at this
    /// position of the tree with this head (RFC 9162, section 2.1.3.2).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Verification`] when it is not so.
    pub fn verify(&self, leaf: &Digest, head: &TreeHead) -> Result<()> {
        match self.root(leaf, head.size) {
            Some(root) if root == head.root => Ok(()),
            _ => Err(Error::new(
                ErrorKind::Verification,
                format!(
                    "it is not proven that this is entry {} of the log of {} entries; the entry, the proof or the checkpoint was changed, or they belong to different logs",
                    self.index, head.size
                ),
            )),
        }
    }

    /// The root that follows from the proof; none if its length is wrong.
    fn root(&self, leaf: &Digest, size: u64) -> Option<Digest> {
        if self.index >= size {
            return None;
        }
        let mut walk = Walk::new(self.index, size - 1);
        let mut hash = *leaf;
        for sibling in &self.path {
            hash = match walk.step()? {
                Side::Left => node_hash(sibling, &hash),
                Side::Right => node_hash(&hash, sibling),
            };
        }
        walk.is_at_root().then_some(hash)
    }
}

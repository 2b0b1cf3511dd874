//! Proofs that a log only grew.

use super::source::{range_hash, split};
use super::walk::{Side, Walk};
use super::{Digest, EMPTY_ROOT, HashSource, TreeHead, node_hash};
use crate::error::{Error, ErrorKind, Result};

/// Proof that one tree is the beginning of another (RFC 6962, section 2.1.2).
///
/// Between equal trees, and from the tree without leaves to any other, it has
/// no hashes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsistencyProof {
    path: Vec<Digest>,
}

impl ConsistencyProof {
    /// A proof as received.
    pub fn new(path: Vec<Digest>) -> Self {
        ConsistencyProof { path }
    }

    /// Makes the proof that the tree of the first `old_size` leaves is the
    /// beginning of that of the first `new_size`.
    ///
    /// # Errors
    ///
    /// When `old_size` is larger, and what `source` fails with.
    pub fn of(old_size: u64, new_size: u64, source: &mut impl HashSource) -> Result<Self> {
        if old_size > new_size {
            return Err(Error::invalid(format!(
                "a log of {old_size} entries is not the beginning of one of {new_size}; give the older one first"
            )));
        }
        let mut path = Vec::new();
        let (mut begin, mut end) = (0, new_size);
        while old_size > 0 && end != old_size {
            let middle = begin + split(end - begin);
            if old_size <= middle {
                path.push(range_hash(middle, end, source)?);
                end = middle;
            } else {
                path.push(range_hash(begin, middle, source)?);
                begin = middle;
            }
        }
        if begin > 0 {
            path.push(range_hash(begin, end, source)?);
        }
        path.reverse();
        Ok(ConsistencyProof { path })
    }

    /// The hashes, in the order of RFC 6962.
    pub fn path(&self) -> &[Digest] {
        &self.path
    }

    /// Verifies that the tree with head `old` is the beginning of that with
    /// head `new` (RFC 9162, section 2.1.4.2).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Verification`] when it is not so.
    pub fn verify(&self, old: &TreeHead, new: &TreeHead) -> Result<()> {
        let holds = if old.size == new.size {
            self.path.is_empty() && old.root == new.root
        } else if old.size == 0 {
            self.path.is_empty() && old.root == EMPTY_ROOT
        } else {
            self.roots(old, new) == Some((old.root, new.root))
        };
        if holds { Ok(()) } else { Err(inconsistent(old, new)) }
    }

    /// The old and the new root that follow from the proof, for sizes
    /// `0 < old < new`; none if its length is wrong.
    fn roots(&self, old: &TreeHead, new: &TreeHead) -> Option<(Digest, Digest)> {
        if old.size >= new.size {
            return None;
        }
        let whole_old_tree = old.size.is_power_of_two().then_some(&old.root);
        let mut hashes = whole_old_tree.into_iter().chain(&self.path);
        let mut walk = Walk::from_subtree_end(old.size - 1, new.size - 1);
        let first = *hashes.next()?;
        let (mut old_root, mut new_root) = (first, first);
        for hash in hashes {
            match walk.step()? {
                Side::Left => {
                    old_root = node_hash(hash, &old_root);
                    new_root = node_hash(hash, &new_root);
                }
                Side::Right => new_root = node_hash(&new_root, hash),
            }
        }
        walk.is_at_root().then_some((old_root, new_root))
    }
}

fn inconsistent(old: &TreeHead, new: &TreeHead) -> Error {
    let message = format!(
        "it is not proven that the log of {} entries only grew to that of {}; entries were changed or removed, or the checkpoints belong to different logs",
        old.size, new.size
    );
    Error::new(ErrorKind::Verification, message)
}

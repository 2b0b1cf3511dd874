//! Where the hashes of a tree come from, and roots made from them.

use super::Digest;
use super::frontier::fold;
use crate::error::Result;

/// Gives the hashes of perfect subtrees.
///
/// Proofs made from a source are only as true as it is; verifying them tells.
pub trait HashSource {
    /// The Merkle tree hash of the `2^level` leaves that begin at leaf
    /// `index * 2^level`.
    ///
    /// # Errors
    ///
    /// When the subtree is not complete in the log, or can't be read.
    fn subtree(&mut self, level: u8, index: u64) -> Result<Digest>;
}

/// The root that a tree had when it had `size` leaves.
///
/// # Errors
///
/// What `source` fails with.
pub fn root_at(size: u64, source: &mut impl HashSource) -> Result<Digest> {
    range_hash(0, size, source)
}

/// The Merkle tree hash of the leaves from `begin` to before `end`. `begin` has
/// to be a multiple of the smallest power of two that is not below the length,
/// as all ranges are that RFC 6962 splits a tree into.
pub(super) fn range_hash(begin: u64, end: u64, source: &mut impl HashSource) -> Result<Digest> {
    let mut subtrees = Vec::new();
    let mut begin = begin;
    while begin < end {
        let level = (end - begin).ilog2() as u8;
        subtrees.push(source.subtree(level, begin >> level)?);
        begin += 1 << level;
    }
    Ok(fold(subtrees.into_iter().rev()))
}

/// Where RFC 6962 splits a range of `length` > 1 leaves: the largest power of
/// two that is smaller.
pub(super) fn split(length: u64) -> u64 {
    1 << (length - 1).ilog2()
}

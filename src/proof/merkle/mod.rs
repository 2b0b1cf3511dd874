//! The Merkle tree of RFC 6962, section 2.1, with SHA-256.
//!
//! A tree of `n` leaves is made of perfect subtrees. A subtree has a level (it
//! spans `2^level` leaves) and an index (it begins at leaf `index * 2^level`);
//! whoever can give their hashes is a [`HashSource`], and every root and every
//! proof is made from those.

mod consistency;
mod digest;
mod frontier;
mod hash;
mod inclusion;
mod many;
mod memory;
mod source;
#[cfg(test)]
mod tests;
mod walk;

pub use consistency::ConsistencyProof;
pub use digest::{DIGEST_BYTES, Digest};
pub(crate) use frontier::Rows;
pub use frontier::{Frontier, LEAVES_MAX, TreeHead};
pub use hash::{EMPTY_ROOT, leaf_hash, node_hash};
pub use inclusion::InclusionProof;
pub(crate) use many::leaf_hashes;
pub use memory::MemoryHashes;
pub use source::{HashSource, root_at};

//! The two hashes a tree is made of. Their first byte differs, so that no inner
//! node can be passed off as a leaf, nor the other way round.

use sha2::{Digest as _, Sha256};

use super::Digest;

pub(super) const LEAF_PREFIX: u8 = 0;
pub(super) const NODE_PREFIX: u8 = 1;

/// The root of the tree without leaves: SHA-256 of nothing.
pub const EMPTY_ROOT: Digest = Digest::new([
    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24,
    0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
]);

/// The hash of a leaf: `SHA-256(0x00 ‖ entry)`.
#[inline]
pub fn leaf_hash(entry: &[u8]) -> Digest {
    let hasher = Sha256::new().chain_update([LEAF_PREFIX]).chain_update(entry);
    Digest::new(hasher.finalize().into())
}

/// The hash of an inner node: `SHA-256(0x01 ‖ left ‖ right)`.
#[inline]
pub fn node_hash(left: &Digest, right: &Digest) -> Digest {
    let hasher = Sha256::new()
        .chain_update([NODE_PREFIX])
        .chain_update(left.as_bytes())
        .chain_update(right.as_bytes());
    Digest::new(hasher.finalize().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_empty_root_is_the_hash_of_nothing() {
        assert_eq!(*EMPTY_ROOT.as_bytes(), <[u8; 32]>::from(Sha256::digest(b"")));
    }

    #[test]
    fn leaves_and_nodes_have_their_prefixes() {
        let (left, right) = (leaf_hash(b"left"), leaf_hash(b"right"));
        assert_eq!(*left.as_bytes(), <[u8; 32]>::from(Sha256::digest(b"\0left")));
        let both = [&[1][..], left.as_bytes(), right.as_bytes()].concat();
        assert_eq!(*node_hash(&left, &right).as_bytes(), <[u8; 32]>::from(Sha256::digest(both)));
    }
}

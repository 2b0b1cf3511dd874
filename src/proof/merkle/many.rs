//! Hashing many leaves, or many nodes, at once.
//!
//! Their hashes do not depend on each other, so the processor's wide registers
//! take several at a time, for half the time each. The library that does so
//! ([`tape_sha256`]) is not the one that everything else hashes with (`sha2`),
//! and who verifies a log uses the latter: two implementations watch each
//! other. Before the first use in a process they are held against each other
//! as well, and where they differ only `sha2` is used.

use std::sync::OnceLock;

use super::hash::{LEAF_PREFIX, NODE_PREFIX};
use super::{DIGEST_BYTES, leaf_hash, node_hash};

/// A digest as the library knows it.
pub(crate) type RawDigest = [u8; DIGEST_BYTES];

/// Of fewer messages each is hashed as quickly alone.
const AT_ONCE_MIN: usize = 4;

/// Most messages at a time: what is staged for them stays on the stack.
const AT_ONCE_MAX: usize = 64;

/// Appends the hash of each leaf.
pub(crate) fn leaf_hashes(entries: &[&[u8]], out: &mut Vec<RawDigest>) {
    for entries in entries.chunks(AT_ONCE_MAX) {
        if entries.len() < AT_ONCE_MIN || !is_trusted() {
            out.extend(entries.iter().map(|entry| *leaf_hash(entry).as_bytes()));
        } else {
            hash_at_once(LEAF_PREFIX, entries, out);
        }
    }
}

/// Appends the hash of each inner node; `children` are left and right in turns.
/// An odd one at the end is left out.
pub(crate) fn node_hashes(children: &[RawDigest], out: &mut Vec<RawDigest>) {
    for children in children.chunks(2 * AT_ONCE_MAX) {
        let pairs = children.chunks_exact(2);
        if pairs.len() < AT_ONCE_MIN || !is_trusted() {
            out.extend(pairs.map(node_of));
            continue;
        }
        let mut bodies: [&[u8]; AT_ONCE_MAX] = [&[]; AT_ONCE_MAX];
        let count = pairs.len();
        bodies.iter_mut().zip(pairs).for_each(|(body, pair)| *body = pair.as_flattened());
        hash_at_once(NODE_PREFIX, bodies.get(..count).unwrap_or_default(), out);
    }
}

fn node_of(pair: &[RawDigest]) -> RawDigest {
    match pair {
        [left, right] => *node_hash(&(*left).into(), &(*right).into()).as_bytes(),
        // Pairs are two.
        _ => RawDigest::default(),
    }
}

fn hash_at_once(prefix: u8, bodies: &[&[u8]], out: &mut Vec<RawDigest>) {
    let start = out.len();
    out.resize(start + bodies.len(), RawDigest::default());
    if let Some(out) = out.get_mut(start..) {
        tape_sha256::hash_many_prefixed(&[prefix], bodies, out);
    }
}

/// Whether both libraries agree, on this processor, over lengths around every
/// edge of a block.
fn is_trusted() -> bool {
    static TRUSTED: OnceLock<bool> = OnceLock::new();
    *TRUSTED.get_or_init(|| {
        let bytes: Vec<u8> = (0..600_u32).map(|number| ((number * 31) >> 2) as u8).collect();
        let entries: Vec<&[u8]> =
            (0..bytes.len()).step_by(7).filter_map(|length| bytes.get(..length)).collect();
        let mut found = Vec::new();
        entries.chunks(AT_ONCE_MAX).for_each(|some| hash_at_once(LEAF_PREFIX, some, &mut found));
        let expected = entries.iter().map(|entry| *leaf_hash(entry).as_bytes());
        found.iter().copied().eq(expected)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::proof::Digest;

    #[test]
    fn the_libraries_agree_on_this_processor() {
        assert!(is_trusted());
    }

    proptest! {
        #[test]
        fn many_leaves_have_the_hashes_that_each_has_alone(
            entries in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..700), 0..150)
        ) {
            let entries: Vec<&[u8]> = entries.iter().map(Vec::as_slice).collect();
            let mut hashes = vec![[9; DIGEST_BYTES]];
            leaf_hashes(&entries, &mut hashes);
            let alone = entries.iter().map(|entry| *leaf_hash(entry).as_bytes());
            prop_assert!(hashes.into_iter().eq([[9; DIGEST_BYTES]].into_iter().chain(alone)));
        }

        #[test]
        fn many_nodes_have_the_hashes_that_each_has_alone(
            children in prop::collection::vec(any::<RawDigest>(), 0..400)
        ) {
            let mut hashes = Vec::new();
            node_hashes(&children, &mut hashes);
            let pair = |pair: &[RawDigest]| {
                *node_hash(&Digest::new(pair[0]), &Digest::new(pair[1])).as_bytes()
            };
            prop_assert!(hashes.into_iter().eq(children.chunks_exact(2).map(pair)));
        }
    }
}

//! Proofs that somebody sent: as texts, and as hashes.

use super::checkpoint::is_strict;
use crate::proof::{
    ConsistencyProof, Digest, InclusionProof, LogProof, MemoryHashes, SignerKey, TreeHead,
    VerifierKey, leaf_hash, root_at,
};

const ORIGIN: &str = "example.com/log";
const PATH_MAX: usize = 80;

/// Takes the input as a proof, and accepts only the one that is true.
pub fn proof(input: &[u8]) {
    if let Ok(text) = std::str::from_utf8(input) {
        if let Some(proof) = is_strict::<LogProof>(text) {
            log_proof(&proof);
        }
    }
    let Some((head, rest)) = input.split_first_chunk::<16>() else { return };
    let [a, b] = [&head[..8], &head[8..]].map(|n| u64::from_le_bytes(n.try_into().unwrap()));
    small_tree(a, b, rest);
    any_tree(a, b, rest);
}

/// Nobody but the key's owner can make a proof that verifies: those of the
/// corpus are by a key that is not this one.
fn log_proof(proof: &LogProof) {
    let key = SignerKey::from_seed(ORIGIN, &[1; 32]).unwrap();
    let keys: [VerifierKey; 1] = [key.verifier().clone()];
    assert!(proof.verify(&leaf_hash(b"entry"), ORIGIN, &keys).is_err());
}

/// In a tree whose hashes are all known, the one true proof verifies.
fn small_tree(a: u64, b: u64, changes: &[u8]) {
    let mut tree = MemoryHashes::new();
    let mut older = tree.head();
    let size = a % 70 + 1;
    for number in 0..size {
        if number == b % size {
            older = tree.head();
        }
        tree.append(leaf_hash(&number.to_le_bytes()));
    }
    let head = tree.head();
    let (index, leaf) = (older.size, leaf_hash(&older.size.to_le_bytes()));
    assert_eq!(root_at(older.size, &mut tree).unwrap(), older.root);

    let whole = InclusionProof::of(index, size, &mut tree).unwrap();
    let path = changed(whole.path(), changes);
    let is_same = path == whole.path();
    assert_eq!(InclusionProof::new(index, path).verify(&leaf, &head).is_ok(), is_same);

    let whole = ConsistencyProof::of(older.size, size, &mut tree).unwrap();
    let path = changed(whole.path(), changes);
    let is_same = path == whole.path();
    assert_eq!(ConsistencyProof::new(path).verify(&older, &head).is_ok(), is_same);
}

/// A path that is changed here and there: removed, doubled, exchanged, flipped.
fn changed(path: &[Digest], changes: &[u8]) -> Vec<Digest> {
    let mut path = path.to_vec();
    for change in changes.chunks_exact(3).take(8) {
        let [deed, at, by] = [change[0], change[1], change[2]].map(usize::from);
        let Some(hash) = path.get(at).copied() else { continue };
        match deed % 5 {
            0 => drop(path.remove(at)),
            1 => path.insert(at, hash),
            2 => {
                let other = by % path.len();
                path.swap(at, other);
            }
            3 => {
                let mut bytes = *hash.as_bytes();
                bytes[by / 8] ^= 1 << (by % 8);
                path[at] = Digest::new(bytes);
            }
            _ => path.push(hash),
        }
    }
    path
}

/// Sizes and hashes that belong to no tree: refused, whatever they are.
fn any_tree(a: u64, b: u64, bytes: &[u8]) {
    let path: Vec<_> =
        bytes.chunks_exact(32).take(PATH_MAX).map(|hash| hash.try_into().unwrap()).collect();
    // Roots of nothing that anybody knows.
    let [old, new] =
        [(a, 7), (b, 9)].map(|(size, byte)| TreeHead::new(size, Digest::new([byte; 32])));
    let leaf = leaf_hash(bytes);
    assert!(InclusionProof::new(a, path.clone()).verify(&leaf, &new).is_err());
    assert!(InclusionProof::new(b, path.clone()).verify(&leaf, &old).is_err());
    assert!(ConsistencyProof::new(path).verify(&old, &new).is_err());
}

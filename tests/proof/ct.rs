//! `ct-merkle`, an implementation of RFC 6962's trees and proofs.

use ct_merkle::digest::Output;
use ct_merkle::mem_backed_tree::MemoryBackedTree;
use ct_merkle::{ConsistencyProof as CtConsistency, InclusionProof as CtInclusion, RootHash};
use sha2::Sha256;
use tracing_audit::proof::{
    ConsistencyProof, Digest, EMPTY_ROOT, Frontier, InclusionProof, MemoryHashes, TreeHead,
    leaf_hash,
};

use crate::published::{entry, flips};

const SIZE: u64 = 70;

fn output(digest: &Digest) -> Output<Sha256> {
    Output::<Sha256>::from(*digest.as_bytes())
}

fn root(head: &TreeHead) -> RootHash<Sha256> {
    RootHash::new(output(&head.root), head.size)
}

fn bytes(path: &[Digest]) -> Vec<u8> {
    path.iter().flat_map(|digest| *digest.as_bytes()).collect()
}

fn digests(bytes: &[u8]) -> Vec<Digest> {
    bytes.chunks(32).map(|bytes| Digest::try_from(bytes).unwrap()).collect()
}

/// Both trees with every size from 1 on.
fn each_size(mut check: impl FnMut(&MemoryBackedTree<Sha256, Vec<u8>>, &mut MemoryHashes)) {
    let (mut theirs, mut ours) = (MemoryBackedTree::new(), MemoryHashes::new());
    for number in 0..SIZE {
        theirs.push(entry(number));
        ours.append(leaf_hash(&entry(number)));
        check(&theirs, &mut ours);
    }
}

#[test]
fn roots_are_the_same() {
    let empty = MemoryBackedTree::<Sha256, Vec<u8>>::new();
    assert_eq!(empty.root().as_bytes()[..], EMPTY_ROOT.as_bytes()[..]);
    let mut frontier = Frontier::new();
    each_size(|theirs, ours| {
        frontier.append(leaf_hash(&entry(frontier.size())));
        assert_eq!(theirs.root(), root(&ours.head()));
        assert_eq!(ours.head(), frontier.head());
    });
}

#[test]
fn inclusion_proofs_hold_in_both_directions() {
    each_size(|theirs, ours| {
        let head = ours.head();
        for index in 0..head.size {
            let our_proof = InclusionProof::of(index, head.size, ours).unwrap();
            let their_proof = theirs.prove_inclusion(index as usize);
            assert_eq!(bytes(our_proof.path()), their_proof.as_bytes());
            let read = CtInclusion::try_from_bytes(bytes(our_proof.path())).unwrap();
            root(&head).verify_inclusion(&entry(index), index, &read).unwrap();
            InclusionProof::new(index, digests(their_proof.as_bytes()))
                .verify(&leaf_hash(&entry(index)), &head)
                .unwrap();
        }
    });
}

#[test]
fn consistency_proofs_hold_in_both_directions() {
    let mut heads: Vec<TreeHead> = Vec::new();
    each_size(|theirs, ours| {
        let new = ours.head();
        heads.push(new);
        for old in &heads {
            let our_proof = ConsistencyProof::of(old.size, new.size, ours).unwrap();
            let their_proof = theirs.prove_consistency((new.size - old.size) as usize);
            assert_eq!(bytes(our_proof.path()), their_proof.as_bytes());
            let read = CtConsistency::try_from_bytes(bytes(our_proof.path())).unwrap();
            root(&new).verify_consistency(&root(old), &read).unwrap();
            let path = digests(their_proof.as_bytes());
            ConsistencyProof::new(path).verify(old, &new).unwrap();
        }
    });
}

#[test]
fn both_refuse_every_flipped_bit() {
    let mut ours = MemoryHashes::new();
    let heads: Vec<_> = (0..13)
        .map(|number| {
            ours.append(leaf_hash(&entry(number)));
            ours.head()
        })
        .collect();
    let (old, new) = (heads[5], heads[12]);
    for flipped in flips(&bytes(InclusionProof::of(7, new.size, &mut ours).unwrap().path())) {
        let theirs = CtInclusion::try_from_bytes(flipped.clone()).unwrap();
        assert!(root(&new).verify_inclusion(&entry(7), 7, &theirs).is_err());
        let ours = InclusionProof::new(7, digests(&flipped));
        assert!(ours.verify(&leaf_hash(&entry(7)), &new).is_err());
    }
    let proof = ConsistencyProof::of(old.size, new.size, &mut ours).unwrap();
    for flipped in flips(&bytes(proof.path())) {
        let theirs = CtConsistency::try_from_bytes(flipped.clone()).unwrap();
        assert!(root(&new).verify_consistency(&root(&old), &theirs).is_err());
        assert!(ConsistencyProof::new(digests(&flipped)).verify(&old, &new).is_err());
    }
}

//! Everything against the recursive definitions of RFC 6962, written down as
//! they stand there.

use proptest::prelude::*;
use sha2::{Digest as _, Sha256};

use super::*;
use crate::error::ErrorKind;

/// Sizes that are tried exhaustively.
const SIZES: std::ops::RangeInclusive<usize> = 0..=70;

fn sha256(parts: &[&[u8]]) -> Digest {
    Digest::new(Sha256::digest(parts.concat()).into())
}

/// Section 2.1, "MTH".
fn mth(entries: &[Vec<u8>]) -> Digest {
    match entries {
        [] => sha256(&[]),
        [entry] => sha256(&[&[0], entry]),
        _ => {
            let (left, right) = entries.split_at(definition_split(entries.len()));
            sha256(&[&[1], mth(left).as_bytes(), mth(right).as_bytes()])
        }
    }
}

/// Section 2.1.1, "PATH".
fn path(m: usize, entries: &[Vec<u8>]) -> Vec<Digest> {
    if entries.len() == 1 {
        return Vec::new();
    }
    let k = definition_split(entries.len());
    let (left, right) = entries.split_at(k);
    let (mut below, sibling) =
        if m < k { (path(m, left), mth(right)) } else { (path(m - k, right), mth(left)) };
    below.push(sibling);
    below
}

/// Section 2.1.2, "SUBPROOF".
fn subproof(m: usize, entries: &[Vec<u8>], is_whole: bool) -> Vec<Digest> {
    if m == entries.len() {
        return if is_whole { Vec::new() } else { vec![mth(entries)] };
    }
    let k = definition_split(entries.len());
    let (left, right) = entries.split_at(k);
    let (mut below, other) = if m <= k {
        (subproof(m, left, is_whole), mth(right))
    } else {
        (subproof(m - k, right, false), mth(left))
    };
    below.push(other);
    below
}

/// The largest power of two smaller than `length`.
fn definition_split(length: usize) -> usize {
    let mut k = 1;
    while k * 2 < length {
        k *= 2;
    }
    k
}

fn entries(count: usize) -> Vec<Vec<u8>> {
    (0..count).map(|number| format!("entry {number}").into_bytes()).collect()
}

fn tree(entries: &[Vec<u8>]) -> MemoryHashes {
    let mut tree = MemoryHashes::new();
    entries.iter().for_each(|entry| tree.append(leaf_hash(entry)));
    tree
}

fn head(entries: &[Vec<u8>]) -> TreeHead {
    TreeHead::new(entries.len() as u64, mth(entries))
}

fn flip(hash: &Digest, bit: usize) -> Digest {
    let mut bytes = *hash.as_bytes();
    bytes[bit / 8] ^= 1 << (bit % 8);
    Digest::new(bytes)
}

/// The path with one of its hashes missing, doubled or flipped, or one more at
/// an end.
fn damaged(path: &[Digest], bits: impl Iterator<Item = usize> + Clone) -> Vec<Vec<Digest>> {
    let mut damaged = vec![[&[EMPTY_ROOT], path].concat(), [path, &[EMPTY_ROOT]].concat()];
    for place in 0..path.len() {
        let mut changed = path.to_vec();
        changed.remove(place);
        damaged.push(changed);
        let mut changed = path.to_vec();
        changed.insert(place, path[place]);
        damaged.push(changed);
        for bit in bits.clone() {
            let mut changed = path.to_vec();
            changed[place] = flip(&path[place], bit);
            damaged.push(changed);
        }
    }
    for place in 1..path.len() {
        let mut changed = path.to_vec();
        changed.swap(place - 1, place);
        damaged.push(changed);
    }
    damaged
}

#[test]
fn roots_are_those_of_the_definition() {
    let entries = entries(300);
    let mut all = tree(&entries);
    let mut frontier = Frontier::new();
    for size in 0..=entries.len() {
        let expected = mth(&entries[..size]);
        assert_eq!(frontier.head(), TreeHead::new(size as u64, expected));
        assert_eq!(root_at(size as u64, &mut all).unwrap(), expected);
        let resumed = Frontier::resume(size as u64, &mut all).unwrap();
        assert_eq!(resumed, frontier);
        if let Some(entry) = entries.get(size) {
            frontier.append(leaf_hash(entry));
        }
    }
    assert!(root_at(301, &mut all).is_err());
    assert!(Frontier::resume(u64::MAX, &mut all).is_err());
}

#[test]
fn appending_tells_every_subtree_that_is_complete_and_no_other() {
    let entries = entries(70);
    let mut frontier = Frontier::new();
    for (number, entry) in entries.iter().enumerate() {
        let mut told = Vec::new();
        frontier.append_each(leaf_hash(entry), |level, index, hash| {
            told.push((level, index, *hash));
        });
        let size = number + 1;
        let expected: Vec<_> = (0..=6_u8)
            .filter(|level| size % (1 << level) == 0)
            .map(|level| {
                let length = 1 << level;
                (level, (size / length - 1) as u64, mth(&entries[size - length..size]))
            })
            .collect();
        assert_eq!(told, expected);
    }
}

#[test]
fn inclusion_proofs_are_those_of_the_definition_and_hold() {
    let entries = entries(*SIZES.end());
    let mut all = tree(&entries);
    for size in SIZES {
        let head = head(&entries[..size]);
        for index in 0..size {
            let proof = InclusionProof::of(index as u64, size as u64, &mut all).unwrap();
            assert_eq!(proof.path(), path(index, &entries[..size]));
            proof.verify(&leaf_hash(&entries[index]), &head).unwrap();
        }
        assert!(InclusionProof::of(size as u64, size as u64, &mut all).is_err());
    }
}

#[test]
fn an_inclusion_proof_holds_for_nothing_else() {
    let entries = entries(33);
    let mut all = tree(&entries);
    for size in [1, 2, 3, 7, 8, 11, 16, 33] {
        let head = head(&entries[..size]);
        for (index, entry) in entries.iter().enumerate().take(size) {
            let proof = InclusionProof::of(index as u64, size as u64, &mut all).unwrap();
            let leaf = leaf_hash(entry);
            for other in (0..40).chain([1 << 63, u64::MAX]).filter(|other| *other != index as u64) {
                let moved = InclusionProof::new(other, proof.path().to_vec());
                assert!(moved.verify(&leaf, &head).is_err(), "{index} as {other} of {size}");
            }
            for bit in 0..256 {
                assert!(proof.verify(&flip(&leaf, bit), &head).is_err());
                let wrong = TreeHead::new(head.size, flip(&head.root, bit));
                assert!(proof.verify(&leaf, &wrong).is_err());
            }
            for path in damaged(proof.path(), 0..256) {
                let error = InclusionProof::new(index as u64, path).verify(&leaf, &head);
                assert_eq!(error.unwrap_err().kind(), ErrorKind::Verification);
            }
        }
    }
}

#[test]
fn a_proof_for_the_empty_tree_does_not_exist() {
    let empty = Frontier::new().head();
    for index in [0, 1, u64::MAX] {
        assert!(InclusionProof::new(index, vec![]).verify(&EMPTY_ROOT, &empty).is_err());
    }
}

#[test]
fn consistency_proofs_are_those_of_the_definition_and_hold() {
    let entries = entries(*SIZES.end());
    let mut all = tree(&entries);
    for new in SIZES {
        for old in 0..=new {
            let proof = ConsistencyProof::of(old as u64, new as u64, &mut all).unwrap();
            let expected = if old == 0 { Vec::new() } else { subproof(old, &entries[..new], true) };
            assert_eq!(proof.path(), expected);
            proof.verify(&head(&entries[..old]), &head(&entries[..new])).unwrap();
        }
        assert!(ConsistencyProof::of(new as u64 + 1, new as u64, &mut all).is_err());
    }
}

#[test]
fn a_consistency_proof_holds_for_nothing_else() {
    let entries = entries(21);
    let mut all = tree(&entries);
    for new in 0..=21_usize {
        for old in 0..=new {
            let proof = ConsistencyProof::of(old as u64, new as u64, &mut all).unwrap();
            let (old_head, new_head) = (head(&entries[..old]), head(&entries[..new]));
            let refused = |proof: &ConsistencyProof, old: &TreeHead, new: &TreeHead| {
                let error = proof.verify(old, new).expect_err(&format!("{old:?} {new:?}"));
                assert_eq!(error.kind(), ErrorKind::Verification);
            };
            for bit in (0..256).step_by(5) {
                let wrong = TreeHead::new(old_head.size, flip(&old_head.root, bit));
                refused(&proof, &wrong, &new_head);
                if old > 0 {
                    let wrong = TreeHead::new(new_head.size, flip(&new_head.root, bit));
                    refused(&proof, &old_head, &wrong);
                }
            }
            for path in damaged(proof.path(), (0..256).step_by(5)) {
                refused(&ConsistencyProof::new(path), &old_head, &new_head);
            }
            if old > 0 && old < new {
                refused(&ConsistencyProof::new(vec![]), &old_head, &new_head);
                refused(&proof, &new_head, &old_head);
            }
        }
    }
}

/// The right roots under wrong sizes. Where the shapes of both trees are alike
/// no proof can tell them apart; a checkpoint signs size and root together.
#[test]
fn a_proof_of_the_wrong_length_for_a_size_is_refused() {
    let entries = entries(21);
    let mut all = tree(&entries);
    for (old, new) in (1..=21).flat_map(|new| (1..new).map(move |old| (old, new))) {
        let proof = ConsistencyProof::of(old, new, &mut all).unwrap();
        let old_root = root_at(old, &mut all).unwrap();
        let new_root = root_at(new, &mut all).unwrap();
        for claimed in old + 1..=21 {
            let length = ConsistencyProof::of(old, claimed, &mut all).unwrap().path().len();
            let head = TreeHead::new(claimed, new_root);
            let verified = proof.verify(&TreeHead::new(old, old_root), &head);
            assert!(verified.is_err() || length == proof.path().len(), "{old} {new} {claimed}");
        }
    }
}

#[test]
fn a_rewritten_log_is_not_consistent() {
    let honest = entries(40);
    for changed in 0..20 {
        let mut forged = honest.clone();
        forged[changed].push(b'!');
        let mut all = tree(&forged);
        let proof = ConsistencyProof::of(20, 40, &mut all).unwrap();
        assert!(proof.verify(&head(&honest[..20]), &all.head()).is_err());
        assert!(proof.verify(&head(&forged[..20]), &all.head()).is_ok());
    }
}

#[test]
fn sizes_beyond_all_measure_do_no_harm() {
    let mut all = tree(&entries(3));
    assert!(InclusionProof::of(0, u64::MAX, &mut all).is_err());
    assert!(InclusionProof::of(u64::MAX - 1, u64::MAX, &mut all).is_err());
    assert!(ConsistencyProof::of(u64::MAX - 1, u64::MAX, &mut all).is_err());
    let path = vec![EMPTY_ROOT; 70];
    for index in [0, 1, 1 << 63, u64::MAX - 1] {
        let head = TreeHead::new(u64::MAX, EMPTY_ROOT);
        let old = TreeHead::new(index, leaf_hash(b""));
        assert!(InclusionProof::new(index, path.clone()).verify(&EMPTY_ROOT, &head).is_err());
        assert!(ConsistencyProof::new(path.clone()).verify(&old, &head).is_err());
        assert!(all.subtree(63, index).is_err() && all.subtree(255, index).is_err());
    }
}

#[test]
fn digests_have_one_text() {
    let hash = leaf_hash(b"entry");
    assert_eq!(hash.to_string().parse::<Digest>().unwrap(), hash);
    assert!(format!("{hash}A").parse::<Digest>().is_err());
    assert!("AAAA".parse::<Digest>().is_err());
}

proptest! {
    #[test]
    fn leaves_added_together_make_the_tree_of_leaves_added_alone(
        batches in prop::collection::vec(0_usize..150, 0..12),
        seed in any::<u64>(),
    ) {
        let (mut together, mut alone) = (Frontier::new(), Frontier::new());
        let mut rows = Rows::default();
        for batch in batches {
            let leaves: Vec<Digest> = (0..batch as u64)
                .map(|number| leaf_hash(&(seed ^ (alone.size() + number)).to_le_bytes()))
                .collect();
            let (mut told_together, mut told_alone) = (Vec::new(), Vec::new());
            let raw: Vec<_> = leaves.iter().map(|leaf| *leaf.as_bytes()).collect();
            together.append_all(&raw, &mut rows, |level, first, hashes| {
                let each = (first..).zip(hashes).map(|(index, hash)| (level, index, (*hash).into()));
                told_together.extend(each);
            });
            for leaf in leaves {
                alone.append_each(leaf, |level, index, hash| told_alone.push((level, index, *hash)));
            }
            told_alone.sort_by_key(|(level, index, _)| (*level, *index));
            prop_assert_eq!(told_together, told_alone);
            prop_assert_eq!(&together, &alone);
        }
    }

    #[test]
    fn any_log_proves_its_entries_and_its_growth(
        entries in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..200),
        places in any::<[prop::sample::Index; 3]>(),
    ) {
        let mut all = tree(&entries);
        let size = 1 + places[0].index(entries.len());
        let (index, old) = (places[1].index(size), places[2].index(size + 1));
        let (entry, part) = (&entries[index], &entries[..size]);
        let proof = InclusionProof::of(index as u64, size as u64, &mut all).unwrap();
        prop_assert_eq!(proof.path(), path(index, part));
        prop_assert!(proof.verify(&leaf_hash(entry), &head(part)).is_ok());
        let proof = ConsistencyProof::of(old as u64, size as u64, &mut all).unwrap();
        prop_assert!(proof.verify(&head(&entries[..old]), &head(part)).is_ok());
    }
}

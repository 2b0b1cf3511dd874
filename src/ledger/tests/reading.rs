//! Proofs made from the files, beside the writer.

use std::sync::Arc;

use super::rig::*;
use crate::error::ErrorKind;
use crate::event::Sequence;
use crate::fs::simulated::SimulatedFs;
use crate::ledger::LedgerReader;
use crate::proof::{ConsistencyProof, InclusionProof, leaf_hash, root_at};

#[test]
fn proofs_are_those_of_the_model_at_every_size() {
    const SIZE: u64 = 560;
    let fs = SimulatedFs::default();
    closed(&fs, &[100, 200, 200, 60]);
    let (reader, mut model) = (reader(&fs), hashes(SIZE));
    for size in [1, 2, 3, 7, 100, 255, 256, 257, 300, 500, 511, 512, 513, 559, 560] {
        assert_eq!(reader.head(size).unwrap().root, root_at(size, &mut model).unwrap(), "{size}");
        for sequence in [0, size / 3, size - 1] {
            let proof = reader.inclusion(Sequence(sequence), size).unwrap();
            assert_eq!(proof, InclusionProof::of(sequence, size, &mut model).unwrap());
        }
        for old in [0, 1, size / 2, size] {
            let proof = reader.consistency(old, size).unwrap();
            assert_eq!(proof, ConsistencyProof::of(old, size, &mut model).unwrap());
        }
    }
    assert!(reader.head(561).unwrap_err().is_invalid_input());
    assert!(reader.inclusion(Sequence(560), 560).unwrap_err().is_invalid_input());
    assert!(reader.consistency(3, 2).unwrap_err().is_invalid_input());
}

#[test]
fn a_proof_is_complete_and_verifies() {
    let fs = SimulatedFs::default();
    let (mut ledger, opened) = open(&fs).unwrap();
    append(&mut ledger, 700);
    ledger.sync(0).unwrap();
    let reader = reader(&fs);
    assert!(reader.checkpoint().unwrap().is_none());
    says(&reader.proof(Sequence(3)).unwrap_err(), &["no checkpoint covers entry 3"]);
    ledger.checkpoint(0).unwrap();
    append(&mut ledger, 300);
    ledger.sync(0).unwrap();
    for sequence in [0, 300, 699] {
        let proof = reader.proof(Sequence(sequence)).unwrap();
        let keys = [opened.verifier.clone()];
        let leaf = leaf_hash(&entry(sequence));
        let signed = proof.verify(&leaf, &opened.origin, &keys).unwrap();
        assert_eq!(signed.checkpoint().head(), head(700));
    }
    says(&reader.proof(Sequence(700)).unwrap_err(), &["no checkpoint covers entry 700"]);
    assert_eq!(reader.keys().unwrap().verifiers, [opened.verifier]);
    assert_eq!((reader.keys().unwrap().origin, reader.log()), (opened.origin, LOG));
}

#[test]
fn a_doctored_tile_makes_no_proof() {
    let fs = SimulatedFs::default();
    closed(&fs, &[600, 3]);
    let path = directory().join("tree/00");
    let bytes = fs.bytes(&path);
    fs.tamper(&path, &[&[bytes[0] ^ 1], &bytes[1..]].concat());
    for sequence in [0, 1, 300] {
        let error = reader(&fs).proof(Sequence(sequence)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Damaged);
        says(&error, &["remove the directory “tree”"]);
    }
    fs.remove_tree(&directory().join("tree"));
    let (ledger, opened) = open(&fs).unwrap();
    assert_eq!(opened.rebuilt_tiles, 2);
    drop(ledger);
    reader(&fs).proof(Sequence(0)).unwrap();
}

#[test]
fn a_reader_never_changes_anything() {
    let fs = SimulatedFs::default();
    closed(&fs, &[600, 3]);
    let next = fs.disk().calls_total() + 1;
    fs.disk().crash_at = Some(next);
    reader(&fs).proof(Sequence(1)).unwrap();
    assert!(!fs.disk().has_crashed());
    assert!(LedgerReader::open(Arc::new(fs.clone()), &parent()).is_err());
}

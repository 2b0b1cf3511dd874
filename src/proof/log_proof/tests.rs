//! Whole proofs as text: round trip, every flipped bit, other spellings.

use super::*;
use crate::proof::{Checkpoint, MemoryHashes, SignerKey, leaf_hash};

const ORIGIN: &str = "audit.example/org/host/log";

fn signer() -> SignerKey {
    SignerKey::from_seed(ORIGIN, &[5; 32]).unwrap()
}

fn keys() -> [VerifierKey; 1] {
    [signer().verifier().clone()]
}

fn leaf(number: u64) -> Digest {
    leaf_hash(&number.to_be_bytes())
}

/// Proof of leaf `index` in a log of `size`.
fn proof(index: u64, size: u64) -> LogProof {
    let mut hashes = MemoryHashes::new();
    (0..size).for_each(|number| hashes.append(leaf(number)));
    let checkpoint = Checkpoint::new(ORIGIN, hashes.head()).unwrap().sign(&[&signer()]).unwrap();
    LogProof::new(InclusionProof::of(index, size, &mut hashes).unwrap(), &checkpoint)
}

#[test]
fn a_proof_is_read_back_and_holds() {
    for (index, size) in [(0, 1), (0, 2), (6, 7), (73, 100)] {
        for proof in
            [proof(index, size), proof(index, size).extra("x"), proof(index, size).extra("")]
        {
            let read: LogProof = proof.to_string().parse().unwrap();
            assert_eq!(read, proof);
            let opened = read.verify(&leaf(index), ORIGIN, &keys()).unwrap();
            assert_eq!(opened.checkpoint().head().size, size);
            assert!(read.verify(&leaf(index + 1), ORIGIN, &keys()).is_err());
            assert!(read.verify(&leaf(index), "another", &keys()).is_err());
            assert!(read.verify(&leaf(index), ORIGIN, &[]).is_err());
        }
    }
}

#[test]
fn the_text_is_that_of_the_specification() {
    let text = proof(2, 4).extra([1, 2]).to_string();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[..3], ["c2sp.org/tlog-proof@v1", "extra AQI=", "index 2"]);
    assert_eq!(lines[3], leaf(3).to_string());
    assert_eq!((lines[5], lines[6], lines[7]), ("", ORIGIN, "4"));
}

#[test]
fn every_flipped_bit_and_every_cut_of_a_proof_is_seen() {
    let text = proof(73, 100).to_string();
    for bit in 0..text.len() * 8 {
        let mut bytes = text.as_bytes().to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let Ok(flipped) = String::from_utf8(bytes) else { continue };
        let verified =
            flipped.parse::<LogProof>().and_then(|proof| proof.verify(&leaf(73), ORIGIN, &keys()));
        assert!(verified.is_err(), "bit {bit}: {flipped}");
    }
    for length in (0..text.len()).filter(|length| text.is_char_boundary(*length)) {
        assert!(text[..length].parse::<LogProof>().is_err(), "{length}");
    }
}

#[test]
fn other_spellings_are_refused() {
    let text = proof(2, 4).to_string();
    for other in [
        format!("\n{text}"),
        format!("{text}\n"),
        text.replace("@v1", "@v2"),
        text.replace("index 2", "index 02"),
        text.replace("index 2", "index  2"),
        text.replace("index 2", "Index 2"),
        text.replace("index 2\n", ""),
        text.replace("index 2", "extra AA==\nextra AA==\nindex 2"),
        text.replace("index 2", "index 2\nextra AA=="),
        text.replace("index 2", "extra AA\nindex 2"),
        text.replace("index 2", "extra\nindex 2"),
        text.replace("index 2", "index 2\nAAAA"),
        text.replace("index 2\n", "index 2\n\n"),
        text.replace('\n', "\r\n"),
    ] {
        assert!(other.parse::<LogProof>().is_err(), "{other:?}");
    }
}

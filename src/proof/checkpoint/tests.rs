//! Checkpoints: strictness, origins, every flipped bit.

use super::*;
use crate::proof::{Frontier, leaf_hash};

const ORIGIN: &str = "audit.example/org/host/log";
const TEXT: &str =
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

fn signer() -> SignerKey {
    SignerKey::from_seed(ORIGIN, &[3; 32]).unwrap()
}

fn head() -> TreeHead {
    let mut tree = Frontier::new();
    (0..1234_u32).for_each(|number| tree.append(leaf_hash(&number.to_le_bytes())));
    tree.head()
}

fn published() -> String {
    Checkpoint::new(ORIGIN, head()).unwrap().sign(&[&signer()]).unwrap().to_string()
}

#[test]
fn the_example_of_the_specification_is_read_back() {
    let checkpoint: Checkpoint = TEXT.parse().unwrap();
    assert_eq!(checkpoint.origin(), "example.com/behind-the-sofa");
    assert_eq!(checkpoint.head().size, 20_852_163);
    assert_eq!(checkpoint.to_string(), TEXT);
}

#[test]
fn a_published_checkpoint_is_opened_with_the_key() {
    let keys = [signer().verifier().clone()];
    let opened = SignedCheckpoint::open(published(), ORIGIN, &keys).unwrap();
    assert_eq!(opened.checkpoint().head(), head());
    assert_eq!(opened.to_string(), published());
}

#[test]
fn every_flipped_bit_of_a_checkpoint_is_seen() {
    let keys = [signer().verifier().clone()];
    let published = published();
    for bit in 0..published.len() * 8 {
        let mut bytes = published.as_bytes().to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert!(SignedCheckpoint::open(&bytes, ORIGIN, &keys).is_err(), "bit {bit}");
    }
    for length in 0..published.len() {
        let cut = &published.as_bytes()[..length];
        assert!(SignedCheckpoint::open(cut, ORIGIN, &keys).is_err(), "{length}");
    }
}

#[test]
fn a_checkpoint_of_another_log_or_key_is_refused() {
    let keys = [signer().verifier().clone()];
    let other = Checkpoint::new("audit.example/other", head()).unwrap().sign(&[&signer()]);
    let error = SignedCheckpoint::open(other.unwrap().to_string(), ORIGIN, &keys).unwrap_err();
    assert!(error.is_verification(), "{error}");
    let stranger = SignerKey::from_seed(ORIGIN, &[4; 32]).unwrap();
    let keys = [stranger.verifier().clone()];
    let error = SignedCheckpoint::open(published(), ORIGIN, &keys).unwrap_err();
    assert!(error.is_verification(), "{error}");
}

#[test]
fn an_unsigned_checkpoint_is_refused() {
    let checkpoint = Checkpoint::new(ORIGIN, head()).unwrap();
    assert!(checkpoint.sign(&[]).is_err());
    let keys = [signer().verifier().clone()];
    for text in [checkpoint.to_string(), format!("{checkpoint}\n")] {
        assert!(SignedCheckpoint::open(text, ORIGIN, &keys).is_err());
    }
    assert!(SignedCheckpoint::open(published(), ORIGIN, &[]).is_err());
}

#[test]
fn a_note_that_is_no_checkpoint_is_refused_though_it_is_signed() {
    let mut note = Note::new("not a checkpoint\n").unwrap();
    note.sign(&signer());
    let keys = [signer().verifier().clone()];
    let error = SignedCheckpoint::open(note.to_string(), ORIGIN, &keys).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Format);
}

#[test]
fn other_spellings_are_refused() {
    for text in [
        String::new(),
        "origin\n1\n".to_owned(),
        TEXT.trim_end().to_owned(),
        format!("\n{TEXT}"),
        format!("{TEXT}\n"),
        format!("{TEXT}\nextension\n"),
        format!("{TEXT}extension"),
        format!("{TEXT}ext\n\nension\n"),
        format!("{TEXT}ext\tension\n"),
        TEXT.replace("\n2085", "\n02085"),
        TEXT.replace("\n2085", "\n+2085"),
        TEXT.replace("\n2085", "\n-2085"),
        TEXT.replace("\n2085", "\n 2085"),
        TEXT.replace("20852163", "20852163 "),
        TEXT.replace("20852163", "18446744073709551616"),
        TEXT.replace("20852163", "0"),
        TEXT.replace("20852163", ""),
        TEXT.replace("q2I=", "q2I"),
        TEXT.replace("q2I=", "q2J="),
        TEXT.replace("q2I=", "q2I= "),
        TEXT.replace('\n', "\r\n"),
        TEXT.replace("sofa", "so\u{1}fa"),
    ] {
        assert!(text.parse::<Checkpoint>().is_err(), "{text:?}");
    }
}

#[test]
fn extension_lines_are_kept() {
    let text = format!("{TEXT}one\ntwo\n");
    let checkpoint: Checkpoint = text.parse().unwrap();
    assert_eq!(checkpoint.extensions().collect::<Vec<_>>(), ["one", "two"]);
    assert_eq!(checkpoint.to_string(), text);
}

#[test]
fn an_origin_is_one_line() {
    for origin in ["", "a\nb", "a\tb"] {
        assert!(Checkpoint::new(origin, head()).is_err(), "{origin:?}");
    }
    assert!(Checkpoint::new("o", Frontier::new().head()).is_ok());
    assert!(Checkpoint::new("o", TreeHead::new(0, leaf_hash(b""))).is_err());
}

proptest::proptest! {
    #[test]
    fn what_is_accepted_is_encoded_the_same(
        text in "[a-c \u{2028}]{0,2}\n?[+0-9 ]{0,3}\n[A-C]{41,43}A?=\n?([a-c\n]{0,4}\n)?",
    ) {
        if let Ok(checkpoint) = text.parse::<Checkpoint>() {
            proptest::prop_assert_eq!(checkpoint.to_string(), text);
        }
    }
}

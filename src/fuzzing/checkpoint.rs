//! Texts of signatures: notes, checkpoints, keys.

use std::fmt::Display;
use std::str::FromStr;

use crate::Error;
use crate::proof::{
    Checkpoint, NOTE_BYTES_MAX, NOTE_SIGNATURES_MAX, Note, NoteSignature, SignedCheckpoint,
    SignerKey, VerifierKey,
};

const ORIGIN: &str = "example.com/log";

/// Parses the input as each of the texts that are signed or sign. What is
/// accepted is what would be written, and nothing that the key did not sign is
/// taken for signed by it.
pub fn checkpoint(input: &[u8]) {
    let key = SignerKey::from_seed(ORIGIN, &[7; 32]).unwrap();
    note(input, &key);
    let Ok(text) = std::str::from_utf8(input) else { return };
    is_strict::<Note>(text);
    is_strict::<NoteSignature>(text);
    is_strict::<VerifierKey>(text);
    if let Ok(parsed) = SignerKey::parse(text) {
        assert_eq!(parsed.secret_text().as_str(), text);
    }
    if let Some(checkpoint) = is_strict::<Checkpoint>(text) {
        is_read_back(&checkpoint, &key);
    }
}

pub(super) fn is_strict<T: FromStr<Err = Error> + Display>(text: &str) -> Option<T> {
    match text.parse::<T>() {
        Ok(parsed) => {
            assert_eq!(parsed.to_string(), text);
            Some(parsed)
        }
        Err(error) => {
            assert!(!error.to_string().is_empty());
            None
        }
    }
}

fn note(input: &[u8], key: &SignerKey) {
    let keys = [key.verifier().clone()];
    let Ok(note) = Note::try_from(input) else {
        return assert!(SignedCheckpoint::open(input, ORIGIN, &keys).is_err());
    };
    assert_eq!(note.to_string().as_bytes(), input);
    assert!(input.len() <= NOTE_BYTES_MAX);
    assert!((1..=NOTE_SIGNATURES_MAX).contains(&note.signatures().len()));
    if note.verify(&keys).is_ok() {
        // Ed25519 has one signature for a text, so that no other can be made of it.
        let mut again = Note::new(note.text()).unwrap();
        again.sign(key);
        assert!(note.signatures().contains(&again.signatures()[0]));
    }
    if let Ok(opened) = SignedCheckpoint::open(input, ORIGIN, &keys) {
        assert_eq!(opened.to_string().as_bytes(), input);
        assert_eq!(opened.checkpoint().origin(), ORIGIN);
        assert!(note.verify(&keys).is_ok());
    }
}

fn is_read_back(checkpoint: &Checkpoint, key: &SignerKey) {
    // Its origin may be one that can't be a note's: an empty line follows it.
    let Ok(signed) = checkpoint.sign(&[key]) else { return };
    let keys = [key.verifier().clone()];
    let opened = SignedCheckpoint::open(signed.to_string(), checkpoint.origin(), &keys).unwrap();
    assert_eq!(opened, signed);
    assert!(SignedCheckpoint::open(signed.to_string(), "another.example/log", &keys).is_err());
}

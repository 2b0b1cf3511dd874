//! Notes: the specification's example, strictness, signatures.

use super::*;

const VKEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
const NOTE: &str = "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

fn signer(name: &str, seed: u8) -> SignerKey {
    SignerKey::from_seed(name, &[seed; 32]).unwrap()
}

fn signed(text: &str, keys: &[&SignerKey]) -> Note {
    let mut note = Note::new(text).unwrap();
    keys.iter().for_each(|key| note.sign(key));
    note
}

#[test]
fn the_example_of_the_specification_is_verified() {
    let note: Note = NOTE.parse().unwrap();
    assert_eq!(note.text(), "This is an example message.\n");
    assert_eq!(note.to_string(), NOTE);
    let keys = [VKEY.parse().unwrap()];
    assert_eq!(note.verify(&keys).unwrap(), [&keys[0]]);
}

#[test]
fn every_flipped_bit_of_a_note_is_seen() {
    let keys = [VKEY.parse().unwrap()];
    for bit in 0..NOTE.len() * 8 {
        let mut bytes = NOTE.as_bytes().to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let verified = Note::try_from(&bytes[..]).and_then(|note| note.verify(&keys).map(|_| ()));
        assert!(verified.is_err(), "bit {bit}: {}", String::from_utf8_lossy(&bytes));
    }
}

#[test]
fn every_cut_of_a_note_is_seen() {
    for length in 0..NOTE.len() {
        assert!(Note::try_from(&NOTE.as_bytes()[..length]).is_err(), "{length}");
    }
}

#[test]
fn the_last_empty_line_parts_text_from_signatures() {
    let key = signer("name", 1);
    let note = signed("one\n\n— name looks+like/a signature\n\n\nfour\n", &[&key]);
    let read: Note = note.to_string().parse().unwrap();
    assert_eq!(read, note);
    read.verify(&[key.verifier().clone()]).unwrap();
}

#[test]
fn other_spellings_are_refused() {
    let line = NOTE.split_once("\n\n").unwrap().1;
    let message = "This is an example message.\n";
    for note in [
        String::new(),
        "\n\n".to_owned(),
        message.to_owned(),
        format!("{message}\n"),
        format!("{message}{line}"),
        format!("{message}\n\n{}", line.trim_end()),
        NOTE.replace('\n', "\r\n"),
        NOTE.replace("— ", "- "),
        NOTE.replace("— ", "—"),
        NOTE.replace("foo ", "foo  "),
        NOTE.replace("foo ", "f+oo "),
        NOTE.replace("example.com/foo ", " "),
        NOTE.replace("yaQM=\n", "yaQM\n"),
        NOTE.replace("yaQM=\n", "yaQM= \n"),
        NOTE.replace("yaQM=\n", "yaQN=\n"),
        NOTE.replace("This", "T\this"),
        NOTE.replace("This", "T\0his"),
        format!("{NOTE}\n"),
        format!("{NOTE}not a signature\n"),
        format!("{message}\n— name AAAAAA==\n"),
    ] {
        assert!(note.parse::<Note>().is_err(), "{note:?}");
    }
    assert!(Note::try_from(&b"\xff\n\n"[..]).is_err());
}

#[test]
fn a_text_ends_with_a_newline() {
    for text in ["", "text", "text\r\n", "te\u{7}xt\n"] {
        assert!(Note::new(text).is_err(), "{text:?}");
    }
    assert!(Note::new("\n").is_ok());
}

#[test]
fn notes_and_signatures_beyond_the_limits_are_refused() {
    let key = signer("name", 1);
    let keys = vec![&key; NOTE_SIGNATURES_MAX + 1];
    let text = signed("text\n", &keys).to_string();
    assert!(text.parse::<Note>().is_err());
    let text = signed("text\n", &keys[1..]).to_string();
    assert!(text.parse::<Note>().is_ok());
    let long = format!("{}\n", "x".repeat(NOTE_BYTES_MAX));
    assert!(signed(&long, &[&key]).to_string().parse::<Note>().is_err());
}

#[test]
fn unknown_signatures_are_ignored_and_known_ones_have_to_hold() {
    let (known, unknown) = (signer("name", 1), signer("name", 2));
    let keys = [known.verifier().clone()];
    let both = signed("text\n", &[&unknown, &known]);
    both.verify(&keys).unwrap();
    assert!(signed("text\n", &[&unknown]).verify(&keys).is_err());
    assert!(Note::new("text\n").unwrap().verify(&keys).is_err());
    assert!(both.verify(&[]).is_err());
    let mut stale = signed("text\n", &[&known]);
    stale.add(known.sign("another text\n"));
    let error = stale.verify(&keys).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Verification);
}

#[test]
fn a_signature_under_another_name_or_id_is_not_by_the_key() {
    let (one, other) = (signer("one", 1), signer("other", 1));
    assert_ne!(one.verifier().key_id(), other.verifier().key_id());
    let note = signed("text\n", &[&one]);
    assert!(note.verify(&[other.verifier().clone()]).is_err());
}

#[test]
fn a_rotation_is_signed_by_both_keys() {
    let (old, new) = (signer("name", 1), signer("name", 2));
    let keys = [old.verifier().clone(), new.verifier().clone()];
    let both = signed("text\n", &[&old, &new]);
    both.verify_all(&keys).unwrap();
    assert_eq!(both.verify(&keys).unwrap().len(), 2);
    for half in [&old, &new] {
        let note = signed("text\n", &[half]);
        note.verify(&keys).unwrap();
        assert!(note.verify_all(&keys).unwrap_err().is_verification());
    }
    assert!(both.verify_all(&[]).is_err());
    let text = both.to_string();
    for bit in 0..text.len() * 8 {
        let mut bytes = text.as_bytes().to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let verified = Note::try_from(&bytes[..]).and_then(|note| note.verify_all(&keys));
        assert!(verified.is_err(), "bit {bit}");
    }
}

proptest::proptest! {
    #[test]
    fn what_is_accepted_is_encoded_the_same(
        text in "([a-z—+ ]{0,9}\n){0,4}\n?(— [a-z+]{0,3} [A-D=/+]{4,12}\n){0,3}",
    ) {
        if let Ok(note) = text.parse::<Note>() {
            proptest::prop_assert_eq!(note.to_string(), text);
        }
    }

    #[test]
    fn any_text_can_be_signed_and_read_back(text in "(.{0,9}\n){1,5}") {
        let key = signer("name", 1);
        match Note::new(text.as_str()) {
            Ok(mut note) => {
                note.sign(&key);
                let read: Note = note.to_string().parse().unwrap();
                proptest::prop_assert_eq!(read.text(), &text);
                proptest::prop_assert!(read.verify(&[key.verifier().clone()]).is_ok());
            }
            Err(_) => proptest::prop_assert!(text.chars().any(|char| char < ' ' && char != '\n')),
        }
    }
}

//! Keys: known answers, text forms, files.

use super::*;
use crate::error::ErrorKind;
use crate::fs::Filesystem as _;
use crate::fs::faulty::{Call, FaultyFilesystem};

const VKEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";

fn signer() -> SignerKey {
    SignerKey::from_seed("example.com/log", &[7; 32]).unwrap()
}

#[test]
fn the_example_of_the_specification_is_read_back() {
    let key: VerifierKey = VKEY.parse().unwrap();
    assert_eq!((key.name(), key.key_id()), ("example.com/foo", 0x530d_903a));
    assert_eq!(key.to_string(), VKEY);
}

/// RFC 8032, section 7.1, test 1.
#[test]
fn the_public_half_is_that_of_rfc_8032() {
    let seed = [
        0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c,
        0xc4, 0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae,
        0x7f, 0x60,
    ];
    let key = SignerKey::from_seed("name", &seed).unwrap();
    assert_eq!(key.verifier().public_key()[..4], [0xd7, 0x5a, 0x98, 0x01]);
}

#[test]
fn every_flipped_bit_of_a_verifier_key_is_seen() {
    for bit in 0..VKEY.len() * 8 {
        let mut bytes = VKEY.as_bytes().to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        if let Ok(text) = String::from_utf8(bytes) {
            assert!(text.parse::<VerifierKey>().is_err(), "{text}");
        }
    }
}

#[test]
fn other_spellings_of_a_verifier_key_are_refused() {
    let upper = VKEY.replace("530d903a", "530D903A");
    let short = VKEY.replace("+530d903a", "+30d903a");
    let other_type = VKEY.replace("+Aeky", "+Beky");
    for text in ["", "+", "++", "a+b", &upper, &short, &other_type, &format!("{VKEY}\n")] {
        assert!(text.parse::<VerifierKey>().is_err(), "{text:?}");
    }
}

#[test]
fn weak_keys_are_refused() {
    // The neutral element, and a point of order two: they verify forged signatures.
    let mut neutral = [0; 32];
    neutral[0] = 1;
    let mut order_two = [0xff; 32];
    (order_two[0], order_two[31]) = (0xec, 0x7f);
    for bytes in [neutral, order_two, [0; 32]] {
        let error = VerifierKey::new("name", &bytes).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Format);
    }
}

#[test]
fn names_have_no_spaces_pluses_or_control_characters() {
    for name in ["", "a b", "a+b", "a\tb", "a\nb", "a\u{a0}b", "a\u{2028}b", "a\0b"] {
        assert!(SignerKey::generate(name).is_err(), "{name:?}");
        assert!(VerifierKey::new(name, signer().verifier().public_key()).is_err());
    }
    assert!(SignerKey::generate("audit.example/größe").is_ok());
}

#[test]
fn a_secret_is_read_back_and_never_shown() {
    let key = signer();
    let text = key.secret_text();
    assert!(text.starts_with("PRIVATE+KEY+example.com/log+"));
    assert_eq!(SignerKey::parse(&text).unwrap().verifier(), key.verifier());
    let secret = text.rsplit('+').next().unwrap();
    assert!(!format!("{key:?}").contains(secret));
    for bit in 0..text.len() * 8 {
        let mut bytes = text.as_bytes().to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        if let Ok(text) = String::from_utf8(bytes) {
            assert!(SignerKey::parse(&text).is_err());
        }
    }
}

#[test]
fn generated_keys_differ() {
    let (one, other) = (SignerKey::generate("a").unwrap(), SignerKey::generate("a").unwrap());
    assert_ne!(one.verifier(), other.verifier());
}

#[test]
fn a_key_file_is_the_owners_alone_and_never_overwritten() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("log.key");
    let key = SignerKey::create_file(&path, "example.com/log").unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    assert!(SignerKey::create_file(&path, "example.com/log").is_err());
    let read = SignerKey::read_file(&path).unwrap();
    assert_eq!(read.verifier(), key.verifier());
    assert!(SignerKey::read_file(home.path().join("none")).is_err());
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the test damages a file")]
fn a_damaged_key_file_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("log.key");
    let text = signer().secret_text();
    let spoilt = [
        String::new(),
        text.to_string(),
        format!("{}\r\n", *text),
        format!("{}\n\n", *text),
        format!(" {}\n", *text),
        "x".repeat(1 << 20),
    ];
    for content in spoilt {
        std::fs::write(&path, &content).unwrap();
        assert!(SignerKey::read_file(&path).is_err());
    }
    std::fs::write(&path, format!("{}\n", *text)).unwrap();
    SignerKey::read_file(&path).unwrap();
    let long = "n".repeat(5000);
    assert!(SignerKey::create_file(home.path().join("long"), &long).is_err());
}

#[test]
fn a_key_that_could_not_be_kept_is_not_given() {
    for call in [Call::CreateNew, Call::Write, Call::Sync, Call::SyncDirectory] {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("log.key");
        let fs = FaultyFilesystem::default().failing(call, 1);
        assert!(SignerKey::create_file_in(&fs, &path, "log").is_err(), "{call:?}");
        assert!(fs.list(home.path()).unwrap().is_empty(), "{call:?}");
        let key = SignerKey::create_file_in(&fs, &path, "log").unwrap();
        assert_eq!(SignerKey::read_file_in(&fs, &path).unwrap().verifier(), key.verifier());
    }
}

//! `openssl`: signatures checked without any code of this crate or of the
//! libraries it uses.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;
use tracing_audit::proof::{Note, VerifierKey};

use crate::published::publish;
use crate::tools::{accepts, is_there};

/// What stands before an Ed25519 public key in DER (RFC 8410).
const DER_PREFIX: [u8; 12] =
    [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

fn is_missing() -> bool {
    // The first version that takes Ed25519 here is 3.0.
    let mut probe = Command::new("sh");
    probe.args(["-c", "openssl version | grep -q '^OpenSSL [3-9]'"]);
    !is_there("openssl 3", &mut probe)
}

fn openssl(home: &Path, arguments: &str) -> (bool, String) {
    accepts(Command::new("openssl").args(arguments.split(' ')).current_dir(home))
}

/// Key, text and signature as files.
fn laid_out(key: &VerifierKey, text: &str, signature: &[u8]) -> TempDir {
    let home = tempfile::tempdir().unwrap();
    let der = [&DER_PREFIX[..], key.public_key()].concat();
    fs::write(home.path().join("key.der"), der).unwrap();
    fs::write(home.path().join("text"), text).unwrap();
    fs::write(home.path().join("signature"), signature).unwrap();
    home
}

const VERIFY: &str =
    "pkeyutl -verify -rawin -pubin -keyform DER -inkey key.der -in text -sigfile signature";

#[test]
fn openssl_verifies_our_signature_of_a_checkpoint() {
    if is_missing() {
        return;
    }
    let published = publish(1234);
    let note = published.checkpoint.note();
    let key: VerifierKey = published.vkey.parse().unwrap();
    let signature = note.signatures()[0].signature();
    let (accepted, said) = openssl(laid_out(&key, note.text(), signature).path(), VERIFY);
    assert!(accepted, "{said}");
    let changed = note.text().replace("1234", "1235");
    assert!(!openssl(laid_out(&key, &changed, signature).path(), VERIFY).0);
    let mut flipped = signature.to_vec();
    flipped[0] ^= 1;
    assert!(!openssl(laid_out(&key, note.text(), &flipped).path(), VERIFY).0);
}

#[test]
fn we_verify_a_signature_by_openssl() {
    if is_missing() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let run = |arguments: &str| {
        let (done, said) = openssl(home.path(), arguments);
        assert!(done, "{said}");
    };
    fs::write(home.path().join("text"), "signed elsewhere\n").unwrap();
    run("genpkey -algorithm ed25519 -outform DER -out secret.der");
    run("pkey -in secret.der -inform DER -pubout -outform DER -out key.der");
    run("pkeyutl -sign -rawin -keyform DER -inkey secret.der -in text -out signature");
    let public = fs::read(home.path().join("key.der")).unwrap();
    let key = VerifierKey::new("elsewhere", public[12..].try_into().unwrap()).unwrap();
    let signature = fs::read(home.path().join("signature")).unwrap();
    let line = signature_line(&key, &signature);
    let note: Note = format!("signed elsewhere\n\n{line}\n").parse().unwrap();
    note.verify(std::slice::from_ref(&key)).unwrap();
    let note: Note = format!("changed elsewhere\n\n{line}\n").parse().unwrap();
    assert!(note.verify(&[key]).unwrap_err().is_verification());
}

/// Written by hand, so that not even our encoding is taken for granted.
fn signature_line(key: &VerifierKey, signature: &[u8]) -> String {
    let bytes = [&key.key_id().to_be_bytes()[..], signature].concat();
    format!("— {} {}", key.name(), base64(&bytes))
}

fn base64(bytes: &[u8]) -> String {
    use std::io::Write as _;
    let mut encoder = Command::new("openssl")
        .args(["base64", "-A"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    encoder.stdin.take().unwrap().write_all(bytes).unwrap();
    String::from_utf8(encoder.wait_with_output().unwrap().stdout).unwrap()
}

//! Keys: made, given, refused, rotated, and wiped.

use std::io::ErrorKind as IoErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::rig::*;
use crate::error::ErrorKind;
use crate::fs::simulated::{Call, SimulatedFs};
use crate::fs::{JournalFs, OpenMode};
use crate::ledger::{Ledger, LedgerConfig};
use crate::proof::{SignedCheckpoint, SignerKey, VerifierKey};

fn in_log(name: &str) -> PathBuf {
    directory().join(name)
}

fn text(fs: &SimulatedFs, path: &Path) -> String {
    String::from_utf8(fs.bytes(path)).unwrap()
}

fn verifiers(fs: &SimulatedFs) -> Vec<VerifierKey> {
    text(fs, &in_log("log.vkey")).lines().map(|line| line.parse().unwrap()).collect()
}

fn put(fs: &SimulatedFs, path: &Path, text: &str) {
    let mut file = fs.open(path, OpenMode::CreateNew).unwrap();
    file.write_at(0, text.as_bytes()).unwrap();
    fs.tamper(path, text.as_bytes());
}

/// The settings with a key file, which holds a key of this name.
fn with_key(fs: &SimulatedFs, name: &str) -> LedgerConfig {
    let path = PathBuf::from(format!("/{name}.key"));
    let key = SignerKey::generate(name).unwrap();
    put(fs, &path, &format!("{}\n", *key.secret_text()));
    LedgerConfig { signing_key: Some(path), ..config() }
}

#[test]
fn a_key_that_others_may_read_is_refused() {
    let fs = SimulatedFs::default();
    closed(&fs, &[3]);
    fs.set_public(&in_log("log.key"), true);
    let error = open(&fs).unwrap_err();
    says(&error, &["chmod 600", "log.key"]);
    assert!(!error.to_string().contains("PRIVATE"));
    fs.set_public(&in_log("log.key"), false);
    drop(open(&fs).unwrap());
}

#[test]
fn a_missing_or_damaged_key_is_told() {
    let fs = SimulatedFs::default();
    closed(&fs, &[3]);
    for change in ["", "nonsense\n", "PRIVATE+KEY+x"] {
        let fs = fs.fork();
        fs.tamper(&in_log("log.key"), change.as_bytes());
        assert!(open(&fs).is_err());
    }
    fs.remove_file(&in_log("log.key")).unwrap();
    says(&open(&fs).unwrap_err(), &["signing key of the log is missing", "log.key"]);
}

#[test]
fn a_given_key_signs_under_the_name_of_the_log() {
    let fs = SimulatedFs::default();
    let config = with_key(&fs, "ours");
    let (mut ledger, opened) = open_with(&fs, config.clone()).unwrap();
    assert_eq!(opened.verifier.name(), format!("tracing-audit/here/{LOG}"));
    append(&mut ledger, 3);
    ledger.close(0).unwrap();
    assert!(!fs.names(&directory()).contains(&"log.key".to_owned()));
    assert_eq!(verifiers(&fs), [opened.verifier]);
    drop(open_with(&fs, config).unwrap());
    let error = open_with(&fs, with_key(&fs, "other")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Verification);
    says(&error, &["is signed with the key", "rotate"]);
    assert!(open(&fs).is_err(), "another key was made");
}

#[test]
fn the_origin_stays_when_the_prefix_changes() {
    let fs = SimulatedFs::default();
    closed(&fs, &[3]);
    let elsewhere = LedgerConfig { origin_prefix: "moved".into(), ..config() };
    let (_, opened) = open_with(&fs, elsewhere).unwrap();
    assert_eq!(opened.origin, format!("tracing-audit/here/{LOG}"));
    let odd = crate::journal::JournalConfig { host: "my +host".into(), ..config().journal };
    assert_eq!(LedgerConfig::new(odd).origin_prefix, "tracing-audit/my--host");
    let spaces = LedgerConfig { origin_prefix: "my host".into(), ..config() };
    says(&open_with(&fs, spaces).unwrap_err(), &["my host", "spaces"]);
}

/// Rotates as a caller does; the entry that names the key is number `size`.
fn rotate(ledger: &mut Ledger, next: Option<&Path>) -> crate::error::Result<VerifierKey> {
    let verifier = ledger.prepare_key(next, 0)?;
    ledger.append(&entry(ledger.size()))?;
    ledger.rotate_key(0)?;
    Ok(verifier)
}

#[test]
fn both_keys_sign_and_the_old_one_is_wiped() {
    let fs = SimulatedFs::default();
    let (mut ledger, opened) = open(&fs).unwrap();
    append(&mut ledger, 5);
    ledger.checkpoint(0).unwrap();
    let secret = text(&fs, &in_log("log.key"));
    let next = rotate(&mut ledger, None).unwrap();
    assert_eq!(verifiers(&fs), [opened.verifier.clone(), next.clone()]);
    let kept = in_log(&format!("checkpoint-{:08x}", opened.verifier.key_id()));
    let signed = SignedCheckpoint::open(fs.bytes(&kept), &opened.origin, &verifiers(&fs)).unwrap();
    signed.note().verify_all(&verifiers(&fs)).unwrap();
    assert_eq!(signed.checkpoint().head(), head(6));
    // The old secret is in no file, and in no file that lost its name.
    let is_secret = |bytes: &[u8]| bytes.windows(secret.len()).any(|w| w == secret.as_bytes());
    assert!(!fs.disk().contents().any(is_secret));
    assert!(!fs.names(&directory()).contains(&"log.key.next".to_owned()));
    append(&mut ledger, 1);
    let signed = ledger.checkpoint(0).unwrap().unwrap().clone();
    assert!(signed.note().verify(&[opened.verifier]).is_err());
    signed.note().verify_all(std::slice::from_ref(&next)).unwrap();
    ledger.close(0).unwrap();
    let (ledger, opened) = open(&fs).unwrap();
    assert_eq!((&opened.verifier, &opened.abandoned_key), (&next, &None));
    drop(ledger);
    check_files(&fs, 7);
}

#[test]
fn a_given_key_is_rotated_to_a_given_key() {
    let fs = SimulatedFs::default();
    let (old, new) = (with_key(&fs, "old"), with_key(&fs, "new"));
    let (mut ledger, _) = open_with(&fs, old.clone()).unwrap();
    append(&mut ledger, 5);
    assert!(ledger.prepare_key(None, 0).unwrap_err().is_invalid_input());
    assert!(ledger.prepare_key(old.signing_key.as_deref(), 0).unwrap_err().is_invalid_input());
    assert!(ledger.rotate_key(0).unwrap_err().is_invalid_input());
    let next = rotate(&mut ledger, new.signing_key.as_deref()).unwrap();
    assert_eq!(ledger.verifier(), &next);
    ledger.close(0).unwrap();
    assert!(open_with(&fs, old.clone()).is_err());
    drop(open_with(&fs, new).unwrap());
    assert!(text(&fs, old.signing_key.as_deref().unwrap()).starts_with("PRIVATE"), "not ours");
}

#[test]
fn a_crash_at_any_step_of_a_rotation_leaves_one_key_or_the_other() {
    let fs = SimulatedFs::default();
    closed(&fs, &[5]);
    let (mut undone, mut done) = (0, 0);
    for step in 1.. {
        let fs = fs.fork();
        let (mut ledger, opened) = open(&fs).unwrap();
        let at = fs.disk().calls_total() + step;
        fs.disk().crash_at = Some(at);
        let rotated = rotate(&mut ledger, None);
        let size = ledger.durable();
        drop(ledger);
        if !fs.disk().has_crashed() {
            break;
        }
        for seed in 0..4 {
            let fs = fs.fork();
            fs.disk().crash(seed);
            let (mut ledger, again) = open(&fs).unwrap_or_else(|e| panic!("step {step}: {e}"));
            append(&mut ledger, 1);
            let signed = ledger.checkpoint(0).unwrap().unwrap().clone();
            assert!(ledger.size() > size);
            drop(ledger);
            let public = verifiers(&fs);
            let kept = in_log(&format!("checkpoint-{:08x}", opened.verifier.key_id()));
            match again.verifier == opened.verifier {
                true => {
                    assert!(rotated.is_err());
                    assert_eq!(public, std::slice::from_ref(&opened.verifier));
                    undone += 1;
                }
                false => {
                    let both = SignedCheckpoint::open(fs.bytes(&kept), &again.origin, &public);
                    both.unwrap().note().verify_all(&public).unwrap();
                    assert!(again.size > 5, "no entry announces the key");
                    done += 1;
                }
            }
            signed.note().verify_all(&[again.verifier]).unwrap();
            assert!(!fs.names(&directory()).contains(&"log.key.next".to_owned()), "{step}");
            assert_eq!(
                Ledger::open(config(), Arc::new(fs.clone()), 0).unwrap().1.abandoned_key,
                None
            );
        }
    }
    assert!(undone > 8 && done > 8, "{undone} {done}");
}

#[test]
fn a_rotation_of_which_a_name_was_not_durable_leaves_a_log_that_opens() {
    for nth in 1.. {
        let fs = SimulatedFs::default();
        let (mut ledger, _) = open(&fs).unwrap();
        append(&mut ledger, 5);
        ledger.checkpoint(0).unwrap();
        let nth = fs.disk().calls[&Call::SyncDirectory] + nth;
        fs.disk().faults.push((Call::SyncDirectory, nth, IoErrorKind::Other));
        let _ = rotate(&mut ledger, None);
        if fs.disk().calls[&Call::SyncDirectory] < nth {
            break;
        }
        append(&mut ledger, 1);
        ledger.checkpoint(0).unwrap();
        ledger.close(0).unwrap();
        // With the one key or the other, as a crash leaves it.
        assert!(open(&fs).is_ok(), "{nth}");
    }
}

#[test]
fn a_key_that_is_given_up_is_told_and_wiped() {
    let (fs, next) = (SimulatedFs::default(), in_log("log.key.next"));
    let (mut ledger, first) = open(&fs).unwrap();
    let prepared = ledger.prepare_key(None, 0).unwrap();
    drop(ledger);
    let secret = text(&fs, &next);
    let is_secret = |bytes: &[u8]| bytes.windows(secret.len()).any(|w| w == secret.as_bytes());
    let open_and_look = |abandoned| {
        let (_ledger, opened) = open(&fs).unwrap();
        assert_eq!((&opened.verifier, opened.abandoned_key), (&first.verifier, abandoned));
        assert!(!fs.names(&directory()).iter().any(|name| name.starts_with("log.key.next")));
        assert!(!fs.disk().contents().any(is_secret));
    };
    open_and_look(Some(prepared));
    // One that a crash left incomplete is none to be told of.
    fs.replace(&in_log("log.key.next.new"), secret.as_bytes());
    open_and_look(None);
}

#[test]
fn a_crash_while_a_key_is_given_up_leaves_a_log_that_opens() {
    for seed in 0..4 {
        for step in 1.. {
            let (fs, mut model) = (SimulatedFs::default(), Model::default());
            let mut ledger = model.open(&fs).unwrap();
            ledger.prepare_key(None, 0).unwrap();
            drop(ledger);
            fs.disk().kill();
            let at = fs.disk().calls_total() + step;
            fs.disk().crash_at = Some(at);
            let is_done = model.open(&fs).is_ok();
            fs.disk().crash(seed);
            model.check(&fs);
            if is_done {
                assert!(step > 5, "{step}");
                break;
            }
        }
    }
}

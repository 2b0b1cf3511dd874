//! Logs that are not what a checkpoint says of them.

use std::path::PathBuf;

use super::rig::*;
use crate::error::{Error, ErrorKind};
use crate::fs::JournalFs;
use crate::fs::simulated::SimulatedFs;
use crate::journal::LogId;
use crate::proof::{Checkpoint, SignerKey};

/// A log of 300 entries, with a checkpoint and its copy.
fn log() -> SimulatedFs {
    let fs = SimulatedFs::default();
    closed(&fs, &[200, 100]);
    fs
}

fn refused(fs: &SimulatedFs, kind: ErrorKind) -> Error {
    let before = everything(fs);
    let error = open(fs).unwrap_err();
    assert_eq!(error.kind(), kind, "{error}");
    assert_eq!(everything(fs), before, "something was changed");
    error
}

/// All files but the lock, which names whoever tried.
fn everything(fs: &SimulatedFs) -> Vec<(PathBuf, Vec<u8>)> {
    let files = files_below(fs, &parent()).into_iter();
    let files = files.filter(|path| path.file_name().unwrap() != "lock");
    files.map(|path| (path.clone(), fs.bytes(&path))).collect()
}

#[test]
fn an_older_complete_state_is_refused() {
    let old = log();
    let new = old.fork();
    let (mut ledger, _) = open(&new).unwrap();
    append(&mut ledger, 10);
    ledger.close(0).unwrap();
    // All of the log is put back, but not the copy elsewhere.
    let copy_text = new.bytes(&copy());
    old.tamper(&copy(), &copy_text);
    let error = refused(&old, ErrorKind::RolledBack);
    says(&error, &["holds 300 entries", "covers 310"]);
    // Without the copy nobody could tell.
    old.remove_file(&copy()).unwrap();
    assert!(open(&old).is_ok());
}

#[test]
fn a_cut_below_the_logs_own_checkpoint_is_refused() {
    let fs = log();
    let (mut ledger, _) = open(&fs).unwrap();
    append(&mut ledger, 10);
    ledger.close(0).unwrap();
    fs.remove_file(&copy()).unwrap();
    let active = directory().join(format!("segments/{:020}.open", 300));
    let bytes = fs.bytes(&active);
    fs.tamper(&active, &bytes[..bytes.len() / 2]);
    refused(&fs, ErrorKind::Damaged);
    fs.tamper(&active, &bytes[..40]);
    refused(&fs, ErrorKind::RolledBack);
}

#[test]
fn a_log_that_a_copy_tells_of_has_to_be_there() {
    let fs = log();
    // Another directory, and the same place for copies.
    fs.remove_tree(&directory());
    let error = open(&fs).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RolledBack);
    says(&error, &[&LOG.to_string(), "is not here", "put it back"]);
    assert!(fs.names(&parent()).iter().all(|name| !name.starts_with("log-")), "one was begun");
}

#[test]
fn an_emptied_log_is_refused() {
    let fs = log();
    for path in files_below(&fs, &directory()) {
        fs.remove_file(&path).unwrap();
    }
    let error = open(&fs).unwrap_err();
    says(&error, &["public keys of the log are missing", "log.vkey"]);
}

#[test]
fn another_history_of_the_same_length_is_refused() {
    let fs = log();
    let other = fs.fork();
    let (mut ledger, _) = open(&fs).unwrap();
    append(&mut ledger, 10);
    ledger.close(0).unwrap();
    let (mut ledger, _) = open(&other).unwrap();
    for _ in 0..10 {
        ledger.append(b"another").unwrap();
    }
    ledger.close(0).unwrap();
    let copy_text = fs.bytes(&copy());
    other.tamper(&copy(), &copy_text);
    says(&refused(&other, ErrorKind::Verification), &["not those that its checkpoints"]);
}

#[test]
fn checkpoints_that_no_key_of_the_log_signed_are_refused() {
    let fs = log();
    let origin = format!("tracing-audit/here/{LOG}");
    let forger = SignerKey::generate(&origin).unwrap();
    let forged = Checkpoint::new(&origin, head(300)).unwrap().sign(&[&forger]).unwrap();
    for path in [copy(), directory().join("checkpoint")] {
        let fs = fs.fork();
        fs.tamper(&path, forged.to_string().as_bytes());
        let error = refused(&fs, ErrorKind::Verification);
        says(&error, &[path.to_str().unwrap(), "not signed by a trusted key", "log.vkey"]);
        fs.tamper(&path, b"nonsense");
        refused(&fs, ErrorKind::Verification);
        fs.tamper(&path, b"");
        refused(&fs, ErrorKind::Verification);
    }
    // Whoever replaces the keys too meets the copies elsewhere.
    let keys = directory().join("log.vkey");
    fs.tamper(&keys, format!("{}\n", forger.verifier()).as_bytes());
    fs.tamper(&directory().join("checkpoint"), forged.to_string().as_bytes());
    says(&refused(&fs, ErrorKind::Verification), &[copy().to_str().unwrap()]);
}

#[test]
fn a_copy_that_is_older_or_newer_than_the_logs_own_is_fine() {
    let fs = log();
    let older = fs.bytes(&copy());
    let (mut ledger, _) = open(&fs).unwrap();
    append(&mut ledger, 10);
    ledger.close(0).unwrap();
    let newer = fs.bytes(&copy());
    for (text, path) in [(&older, copy()), (&older, directory().join("checkpoint"))] {
        let fs = fs.fork();
        fs.tamper(&path, text);
        let (ledger, opened) = open(&fs).unwrap();
        assert_eq!(opened.checkpoint.unwrap().to_string().as_bytes(), newer);
        drop(ledger);
    }
}

#[test]
fn a_log_without_a_checkpoint_opens() {
    let fs = SimulatedFs::default();
    let (mut ledger, opened) = open(&fs).unwrap();
    assert!(opened.problems.is_empty(), "a place that nothing was copied to yet");
    append(&mut ledger, 3);
    ledger.sync(0).unwrap();
    drop(ledger);
    let (_, opened) = open(&fs).unwrap();
    assert_eq!((opened.size, opened.checkpoint), (3, None));
}

#[test]
fn a_place_for_copies_that_cannot_be_read_is_told() {
    let fs = log();
    let mut config = config();
    config.checkpoint_copies.push(directory().join("lock"));
    let (_, opened) = open_with(&fs, config).unwrap();
    assert_eq!(opened.problems.len(), 1);
    says(&opened.problems[0], &["list", "lock"]);
}

#[test]
fn a_second_process_has_a_log_and_a_copy_of_its_own() {
    let fs = SimulatedFs::default();
    let (mut first, _) = open(&fs).unwrap();
    append(&mut first, 5);
    first.checkpoint(0).unwrap();
    let mut other = config();
    other.journal.new_log = LogId([9; 16]);
    let (mut second, opened) = open_with(&fs, other).unwrap();
    assert_eq!(opened.origin, format!("tracing-audit/here/{}", LogId([9; 16])));
    append(&mut second, 7);
    second.close(0).unwrap();
    first.close(0).unwrap();
    assert_eq!(fs.names(&copies()).len(), 2);
    assert_eq!(open(&fs).unwrap().1.size, 5);
}

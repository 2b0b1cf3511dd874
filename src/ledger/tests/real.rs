//! Real files: modes, links, copies by their threads, a kill, and deletion.
#![expect(clippy::disallowed_methods, reason = "real files are looked at and moved")]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::rig::{LOG, append, config_in, entry, head, says};
use crate::error::ErrorKind;
use crate::event::Sequence;
use crate::fs::OsFilesystem;
use crate::ledger::{Ledger, LedgerConfig, LedgerReader, Opened};
use crate::proof::{SignerKey, leaf_hash};

fn config(home: &Path) -> LedgerConfig {
    LedgerConfig {
        checkpoint_copies: vec![home.join("copies")],
        copies_are_inline: false,
        copy_wait: Duration::from_secs(120),
        ..config_in(home.join("audit"))
    }
}

fn open(config: LedgerConfig) -> crate::error::Result<(Ledger, Opened)> {
    Ledger::open(config, Arc::new(OsFilesystem), 0)
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_log_is_written_copied_closed_and_proven() {
    let home = tempfile::tempdir().unwrap();
    let (mut ledger, opened) = open(config(home.path())).unwrap();
    append(&mut ledger, 600);
    ledger.seal(0).unwrap();
    append(&mut ledger, 10);
    let closed = ledger.close(0).unwrap();
    assert!(closed.problems.is_empty(), "{:?}", closed.problems);
    let log = opened.report.directory;
    for name in ["log.key", "log.vkey", "checkpoint", "tree/00"] {
        assert_eq!(mode(&log.join(name)), 0o600, "{name}");
    }
    assert_eq!((mode(&log), mode(&log.join("tree"))), (0o700, 0o700));
    let copy = home.path().join(format!("copies/{LOG}.checkpoint"));
    assert_eq!(fs::read(&copy).unwrap(), fs::read(log.join("checkpoint")).unwrap());
    assert_eq!(mode(&copy), 0o600);
    let reader = LedgerReader::open(Arc::new(OsFilesystem), &log).unwrap();
    let proof = reader.proof(Sequence(77)).unwrap();
    let signed = proof.verify(&leaf_hash(&entry(77)), &opened.origin, &[opened.verifier]).unwrap();
    assert_eq!(signed.checkpoint().head(), head(610));
    fs::remove_dir_all(log.join("tree")).unwrap();
    let (ledger, opened) = open(config(home.path())).unwrap();
    assert_eq!((opened.rebuilt_tiles, opened.size), (2, 610));
    drop(ledger);
    fs::remove_dir_all(&log).unwrap();
    assert_eq!(open(config(home.path())).unwrap_err().kind(), ErrorKind::RolledBack);
}

#[test]
fn a_key_file_is_followed_through_links_and_has_to_be_private() {
    let home = tempfile::tempdir().unwrap();
    let (secret, link) = (home.path().join("secret"), home.path().join("key"));
    SignerKey::create_file(&secret, "any").unwrap();
    symlink(&secret, &link).unwrap();
    let given = LedgerConfig { signing_key: Some(link), ..config(home.path()) };
    for shared in [0o640, 0o604, 0o620] {
        fs::set_permissions(&secret, fs::Permissions::from_mode(shared)).unwrap();
        says(&open(given.clone()).unwrap_err(), &["chmod 600"]);
    }
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o400)).unwrap();
    let (mut ledger, _) = open(given).unwrap();
    append(&mut ledger, 1);
    assert!(ledger.close(0).unwrap().problems.is_empty());
}

#[test]
fn a_tree_that_leads_elsewhere_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let (ledger, opened) = open(config(home.path())).unwrap();
    drop(ledger);
    let tree = opened.report.directory.join("tree");
    fs::remove_dir_all(&tree).unwrap();
    symlink(home.path(), &tree).unwrap();
    assert!(open(config(home.path())).is_err());
}

//! `tlog-scales` (Python): reads the log directory as a stranger would. The
//! interpreter that has it is `TLOG_SCALES_PYTHON`, or `python3`.

use std::fs;
use std::path::Path;
use std::process::Command;

use tracing_audit::proof::{InclusionProof, LogProof, SignedCheckpoint, VerifierKey, leaf_hash};

use crate::published::{ORIGIN, entry, head, publish, signer};
use crate::tools::{accepts, is_there};

const STRANGER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/proof/stranger.py");

fn python() -> Command {
    let interpreter = std::env::var_os("TLOG_SCALES_PYTHON").unwrap_or("python3".into());
    Command::new(interpreter)
}

fn is_missing() -> bool {
    !is_there("tlog-scales (PyPI)", python().args(["-c", "import tlog_scales.reader"]))
}

fn audit(log: &Path, older: u64) -> (bool, String) {
    let root = head(older).root.to_string();
    let vkey = signer().verifier().to_string();
    let older = older.to_string();
    accepts(python().arg(STRANGER).arg("audit").arg(log).args([&vkey, ORIGIN, &older, &root]))
}

#[test]
fn tlog_scales_accepts_our_logs() {
    if is_missing() {
        return;
    }
    for (size, older) in [(1, 1), (255, 100), (256, 255), (257, 256), (700, 300)] {
        let home = tempfile::tempdir().unwrap();
        publish(size).write(home.path());
        let (accepted, said) = audit(home.path(), older);
        assert!(accepted, "{size}: {said}");
        assert!(said.contains(&format!("{size} entries")), "{said}");
    }
}

#[test]
fn tlog_scales_refuses_damaged_logs() {
    if is_missing() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    publish(700).write(home.path());
    for file in ["checkpoint", "tile/0/001", "tile/1/000.p/2", "tile/entries/002.p/188"] {
        let path = home.path().join(file);
        let whole = fs::read(&path).unwrap();
        for place in [whole.len() / 3, whole.len() / 2] {
            let mut damaged = whole.clone();
            damaged[place] ^= 4;
            fs::write(&path, damaged).unwrap();
            let (accepted, said) = audit(home.path(), 300);
            assert!(!accepted, "{file}, byte {place}: {said}");
        }
        fs::write(&path, whole).unwrap();
    }
    let (accepted, said) = audit(home.path(), 300);
    assert!(accepted, "{said}");
    publish(699).write(home.path());
    assert!(!audit(home.path(), 700).0, "a log that was cut is accepted");
}

#[test]
fn we_accept_a_log_and_a_proof_that_tlog_scales_wrote() {
    if is_missing() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let log = home.path().join("log");
    let (done, said) = accepts(python().arg(STRANGER).arg("write").arg(&log).args([ORIGIN, "700"]));
    assert!(done, "{said}");
    let (vkey, proof) = said.split_once('\n').unwrap();
    let keys: [VerifierKey; 1] = [vkey.parse().unwrap()];
    let text = fs::read(log.join("checkpoint")).unwrap();
    let opened = SignedCheckpoint::open(text, ORIGIN, &keys).unwrap();
    let ours = publish(700);
    assert_eq!(opened.checkpoint(), ours.checkpoint.checkpoint());
    for (id, bytes) in &ours.tiles {
        assert_eq!(fs::read(log.join(id.to_string())).unwrap(), *bytes, "{id}");
    }
    let proof: LogProof = proof.parse().unwrap();
    proof.verify(&leaf_hash(&entry(333)), ORIGIN, &keys).unwrap();
    let mut hashes = ours.hashes;
    assert_eq!(*proof.inclusion(), InclusionProof::of(333, 700, &mut hashes).unwrap());
}

//! Logs that were compressed, pruned, or signed with several keys.

use std::path::PathBuf;
use std::sync::Arc;

use super::forge;
use super::rig::{self, Kept, Writer, directory, in_log, only, parent};
use super::shelf::Shelf;
use crate::fs::simulated::SimulatedFs;
use crate::proof::VerifierKey;
use crate::verify::{FindingKind, Severity, Standing, Verdict, Verification};

fn named(files: &Shelf, extension: &str) -> Vec<PathBuf> {
    let has_it = |path: &PathBuf| path.extension().is_some_and(|found| found == extension);
    forge::segments(files, &directory()).into_iter().filter(has_it).collect()
}

fn compressed() -> Kept {
    let fs = SimulatedFs::default();
    let mut writer = Writer::open(&fs, rig::LOG, 20_000);
    writer.events(200);
    writer.pack();
    writer.events(20);
    writer.close()
}

#[test]
fn compressed_segments_are_read_and_their_indices_made_again() {
    let kept = compressed();
    assert_eq!((named(&kept.files, "zst").len(), named(&kept.files, "idx").len()), (2, 2));
    assert_eq!(named(&kept.files, "seg"), Vec::<PathBuf>::new());
    let log = only(kept.verify(&kept.files));
    assert_eq!((log.standing(), log.findings), (Standing::Anchored, vec![]));
}

#[test]
fn a_doctored_index_does_not_pass_and_is_no_fault_of_the_entries() {
    let kept = compressed();
    let path = named(&kept.files, "idx").remove(1);
    let length = kept.files.bytes(&path).len();
    for at in (0..length).step_by(7) {
        let mut files = kept.files.clone();
        files.tamper(&path, |bytes| bytes[at] ^= 1 << (at % 8));
        let log = only(kept.verify(&files));
        assert_eq!((log.standing(), log.anchored), (Standing::Tampered, log.size));
        assert_eq!(log.findings.len(), 1, "{log:#?}");
        let found = &log.findings[0];
        assert_eq!((found.severity, found.kind), (Severity::Rebuildable, FindingKind::Index));
        assert_eq!(found.offset, Some(at as u64));
    }
    for change in [None, Some(0), Some(length - 1), Some(length + 1)] {
        let mut files = kept.files.clone();
        match change {
            Some(length) => files.tamper(&path, |bytes| bytes.resize(length, 0)),
            None => files.remove(&path),
        }
        assert!(only(kept.verify(&files)).has(FindingKind::Index));
    }
}

#[test]
fn a_changed_compressed_segment_is_seen() {
    let kept = compressed();
    let path = named(&kept.files, "zst").remove(0);
    for at in (20..kept.files.bytes(&path).len()).step_by(11) {
        let mut files = kept.files.clone();
        files.tamper(&path, |bytes| bytes[at] ^= 1 << (at % 8));
        assert_eq!(kept.exit_code(&files), 1, "byte {at}");
    }
}

fn pruned() -> (Kept, Vec<u8>) {
    let fs = SimulatedFs::default();
    let mut writer = Writer::open(&fs, rig::LOG, 20_000);
    writer.events(600);
    let older = writer.checkpoint();
    writer.prune();
    writer.events(30);
    (writer.close(), older)
}

#[test]
fn a_pruned_log_is_well_and_older_checkpoints_hold() {
    let (mut kept, older) = pruned();
    let log = only(kept.verify(&kept.files));
    assert!(log.first > 256, "{log:#?}");
    assert_eq!((log.standing(), log.findings.clone()), (Standing::Anchored, vec![]));
    assert_eq!(log.anchored, log.entries());
    kept.checkpoint = older;
    let verdict = kept.verify(&kept.files);
    assert_eq!(verdict.standing(), Standing::Anchored, "{verdict:#?}");
}

#[test]
fn entries_that_nobody_pruned_are_missed() {
    let kept = rig::log(600, 20_000);
    let mut files = kept.files.clone();
    files.remove(&named(&files, "seg")[0]);
    let log = only(kept.verify(&files));
    assert_eq!(log.standing(), Standing::Tampered);
    assert!(log.has(FindingKind::Prune), "{log:#?}");
    // Nor more than were.
    let (kept, _) = pruned();
    let mut files = kept.files.clone();
    files.remove(&named(&files, "seg")[0]);
    assert!(only(kept.verify(&files)).has(FindingKind::Prune));
}

#[test]
fn the_hashes_of_pruned_entries_can_not_be_changed() {
    let (kept, _) = pruned();
    for at in (0..8192).step_by(97) {
        let mut files = kept.files.clone();
        files.tamper(&in_log("tree/00"), |bytes| bytes[at] ^= 1);
        assert_eq!(kept.exit_code(&files), 1, "{at}");
    }
}

/// Three keys, and the first and the last of them.
fn rotated() -> (Kept, VerifierKey) {
    let fs = SimulatedFs::default();
    let mut writer = Writer::open(&fs, rig::LOG, 1 << 20);
    writer.events(9);
    let first = String::from_utf8(fs.bytes(&in_log("log.vkey"))).unwrap();
    for _ in 0..2 {
        writer.rotate_key();
        writer.events(9);
    }
    (writer.close(), first.trim_end().parse().unwrap())
}

fn verify_with(key: &VerifierKey, files: &Shelf) -> Verdict {
    Verification::of(parent()).on(Arc::new(files.clone())).key(key.clone()).run()
}

#[test]
fn trust_in_the_first_key_is_handed_on() {
    let (kept, first) = rotated();
    for key in [&first, &kept.key] {
        let verdict = verify_with(key, &kept.files);
        assert_eq!(verdict.standing(), Standing::SelfAttested, "{verdict:#?}");
    }
}

#[test]
fn without_the_checkpoint_of_a_rotation_trust_ends_there() {
    let (kept, first) = rotated();
    let is_rotation = |path: &&std::path::Path| path.to_string_lossy().contains("checkpoint-");
    let rotations: Vec<_> = kept.files.paths().filter(is_rotation).map(PathBuf::from).collect();
    assert_eq!(rotations.len(), 2);
    for path in rotations {
        let mut files = kept.files.clone();
        files.remove(&path);
        assert_eq!(verify_with(&first, &files).standing(), Standing::Tampered);
        for at in (0..kept.files.bytes(&path).len()).step_by(3) {
            let mut files = kept.files.clone();
            files.tamper(&path, |bytes| bytes[at] ^= 1);
            assert_eq!(verify_with(&first, &files).standing(), Standing::Tampered, "{at}");
        }
    }
}

#[test]
fn each_line_of_the_keys_is_missed() {
    let (kept, first) = rotated();
    let text = String::from_utf8(kept.files.bytes(&in_log("log.vkey")).to_vec()).unwrap();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 3);
    for line in lines {
        let mut files = kept.files.clone();
        files.put(&in_log("log.vkey"), text.replace(&format!("{line}\n"), "").into_bytes());
        let verdict = verify_with(&first, &files);
        assert_eq!(verdict.standing(), Standing::Tampered, "{verdict:#?}");
    }
}

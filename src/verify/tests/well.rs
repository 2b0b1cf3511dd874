//! Logs that nobody touched.

use std::sync::Arc;

use super::forge;
use super::rig::{self, Writer, directory, in_log, only, parent};
use super::shelf::Shelf;
use crate::fs::simulated::SimulatedFs;
use crate::journal::JournalConfig;
use crate::ledger::{Ledger, LedgerConfig};
use crate::verify::{FindingKind, Severity, Standing, Verification};

#[test]
fn a_log_is_anchored_as_far_as_a_checkpoint_from_outside_reaches() {
    let kept = rig::log(300, 20_000);
    let verdict = kept.verify(&kept.files);
    assert_eq!(verdict.standing(), Standing::Anchored, "{verdict:#?}");
    let log = only(verdict);
    assert_eq!(log.findings, vec![]);
    assert_eq!((log.first, log.anchored, log.signed), (0, log.size, log.size));
    assert!(log.size > 300);
}

#[test]
fn without_a_checkpoint_from_outside_a_log_has_but_its_own_word() {
    let kept = rig::log(30, 1 << 20);
    for is_key_given in [false, true] {
        for directory in [parent(), directory()] {
            let mut request = Verification::of(directory).on(Arc::new(kept.files.clone()));
            if is_key_given {
                request = request.key(kept.key.clone());
            }
            let verdict = request.run();
            assert_eq!(verdict.standing(), Standing::SelfAttested, "{verdict:#?}");
            let log = only(verdict);
            assert_eq!((log.anchored, log.signed, log.is_key_given), (0, 32, is_key_given));
        }
    }
}

#[test]
fn an_unsigned_log_never_passes() {
    let kept = rig::log(30, 1 << 20);
    let mut files = kept.files.clone();
    files.remove(&in_log("checkpoint"));
    let verdict = Verification::of(parent()).on(Arc::new(files.clone())).run();
    assert_eq!(verdict.standing(), Standing::Tampered);
    assert!(only(verdict).has(FindingKind::Unsigned));
    let verdict = Verification::of(parent()).on(Arc::new(files)).key(kept.key).run();
    assert_eq!(verdict.standing(), Standing::Tampered);
}

/// Whatever fails at the first start: nothing was recorded, so nobody has
/// tampered with anything.
#[test]
fn a_first_start_that_failed_is_no_tampering() {
    let mut standings = Vec::new();
    for crash_at in 1.. {
        let fs = SimulatedFs::default();
        fs.disk().crash_at = Some(crash_at);
        let config = LedgerConfig::new(JournalConfig {
            reserve_bytes: 0,
            ..JournalConfig::new(parent(), rig::LOG)
        });
        let opened = Ledger::open(config, Arc::new(fs.clone()), 0);
        if opened.is_ok() {
            break;
        }
        drop(opened);
        fs.disk().kill();
        let verdict = Verification::of(parent()).on(Arc::new(fs.fork())).run();
        standings.push(verdict.standing());
        assert_eq!(verdict.standing(), Standing::Unreadable, "{crash_at}: {verdict:#?}");
    }
    assert!(standings.len() > 5, "{standings:?}");
}

#[test]
fn an_emptied_log_passes_for_a_new_one_only_where_nobody_knows_better() {
    let kept = rig::log(30, 1 << 20);
    let mut files = kept.files.clone();
    files.remove(&in_log("checkpoint"));
    for segment in forge::segments(&kept.files, &directory()) {
        files.remove(&segment);
    }
    let verify = || Verification::of(parent()).on(Arc::new(files.clone()));
    let standing = verify().run().standing();
    assert_eq!(standing, Standing::Unreadable);
    assert_eq!(verify().key(kept.key.clone()).run().standing(), Standing::Tampered);
    let with_kept = verify().checkpoint("kept", &kept.checkpoint).unwrap().run();
    assert_eq!(with_kept.standing(), Standing::Tampered);
}

#[test]
fn the_key_of_another_log_fails() {
    let (kept, other) = (rig::log(30, 1 << 20), rig::log(30, 1 << 20));
    let verdict = Verification::of(parent()).on(Arc::new(kept.files)).key(other.key).run();
    assert_eq!(verdict.standing(), Standing::Tampered);
    assert!(only(verdict).has(FindingKind::Checkpoint));
}

#[test]
fn what_is_not_signed_yet_is_counted() {
    let fs = SimulatedFs::default();
    let mut writer = Writer::open(&fs, rig::LOG, 1 << 20);
    writer.events(20);
    let checkpoint = writer.checkpoint();
    writer.about_log("CLOCK", serde_json::json!({}));
    writer.events(30);
    writer.about_log("CLOCK", serde_json::json!({}));
    let files = Shelf::copy_of(&fs, &parent());
    let request = Verification::of(parent()).on(Arc::new(files));
    let log = only(request.checkpoint("kept", checkpoint).unwrap().run());
    assert_eq!((log.anchored, log.signed, log.size), (21, 52, 52), "{log:#?}");
}

#[test]
fn unclean_openings_are_told() {
    let fs = SimulatedFs::default();
    let mut writer = Writer::open(&fs, rig::LOG, 1 << 20);
    writer.events(3);
    drop(writer);
    let mut writer = Writer::open(&fs, rig::LOG, 1 << 20);
    writer.events(3);
    let kept = writer.close();
    let log = only(kept.verify(&kept.files));
    assert_eq!(log.standing(), Standing::Anchored);
    let told: Vec<_> = log.findings.iter().map(|found| (found.kind, found.sequence)).collect();
    assert_eq!(told, [(FindingKind::UncleanOpen, Some(4))]);
}

#[test]
fn what_is_not_there_can_not_be_read() {
    let verdict = Verification::of("/nowhere").on(Arc::new(Shelf::default())).run();
    assert_eq!(verdict.standing(), Standing::Unreadable);
    assert_eq!(verdict.findings[0].severity, Severity::Unreadable);
}

#[test]
fn progress_reaches_the_end() {
    let kept = rig::log(30, 1 << 20);
    let mut last = None;
    let request = Verification::of(parent()).on(Arc::new(kept.files.clone()));
    let verdict = request.on_progress(|progress| last = Some(progress)).run();
    let last = last.unwrap();
    assert_eq!((last.log, last.logs, last.entries), (0, 1, verdict.logs[0].size));
    assert!(last.bytes > 0 && last.bytes <= last.bytes_total);
}

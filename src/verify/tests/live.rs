//! A log that has a writer, which has written zeros ahead.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::json;

use super::forge;
use super::rig::{self, Writer, directory, only, parent};
use super::shelf::Shelf;
use crate::fs::simulated::SimulatedFs;
use crate::journal::marks_before;
use crate::verify::{FindingKind, LogVerdict, Standing, Verification};

fn open_log() -> (SimulatedFs, Writer) {
    let fs = SimulatedFs::default();
    let mut writer = Writer::open(&fs, rig::LOG, 1 << 20);
    writer.events(9);
    (fs, writer)
}

fn segment(fs: &SimulatedFs) -> PathBuf {
    forge::segments(&Shelf::copy_of(fs, &parent()), &directory()).remove(0)
}

fn verify(fs: &SimulatedFs, writer: &Writer, on_progress: impl FnMut()) -> LogVerdict {
    let mut on_progress = on_progress;
    let verification = Verification::of(parent())
        .on(Arc::new(fs.clone()))
        .key(writer.key())
        .checkpoint("kept", writer.checkpoint())
        .unwrap();
    only(verification.on_progress(move |_| on_progress()).run())
}

#[test]
fn the_room_of_a_writer_is_told_as_that() {
    let (fs, writer) = open_log();
    let log = verify(&fs, &writer, || ());
    assert_eq!(log.standing(), Standing::Anchored);
    assert_eq!(log.findings.len(), 1, "{log:#?}");
    assert!(log.findings[0].found.contains("zeros behind the last entry"), "{log:#?}");
}

#[test]
fn what_is_just_written_into_room_is_looked_at_again_although_the_file_is_as_long() {
    let (fs, writer) = open_log();
    let path = segment(&fs);
    let mut bytes = fs.bytes(&path);
    let end = bytes.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    let [mark, _] = marks_before(writer.size());
    bytes[end..end + 8].copy_from_slice(&mark[..8]);
    fs.tamper(&path, &bytes);
    assert_eq!(verify(&fs, &writer, || ()).standing(), Standing::Tampered);
    let mut is_first = true;
    let log = verify(&fs, &writer, || {
        if std::mem::take(&mut is_first) {
            bytes[end..end + 16].copy_from_slice(&mark);
            fs.tamper(&path, &bytes);
        }
    });
    assert_eq!(log.standing(), Standing::Anchored, "{log:#?}");
}

#[test]
fn a_cut_of_zeros_is_told_as_that() {
    let (fs, mut writer) = open_log();
    let zeros =
        json!({"segment": 0, "offset": 9, "bytes": 9, "sequence": 9, "reason": "zero_fill"});
    let torn = json!({"segment": 0, "offset": 9, "bytes": 9, "sequence": 9, "reason": "torn"});
    for (cuts, begin) in
        [(json!([zeros]), "recovery cut zeros,"), (json!([zeros, torn]), "recovery cut [")]
    {
        writer.about_log("OPEN", json!({ "cuts": cuts }));
        writer.events(3);
        let log = verify(&fs, &writer, || ());
        let told = log.findings.iter().rfind(|found| found.kind == FindingKind::Cut).unwrap();
        assert!(told.found.starts_with(begin), "{told:#?}");
        assert!(told.found.contains("\"offset\":9"), "{told:#?}");
    }
}

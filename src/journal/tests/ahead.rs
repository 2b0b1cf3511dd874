//! Room written ahead: when, how much, and that it is gone where a log ends.

use std::path::PathBuf;
use std::sync::Arc;

use super::rig::{LOG, Model, config, directory};
use crate::event::Sequence;
use crate::fs::simulated::{Call, SimulatedFs};
use crate::journal::frame::FRAME_HEADER_BYTES;
use crate::journal::header::SEGMENT_HEADER_BYTES;
use crate::journal::{CutReason, Journal, JournalConfig, JournalError, KnownCheckpoint, LogReader};

const AHEAD_BYTES: u64 = 10_000;
/// Nine entries of the rig are more than half of this, one is not.
const SMALL_BYTES: u64 = 3_000;

fn open_with(fs: &SimulatedFs, ahead_bytes: u64, segment_bytes_max: u64) -> Journal {
    let config = JournalConfig { ahead_bytes, segment_bytes_max, ..config() };
    Journal::open(config, Arc::new(fs.clone()), 0).unwrap().0
}

fn open(fs: &SimulatedFs) -> Journal {
    open_with(fs, AHEAD_BYTES, 1 << 20)
}

/// The bytes of the segment that is written to, or was last.
fn last_segment(fs: &SimulatedFs) -> Vec<u8> {
    let segments: PathBuf = directory().join("segments");
    let names = fs.names(&segments);
    fs.bytes(&segments.join(names.last().unwrap()))
}

/// Appends so many entries and syncs; how many calls of each kind that took.
fn group(fs: &SimulatedFs, model: &mut Model, journal: &mut Journal, entries: usize) -> [u64; 2] {
    let calls =
        || [Call::Write, Call::Sync].map(|call| fs.disk().calls.get(&call).copied().unwrap_or(0));
    let before = calls();
    (0..entries).for_each(|_| model.append(journal).unwrap());
    model.sync(journal).unwrap();
    let after = calls();
    [after[0] - before[0], after[1] - before[1]]
}

#[test]
fn room_is_written_now_and_then_and_the_length_stays_meanwhile() {
    let (fs, mut model) = (SimulatedFs::default(), Model::default());
    let mut journal = open(&fs);
    assert_eq!(group(&fs, &mut model, &mut journal, 1), [2, 1], "the group and room, one sync");
    let length = last_segment(&fs).len();
    assert!(length.is_multiple_of(4096) && length > AHEAD_BYTES as usize, "{length}");
    for _ in 0..9 {
        assert_eq!(group(&fs, &mut model, &mut journal, 1), [1, 1]);
    }
    assert_eq!(last_segment(&fs).len(), length);
    let more = (0..60).filter(|_| group(&fs, &mut model, &mut journal, 1) == [2, 1]).count();
    assert_eq!(more, 2, "60 entries have some 20,000 bytes");
    drop(journal);
    fs.disk().crash(0);
    assert_eq!(model.check(&fs).cuts[0].reason, CutReason::ZeroFill);
}

#[test]
fn a_log_that_is_sealed_or_closed_ends_with_its_last_group() {
    let (fs, mut model) = (SimulatedFs::default(), Model::default());
    let mut journal = open(&fs);
    group(&fs, &mut model, &mut journal, 3);
    let sealed = journal.seal(0).unwrap().unwrap();
    assert_eq!(fs.bytes(&sealed.path).len() as u64, sealed.bytes);
    assert!(sealed.bytes < AHEAD_BYTES);
    fs.disk().crash(0);
    assert_eq!(fs.bytes(&sealed.path).len() as u64, sealed.bytes, "durably");
    let mut journal = open(&fs);
    group(&fs, &mut model, &mut journal, 3);
    journal.close(0).unwrap();
    assert!(last_segment(&fs).len() < AHEAD_BYTES as usize);
    fs.disk().crash(0);
    let report = model.check(&fs);
    assert_eq!((report.was_closed, report.cuts.len()), (true, 0));
}

#[test]
fn groups_that_are_large_beside_the_room_go_without() {
    let (fs, mut model) = (SimulatedFs::default(), Model::default());
    let mut journal = open_with(&fs, SMALL_BYTES, 1 << 20);
    assert_eq!(group(&fs, &mut model, &mut journal, 9), [1, 1]);
    assert_eq!(group(&fs, &mut model, &mut journal, 1), [2, 1]);
    assert_eq!(group(&fs, &mut model, &mut journal, 18), [1, 1], "beyond the room");
    drop(journal);
    model.check(&fs);
}

#[test]
fn no_room_is_written_beyond_where_a_segment_is_sealed() {
    let (fs, mut model) = (SimulatedFs::default(), Model::default());
    let mut journal = open_with(&fs, AHEAD_BYTES, 2_000);
    group(&fs, &mut model, &mut journal, 1);
    assert_eq!(last_segment(&fs).len(), 2_000);
    drop(journal);
    model.check(&fs);
}

#[test]
fn a_disk_that_is_too_full_for_room_goes_without_until_the_next_segment() {
    let (fs, mut model) = (SimulatedFs::default(), Model::default());
    let mut journal = open(&fs);
    let used = fs.disk().bytes_used();
    fs.disk().capacity = Some(used + 5_000);
    group(&fs, &mut model, &mut journal, 1);
    let length = last_segment(&fs).len();
    assert!(length < 1_000, "{length}: what was begun is undone");
    fs.disk().capacity = None;
    assert_eq!(group(&fs, &mut model, &mut journal, 1), [1, 1]);
    journal.seal(0).unwrap().unwrap();
    assert_eq!(group(&fs, &mut model, &mut journal, 1), [2, 1]);
    drop(journal);
    model.check(&fs);
}

#[test]
fn something_else_that_writes_behind_the_room_is_noticed() {
    let (fs, mut model) = (SimulatedFs::default(), Model::default());
    let mut journal = open(&fs);
    group(&fs, &mut model, &mut journal, 1);
    let names = fs.names(&directory().join("segments"));
    let path = directory().join("segments").join(&names[0]);
    let longer = [&fs.bytes(&path)[..], b"x"].concat();
    fs.tamper(&path, &longer);
    model.append(&mut journal).unwrap();
    assert!(matches!(journal.sync(0), Err(JournalError::Poisoned { .. })));
}

#[test]
fn on_a_full_disk_room_takes_nothing_of_what_was_reserved() {
    let (fs, mut model) = (SimulatedFs::default(), Model::default());
    let config = JournalConfig { ahead_bytes: SMALL_BYTES, reserve_bytes: 16_384, ..config() };
    let (mut journal, _) = Journal::open(config, Arc::new(fs.clone()), 0).unwrap();
    let used = fs.disk().bytes_used();
    fs.disk().capacity = Some(used);
    model.append(&mut journal).unwrap();
    assert!(journal.sync(0).unwrap_err().is_full());
    journal.release_reserve().unwrap();
    model.sync(&mut journal).unwrap();
    assert!(last_segment(&fs).len() < 1_000, "{}", last_segment(&fs).len());
    drop(journal);
    model.check(&fs);
}

#[test]
fn an_older_copy_of_a_log_with_room_is_refused_as_that() {
    let (fs, mut model) = (SimulatedFs::default(), Model::default());
    let mut journal = open(&fs);
    group(&fs, &mut model, &mut journal, 3);
    let older = fs.fork();
    group(&fs, &mut model, &mut journal, 3);
    older.disk().kill();
    let known_checkpoints = vec![KnownCheckpoint { log: LOG, size: 6 }];
    let config = JournalConfig { known_checkpoints, ..config() };
    let error = Journal::open(config, Arc::new(older), 0).unwrap_err();
    let found = matches!(error, JournalError::RolledBack { known: 6, found: 3, .. });
    assert!(found, "{error}");
}

#[test]
fn what_was_written_into_room_since_a_reader_read_ahead_is_seen() {
    for before_border in 0..24 {
        let fs = SimulatedFs::default();
        let mut journal = open(&fs);
        let before = SEGMENT_HEADER_BYTES + 2 * FRAME_HEADER_BYTES;
        journal.append(&vec![b'x'; 1024 - before_border - before]).unwrap();
        journal.sync(0).unwrap();
        let mut entries =
            LogReader::open(Arc::new(fs.clone()), &directory()).unwrap().entries_from(Sequence(0));
        assert!(entries.next_entry().unwrap().is_some());
        journal.append(b"later").unwrap();
        journal.sync(0).unwrap();
        let later = entries.next_entry().unwrap();
        assert_eq!(later, Some((Sequence(1), &b"later"[..])), "{before_border}");
        assert_eq!(entries.next_entry().unwrap(), None);
    }
}

//! Steps that fail: never a false acknowledgement, and never a second chance
//! for a file whose sync failed.

use std::io::ErrorKind;
use std::sync::Arc;

use super::rig::{
    HISTORY, Model, active, config, directory, entry, open, read, with_and_without_room,
};
use crate::fs::simulated::{Call, SimulatedFs};
use crate::journal::{Journal, JournalConfig, JournalError, SyncPlace};

const CALLS: [Call; 8] = [
    Call::CreateDirectory,
    Call::Create,
    Call::Write,
    Call::Sync,
    Call::Truncate,
    Call::Rename,
    Call::Remove,
    Call::SyncDirectory,
];

/// An open log with three durable entries and two that wait.
fn waiting() -> (SimulatedFs, Model, Journal) {
    waiting_on(SimulatedFs::default())
}

fn waiting_on(fs: SimulatedFs) -> (SimulatedFs, Model, Journal) {
    let mut model = Model::default();
    let (mut journal, _) = model.open(&fs).unwrap();
    (0..3).for_each(|_| model.append(&mut journal).unwrap());
    model.sync(&mut journal).unwrap();
    (0..2).for_each(|_| model.append(&mut journal).unwrap());
    (fs, model, journal)
}

fn fail_next(fs: &SimulatedFs, call: Call, kind: ErrorKind) {
    let mut disk = fs.disk();
    let nth = disk.calls.get(&call).unwrap_or(&0) + 1;
    disk.faults.push((call, nth, kind));
}

#[test]
fn whatever_call_fails_nothing_acknowledged_is_lost_to_a_power_cut_later() {
    with_and_without_room(|| {
        let fs = SimulatedFs::default();
        Model::default().run(&fs, HISTORY).unwrap();
        let counts = fs.disk().calls.clone();
        let mut failures = 0;
        for call in CALLS {
            for nth in 1..=counts.get(&call).copied().unwrap_or(0) {
                failures += u64::from(fails_at(call, nth));
            }
        }
        assert!(failures > 40, "{failures}");
    });
}

/// Whether the history ends early where a call fails. Whatever it does, nothing
/// acknowledged is lost.
fn fails_at(call: Call, nth: u64) -> bool {
    let (fs, mut model) = (SimulatedFs::default(), Model::default());
    fs.disk().faults.push((call, nth, ErrorKind::Other));
    let has_failed = model.run(&fs, HISTORY).is_err();
    for seed in 0..6 {
        let (fs, mut model) = (fs.fork(), model.clone());
        fs.disk().crash(seed);
        model.check(&fs);
    }
    fs.disk().kill();
    let (mut journal, _) = model.open(&fs).unwrap();
    model.append(&mut journal).unwrap();
    model.sync(&mut journal).unwrap();
    drop(journal);
    fs.disk().crash(0);
    model.check(&fs);
    has_failed
}

#[test]
fn a_write_that_fails_is_undone_and_can_be_repeated() {
    let (fs, mut model, mut journal) = waiting();
    let before = fs.bytes(&active(&fs));
    fail_next(&fs, Call::Write, ErrorKind::Other);
    let error = journal.sync(0).unwrap_err();
    assert!(matches!(error, JournalError::Io { .. }), "{error}");
    assert!(!journal.is_poisoned());
    assert_eq!((journal.synced_size().0, journal.size()), (3, 5));
    assert_eq!(fs.bytes(&active(&fs)), before);
    model.sync(&mut journal).unwrap();
    fs.disk().crash(0);
    model.check(&fs);
}

#[test]
fn half_a_write_is_cut_back() {
    let (fs, mut model, mut journal) = waiting();
    let before = fs.bytes(&active(&fs));
    fs.disk().writes_are_short = true;
    // The first pieces get through.
    let nth = fs.disk().calls[&Call::Write] + 8;
    fs.disk().faults.push((Call::Write, nth, ErrorKind::Other));
    (0..40).for_each(|_| model.append(&mut journal).unwrap());
    assert!(journal.sync(0).is_err());
    assert_eq!(fs.bytes(&active(&fs)), before);
    model.sync(&mut journal).unwrap();
    fs.disk().crash(0);
    model.check(&fs);
}

#[test]
fn a_write_that_cannot_be_undone_poisons() {
    for call in [Call::Truncate, Call::Sync] {
        let (fs, _, mut journal) = waiting();
        fail_next(&fs, Call::Write, ErrorKind::Other);
        fail_next(&fs, call, ErrorKind::Other);
        assert!(journal.sync(0).unwrap_err().is_poisoned(), "{call:?}");
        assert!(journal.is_poisoned());
    }
}

#[test]
fn a_sync_that_fails_poisons_for_good() {
    let (fs, mut model, mut journal) = waiting();
    fail_next(&fs, Call::Sync, ErrorKind::Other);
    assert!(journal.sync(0).unwrap_err().is_poisoned());
    let calls = fs.disk().calls_total();
    assert!(journal.sync(0).unwrap_err().is_poisoned());
    assert!(journal.append(b"x").unwrap_err().is_poisoned());
    assert!(journal.seal(0).unwrap_err().is_poisoned());
    assert_eq!(journal.sync_due(u64::MAX), None);
    assert_eq!(journal.synced_size().0, 3);
    assert!(journal.close(0).unwrap_err().is_poisoned());
    assert_eq!(fs.disk().calls_total(), calls, "the file was touched again");
    model.check(&fs);
}

#[test]
fn a_name_that_is_not_durable_poisons() {
    // That of the sealed segment, and that of the next one.
    for nth in [1, 2] {
        let (fs, mut model, mut journal) = waiting();
        let nth = fs.disk().calls[&Call::SyncDirectory] + nth;
        fs.disk().faults.push((Call::SyncDirectory, nth, ErrorKind::Other));
        assert!(journal.seal(0).unwrap_err().is_poisoned());
        assert!(journal.append(b"x").unwrap_err().is_poisoned());
        model.acknowledged = journal.synced_size().0;
        assert_eq!(model.acknowledged, 5);
        drop(journal);
        fs.disk().crash(0);
        model.check(&fs);
    }
}

#[test]
fn a_sync_that_was_begun_acknowledges_nothing_before_its_outcome() {
    let (fs, mut model, mut journal) = waiting();
    assert_eq!(journal.begin_sync(7).unwrap().0, 3);
    let written = fs.bytes(&active(&fs));
    model.append(&mut journal).unwrap();
    assert_eq!(journal.begin_sync(7).unwrap().0, 3, "its outcome is not known");
    assert_eq!(fs.bytes(&active(&fs)), written, "nothing is written behind what may fail");
    assert_eq!((journal.synced_size().0, journal.size()), (3, 6));
    assert_eq!(journal.sync_due(7), Some(std::time::Duration::ZERO));
    model.sync(&mut journal).unwrap();
    fs.disk().crash(0);
    model.check(&fs);
}

#[test]
fn a_sync_that_was_begun_and_fails_poisons_for_good() {
    let (fs, mut model, mut journal) = waiting();
    journal.begin_sync(0).unwrap();
    model.append(&mut journal).unwrap();
    fail_next(&fs, Call::Sync, ErrorKind::Other);
    assert!(journal.sync(0).unwrap_err().is_poisoned());
    assert_eq!((journal.synced_size().0, journal.sync_due(u64::MAX)), (3, None));
    assert!(journal.begin_sync(0).unwrap_err().is_poisoned());
    assert!(journal.append(b"x").unwrap_err().is_poisoned());
    drop(journal);
    model.check(&fs);
}

#[test]
fn a_begun_sync_is_waited_for_where_no_entry_has_room_any_more() {
    let fs = SimulatedFs::default();
    let config = JournalConfig { group_bytes_max: 66_000, ..config() };
    let mut journal = Journal::open(config, Arc::new(fs.clone()), 0).unwrap().0;
    let append = |journal: &mut Journal| journal.append(&[b'x'; 60_000]).unwrap();
    append(&mut journal);
    assert_eq!(journal.begin_sync(0).unwrap().0, 0);
    append(&mut journal);
    assert_eq!(journal.begin_sync(0).unwrap().0, 0, "another has room");
    append(&mut journal);
    assert_eq!(journal.begin_sync(0).unwrap().0, 1);
    assert_eq!(journal.sync(0).unwrap().0, 3);
}

#[test]
fn a_thread_syncs_while_the_writer_appends_and_its_failure_poisons() {
    for fails in [false, true] {
        let fs = SimulatedFs::default();
        let config = JournalConfig { sync_place: SyncPlace::Thread, ..config() };
        let mut journal = Journal::open(config, Arc::new(fs.clone()), 0).unwrap().0;
        journal.append(b"x").unwrap();
        if fails {
            fail_next(&fs, Call::Sync, ErrorKind::Other);
        }
        let mut outcome = journal.begin_sync(0);
        journal.append(b"y").unwrap();
        while outcome.as_ref().is_ok_and(|durable| durable.0 == 0) {
            std::thread::yield_now();
            outcome = journal.begin_sync(0);
        }
        assert_eq!(outcome.is_err(), fails);
        assert_eq!((journal.is_poisoned(), journal.sync(0).is_err()), (fails, fails));
        assert_eq!(journal.synced_size().0, if fails { 0 } else { 2 });
    }
}

#[test]
fn what_a_failed_sync_left_in_memory_is_written_again_before_it_counts() {
    check_written_again_after(&[Call::Sync]);
}

#[test]
fn what_a_failed_sync_left_is_written_again_though_nothing_could_be_done_about_it() {
    check_written_again_after(&[Call::Sync, Call::Create, Call::Truncate]);
}

/// A log whose sync fails, together with other calls, is opened and written to
/// before the power is cut.
fn check_written_again_after(failing: &[Call]) {
    for seed in 0..32 {
        let fs = SimulatedFs::default();
        // So that a failed sync loses other sectors each time.
        fs.disk().crash(seed);
        let (fs, mut model, mut journal) = waiting_on(fs);
        (0..20).for_each(|_| model.append(&mut journal).unwrap());
        failing.iter().for_each(|call| fail_next(&fs, *call, ErrorKind::Other));
        assert!(journal.sync(0).unwrap_err().is_poisoned());
        drop(journal);
        let (mut journal, report) = model.open(&fs).unwrap();
        assert_eq!(report.size, 25, "it can all be read");
        model.append(&mut journal).unwrap();
        model.sync(&mut journal).unwrap();
        fs.disk().crash(seed);
        model.check(&fs);
    }
}

#[test]
fn what_a_failed_sync_left_is_not_read_if_it_cannot_be_marked() {
    let (fs, mut model, mut journal) = waiting();
    fail_next(&fs, Call::Sync, ErrorKind::Other);
    fail_next(&fs, Call::Create, ErrorKind::Other);
    assert!(journal.sync(0).unwrap_err().is_poisoned());
    drop(journal);
    let (journal, report) = model.open(&fs).unwrap();
    assert_eq!(report.size, 3);
    drop(journal);
    fs.disk().crash(0);
    model.check(&fs);
}

#[test]
fn a_sync_that_fails_on_opening_makes_the_next_opening_write_it_again() {
    let (fs, mut model, mut journal) = waiting();
    // As a kill leaves it: written, and neither synced nor acknowledged.
    let at = fs.disk().calls_total() + 2;
    fs.disk().crash_at = Some(at);
    assert!(journal.sync(0).is_err());
    fs.disk().kill();
    fs.disk().faults.push((Call::Sync, 1, ErrorKind::Other));
    assert!(model.open(&fs).is_err());
    assert!(is_suspect(&fs));
    let (journal, report) = model.open(&fs).unwrap();
    assert_eq!(report.size, 5);
    assert!(!is_suspect(&fs), "all of it is durable");
    drop(journal);
    fs.disk().crash(0);
    model.check(&fs);
}

fn is_suspect(fs: &SimulatedFs) -> bool {
    fs.names(&directory()).contains(&"suspect".to_owned())
}

#[test]
fn a_log_that_cannot_be_marked_before_it_is_synced_does_not_open() {
    let (fs, mut model, journal) = waiting();
    drop(journal);
    fail_next(&fs, Call::Create, ErrorKind::Other);
    assert!(model.open(&fs).unwrap_err().to_string().contains("suspect"));
    drop(model.open(&fs).unwrap());
}

/// A page that could not be written may hold groups that were durable before.
#[test]
fn after_a_failed_sync_all_of_a_segment_is_written_again() {
    let fs = SimulatedFs::default();
    let (mut journal, _) = open(&fs).unwrap();
    for _ in 0..40 {
        journal.append(&[b'x'; 60_000]).unwrap();
        journal.sync(0).unwrap();
    }
    journal.append(b"y").unwrap();
    fail_next(&fs, Call::Sync, ErrorKind::Other);
    assert!(journal.sync(0).unwrap_err().is_poisoned());
    drop(journal);
    let writes_of_opening = || {
        let before = fs.disk().calls[&Call::Write];
        drop(open(&fs).unwrap());
        fs.disk().calls[&Call::Write] - before
    };
    let (suspect, trusted) = (writes_of_opening(), writes_of_opening());
    assert_eq!(suspect, trusted + 2, "a mebibyte at a time, instead of the last group alone");
}

#[test]
fn short_and_interrupted_writes_and_interrupted_syncs_are_continued() {
    let (fs, mut model) = (SimulatedFs::default(), Model::default());
    fs.disk().writes_are_short = true;
    for nth in [2, 3, 5, 9] {
        fs.disk().faults.push((Call::Sync, nth, ErrorKind::Interrupted));
    }
    model.run(&fs, HISTORY).unwrap();
    fs.disk().crash(0);
    model.check(&fs);
}

#[test]
fn one_sync_is_one_write_and_one_fdatasync() {
    let (fs, mut model, mut journal) = waiting();
    let before = fs.disk().calls.clone();
    model.sync(&mut journal).unwrap();
    let after = fs.disk().calls.clone();
    assert_eq!(after[&Call::Write], before[&Call::Write] + 1);
    assert_eq!(after[&Call::Sync], before[&Call::Sync] + 1);
    assert_eq!(after.values().sum::<u64>(), before.values().sum::<u64>() + 2);
    assert_eq!(read(&fs).unwrap(), (0..5).map(entry).collect::<Vec<_>>());
}

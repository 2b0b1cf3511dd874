//! A full disk: a refusal, a last word from the reserve, and going on.

use std::sync::Arc;

use super::rig::{Model, config, directory, open, read};
use crate::fs::JournalFs;
use crate::fs::simulated::SimulatedFs;
use crate::journal::{Journal, JournalConfig, JournalError};

fn fill_disk(fs: &SimulatedFs, free: usize) {
    let mut disk = fs.disk();
    disk.capacity = None;
    let used = disk.bytes_used();
    disk.capacity = Some(used + free);
}

#[test]
fn a_full_disk_refuses_takes_a_last_word_and_goes_on_with_room() {
    let (fs, mut model) = (SimulatedFs::default(), Model::default());
    let (mut journal, report) = model.open(&fs).unwrap();
    assert_eq!(report.reserve_bytes, 1024);
    model.append(&mut journal).unwrap();
    model.sync(&mut journal).unwrap();
    fill_disk(&fs, 100);
    (0..3).for_each(|_| model.append(&mut journal).unwrap());

    let error = journal.sync(0).unwrap_err();
    assert!(error.is_full() && !journal.is_poisoned(), "{error}");
    assert_eq!(journal.synced_size().0, 1);
    assert_eq!(read(&fs).unwrap(), model.appended[..1]);

    let lost = journal.discard_unsynced();
    assert_eq!((lost.start.0, lost.end.0), (1, 4));
    model.appended.truncate(1);
    journal.release_reserve().unwrap();
    model.append(&mut journal).unwrap();
    model.sync(&mut journal).unwrap();
    fill_disk(&fs, 0);
    assert_eq!(journal.restore_reserve().unwrap(), 0, "the disk is still full of others");

    fs.disk().capacity = None;
    assert_eq!(journal.restore_reserve().unwrap(), 1024);
    (0..9).for_each(|_| model.append(&mut journal).unwrap());
    model.sync(&mut journal).unwrap();
    fs.disk().crash(0);
    model.check(&fs);
}

#[test]
fn what_waits_can_also_wait_for_room() {
    let (fs, mut model) = (SimulatedFs::default(), Model::default());
    let (mut journal, _) = model.open(&fs).unwrap();
    (0..3).for_each(|_| model.append(&mut journal).unwrap());
    fill_disk(&fs, 100);
    assert!(journal.sync(0).unwrap_err().is_full());
    assert!(journal.sync(0).unwrap_err().is_full());
    fs.disk().capacity = None;
    model.sync(&mut journal).unwrap();
    fs.disk().crash(0);
    model.check(&fs);
}

#[test]
fn a_full_disk_leaves_the_segment_open_that_was_to_be_sealed() {
    let (fs, mut model) = (SimulatedFs::default(), Model::default());
    let (mut journal, _) = model.open(&fs).unwrap();
    model.append(&mut journal).unwrap();
    model.sync(&mut journal).unwrap();
    fill_disk(&fs, 20);
    assert!(journal.seal(0).unwrap_err().is_full());
    fs.disk().capacity = None;
    model.append(&mut journal).unwrap();
    model.sync(&mut journal).unwrap();
    assert!(journal.seal(0).unwrap().is_some());
    drop(journal);
    model.check(&fs);
}

#[test]
fn a_log_opens_on_a_full_disk_and_says_how_much_reserve_it_has() {
    let (fs, mut model) = (SimulatedFs::default(), Model::default());
    let (mut journal, _) = model.open(&fs).unwrap();
    journal.release_reserve().unwrap();
    journal.close(0).unwrap();
    fill_disk(&fs, 300);
    let (journal, report) = open(&fs).unwrap();
    assert_eq!(report.reserve_bytes, 150, "the rest is for the log");
    drop(journal);
    let (journal, report) = open(&fs).unwrap();
    assert_eq!(report.reserve_bytes, 150, "not half of the rest as well");
    drop(journal);
    fill_disk(&fs, 0);
    let (mut journal, _) = open(&fs).unwrap();
    model.append(&mut journal).unwrap();
    assert!(matches!(journal.sync(0), Err(JournalError::Full { .. })));
}

#[test]
fn a_log_begins_on_a_disk_with_less_room_than_the_reserve_asks_for() {
    for free in [700, 900, 1_100, 1_200, 1_500] {
        let (fs, mut model) = (SimulatedFs::default(), Model::default());
        fill_disk(&fs, free);
        let (mut journal, report) = model.open(&fs).unwrap();
        assert!(report.reserve_bytes > 0 && report.reserve_bytes <= 1_024, "{free}");
        model.append(&mut journal).unwrap();
        model.sync(&mut journal).unwrap();
        drop(journal);
        model.check(&fs);
        for _ in 0..5 {
            let (journal, again) = model.open(&fs).unwrap();
            assert_eq!(again.reserve_bytes, report.reserve_bytes, "not half of the rest each time");
            drop(journal);
        }
    }
}

#[test]
fn a_log_opens_on_a_disk_on_which_no_file_can_be_made() {
    let (fs, mut model) = (SimulatedFs::default(), Model::default());
    let (mut journal, _) = model.open(&fs).unwrap();
    (0..3).for_each(|_| model.append(&mut journal).unwrap());
    model.sync(&mut journal).unwrap();
    drop(journal);
    fs.remove_file(&directory().join("reserve")).unwrap();
    fill_disk(&fs, 0);
    let (journal, report) = model.open(&fs).unwrap();
    assert_eq!((report.size, report.reserve_bytes), (3, 0));
    drop(journal);
    fs.disk().capacity = None;
    assert_eq!(model.open(&fs).unwrap().1.reserve_bytes, 1_024);
}

#[test]
fn a_reserve_has_the_size_that_is_asked_for_now() {
    let fs = SimulatedFs::default();
    for reserve_bytes in [1_024, 4_096, 100, 0] {
        let config = JournalConfig { reserve_bytes, ..config() };
        let (_journal, report) = Journal::open(config, Arc::new(fs.clone()), 0).unwrap();
        assert_eq!(report.reserve_bytes, reserve_bytes);
        assert_eq!(fs.bytes(&directory().join("reserve")).len() as u64, reserve_bytes);
    }
}

#[test]
fn what_was_given_up_does_not_come_back_in_a_crash() {
    for seed in 0..60 {
        let (fs, mut model) = (SimulatedFs::default(), Model::default());
        let (mut journal, _) = model.open(&fs).unwrap();
        fill_disk(&fs, 4_000);
        for _ in 0..40 {
            journal.append(&[b'l'; 130]).unwrap();
        }
        assert!(journal.sync(0).unwrap_err().is_full());
        journal.discard_unsynced();
        fs.disk().capacity = None;
        (0..5).for_each(|_| model.append(&mut journal).unwrap());
        let at = fs.disk().calls_total() + 2;
        fs.disk().crash_at = Some(at);
        assert!(journal.sync(0).is_err());
        fs.disk().crash(seed);
        model.check(&fs);
    }
}

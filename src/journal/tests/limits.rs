//! Limits, and decisions about when.

use std::sync::Arc;
use std::time::Duration;

use super::rig::{Model, config, directory, open, read};
use crate::event::Sequence;
use crate::fs::simulated::SimulatedFs;
use crate::journal::{
    ENTRY_BYTES_MAX, Journal, JournalConfig, JournalError, LogReader, Result, SealedSegment,
};

const MILLISECOND: u64 = 1_000_000;

#[test]
fn an_entry_has_a_byte_at_least_and_65535_at_most() {
    let fs = SimulatedFs::default();
    let (mut journal, _) = open(&fs).unwrap();
    assert!(matches!(journal.append(b""), Err(JournalError::Invalid(_))));
    let longest = vec![b'x'; ENTRY_BYTES_MAX + 1];
    assert!(matches!(journal.append(&longest), Err(JournalError::Invalid(_))));
    assert_eq!(journal.append(&longest[1..]).unwrap(), Sequence(0));
    journal.close(0).unwrap();
    assert_eq!(read(&fs).unwrap(), [&longest[1..]]);
}

#[test]
fn a_group_is_bounded_and_a_refused_entry_leaves_no_trace() {
    let fs = SimulatedFs::default();
    let config = JournalConfig { group_bytes_max: 70_000, ..config() };
    let (mut journal, _) = Journal::open(config, Arc::new(fs.clone()), 0).unwrap();
    let entry = vec![b'x'; 60_000];
    assert_eq!(journal.append(&entry).unwrap(), Sequence(0));
    assert_eq!(journal.sync_due(0), Some(Duration::from_millis(10)));
    assert_eq!(journal.append(&entry).unwrap(), Sequence(1));
    assert_eq!(journal.sync_due(0), Some(Duration::ZERO));
    // Three times as many may wait as are due at once.
    assert_eq!(journal.append(&entry).unwrap(), Sequence(2));
    let waiting = journal.unsynced_bytes();
    assert!(matches!(journal.append(&entry), Err(JournalError::GroupFull { .. })));
    assert_eq!((journal.unsynced_bytes(), journal.size()), (waiting, 3));
    journal.sync(0).unwrap();
    assert_eq!(journal.append(&entry).unwrap(), Sequence(3));
    journal.close(0).unwrap();
    assert_eq!(read(&fs).unwrap().len(), 4);
}

#[test]
fn a_sync_is_due_once_in_every_ten_milliseconds_while_entries_wait() {
    let fs = SimulatedFs::default();
    let (mut journal, _) = open(&fs).unwrap();
    assert_eq!(journal.sync_due(50 * MILLISECOND), None);
    journal.append(b"one").unwrap();
    assert_eq!(journal.sync_due(4 * MILLISECOND), Some(Duration::from_millis(6)));
    assert_eq!(journal.sync_due(10 * MILLISECOND), Some(Duration::ZERO));
    journal.sync(30 * MILLISECOND).unwrap();
    assert_eq!(journal.sync_due(30 * MILLISECOND), None);
    journal.append(b"two").unwrap();
    assert_eq!(journal.sync_due(33 * MILLISECOND), Some(Duration::from_millis(7)));
}

#[test]
fn a_segment_is_sealed_by_size_or_by_age_and_never_empty() {
    let fs = SimulatedFs::default();
    let age = Duration::from_secs(60);
    let config = JournalConfig { segment_bytes_max: 1_000, segment_age_max: age, ..config() };
    let (mut journal, _) = Journal::open(config, Arc::new(fs.clone()), 0).unwrap();
    let minute = age.as_nanos() as u64;
    assert_eq!(seal_if_due(&mut journal, 2 * minute).unwrap(), None);
    journal.append(b"old").unwrap();
    assert_eq!(seal_if_due(&mut journal, minute - 1).unwrap(), None);
    let sealed = seal_if_due(&mut journal, minute).unwrap().unwrap();
    assert_eq!((sealed.first, sealed.next), (Sequence(0), Sequence(1)));
    assert_eq!(sealed.bytes, fs.bytes(&sealed.path).len() as u64);
    journal.append(&[b'x'; 900]).unwrap();
    assert_eq!(seal_if_due(&mut journal, minute + 1).unwrap(), None);
    journal.append(&[b'x'; 100]).unwrap();
    let sealed = seal_if_due(&mut journal, minute + 1).unwrap().unwrap();
    assert_eq!((sealed.first, sealed.next), (Sequence(1), Sequence(3)));
    let reader = LogReader::open(Arc::new(fs.clone()), &directory()).unwrap();
    let segments: Vec<_> = reader.segments().iter().map(|s| (s.first.0, s.is_sealed)).collect();
    assert_eq!(segments, [(0, true), (1, true), (3, false)]);
}

#[test]
fn what_is_on_its_way_to_the_disk_counts_for_the_size_of_a_segment() {
    let fs = SimulatedFs::default();
    let config = JournalConfig { segment_bytes_max: 1_000, ..config() };
    let (mut journal, _) = Journal::open(config, Arc::new(fs), 0).unwrap();
    journal.append(&[b'x'; 950]).unwrap();
    assert_eq!(journal.begin_sync(0).unwrap().0, 0, "its outcome is not known");
    assert!(journal.is_seal_due(0));
}

#[test]
fn reading_starts_anywhere_and_goes_by_segment() {
    let (fs, mut model) = (SimulatedFs::default(), Model::default());
    let (mut journal, _) = model.open(&fs).unwrap();
    for _ in 0..4 {
        (0..5).for_each(|_| model.append(&mut journal).unwrap());
        journal.seal(0).unwrap();
    }
    (0..2).for_each(|_| model.append(&mut journal).unwrap());
    journal.sync(0).unwrap();
    let reader = LogReader::open(Arc::new(fs.clone()), &directory()).unwrap();
    assert_eq!(reader.log(), Some(journal.log()));
    for from in 0..25 {
        let mut entries = reader.entries_from(Sequence(from));
        for (number, expected) in model.appended.iter().enumerate().skip(from as usize) {
            let (sequence, entry) = entries.next_entry().unwrap().unwrap();
            assert_eq!((sequence.0, entry), (number as u64, &expected[..]));
        }
        assert!(entries.next_entry().unwrap().is_none());
    }
    let mut backwards = Vec::new();
    for index in (0..reader.segments().len()).rev() {
        let mut entries = reader.segment_entries(index);
        let mut sequences = Vec::new();
        while let Some((sequence, _)) = entries.next_entry().unwrap() {
            sequences.push(sequence.0);
        }
        backwards.extend(sequences.into_iter().rev());
    }
    assert_eq!(backwards, (0..22).rev().collect::<Vec<_>>());
}

#[test]
fn a_reader_at_the_end_sees_what_is_appended_later() {
    let (fs, mut model) = (SimulatedFs::default(), Model::default());
    let (mut journal, _) = model.open(&fs).unwrap();
    model.append(&mut journal).unwrap();
    model.sync(&mut journal).unwrap();
    let reader = LogReader::open(Arc::new(fs.clone()), &directory()).unwrap();
    let mut entries = reader.entries_from(Sequence(0));
    assert!(entries.next_entry().unwrap().is_some());
    assert!(entries.next_entry().unwrap().is_none());
    model.append(&mut journal).unwrap();
    model.sync(&mut journal).unwrap();
    assert_eq!(entries.next_entry().unwrap().unwrap().0, Sequence(1));
    assert!(entries.next_entry().unwrap().is_none());
    assert_eq!(entries.next_sequence(), Some(Sequence(2)));
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    let fs = SimulatedFs::default();
    for config in [
        JournalConfig { group_bytes_max: 60_000, ..config() },
        JournalConfig { segment_bytes_max: 0, ..config() },
    ] {
        let error = Journal::open(config, Arc::new(fs.clone()), 0).unwrap_err();
        assert!(matches!(error, JournalError::Invalid(_)), "{error}");
    }
}

fn seal_if_due(journal: &mut Journal, now_ns: u64) -> Result<Option<SealedSegment>> {
    if journal.is_seal_due(now_ns) { journal.seal(now_ns) } else { Ok(None) }
}

//! Several writers: one per log, and a log for each.

use std::sync::Arc;
use std::time::Duration;

use super::rig::{LOG, config, directory, open};
use crate::fs::simulated::SimulatedFs;
use crate::journal::{
    Holder, Journal, JournalConfig, JournalError, KnownCheckpoint, LockedLog, LogId, OpenReport,
    Result,
};

fn open_under(fs: &SimulatedFs, new_log: u8) -> Result<(Journal, OpenReport)> {
    open_with(fs, JournalConfig { new_log: LogId([new_log; 16]), ..config() })
}

fn open_with(fs: &SimulatedFs, config: JournalConfig) -> Result<(Journal, OpenReport)> {
    LockedLog::under(&config, Arc::new(fs.clone()))?.open(&config, 0)
}

/// Of a log that has to be the only one.
fn waiting(wait: Duration) -> JournalConfig {
    JournalConfig { lock_wait: wait, is_only_log: true, ..config() }
}

#[test]
fn a_second_writer_is_refused_and_told_who_the_first_is() {
    let fs = SimulatedFs::default();
    let (first, _) = open(&fs).unwrap();
    let error = open(&fs).unwrap_err();
    let JournalError::Locked { holder: Some(holder), .. } = &error else { panic!("{error}") };
    assert_eq!(*holder, Holder { pid: std::process::id(), host: "here".into() });
    let text = error.to_string();
    assert!(text.contains(&format!("process {} on here", std::process::id())), "{text}");
    drop(first);
    // Of a longer name before, nothing is left.
    let shorter =
        Journal::open(JournalConfig { host: "h".into(), ..config() }, Arc::new(fs.clone()), 0);
    let _held = shorter.unwrap();
    let JournalError::Locked { holder: Some(holder), .. } = open(&fs).unwrap_err() else {
        panic!()
    };
    assert_eq!(holder.host, "h");
}

#[test]
fn waiting_for_a_log_ends_when_it_is_free_or_at_the_deadline() {
    let fs = SimulatedFs::default();
    let (first, _) = open_with(&fs, waiting(Duration::ZERO)).unwrap();
    let error = open_with(&fs, waiting(Duration::from_millis(30))).unwrap_err();
    let JournalError::Locked { holder: Some(holder), .. } = &error else { panic!("{error}") };
    assert_eq!(holder.host, "here");
    let other = fs.clone();
    let waiter =
        std::thread::spawn(move || open_with(&other, waiting(Duration::from_secs(60))).map(|_| ()));
    std::thread::sleep(Duration::from_millis(30));
    drop(first);
    waiter.join().unwrap().unwrap();
    assert_eq!(crate::journal::logs_under(&fs, &directory()).unwrap().len(), 1);
}

#[test]
fn a_second_log_is_begun_only_after_waiting_for_the_first() {
    let fs = SimulatedFs::default();
    let (first, _) = open_under(&fs, 1).unwrap();
    let other = fs.clone();
    let waiter = std::thread::spawn(move || {
        let config = JournalConfig { is_only_log: false, ..waiting(Duration::from_secs(60)) };
        open_with(&other, config).map(|(journal, _)| journal.log())
    });
    std::thread::sleep(Duration::from_millis(30));
    drop(first);
    assert_eq!(waiter.join().unwrap().unwrap(), LogId([1; 16]));
}

#[test]
fn a_lock_that_was_removed_while_it_was_taken_is_taken_anew() {
    let fs = SimulatedFs::default();
    drop(open_under(&fs, 1).unwrap());
    fs.disk().lock_loses_name = true;
    let (mut journal, _) = open_with(&fs, waiting(Duration::from_secs(60))).unwrap();
    assert!(open_with(&fs, waiting(Duration::ZERO)).unwrap_err().is_locked());
    journal.append(b"one").unwrap();
    journal.sync(0).unwrap();
}

#[test]
fn each_process_has_a_log_of_its_own_and_continues_one_that_is_free() {
    let fs = SimulatedFs::default();
    let (mut old, report) = open_under(&fs, 1).unwrap();
    assert!(report.is_new);
    old.append(b"old").unwrap();
    old.sync(0).unwrap();
    let (new, report) = open_under(&fs, 2).unwrap();
    assert!(report.is_new);
    assert_eq!((old.log(), new.log()), (LogId([1; 16]), LogId([2; 16])));
    assert_ne!(old.directory(), new.directory());
    drop(old);
    let (continued, report) = open_under(&fs, 3).unwrap();
    assert_eq!((continued.log(), report.size, report.is_new), (LogId([1; 16]), 1, false));
    assert_eq!(crate::journal::logs_under(&fs, &directory()).unwrap().len(), 2);
}

#[test]
fn of_logs_that_are_free_the_one_that_was_written_last_is_continued() {
    let fs = SimulatedFs::default();
    let (old, _) = open_under(&fs, 1).unwrap();
    let (mut new, _) = open_under(&fs, 2).unwrap();
    new.append(b"new").unwrap();
    new.sync(0).unwrap();
    drop((old, new));
    let (continued, report) = open_under(&fs, 3).unwrap();
    assert_eq!((continued.log(), report.size), (LogId([2; 16]), 1));
}

#[test]
fn a_log_that_a_checkpoint_tells_of_has_to_be_there() {
    let fs = SimulatedFs::default();
    drop(open_under(&fs, 1).unwrap());
    let knowing = |log: u8, size| JournalConfig {
        known_checkpoints: vec![KnownCheckpoint { log: LogId([log; 16]), size }],
        ..config()
    };
    let open = |config| open_with(&fs, config);
    assert!(matches!(open(knowing(5, 0)), Err(JournalError::Missing { .. })));
    assert!(matches!(open(knowing(1, 1)), Err(JournalError::RolledBack { .. })));
    assert!(open(knowing(1, 0)).is_ok());
}

#[test]
fn a_log_in_anothers_directory_is_refused() {
    let fs = SimulatedFs::default();
    drop(open_under(&fs, 1).unwrap());
    let (directory, name) = (directory(), format!("log-{}", LogId([1; 16])));
    let strange = directory.join(format!("log-{}", LogId([0; 16])));
    let segments = strange.join("segments");
    let config = JournalConfig { directory: strange, new_log: LOG, ..config() };
    drop(Journal::open(config, Arc::new(fs.clone()), 0).unwrap());
    assert_eq!(fs.names(&segments).len(), 1);
    let error = open_under(&fs, 1).unwrap_err();
    assert!(error.corruption().is_some(), "{error}");
    assert!(fs.names(&directory).contains(&name));
}

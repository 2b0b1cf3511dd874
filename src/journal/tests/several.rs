//! Several writers: one per log, and a log for each.

use std::sync::Arc;
use std::time::Duration;

use super::rig::{LOG, config, directory, open};
use crate::fs::simulated::SimulatedFs;
use crate::journal::{
    Holder, Journal, JournalConfig, JournalError, KnownCheckpoint, LogId, OpenReport, Result,
};

fn open_under(fs: &SimulatedFs, new_log: u8) -> Result<(Journal, OpenReport)> {
    let config = JournalConfig { new_log: LogId([new_log; 16]), ..config() };
    Journal::open_under(config, Arc::new(fs.clone()), 0)
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
    assert!(open(&fs).is_ok());
}

#[test]
fn waiting_for_a_log_ends_when_it_is_free_or_at_the_deadline() {
    let fs = SimulatedFs::default();
    let waiting = |wait| JournalConfig { lock_wait: wait, ..config() };
    let (first, _) = open(&fs).unwrap();
    let short = waiting(Duration::from_millis(30));
    assert!(Journal::open(short, Arc::new(fs.clone()), 0).unwrap_err().is_locked());
    let other = fs.clone();
    let waiter = std::thread::spawn(move || {
        Journal::open(waiting(Duration::from_secs(60)), Arc::new(other), 0).map(|_| ())
    });
    std::thread::sleep(Duration::from_millis(30));
    drop(first);
    waiter.join().unwrap().unwrap();
}

#[test]
fn a_lock_that_was_removed_while_it_was_taken_is_taken_anew() {
    let fs = SimulatedFs::default();
    fs.disk().lock_loses_name = true;
    let config = JournalConfig { lock_wait: Duration::from_secs(60), ..config() };
    let (mut journal, _) = Journal::open(config, Arc::new(fs.clone()), 0).unwrap();
    assert!(open(&fs).unwrap_err().is_locked());
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
fn a_log_that_a_checkpoint_tells_of_has_to_be_there() {
    let fs = SimulatedFs::default();
    drop(open_under(&fs, 1).unwrap());
    let knowing = |log: u8, size| JournalConfig {
        known_checkpoints: vec![KnownCheckpoint { log: LogId([log; 16]), size }],
        ..config()
    };
    let open = |config| Journal::open_under(config, Arc::new(fs.clone()), 0);
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

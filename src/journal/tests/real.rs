//! The filesystem of the operating system.
#![expect(clippy::disallowed_methods, reason = "looks at and interferes with real files")]

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::rig::{LOG, entry, read_at};
use crate::event::Sequence;
use crate::fs::OsFilesystem;
use crate::journal::{Journal, JournalConfig, JournalError, LogReader, OpenReport, Result};

fn config(directory: &Path) -> JournalConfig {
    JournalConfig { host: "real".into(), reserve_bytes: 4096, ..JournalConfig::new(directory, LOG) }
}

fn open(directory: &Path) -> Result<(Journal, OpenReport)> {
    Journal::open(config(directory), Arc::new(OsFilesystem), 0)
}

fn read(directory: &Path) -> Result<Vec<Vec<u8>>> {
    read_at(Arc::new(OsFilesystem), directory)
}

#[test]
fn a_log_is_for_its_owner_alone_and_is_read_as_it_was_written() {
    let home = tempfile::tempdir().unwrap();
    let log = home.path().join("a/log");
    let (mut journal, report) = open(&log).unwrap();
    assert!(report.is_new && report.was_closed);
    for number in 0..50 {
        journal.append(&entry(number)).unwrap();
        if number == 20 {
            journal.seal(0).unwrap();
        }
    }
    assert_eq!(journal.close(0).unwrap().0, 50);
    assert_eq!(read(&log).unwrap(), (0..50).map(entry).collect::<Vec<_>>());
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    for directory in [&home.path().join("a"), &log, &log.join("segments")] {
        assert_eq!(mode(directory), 0o700);
        for file in std::fs::read_dir(directory).unwrap().map(|file| file.unwrap().path()) {
            assert!(file.is_dir() || mode(&file) == 0o600, "{file:?}");
        }
    }
    assert_eq!(std::fs::metadata(log.join("reserve")).unwrap().len(), 4096);
    let (_, report) = open(&log).unwrap();
    assert!(report.was_closed && !report.is_new);
    assert_eq!(report.size, 50);
}

#[test]
fn a_deleted_file_and_a_moved_directory_are_noticed() {
    type Interfere = fn(&Path);
    let ways: [Interfere; 3] = [
        |log| std::fs::remove_file(log.join("segments/00000000000000000000.open")).unwrap(),
        |log| std::fs::rename(log, log.with_extension("moved")).unwrap(),
        |log| std::fs::remove_dir_all(log).unwrap(),
    ];
    for interfere in ways {
        let home = tempfile::tempdir().unwrap();
        let log = home.path().join("log");
        let (mut journal, _) = open(&log).unwrap();
        journal.append(b"one").unwrap();
        journal.sync(0).unwrap();
        interfere(&log);
        journal.append(b"two").unwrap();
        assert!(journal.sync(0).unwrap_err().is_poisoned());
    }
}

#[test]
fn links_out_of_a_log_are_not_followed() {
    let home = tempfile::tempdir().unwrap();
    let (log, other) = (home.path().join("log"), home.path().join("other"));
    let (mut journal, _) = open(&log).unwrap();
    journal.append(b"one").unwrap();
    journal.close(0).unwrap();
    for name in ["segments/00000000000000000000.open", "segments", "lock", "reserve"] {
        let inside = log.join(name);
        std::fs::rename(&inside, &other).unwrap();
        symlink(&other, &inside).unwrap();
        let error = open(&log).unwrap_err();
        assert!(matches!(error, JournalError::Io { .. }), "{name}: {error}");
        std::fs::remove_file(&inside).unwrap();
        std::fs::rename(&other, &inside).unwrap();
    }
    assert!(open(&log).is_ok());
    // Where the log is kept is the user's own choice.
    let link = home.path().join("link");
    symlink(&log, &link).unwrap();
    assert_eq!(open(&link).unwrap().1.size, 1);
}

#[test]
fn a_second_writer_is_refused_by_the_system() {
    let home = tempfile::tempdir().unwrap();
    let (first, _) = open(home.path()).unwrap();
    let error = open(home.path()).unwrap_err();
    assert!(error.to_string().contains(&format!("{} on real", std::process::id())), "{error}");
    drop(first);
    assert!(open(home.path()).is_ok());
}

#[test]
fn readers_beside_a_writer_raise_no_false_alarm_and_miss_nothing_acknowledged() {
    const ENTRIES_MIN: usize = 6_000;
    const READINGS_MIN: u64 = 6;
    let home = tempfile::tempdir().unwrap();
    let log = home.path().join("log");
    let (mut journal, _) = open(&log).unwrap();
    let (acknowledged, is_over) = (AtomicU64::new(0), AtomicBool::new(false));
    let readings = AtomicU64::new(0);
    let mut number = 0;
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            loop {
                let last = is_over.load(Ordering::SeqCst);
                let least = acknowledged.load(Ordering::SeqCst);
                let from = least.saturating_sub(700);
                let reader = LogReader::open(Arc::new(OsFilesystem), &log).unwrap();
                let mut entries = reader.entries_from(Sequence(from));
                let mut next = from;
                while let Some((sequence, bytes)) = entries.next_entry().unwrap() {
                    assert_eq!((sequence.0, bytes), (next, &entry(next as usize)[..]));
                    next += 1;
                }
                assert!(next >= least, "{next} of {least}");
                readings.fetch_add(1, Ordering::SeqCst);
                if last {
                    return;
                }
            }
        });
        // A reader that failed is told of below.
        let is_enough = |number| {
            let has_read = readings.load(Ordering::SeqCst) >= READINGS_MIN;
            number >= ENTRIES_MIN && has_read || reader.is_finished()
        };
        while !is_enough(number) {
            journal.append(&entry(number)).unwrap();
            if number % 37 == 0 {
                acknowledged.store(journal.sync(0).unwrap().0, Ordering::SeqCst);
            }
            if number % 97 == 0 {
                acknowledged
                    .store(journal.seal(0).map(|_| number as u64).unwrap(), Ordering::SeqCst);
            }
            number += 1;
        }
        acknowledged.store(journal.close(0).unwrap().0, Ordering::SeqCst);
        is_over.store(true, Ordering::SeqCst);
        reader.join().unwrap();
    });
    assert_eq!(read(&log).unwrap().len(), number);
}

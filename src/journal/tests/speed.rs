//! Figures of this machine, printed: run in release, with `--ignored
//! --nocapture`. Only the counts are asserted.
#![expect(clippy::disallowed_methods, reason = "measures real time and bare files")]

use std::hint::black_box;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::rig::{LOG, read_at};
use crate::event::Sequence;
use crate::fs::OsFilesystem;
use crate::journal::{GROUP_BYTES_MAX, Journal, JournalConfig, LogReader};

const ENTRY_BYTES: usize = 350;
const REPETITIONS: usize = 9;

fn open(directory: &Path) -> Journal {
    let config = JournalConfig { group_bytes_max: 16 * GROUP_BYTES_MAX, ..config(directory) };
    Journal::open(config, Arc::new(OsFilesystem), 0).unwrap().0
}

fn config(directory: &Path) -> JournalConfig {
    JournalConfig::new(directory, LOG)
}

fn print(line: String) {
    writeln!(std::io::stderr(), "{line}").unwrap();
}

fn median_ns(mut run: impl FnMut() -> Duration, per: usize) -> f64 {
    let mut times: Vec<_> = (0..REPETITIONS).map(|_| run()).collect();
    times.sort_unstable();
    times[REPETITIONS / 2].as_nanos() as f64 / per as f64
}

#[test]
#[ignore = "a measurement"]
fn appending() {
    const COUNT: usize = 40_000;
    let home = tempfile::tempdir().unwrap();
    let mut journal = open(home.path());
    let entry = vec![b'x'; ENTRY_BYTES];
    let mut copy: Vec<u8> = Vec::with_capacity(COUNT * (ENTRY_BYTES + 16));
    let floor = median_ns(
        || {
            copy.clear();
            let start = Instant::now();
            for _ in 0..COUNT {
                copy.extend_from_slice(black_box(&entry));
                black_box(crc32c::crc32c(black_box(&entry)));
            }
            start.elapsed()
        },
        COUNT,
    );
    let append = median_ns(
        || {
            let start = Instant::now();
            for _ in 0..COUNT {
                journal.append(black_box(&entry)).unwrap();
            }
            let passed = start.elapsed();
            journal.discard_unsynced();
            passed
        },
        COUNT,
    );
    print(format!("append {append:.0} ns, copy and checksum alone {floor:.0} ns"));
}

#[test]
#[ignore = "a measurement"]
fn syncing() {
    const COUNT: usize = 1_000;
    let home = tempfile::tempdir_in(".").unwrap();
    let mut journal = open(&home.path().join("log"));
    let mut file = std::fs::File::create(home.path().join("bare")).unwrap();
    let entry = vec![b'x'; ENTRY_BYTES];
    let bare = median_ns(
        || {
            let start = Instant::now();
            for _ in 0..COUNT {
                file.write_all(&entry).unwrap();
                file.sync_data().unwrap();
            }
            start.elapsed()
        },
        COUNT,
    );
    let durable = median_ns(
        || {
            let start = Instant::now();
            for _ in 0..COUNT {
                journal.append(&entry).unwrap();
                journal.sync(0).unwrap();
            }
            start.elapsed()
        },
        COUNT,
    );
    print(format!("append and sync {durable:.0} ns, bare write and fdatasync {bare:.0} ns"));
}

#[test]
#[ignore = "a measurement"]
fn sustained_and_read_back() {
    const COUNT: usize = 5_000_000;
    let home = tempfile::tempdir_in(".").unwrap();
    let mut journal = Journal::open(config(home.path()), Arc::new(OsFilesystem), 0).unwrap().0;
    let entry = vec![b'x'; ENTRY_BYTES];
    let start = Instant::now();
    let now = |start: Instant| start.elapsed().as_nanos() as u64;
    for number in 0..COUNT {
        journal.append(&entry).unwrap();
        if number % 256 == 0 {
            let now = now(start);
            if journal.sync_due(now) == Some(Duration::ZERO) {
                journal.sync(now).unwrap();
            }
            if journal.is_seal_due(now) {
                journal.seal(now).unwrap();
            }
        }
    }
    journal.close(0).unwrap();
    let written = start.elapsed();
    let start = Instant::now();
    let reader = LogReader::open(Arc::new(OsFilesystem), home.path()).unwrap();
    let mut entries = reader.entries_from(Sequence(0));
    let mut count = 0;
    while entries.next_entry().unwrap().is_some() {
        count += 1;
    }
    assert_eq!(count, COUNT);
    let read = start.elapsed();
    let start = Instant::now();
    let journal = Journal::open(config(home.path()), Arc::new(OsFilesystem), 0).unwrap().0;
    let opened = start.elapsed();
    drop(journal);
    let per_second = |passed: Duration| COUNT as f64 / passed.as_secs_f64();
    print(format!(
        "{:.0} entries/s written durably, {:.0}/s read; a clean open took {opened:?}",
        per_second(written),
        per_second(read)
    ));
    assert!(read_at(Arc::new(OsFilesystem), home.path()).is_ok());
}

//! Places for copies that fail, hang and come back, on threads of their own.
#![expect(clippy::disallowed_methods, reason = "measures how long it is held up, in real time")]

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use super::rig::*;
use crate::fs::simulated::SimulatedFs;
use crate::fs::{FileStat, JournalFile, JournalFs, OpenMode, PathKind};
use crate::ledger::{Ledger, LedgerConfig};

/// A disk on which making files below one directory hangs until it is let go,
/// or fails.
#[derive(Debug, Clone, Default)]
struct Hanging {
    disk: SimulatedFs,
    slow: PathBuf,
    fails: Arc<AtomicBool>,
    gate: Arc<(Mutex<bool>, Condvar)>,
}

impl Hanging {
    fn let_go(&self) {
        *self.gate.0.lock().unwrap() = true;
        self.gate.1.notify_all();
    }

    fn hang(&self, path: &Path) -> io::Result<()> {
        if !path.starts_with(&self.slow) {
            return Ok(());
        }
        if self.fails.load(Ordering::SeqCst) {
            return Err(io::Error::other("the network is away"));
        }
        let mut is_open = self.gate.0.lock().unwrap();
        while !*is_open {
            is_open = self.gate.1.wait(is_open).unwrap();
        }
        Ok(())
    }
}

impl JournalFs for Hanging {
    fn create_directory(&self, path: &Path) -> io::Result<()> {
        JournalFs::create_directory(&self.disk, path)
    }

    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Box<dyn JournalFile>> {
        if mode == OpenMode::CreateNew {
            self.hang(path)?;
        }
        self.disk.open(path, mode)
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn JournalFile>>> {
        self.disk.lock(path)
    }

    fn resolve(&self, path: &Path) -> io::Result<PathBuf> {
        self.disk.resolve(path)
    }

    fn kind(&self, path: &Path) -> io::Result<PathKind> {
        self.disk.kind(path)
    }

    fn stat(&self, path: &Path) -> io::Result<FileStat> {
        self.disk.stat(path)
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<String>> {
        JournalFs::list(&self.disk, directory)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        JournalFs::rename(&self.disk, from, to)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        JournalFs::remove_file(&self.disk, path)
    }

    fn sync_directory(&self, directory: &Path) -> io::Result<()> {
        JournalFs::sync_directory(&self.disk, directory)
    }
}

/// A disk with a place that hangs and one that does not.
fn hanging() -> (Hanging, Ledger) {
    let disk = Hanging { slow: "/mnt/slow".into(), ..Hanging::default() };
    let config = LedgerConfig {
        checkpoint_copies: vec!["/mnt/slow".into(), copies()],
        copies_are_inline: false,
        copy_wait: Duration::from_millis(50),
        ..config()
    };
    let (ledger, _) = Ledger::open(config, Arc::new(disk.clone()), 0).unwrap();
    (disk, ledger)
}

/// Waits until the ledger says so.
fn wait_until(what: impl Fn() -> bool) {
    let start = Instant::now();
    while !what() {
        assert!(start.elapsed() < Duration::from_secs(120), "it never came to that");
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_place_that_hangs_holds_up_neither_the_writer_nor_other_places() {
    let (disk, mut ledger) = hanging();
    for _ in 0..5 {
        append(&mut ledger, 3);
        ledger.checkpoint(0).unwrap();
    }
    wait_until(|| ledger.copies()[1].size == Some(15));
    assert_eq!(ledger.copies()[0].size, None);
    let newest = ledger.latest_checkpoint().unwrap().to_string().into_bytes();
    assert_eq!(disk.disk.bytes(&copy()), newest);
    disk.let_go();
    wait_until(|| ledger.copies()[0].size == Some(15));
    let slow = PathBuf::from(format!("/mnt/slow/{LOG}.checkpoint"));
    assert_eq!(disk.disk.bytes(&slow), newest);
    assert!(ledger.close(0).unwrap().problems.is_empty());
}

#[test]
fn closing_waits_for_a_while_and_says_what_is_missing() {
    let (disk, mut ledger) = hanging();
    append(&mut ledger, 3);
    ledger.checkpoint(0).unwrap();
    wait_until(|| ledger.copies()[1].size == Some(3));
    let closed = ledger.close(0).unwrap();
    assert_eq!((closed.size, closed.problems.len()), (3, 1));
    says(&closed.problems[0], &["/mnt/slow", "in time"]);
    assert!(!disk.disk.bytes(&copy()).is_empty());
    disk.let_go();
}

#[test]
fn a_place_that_fails_is_told_once_and_tried_again() {
    let (disk, mut ledger) = hanging();
    disk.fails.store(true, Ordering::SeqCst);
    append(&mut ledger, 3);
    ledger.checkpoint(0).unwrap();
    wait_until(|| ledger.copies()[0].failures >= 1);
    append(&mut ledger, 3);
    ledger.checkpoint(0).unwrap();
    wait_until(|| ledger.copies()[0].failures >= 2);
    let problems = ledger.take_copy_problems();
    assert_eq!(problems.len(), 1);
    says(&problems[0], &["/mnt/slow", "the network is away"]);
    assert!(ledger.copies()[0].last_error.as_ref().unwrap().contains("away"));
    disk.fails.store(false, Ordering::SeqCst);
    disk.let_go();
    // Without anything new to tell, too.
    wait_until(|| ledger.copies()[0].size == Some(6));
    assert_eq!(ledger.copies()[0].last_error, None);
    assert!(ledger.close(0).unwrap().problems.is_empty());
}

//! What the children do, and how they tell it: a line for each fact, on the
//! standard output, as soon as it is one.

use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::fs::OsFilesystem;
use crate::journal::{JournalConfig, LogId};
use crate::ledger::{Ledger, LedgerConfig, Opened};

/// Where a child finds the directory that it writes to.
pub(super) const DIRECTORY: &str = "TRACING_AUDIT_CHILD_DIRECTORY";

/// A file that takes room from the log.
pub(super) const FILLER: &str = "filler";

const LOG: LogId = LogId([7; 16]);

/// The entry of a number.
pub(super) fn entry(number: u64) -> Vec<u8> {
    let padding = [3, 900, 40, 200, 5_000, 17, 80][(number % 7) as usize];
    format!("{{\"n\":{number},\"p\":\"{}\"}}", "x".repeat(padding)).into_bytes()
}

pub(super) fn open(parent: &Path) -> Result<(Ledger, Opened)> {
    let journal = JournalConfig {
        reserve_bytes: 16 * 1024,
        host: "here".into(),
        ..JournalConfig::new(parent, LOG)
    };
    Ledger::open(LedgerConfig::new(journal), Arc::new(OsFilesystem), 0)
}

/// Where the one log is.
pub(super) fn log_directory(parent: &Path) -> PathBuf {
    parent.join(format!("log-{LOG}"))
}

fn directory() -> PathBuf {
    std::env::var_os(DIRECTORY).unwrap().into()
}

fn say(fact: &str) {
    let mut output = std::io::stdout();
    output.write_all(format!("fact: {fact}\n").as_bytes()).unwrap();
    output.flush().unwrap();
}

/// Appends entries and syncs them; says what is acknowledged, or what is wrong.
fn write(ledger: &mut Ledger, count: u64) -> Result<()> {
    for _ in 0..count {
        ledger.append(&entry(ledger.size())).map_err(told)?;
    }
    let durable = ledger.sync(0).map_err(told)?;
    say(&format!("acknowledged {durable}"));
    Ok(())
}

fn told(error: Error) -> Error {
    say(&format!("failed {:?} {error}", error.kind()));
    error
}

/// A short life of a log: groups, seals, checkpoints, closing, opening again.
/// Goes on after errors as far as they allow.
#[test]
#[ignore = "run as a process of its own, to be interfered with"]
fn lives() {
    for _ in 0..2 {
        match open(&directory()) {
            Ok((ledger, _)) => live(ledger),
            Err(error) => drop(told(error)),
        }
    }
    say("done");
}

fn live(mut ledger: Ledger) {
    for round in 0..4 {
        let _ = write(&mut ledger, 1 + round * 3);
        if ledger.is_poisoned() {
            // Nothing is taken, and nothing acknowledged, after that.
            let refused = ledger.append(b"more").unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::Poisoned);
            assert_eq!(ledger.sync(0).unwrap_err().kind(), ErrorKind::Poisoned);
            return;
        }
        let _ = ledger.checkpoint(0).map_err(told);
    }
    match ledger.close(0) {
        Ok(closed) => say(&format!("acknowledged {}", closed.size)),
        Err(error) => drop(told(error)),
    }
}

/// Writes until a limit on the size of files stops it, waits until the limit is
/// lifted, and goes on.
#[test]
#[ignore = "run as a process of its own, to be interfered with"]
fn meets_a_size_limit() {
    let (mut ledger, _) = open(&directory()).unwrap();
    let full = std::iter::repeat_with(|| write(&mut ledger, 2)).find_map(Result::err).unwrap();
    assert_eq!(full.kind(), ErrorKind::Full);
    let (size, durable) = (ledger.size(), ledger.durable());
    let segment = log_directory(&directory()).join("segments/00000000000000000000.open");
    let bytes = std::fs::metadata(&segment).unwrap().len();
    assert_eq!(ledger.sync(0).unwrap_err().kind(), ErrorKind::Full);
    // A short write was undone, and what waits goes on waiting.
    assert_eq!((ledger.size(), ledger.durable(), ledger.is_poisoned()), (size, durable, false));
    assert_eq!(std::fs::metadata(&segment).unwrap().len(), bytes);
    say("at the limit");
    std::io::stdin().lock().read_line(&mut String::new()).unwrap();
    assert_eq!(ledger.sync(0).unwrap(), size);
    write(&mut ledger, 9).unwrap();
    ledger.close(0).unwrap();
    say("done");
}

/// Fills a small filesystem, says a last word from the reserve, and goes on
/// when there is room.
#[test]
#[ignore = "run as a process of its own, on a small filesystem"]
fn fills_a_disk() {
    let filler = directory().join(FILLER);
    std::fs::write(&filler, vec![1; 64 * 1024]).unwrap();
    let (mut ledger, opened) = open(&directory()).unwrap();
    assert_eq!(opened.report.reserve_bytes, 16 * 1024);
    let full = std::iter::repeat_with(|| write(&mut ledger, 1)).find_map(Result::err).unwrap();
    assert_eq!(full.kind(), ErrorKind::Full);
    assert!(!ledger.is_poisoned());
    let acknowledged = ledger.durable();
    ledger.release_reserve().unwrap();
    write(&mut ledger, 1).unwrap();
    assert_eq!(ledger.durable(), acknowledged + 2);
    let full = std::iter::repeat_with(|| write(&mut ledger, 1)).find_map(Result::err).unwrap();
    assert_eq!(full.kind(), ErrorKind::Full);
    std::fs::remove_file(&filler).unwrap();
    write(&mut ledger, 1).unwrap();
    assert_eq!(ledger.restore_reserve().unwrap(), 16 * 1024);
    let size = ledger.close(0).unwrap().size;
    super::parent::check(&directory(), size);
    say("done");
}

/// Meets a log on a filesystem that can only be read.
#[test]
#[ignore = "run as a process of its own, on a read-only filesystem"]
fn reads_only() {
    let entries = super::parent::entries(&directory());
    assert!(!entries.is_empty());
    let error = open(&directory()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(error.to_string().contains("ead-only"), "{error}");
    assert_eq!(super::parent::entries(&directory()), entries);
    say("done");
}

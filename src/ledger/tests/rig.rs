//! A ledger on a simulated disk, a plain model of it, and a history to run.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::error::{Error, Result};
use crate::event::Sequence;
use crate::fs::JournalFs;
use crate::fs::simulated::SimulatedFs;
use crate::journal::{JournalConfig, LogId, LogReader};
use crate::ledger::{Ledger, LedgerConfig, LedgerReader, Opened};
use crate::proof::{MemoryHashes, TreeHead, leaf_hash, root_at};

pub(super) const LOG: LogId = LogId([7; 16]);

pub(super) const SECOND: u64 = 1_000_000_000;

/// Where the logs are.
pub(super) fn parent() -> PathBuf {
    PathBuf::from("/var/audit")
}

/// Where the one log is.
pub(super) fn directory() -> PathBuf {
    parent().join(format!("log-{LOG}"))
}

/// Where copies of its checkpoints go.
pub(super) fn copies() -> PathBuf {
    PathBuf::from("/mnt/copies")
}

pub(super) fn copy() -> PathBuf {
    copies().join(format!("{LOG}.checkpoint"))
}

pub(super) fn config() -> LedgerConfig {
    config_in(parent())
}

pub(super) fn config_in(parent: PathBuf) -> LedgerConfig {
    LedgerConfig {
        checkpoint_copies: vec![copies()],
        copies_are_inline: true,
        ..LedgerConfig::new(JournalConfig {
            reserve_bytes: 1024,
            host: "here".into(),
            ..JournalConfig::new(parent, LOG)
        })
    }
}

pub(super) fn open(fs: &SimulatedFs) -> Result<(Ledger, Opened)> {
    open_with(fs, config())
}

pub(super) fn open_with(fs: &SimulatedFs, config: LedgerConfig) -> Result<(Ledger, Opened)> {
    Ledger::open(config, Arc::new(fs.clone()), 0)
}

pub(super) fn reader(fs: &SimulatedFs) -> LedgerReader {
    LedgerReader::open(Arc::new(fs.clone()), &directory()).unwrap()
}

/// The entry of a number; a few are longer than a sector.
pub(super) fn entry(number: u64) -> Vec<u8> {
    let padding = [3, 30, 200, 512, 17][number as usize % 5];
    format!("{{\"n\":{number},\"p\":\"{}\"}}", "x".repeat(padding)).into_bytes()
}

/// Appends the entries of the next numbers.
pub(super) fn append(ledger: &mut Ledger, count: u64) {
    for _ in 0..count {
        ledger.append(&entry(ledger.size())).unwrap();
    }
}

/// The hashes of the entries of the first numbers.
pub(super) fn hashes(size: u64) -> MemoryHashes {
    let mut hashes = MemoryHashes::new();
    (0..size).for_each(|number| hashes.append(leaf_hash(&entry(number))));
    hashes
}

pub(super) fn head(size: u64) -> TreeHead {
    hashes(size).head()
}

/// A log with so many entries in segments of so many, closed.
pub(super) fn closed(fs: &SimulatedFs, segments: &[u64]) {
    let (mut ledger, _) = open(fs).unwrap();
    for count in segments {
        append(&mut ledger, *count);
        ledger.seal(0).unwrap();
    }
    ledger.close(0).unwrap();
}

/// What should be in a log: what was appended, how much was acknowledged, and
/// what was signed.
#[derive(Debug, Clone, Default)]
pub(super) struct Model {
    pub(super) appended: u64,
    pub(super) acknowledged: u64,
    pub(super) signed: u64,
}

impl Model {
    pub(super) fn append(&mut self, ledger: &mut Ledger) -> Result<()> {
        let bytes = entry(self.appended);
        let appended = ledger.append(&bytes)?;
        assert_eq!(appended.sequence, Sequence(self.appended));
        assert_eq!(appended.leaf, leaf_hash(&bytes));
        self.appended += 1;
        Ok(())
    }

    pub(super) fn sync(&mut self, ledger: &mut Ledger) -> Result<()> {
        self.acknowledged = ledger.sync(0)?;
        assert_eq!(self.acknowledged, self.appended);
        Ok(())
    }

    pub(super) fn checkpoint(&mut self, ledger: &mut Ledger) -> Result<()> {
        let result = ledger.checkpoint(0).map(drop);
        self.saw(ledger);
        result
    }

    pub(super) fn seal(&mut self, ledger: &mut Ledger) -> Result<()> {
        let result = ledger.seal(0).map(drop);
        self.saw(ledger);
        result
    }

    pub(super) fn close(&mut self, ledger: Ledger) -> Result<()> {
        let closed = ledger.close(0)?;
        self.acknowledged = closed.size;
        self.signed = closed.checkpoint.map_or(0, |signed| signed.checkpoint().head().size);
        match closed.problems.into_iter().next() {
            None => Ok(()),
            Some(problem) => Err(problem),
        }
    }

    /// Opens the log; what was not acknowledged may be gone.
    pub(super) fn open(&mut self, fs: &SimulatedFs) -> Result<Ledger> {
        let (ledger, opened) = open(fs)?;
        assert!(opened.size >= self.acknowledged.max(self.signed), "{self:?}, {opened:?}");
        assert!(opened.size <= self.appended, "never appended: {self:?}, {opened:?}");
        self.appended = opened.size;
        self.acknowledged = opened.size;
        Ok(ledger)
    }

    /// The log opens, is what it should be in every respect, and can be
    /// written to.
    pub(super) fn check(&mut self, fs: &SimulatedFs) {
        let mut ledger = self.open(fs).unwrap_or_else(|error| panic!("{error}"));
        self.append(&mut ledger).unwrap();
        self.checkpoint(&mut ledger).unwrap();
        assert_eq!(ledger.latest_checkpoint().unwrap().checkpoint().head(), head(self.appended));
        drop(ledger);
        check_files(fs, self.appended);
    }

    fn saw(&mut self, ledger: &Ledger) {
        self.acknowledged = ledger.durable();
        if let Some(signed) = ledger.latest_checkpoint() {
            let head = signed.checkpoint().head();
            assert!(head.size <= self.acknowledged);
            self.signed = head.size;
        }
    }
}

/// What is on the disk is what it should be: entries, tiles, checkpoint, copy.
pub(super) fn check_files(fs: &SimulatedFs, size: u64) {
    let log = LogReader::open(Arc::new(fs.clone()), &directory()).unwrap();
    let mut entries = log.entries_from(Sequence(0));
    for number in log.segments()[0].first.0..size {
        let (sequence, bytes) = entries.next_entry().unwrap().unwrap();
        assert_eq!((sequence.0, bytes), (number, &entry(number)[..]));
    }
    assert!(entries.next_entry().unwrap().is_none());
    let (reader, mut model) = (reader(fs), hashes(size));
    for size in [1, size / 2, size.saturating_sub(1), size] {
        assert_eq!(reader.head(size).unwrap().root, root_at(size, &mut model).unwrap(), "{size}");
    }
    let signed = reader.checkpoint().unwrap().unwrap();
    assert_eq!(signed.checkpoint().head(), head(size));
    assert_eq!(fs.bytes(&copy()), signed.to_string().into_bytes());
}

/// A message that has to say some things.
#[track_caller]
pub(super) fn says(error: &Error, words: &[&str]) {
    let text = error.to_string();
    for word in words {
        assert!(text.contains(word), "{word:?} is not in {text:?}");
    }
}

/// All files below a directory.
pub(super) fn files_below(fs: &SimulatedFs, directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for name in fs.names(directory) {
        let path = directory.join(name);
        match JournalFs::list(fs, &path) {
            Ok(_) => files.extend(files_below(fs, &path)),
            Err(_) => files.push(path),
        }
    }
    files
}

pub(super) fn days(days: u64) -> Duration {
    Duration::from_secs(days * 24 * 60 * 60)
}

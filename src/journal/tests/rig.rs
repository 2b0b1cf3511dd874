//! A log on a simulated disk, a plain model of it, and a history to run.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::event::Sequence;
use crate::fs::JournalFs;
use crate::fs::simulated::SimulatedFs;
use crate::journal::{
    Journal, JournalConfig, JournalError, LogId, LogReader, OpenReport, Result, SyncPlace,
};

pub(super) const LOG: LogId = LogId([7; 16]);

/// What should be in a log: what was appended, and how much was acknowledged.
#[derive(Debug, Clone, Default)]
pub(super) struct Model {
    pub(super) appended: Vec<Vec<u8>>,
    pub(super) acknowledged: u64,
}

/// What a history does.
#[derive(Debug, Clone, Copy)]
pub(super) enum Deed {
    Append(usize),
    Sync,
    /// Syncs, and looks for the outcome later.
    Begin,
    Seal,
    /// Closes the log and opens it again.
    Reopen,
    /// Ends without closing, and opens again.
    Abandon,
}

/// Entries small and large, over borders of sectors, in several groups and
/// segments, opened in every way.
pub(super) const HISTORY: &[Deed] = &[
    Deed::Append(3),
    Deed::Sync,
    Deed::Append(1),
    Deed::Sync,
    Deed::Append(9),
    Deed::Sync,
    Deed::Seal,
    Deed::Append(2),
    Deed::Seal,
    Deed::Append(12),
    Deed::Sync,
    Deed::Reopen,
    Deed::Append(2),
    Deed::Sync,
    Deed::Append(1),
    Deed::Abandon,
    Deed::Append(4),
    Deed::Sync,
    Deed::Reopen,
    Deed::Seal,
    Deed::Append(5),
    Deed::Sync,
    Deed::Append(2),
    Deed::Begin,
    Deed::Append(3),
    Deed::Begin,
    Deed::Sync,
    Deed::Append(1),
    Deed::Begin,
    Deed::Append(2),
    Deed::Seal,
    Deed::Append(1),
    Deed::Begin,
    Deed::Append(1),
    Deed::Abandon,
    Deed::Append(1),
    Deed::Sync,
];

pub(super) fn directory() -> PathBuf {
    PathBuf::from("/var/log")
}

thread_local! {
    /// Room that logs on this thread write ahead, in bytes.
    static AHEAD_BYTES: Cell<u64> = const { Cell::new(0) };
}

/// Runs a test with logs that write no room ahead, and with such that do.
pub(super) fn with_and_without_room(test: impl Fn()) {
    for bytes in [0, 2_000] {
        AHEAD_BYTES.set(bytes);
        test();
    }
    AHEAD_BYTES.set(0);
}

pub(super) fn config() -> JournalConfig {
    JournalConfig {
        ahead_bytes: AHEAD_BYTES.get(),
        reserve_bytes: 1024,
        host: "here".into(),
        sync_place: SyncPlace::Outcome,
        ..JournalConfig::new(directory(), LOG)
    }
}

pub(super) fn open(fs: &SimulatedFs) -> Result<(Journal, OpenReport)> {
    Journal::open(config(), Arc::new(fs.clone()), 0)
}

/// The entry of a number; a few are longer than a sector, or two.
pub(super) fn entry(number: usize) -> Vec<u8> {
    let padding = [3, 30, 200, 512, 17, 1300, 80][number % 7];
    format!("{{\"n\":{number},\"p\":\"{}\"}}", "x".repeat(padding)).into_bytes()
}

impl Model {
    pub(super) fn append(&mut self, journal: &mut Journal) -> Result<()> {
        let bytes = entry(self.appended.len());
        let sequence = journal.append(&bytes)?;
        assert_eq!(sequence, Sequence(self.appended.len() as u64));
        self.appended.push(bytes);
        Ok(())
    }

    pub(super) fn sync(&mut self, journal: &mut Journal) -> Result<()> {
        self.acknowledged = journal.sync(0)?.0;
        assert_eq!(self.acknowledged, self.appended.len() as u64);
        Ok(())
    }

    /// Opens the log; what was not acknowledged may be gone.
    pub(super) fn open(&mut self, fs: &SimulatedFs) -> Result<(Journal, OpenReport)> {
        let (journal, report) = open(fs)?;
        assert!(report.size >= self.acknowledged, "lost: {self:?}, {report:?}");
        assert!(report.size <= self.appended.len() as u64, "never appended: {report:?}");
        self.appended.truncate(report.size as usize);
        self.acknowledged = report.size;
        Ok((journal, report))
    }

    /// Runs a history until something fails.
    pub(super) fn run(&mut self, fs: &SimulatedFs, history: &[Deed]) -> Result<()> {
        let (mut journal, _) = self.open(fs)?;
        for deed in history {
            match *deed {
                Deed::Append(count) => {
                    (0..count).try_for_each(|_| self.append(&mut journal))?;
                }
                Deed::Sync => self.sync(&mut journal)?,
                Deed::Begin => self.acknowledged = journal.begin_sync(0)?.0,
                Deed::Seal => {
                    journal.seal(0)?;
                    self.acknowledged = journal.synced_size().0;
                }
                Deed::Reopen => {
                    self.acknowledged = journal.close(0)?.0;
                    journal = self.open(fs)?.0;
                }
                Deed::Abandon => {
                    drop(journal);
                    journal = self.open(fs)?.0;
                }
            }
        }
        Ok(())
    }

    /// The log opens, holds what it should, and can be written to.
    pub(super) fn check(&mut self, fs: &SimulatedFs) -> OpenReport {
        let (mut journal, report) = self.open(fs).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(read(fs).unwrap(), self.appended);
        self.append(&mut journal).unwrap();
        self.sync(&mut journal).unwrap();
        drop(journal);
        assert_eq!(read(fs).unwrap(), self.appended);
        report
    }
}

/// All entries, with consecutive sequences from 0.
pub(super) fn read(fs: &SimulatedFs) -> Result<Vec<Vec<u8>>, JournalError> {
    read_at(Arc::new(fs.clone()), &directory())
}

pub(super) fn read_at(fs: Arc<dyn JournalFs>, directory: &Path) -> Result<Vec<Vec<u8>>> {
    let mut entries = LogReader::open(fs, directory)?.entries_from(Sequence(0));
    let mut read = Vec::new();
    while let Some((sequence, entry)) = entries.next_entry()? {
        assert_eq!(sequence, Sequence(read.len() as u64));
        read.push(entry.to_vec());
    }
    Ok(read)
}

/// The one segment of a small log that is written to.
pub(super) fn active(fs: &SimulatedFs) -> PathBuf {
    let segments = directory().join("segments");
    let names = fs.names(&segments);
    segments.join(names.iter().find(|name| name.ends_with(".open")).unwrap())
}

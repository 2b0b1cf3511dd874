//! A simulated disk under the worker's journal, and what should be on it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::rig::{Rig, Setup};
use crate::clock::{Clock, ManualClock};
use crate::error::Result;
use crate::event::{AuditEvent, Kind, Sequence};
use crate::fs::simulated::SimulatedFs;
use crate::journal::{JournalConfig, LogId, LogReader, SyncPlace};
use crate::ledger::{Ledger, LedgerConfig, Retention};
use crate::worker::request::{Reply, Request};
use crate::worker::state::JournalTotals;
use crate::worker::{FullDisk, OpenedJournal, Stored};

const LOG: LogId = LogId([7; 16]);

/// Where a worker's journal is.
#[derive(Debug, Clone)]
pub(super) struct Disk {
    pub(super) fs: SimulatedFs,
    pub(super) full_disk: FullDisk,
    pub(super) segment_bytes_max: u64,
    pub(super) retention: Retention,
}

impl Default for Disk {
    fn default() -> Self {
        Disk {
            fs: SimulatedFs::default(),
            full_disk: FullDisk::Wait,
            segment_bytes_max: 16 * 1024,
            retention: Retention::default(),
        }
    }
}

impl Disk {
    pub(super) fn open(&self, clock: &ManualClock) -> Result<OpenedJournal> {
        let journal = JournalConfig {
            host: "here".into(),
            group_bytes_max: 70_000,
            segment_bytes_max: self.segment_bytes_max,
            sync_place: SyncPlace::Outcome,
            reserve_bytes: 256 * 1024,
            ..JournalConfig::new("/audit", LOG)
        };
        let fs = Arc::new(self.fs.clone());
        let retention = self.retention;
        let config =
            LedgerConfig { copies_are_inline: true, retention, ..LedgerConfig::new(journal) };
        let (ledger, opened) = Ledger::open(config, fs.clone(), clock.monotonic_ns())?;
        let (full_disk, host) = (self.full_disk, "here".to_owned());
        Ok(OpenedJournal { ledger, opened, fs, full_disk, host, packer: None })
    }

    /// A worker on this disk, at a later time.
    pub(super) fn rig(&self, clock: Option<&Arc<ManualClock>>) -> Rig {
        self.try_rig(clock).unwrap_or_else(|error| panic!("{error}"))
    }

    pub(super) fn try_rig(&self, clock: Option<&Arc<ManualClock>>) -> Result<Rig> {
        let setup = Setup { exports: false, queue_events_max: 200, ..Setup::default() };
        Setup { journal: Some(self.clone()), clock: clock.cloned(), ..setup }.try_rig()
    }

    /// Every entry that is in the log.
    pub(super) fn entries(&self) -> Vec<AuditEvent> {
        let directory = PathBuf::from("/audit").join(format!("log-{LOG}"));
        let reader = LogReader::open(Arc::new(self.fs.clone()), &directory).unwrap();
        let mut entries = reader.entries_from(Sequence(0));
        let mut events = Vec::new();
        while let Some((sequence, entry)) = entries.next_entry().unwrap() {
            let event: AuditEvent = serde_json::from_slice(entry).unwrap();
            assert_eq!(event.sequence, Some(sequence));
            assert_eq!(serde_json::to_vec(&event).unwrap(), entry, "canonical");
            events.push(event);
        }
        events
    }

    /// The first sequence that is there.
    pub(super) fn first(&self) -> u64 {
        let directory = PathBuf::from("/audit").join(format!("log-{LOG}"));
        let reader = LogReader::open(Arc::new(self.fs.clone()), &directory).unwrap();
        reader.segments().first().unwrap().first.0
    }

    pub(super) fn fill(&self, bytes_free: usize) {
        let mut disk = self.fs.disk();
        disk.capacity = Some(disk.bytes_used() + bytes_free);
    }

    pub(super) fn empty(&self) {
        self.fs.disk().capacity = None;
    }
}

/// An event whose entry id says which it is.
pub(super) fn event(id: u64) -> Box<AuditEvent> {
    Box::new(AuditEvent::builder("RECORD").entry_ids([format!("{id}")]).build())
}

/// An event with so many entry ids of 32 bytes.
pub(super) fn long_event(id: u64, entry_ids: u64) -> Box<AuditEvent> {
    let ids = (0..entry_ids).map(|number| format!("{id:016}{number:016}"));
    let event = AuditEvent::builder("RECORD").user_id("alice").entry_ids(ids);
    Box::new(event.metadata("id", id).build())
}

/// How many events a GAP stands for.
pub(super) fn gaps(entries: &[AuditEvent]) -> u64 {
    let gaps = entries.iter().filter(|entry| entry.operation.as_str() == "GAP");
    gaps.map(|gap| gap.metadata.get("count").unwrap().as_u64().unwrap()).sum()
}

pub(super) fn events(entries: &[AuditEvent]) -> u64 {
    entries.iter().filter(|entry| entry.kind == Kind::Event).count() as u64
}

pub(super) fn facts(entries: &[AuditEvent]) -> Vec<&str> {
    let facts = entries.iter().filter(|entry| entry.kind == Kind::Log);
    facts.map(|fact| fact.operation.as_str()).collect()
}

impl Rig {
    /// Records, and takes turns; what the caller is told by then.
    pub(super) fn record(&mut self, id: u64) -> Option<Result<Stored>> {
        let record = |reply: Reply<Result<Stored>>| Request::Record(event(id), reply);
        self.ask(record)
    }

    /// What health shows of the journal.
    pub(super) fn journal_totals(&self) -> JournalTotals {
        self.worker.publish_totals();
        self.worker.published.totals().journal.unwrap()
    }

    /// Lets time pass in small steps, with turns in between.
    pub(super) fn pass(&mut self, ms: u64) {
        for _ in 0..ms.div_ceil(5) {
            self.clock.advance(Duration::from_millis(5));
            self.settle();
        }
    }

    /// Everything that is completed is recorded or lost, and the journal and
    /// the buffer agree on places.
    pub(super) fn check_sums(&self, by_hand: u64) {
        let lost: u64 = self.worker.intake.losses.totals().values().sum();
        let recorded = self.worker.trail.recorded;
        assert_eq!(recorded + lost, self.completed() + by_hand, "{recorded} and {lost}");
        if let Some(size) = self.worker.trail.keeper.size() {
            assert_eq!(size, self.worker.trail.buffer.next_sequence());
        }
    }
}

//! A log, what was kept of it elsewhere, and what verifying it comes to.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Value, json};

use super::shelf::Shelf;
use crate::event::{AuditEvent, EventId, Kind, Operation, Sequence};
use crate::fs::simulated::SimulatedFs;
use crate::history::EventIndexer;
use crate::journal::{self, JournalConfig, LogId, SealedSegment};
use crate::ledger::{Ledger, LedgerConfig, PruneDecision, RETENTION_AGE_MIN, Retention};
use crate::proof::VerifierKey;
use crate::verify::{LogVerdict, Verdict, Verification};

pub(super) const LOG: LogId = LogId([7; 16]);

/// A log as it is on disk, and what an auditor keeps of it.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    pub(super) files: Shelf,
    pub(super) key: VerifierKey,
    pub(super) checkpoint: Vec<u8>,
}

pub(super) fn parent() -> PathBuf {
    PathBuf::from("/audit")
}

pub(super) fn directory_of(log: LogId) -> PathBuf {
    parent().join(format!("log-{log}"))
}

pub(super) fn directory() -> PathBuf {
    directory_of(LOG)
}

pub(super) fn in_log(name: &str) -> PathBuf {
    directory().join(name)
}

fn event(sequence: u64, kind: Kind, operation: &str, metadata: Value) -> Vec<u8> {
    let time = "2026-01-15T10:30:45.123456Z".parse().unwrap();
    let mut event = AuditEvent::builder(Operation::from(operation)).timestamp(time).build();
    event.sequence = Some(Sequence(sequence));
    event.kind = kind;
    event.event_id = EventId::from_u128(u128::from(sequence));
    event.recorded_at = Some(time);
    for (key, value) in metadata.as_object().unwrap() {
        event.metadata.insert(key, value.clone());
    }
    serde_json::to_vec(&event).unwrap()
}

/// Writes logs as the worker does.
pub(super) struct Writer {
    fs: SimulatedFs,
    ledger: Ledger,
    log: LogId,
}

impl Writer {
    pub(super) fn open(fs: &SimulatedFs, log: LogId, segment_bytes_max: u64) -> Self {
        let config = LedgerConfig::new(JournalConfig {
            reserve_bytes: 0,
            host: "here".into(),
            segment_bytes_max,
            ..JournalConfig::new(parent(), log)
        });
        let retention = Retention { age_max: Some(RETENTION_AGE_MIN), ..Retention::default() };
        let config = LedgerConfig { retention, ..config };
        let (ledger, opened) = Ledger::open(config, Arc::new(fs.clone()), 0).unwrap();
        let mut writer = Writer { fs: fs.clone(), ledger, log };
        writer.about_log(
            "OPEN",
            json!({
                "origin": opened.origin,
                "vkey": opened.verifier.to_string(),
                "was_closed": opened.report.was_closed,
            }),
        );
        writer
    }

    pub(super) fn about_log(&mut self, operation: &str, facts: Value) {
        let entry = event(self.ledger.size(), Kind::Log, operation, facts);
        self.ledger.append(&entry).unwrap();
    }

    /// Compresses what is sealed.
    pub(super) fn pack(&mut self) {
        let directory = directory_of(self.log);
        for first in journal::unfinished(&self.fs, &directory).unwrap().unpacked {
            let packed = journal::pack(&self.fs, &directory, first, &EventIndexer).unwrap();
            let sha256: String =
                packed.packed.sha256.iter().map(|byte| format!("{byte:02x}")).collect();
            self.about_log(
                "SEAL",
                json!({"first": first.0, "next": packed.next.0, "zst_sha256": sha256}),
            );
            journal::remove_raw(&self.fs, &directory, first).unwrap();
        }
    }

    /// Goes over to a new key.
    pub(super) fn rotate_key(&mut self) {
        let key = self.ledger.prepare_key(None, 0).unwrap();
        self.about_log("KEY", json!({"vkey": key.to_string()}));
        self.ledger.rotate_key(0).unwrap();
    }

    /// Removes the oldest segments, all but the last two.
    pub(super) fn prune(&mut self) {
        let now_us = 1_000 * 24 * 60 * 60 * 1_000_000;
        let decision = self.ledger.plan_prune(now_us, |_| Some(0)).unwrap();
        let PruneDecision::Due(plan) = decision else { panic!("{decision:?}") };
        let told = Sequence(self.ledger.size());
        self.about_log("PRUNE", json!({"first": plan.first}));
        self.ledger.prune(&plan, told, 0).unwrap();
    }

    /// Events in groups of three; segments are sealed when they are due.
    pub(super) fn events(&mut self, number: usize) {
        for n in 0..number {
            self.ledger.append(&event(self.ledger.size(), Kind::Event, "S", json!({}))).unwrap();
            if n % 3 == 2 {
                self.ledger.sync(0).unwrap();
                if let Some(sealed) = self.ledger.seal_if_due(0).unwrap() {
                    self.seal(&sealed);
                }
            }
        }
        self.ledger.checkpoint(0).unwrap();
    }

    pub(super) fn checkpoint(&self) -> Vec<u8> {
        self.fs.bytes(&directory_of(self.log).join("checkpoint"))
    }

    pub(super) fn key(&self) -> VerifierKey {
        self.ledger.verifier().clone()
    }

    /// Number of entries.
    pub(super) fn size(&self) -> u64 {
        self.ledger.size()
    }

    pub(super) fn close(mut self) -> Kept {
        self.about_log("CLOSE", json!({}));
        let key = self.ledger.verifier().clone();
        let checkpoint = self.ledger.close(0).unwrap().checkpoint.unwrap().to_string().into_bytes();
        Kept { files: Shelf::copy_of(&self.fs, &parent()), key, checkpoint }
    }

    fn seal(&mut self, sealed: &SealedSegment) {
        let (first, next) = (sealed.first.0, sealed.next.0);
        let facts = json!({"first": first, "next": next, "bytes": sealed.bytes});
        self.about_log("SEAL", facts);
    }
}

/// A closed log with some segments.
pub(super) fn log(events: usize, segment_bytes_max: u64) -> Kept {
    other_log(LOG, events, segment_bytes_max)
}

pub(super) fn other_log(log: LogId, events: usize, segment_bytes_max: u64) -> Kept {
    let fs = SimulatedFs::default();
    let mut writer = Writer::open(&fs, log, segment_bytes_max);
    writer.events(events);
    writer.close()
}

impl Kept {
    /// Verifies files with what was kept of this log.
    pub(super) fn verify(&self, files: &Shelf) -> Verdict {
        Verification::of(parent())
            .on(Arc::new(files.clone()))
            .key(self.key.clone())
            .checkpoint("kept", &self.checkpoint)
            .unwrap()
            .run()
    }

    pub(super) fn exit_code(&self, files: &Shelf) -> u8 {
        self.verify(files).standing().exit_code()
    }
}

pub(super) fn only(verdict: Verdict) -> LogVerdict {
    assert_eq!((verdict.logs.len(), verdict.findings), (1, vec![]));
    verdict.logs.into_iter().next().unwrap()
}

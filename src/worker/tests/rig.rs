//! A worker without a thread: real spans go in, turns are taken by hand.

#![expect(clippy::disallowed_methods, reason = "looks at what was written, past the gate")]

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crossbeam_channel::{Sender, unbounded};
use tokio::sync::{broadcast, oneshot};
use tracing_core::{Dispatch, dispatcher};
use tracing_subscriber::prelude::*;

use crate::buffer::rotation::RotationPolicy;
use crate::capture::{AuditLayer, CaptureSettings, Intake};
use crate::channel::{Losses, OverflowPolicy, Wake, data_lane};
use crate::clock::{ChosenClock, ManualClock};
use crate::event::{AuditEvent, Kind, Sequence};
use crate::export::{Format, read};
use crate::fs::faulty::FaultyFilesystem;
use crate::redaction::Redaction;
use crate::worker::exporter::{ExportSettings, Exporter};
use crate::worker::request::{Reply, Request};
use crate::worker::state::{Lanes, Published, Worker, WorkerSettings};
use crate::worker::turn::Turn;

/// A worker, its world, and what it said.
pub(super) struct Rig {
    pub(super) worker: Worker,
    pub(super) clock: Arc<ManualClock>,
    pub(super) fs: FaultyFilesystem,
    pub(super) directory: Option<tempfile::TempDir>,
    pub(super) told: Arc<Mutex<Vec<String>>>,
    published: Arc<Published>,
    requests: Sender<Request>,
    dispatch: Dispatch,
    completed: u64,
}

/// How a rig differs from the default.
pub(super) struct Setup {
    pub(super) events_max: Option<u64>,
    pub(super) bytes_max: Option<u64>,
    pub(super) age_max: Option<Duration>,
    pub(super) daily_at_utc: Option<chrono::NaiveTime>,
    pub(super) enabled: bool,
    pub(super) exports: bool,
    /// On a thread of its own each, as outside of tests.
    pub(super) exports_on_threads: bool,
    pub(super) daily_snapshot: bool,
    pub(super) backlog_events_max: u64,
    pub(super) queue_events_max: usize,
    pub(super) start: &'static str,
    /// Instead of one that begins at `start`.
    pub(super) clock: Option<Arc<ManualClock>>,
    #[cfg(feature = "journal")]
    pub(super) journal: Option<super::journal_rig::Disk>,
}

impl Default for Setup {
    fn default() -> Self {
        Setup {
            events_max: None,
            bytes_max: None,
            age_max: None,
            daily_at_utc: None,
            enabled: true,
            exports: true,
            exports_on_threads: false,
            daily_snapshot: false,
            backlog_events_max: u64::MAX,
            queue_events_max: 1_000,
            start: "2025-01-15T10:30:45Z",
            clock: None,
            #[cfg(feature = "journal")]
            journal: None,
        }
    }
}

impl Setup {
    pub(super) fn rig(self) -> Rig {
        self.try_rig().unwrap_or_else(|error| panic!("{error}"))
    }

    pub(super) fn try_rig(self) -> crate::Result<Rig> {
        let clock = self.clock.clone();
        let clock = clock.unwrap_or_else(|| Arc::new(ManualClock::at(self.start.parse().unwrap())));
        let fs = FaultyFilesystem::default();
        let directory = self.exports.then(|| tempfile::tempdir().unwrap());
        let (losses, wake) = (Arc::new(Losses::default()), Arc::new(Wake::default()));
        let (sender, data) =
            data_lane(self.queue_events_max, OverflowPolicy::Drop, losses.clone(), wake.clone());
        let (requests, requests_receiver) = unbounded();
        let (problems_sender, problems) = unbounded();
        let intake = Arc::new(Intake::new(
            ChosenClock::other(clock.clone()),
            CaptureSettings::default(),
            sender,
            losses,
            problems_sender,
        ));
        let settings = ExportSettings {
            directory: directory.as_ref().map(|dir| dir.path().join("exports")).unwrap_or_default(),
            fs: Arc::new(fs.clone()),
            daily_snapshot: self.daily_snapshot,
            export_on_shutdown: true,
        };
        let told = Arc::new(Mutex::new(Vec::new()));
        let hook = told.clone();
        let worker_settings = WorkerSettings {
            rotation: RotationPolicy {
                enabled: self.enabled,
                events_max: self.events_max,
                bytes_max: self.bytes_max,
                age_max: self.age_max,
                daily_at_utc: self.daily_at_utc,
            },
            export: None,
            export_backlog_events_max: self.backlog_events_max,
            closed_is_unknown: false,
            gives_memory_back: false,
            hidden: Arc::new(Redaction::new().compile()),
            journal: None,
            error_hook: Some(Box::new(move |error| hook.lock().unwrap().push(error.to_string()))),
        };
        let lanes =
            Lanes { data, requests: requests_receiver, problems, stream: broadcast::channel(16).0 };
        let exporter = self.exports.then(|| match self.exports_on_threads {
            true => Exporter::threaded(settings, requests.clone(), wake),
            false => Exporter::inline(settings),
        });
        #[cfg(not(feature = "journal"))]
        let journal = None;
        #[cfg(feature = "journal")]
        let journal = self.journal.map(|disk| disk.open(&clock)).transpose()?;
        let (mut worker, published) = Worker::new(intake.clone(), lanes, worker_settings, exporter);
        worker.open_journal(journal)?;
        let layer = AuditLayer::new(intake, Arc::new(()));
        let dispatch = Dispatch::new(tracing_subscriber::registry().with(layer));
        dispatcher::with_default(&dispatch, tracing::callsite::rebuild_interest_cache);
        Ok(Rig { worker, clock, fs, directory, told, published, requests, dispatch, completed: 0 })
    }
}

impl Rig {
    /// Completes operations, each a little after the one before.
    pub(super) fn complete(&mut self, operations: u64) {
        dispatcher::with_default(&self.dispatch.clone(), || {
            for _ in 0..operations {
                let id = self.completed;
                tracing::info_span!("store", audit.operation = "STORE", audit.entry_ids = id)
                    .in_scope(|| self.clock.advance(Duration::from_micros(1)));
                self.completed += 1;
            }
        });
    }

    /// Turns until nothing is left to do at this time.
    pub(super) fn settle(&mut self) {
        while matches!(self.worker.turn(), Turn::Worked | Turn::MoreWaits) {}
    }

    pub(super) fn completed(&self) -> u64 {
        self.completed
    }

    pub(super) fn send(&self, request: Request) {
        self.requests.send(request).unwrap();
    }

    /// Asks, and says where the answer will be.
    pub(super) fn begin_to_ask<T>(
        &mut self,
        make: impl FnOnce(Reply<T>) -> Request,
    ) -> oneshot::Receiver<T> {
        let (reply, receiver) = oneshot::channel();
        self.requests.send(make(reply)).unwrap();
        receiver
    }

    /// Asks, and takes a turn; whatever the answer is by then.
    pub(super) fn ask<T>(&mut self, make: impl FnOnce(Reply<T>) -> Request) -> Option<T> {
        let (reply, mut receiver) = oneshot::channel();
        self.requests.send(make(reply)).unwrap();
        self.settle();
        receiver.try_recv().ok()
    }

    /// Everything that readers see, oldest first, log entries included.
    pub(super) fn held(&mut self) -> Vec<AuditEvent> {
        self.worker.publish();
        let snapshot = self.published.snapshot();
        let mut scratch = Default::default();
        let mut events = Vec::new();
        for segment in snapshot.segments.iter() {
            for index in 0..segment.len() {
                let Some(row) = segment.row(index, &mut scratch) else { continue };
                events.push(row.to_event(Sequence(segment.base() + index as u64)));
            }
        }
        events
    }

    /// The entry ids of the operations held.
    pub(super) fn held_ids(&mut self) -> Vec<u64> {
        ids(&self.held())
    }

    /// The documents in the export directory, by name.
    pub(super) fn documents(&self) -> Vec<(String, Vec<u64>)> {
        let Some(directory) = &self.directory else { return Vec::new() };
        let directory = directory.path().join("exports");
        let mut documents: Vec<_> = list(&directory)
            .into_iter()
            .filter(|name| !crate::fs::is_temporary(name))
            .map(|name| {
                let file = std::fs::read(directory.join(&name)).unwrap();
                let events = read(Format::Document, file.as_slice()).unwrap();
                (name, ids(&events))
            })
            .collect();
        // By time; of one second, the unnumbered one first, then by number.
        documents.sort_by_key(|(name, _)| {
            let time: String = name.chars().take("audit_2025_01_15_103045".len()).collect();
            (time, name.len(), name.clone())
        });
        documents
    }
}

fn list(directory: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(directory) else { return Vec::new() };
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

fn ids(events: &[AuditEvent]) -> Vec<u64> {
    events
        .iter()
        .filter(|event| event.kind == Kind::Event)
        .map(|event| event.entry_ids[0].parse().unwrap())
        .collect()
}

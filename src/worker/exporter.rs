//! Documents in the export directory: one at a time, on a thread of their own,
//! tried again until they succeed or are given up.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use crossbeam_channel::Sender;

use crate::buffer::{Segment, SegmentScratch};
use crate::channel::Wake;
use crate::error::{Error, ErrorKind, Result};
use crate::event::{AuditEvent, Kind};
use crate::export::{Format, rotation_names, snapshot_names, write_events};
use crate::fs::{Filesystem, write_new_atomically};

use super::request::Request;

/// Where documents go, and which.
#[derive(Debug, Clone)]
pub(crate) struct ExportSettings {
    pub(crate) directory: PathBuf,
    pub(crate) fs: Arc<dyn Filesystem>,
    /// A document a day that releases nothing.
    pub(crate) daily_snapshot: bool,
    /// What is held at shutdown becomes a last document.
    pub(crate) export_on_shutdown: bool,
}

/// What a document is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Its events are released when it is complete.
    Rotation,
    /// The day that begins; releases nothing.
    Snapshot(NaiveDate),
    Final,
}

/// One document to be written.
#[derive(Debug, Clone)]
pub(super) struct Job {
    pub(super) purpose: Purpose,
    pub(super) segments: Vec<Arc<Segment>>,
    /// Only events from this sequence on: earlier ones are in a document.
    pub(super) from: u64,
    /// Only events recorded before this.
    pub(super) recorded_before_us: Option<i64>,
    pub(super) at: DateTime<Utc>,
}

/// A document that is complete, or failed.
pub(crate) struct Exported {
    pub(super) job: Job,
    pub(super) result: Result<PathBuf>,
}

/// What health tells about exports.
#[derive(Debug, Clone, Default)]
pub(crate) struct ExportHealth {
    pub(crate) last_success: Option<DateTime<Utc>>,
    pub(crate) last_path: Option<PathBuf>,
    /// Failures since the last success.
    pub(crate) failures: u64,
    pub(crate) last_error: Option<String>,
}

/// The first wait after a failure, doubled for each further one.
const RETRY_FIRST: Duration = Duration::from_secs(1);
const RETRY_MAX: Duration = Duration::from_secs(60);

/// Writes documents for the worker.
pub(super) struct Exporter {
    pub(super) settings: ExportSettings,
    pub(super) health: ExportHealth,
    /// Where results go; without it documents are written on the spot.
    results: Option<(Sender<Request>, Arc<Wake>)>,
    inline_result: Option<Exported>,
    is_writing: bool,
    retry: Option<(Job, u64)>,
}

impl Exporter {
    /// An exporter whose results come as requests, from a thread per document.
    pub(super) fn threaded(
        settings: ExportSettings,
        requests: Sender<Request>,
        wake: Arc<Wake>,
    ) -> Self {
        Exporter { results: Some((requests, wake)), ..Exporter::inline(settings) }
    }

    /// An exporter that writes on the worker's own thread, for simulations.
    pub(super) fn inline(settings: ExportSettings) -> Self {
        Exporter {
            settings,
            health: ExportHealth::default(),
            results: None,
            inline_result: None,
            is_writing: false,
            retry: None,
        }
    }

    /// Whether a document is being written, or waits to be tried again.
    pub(super) fn is_busy(&self) -> bool {
        self.is_writing || self.retry.is_some()
    }

    /// Begins a document.
    pub(super) fn begin(&mut self, job: Job) {
        self.is_writing = true;
        let settings = self.settings.clone();
        let Some((requests, wake)) = self.results.clone() else {
            let result = write(&settings, &job);
            self.inline_result = Some(Exported { job, result });
            return;
        };
        let spawned = std::thread::Builder::new().name("tracing-audit-export".to_owned()).spawn({
            let (job, requests, wake) = (job.clone(), requests.clone(), wake.clone());
            move || {
                crate::capture::suppress_on_this_thread();
                let result = write_caught(&settings, &job);
                // Without a worker there is nobody to tell.
                let _ = requests.send(Request::Exported(Exported { job, result }));
                wake.now();
            }
        });
        if let Err(error) = spawned {
            let result = Err(Error::caused(ErrorKind::Io, "no thread for an export", error));
            let _ = requests.send(Request::Exported(Exported { job, result }));
            wake.now();
        }
    }

    pub(super) fn take_inline_result(&mut self) -> Option<Exported> {
        self.inline_result.take()
    }

    pub(super) fn succeeded(&mut self, at: DateTime<Utc>, path: &Path) {
        self.is_writing = false;
        self.health = ExportHealth {
            last_success: Some(at),
            last_path: Some(path.to_owned()),
            failures: 0,
            last_error: None,
        };
    }

    pub(super) fn failed(&mut self, job: Job, error: &Error, now_ns: u64) {
        self.is_writing = false;
        let doublings = u32::try_from(self.health.failures).unwrap_or(u32::MAX).min(10);
        let wait = RETRY_FIRST.saturating_mul(1 << doublings).min(RETRY_MAX);
        self.retry = Some((job, now_ns.saturating_add(wait.as_nanos() as u64)));
        self.health.failures += 1;
        self.health.last_error = Some(error.to_string());
    }

    /// What waits to be tried again.
    pub(super) fn waits_to_retry(&self) -> Option<Purpose> {
        self.retry.as_ref().map(|(job, _)| job.purpose)
    }

    /// Tries again if it is time, or at once if somebody waits for it.
    pub(super) fn retry_if_due(&mut self, now_ns: u64, is_urgent: bool, at: DateTime<Utc>) {
        let is_due = self.retry.as_ref().is_some_and(|(_, due_ns)| is_urgent || now_ns >= *due_ns);
        if !is_due || self.is_writing {
            return;
        }
        if let Some((job, _)) = self.retry.take() {
            self.begin(Job { at, ..job });
        }
    }

    /// Stops trying.
    pub(super) fn give_up(&mut self) -> Option<Job> {
        self.retry.take().map(|(job, _)| job)
    }
}

impl Job {
    /// The events of the document.
    fn iter(&self) -> impl Iterator<Item = AuditEvent> + '_ {
        let before_us = self.recorded_before_us.unwrap_or(i64::MAX);
        self.segments.iter().flat_map(move |segment| {
            let mut scratch = SegmentScratch::default();
            (0..segment.len()).filter_map(move |index| {
                let row = segment.row(index, &mut scratch)?;
                let sequence = segment.sequence(index);
                let is_in = row.kind == Kind::Event && row.recorded_us < before_us;
                (is_in && sequence.0 >= self.from).then(|| row.to_event(sequence))
            })
        })
    }

    /// The sequence behind its last event.
    pub(super) fn end(&self) -> u64 {
        self.segments.last().map_or(0, |segment| segment.end())
    }

    /// Whether earlier documents hold all of it.
    pub(super) fn is_done(&self) -> bool {
        self.end() <= self.from
    }

    /// How many events those are.
    pub(super) fn events(&self) -> u64 {
        self.iter().count() as u64
    }
}

fn write_caught(settings: &ExportSettings, job: &Job) -> Result<PathBuf> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| write(settings, job)))
        .unwrap_or_else(|_| Err(Error::new(ErrorKind::Io, "writing a document panicked")))
}

fn write(settings: &ExportSettings, job: &Job) -> Result<PathBuf> {
    let ExportSettings { directory, fs, .. } = settings;
    fs.create_directory(directory)
        .map_err(|error| Error::io("the export directory could not be made", directory, error))?;
    let write = |out: &mut dyn std::io::Write| {
        write_events(Format::Document, job.iter(), job.at, out).map(drop)
    };
    match job.purpose {
        Purpose::Snapshot(day) => {
            write_new_atomically(&**fs, directory, snapshot_names(day), write)
        }
        Purpose::Rotation | Purpose::Final => {
            write_new_atomically(&**fs, directory, rotation_names(job.at), write)
        }
    }
}

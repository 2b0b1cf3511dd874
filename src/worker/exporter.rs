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
    /// Which it was, counted from 1.
    pub(super) number: u64,
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
    /// When the document was begun that is being written, by the monotonic clock.
    pub(crate) writing_since_ns: Option<u64>,
}

/// The first wait after a failure, doubled for each further one.
const RETRY_FIRST: Duration = Duration::from_secs(1);
const RETRY_MAX: Duration = Duration::from_secs(60);

/// A document that takes longer hangs, as far as anybody can tell.
pub(crate) const EXPORT_HANGS_AFTER: Duration = Duration::from_secs(60);

/// Writes documents for the worker.
pub(super) struct Exporter {
    pub(super) settings: ExportSettings,
    pub(super) health: ExportHealth,
    /// Where results go; without it documents are written on the spot.
    results: Option<(Sender<Request>, Arc<Wake>)>,
    inline_result: Option<Exported>,
    /// How many documents were begun.
    begun: u64,
    writing: Option<Writing>,
    /// The document whose thread hangs and is not waited for any more.
    left_behind: Option<u64>,
    retry: Option<(Job, u64)>,
}

/// A document that is being written.
struct Writing {
    number: u64,
    job: Job,
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
            begun: 0,
            writing: None,
            left_behind: None,
            retry: None,
        }
    }

    /// Whether a document is being written, or waits to be tried again.
    pub(super) fn is_busy(&self) -> bool {
        self.writing.is_some() || self.retry.is_some()
    }

    /// Begins a document. While the thread of one before hangs it fails at once:
    /// there is never more than one thread.
    pub(super) fn begin(&mut self, job: Job, now_ns: u64) {
        self.begun += 1;
        let number = self.begun;
        self.writing = Some(Writing { number, job: job.clone() });
        self.health.writing_since_ns = Some(now_ns);
        let settings = self.settings.clone();
        let Some((requests, wake)) = self.results.clone() else {
            let result = write(&settings, &job);
            self.inline_result = Some(Exported { number, job, result });
            return;
        };
        let told = move |job, result| {
            // Without a worker there is nobody to tell.
            let _ = requests.send(Request::Exported(Exported { number, job, result }));
            wake.now();
        };
        if self.left_behind.is_some() {
            return told(job, Err(hangs(&settings.directory)));
        }
        let spawned = std::thread::Builder::new().name("tracing-audit-export".to_owned()).spawn({
            let (job, told) = (job.clone(), told.clone());
            move || {
                crate::capture::suppress_on_this_thread();
                let result = write_caught(&settings, &job);
                told(job, result);
            }
        });
        if let Err(error) = spawned {
            told(job, Err(Error::caused(ErrorKind::Io, "no thread for an export", error)));
        }
    }

    /// Whether this is the document that is waited for, and not one that was
    /// given up.
    pub(super) fn is_awaited(&mut self, number: u64) -> bool {
        if self.left_behind == Some(number) {
            self.left_behind = None;
        }
        self.writing.as_ref().is_some_and(|writing| writing.number == number)
    }

    pub(super) fn take_inline_result(&mut self) -> Option<Exported> {
        self.inline_result.take()
    }

    pub(super) fn succeeded(&mut self, at: DateTime<Utc>, path: &Path) {
        self.writing = None;
        self.health = ExportHealth {
            last_success: Some(at),
            last_path: Some(path.to_owned()),
            ..ExportHealth::default()
        };
    }

    pub(super) fn failed(&mut self, job: Job, error: &Error, now_ns: u64) {
        let doublings = u32::try_from(self.health.failures).unwrap_or(u32::MAX).min(10);
        let wait = RETRY_FIRST.saturating_mul(1 << doublings).min(RETRY_MAX);
        self.retry = Some((job, now_ns.saturating_add(wait.as_nanos() as u64)));
        self.note_failure(error);
    }

    /// Whether what was begun has failed, or takes so long that it may never end.
    pub(super) fn is_in_trouble(&self, now_ns: u64) -> bool {
        let since_ns = self.health.writing_since_ns.unwrap_or(now_ns);
        let took = Duration::from_nanos(now_ns.saturating_sub(since_ns));
        self.retry.is_some() || took >= EXPORT_HANGS_AFTER
    }

    /// Tries again if it is time, or at once if somebody waits for it.
    pub(super) fn retry_if_due(&mut self, now_ns: u64, is_urgent: bool, at: DateTime<Utc>) {
        let is_due = self.retry.as_ref().is_some_and(|(_, due_ns)| is_urgent || now_ns >= *due_ns);
        if !is_due || self.writing.is_some() {
            return;
        }
        if let Some((job, _)) = self.retry.take() {
            self.begin(Job { at, ..job }, now_ns);
        }
    }

    /// Stops trying. A thread that writes is left behind, with the reason.
    pub(super) fn give_up(&mut self) -> Option<(Job, Option<Error>)> {
        if let Some((job, _)) = self.retry.take() {
            return Some((job, None));
        }
        let Writing { number, job } = self.writing.take()?;
        // It may have failed at once because of an earlier one.
        self.left_behind.get_or_insert(number);
        let error = hangs(&self.settings.directory);
        self.note_failure(&error);
        Some((job, Some(error)))
    }

    fn note_failure(&mut self, error: &Error) {
        self.writing = None;
        self.health.writing_since_ns = None;
        self.health.failures += 1;
        self.health.last_error = Some(error.to_string());
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

fn hangs(directory: &Path) -> Error {
    let message = "an export has not come to an end and is not waited for any more; \
                   see to the disk of the export directory";
    Error::io(message, directory, std::io::ErrorKind::TimedOut.into())
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

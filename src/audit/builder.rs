//! From choices to a layer, a worker and a handle.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::NaiveTime;
use crossbeam_channel::unbounded;
use tokio::sync::broadcast;
use tracing_subscriber::Registry;

use crate::buffer::rotation::RotationPolicy;
use crate::capture::{AuditLayer, CaptureSettings, Intake};
use crate::channel::{Losses, OverflowPolicy, Wake, data_lane};
use crate::clock::{ChosenClock, Clock, SystemClock};
use crate::error::{Error, Result};
use crate::event::Operation;
use crate::fs::OsFilesystem;
use crate::redaction::Redaction;
use crate::worker::{ErrorHook, ExportSettings, WorkerContext, WorkerSettings, start};

use super::handle::{Alive, Audit};

/// Events that the buffer holds before it rotates, unless said otherwise.
pub const BUFFER_EVENTS_MAX: usize = 100_000;

/// Events that may wait for the worker, unless said otherwise.
pub const QUEUE_EVENTS_MAX: usize = 16_384;

/// Events that may wait for a subscriber, unless said otherwise.
pub const STREAM_EVENTS_MAX: usize = 4_096;

/// While exports fail, the buffer may grow to so many times its bound, unless
/// said otherwise.
pub const EXPORT_BACKLOG_FACTOR: usize = 4;

/// More can never wait, for the worker or for a subscriber: the rooms are made
/// beforehand, in powers of two.
const WAITING_EVENTS_MAX: usize = 1 << 30;

/// Choices for a trail. Made by [`AuditLayer::builder`]; every choice has a
/// default.
#[must_use = "nothing is audited until `build` is called and the layer is added"]
pub struct Builder {
    rotation: RotationPolicy,
    queue_events_max: usize,
    stream_events_max: usize,
    overflow: OverflowPolicy,
    export_directory: Option<PathBuf>,
    export_backlog_events_max: Option<usize>,
    daily_snapshot: bool,
    export_on_shutdown: bool,
    closed_is_unknown: bool,
    memory_given_back: bool,
    redaction: Redaction,
    capture: CaptureSettings,
    error_hook: Option<ErrorHook>,
    clock: ChosenClock,
    require_durable: bool,
    #[cfg(feature = "journal")]
    journal: Option<super::JournalSettings>,
    #[cfg(feature = "policy")]
    policy: Option<crate::policy::Policy>,
}

impl AuditLayer<Registry> {
    /// Begins a trail.
    pub fn builder() -> Builder {
        Builder {
            rotation: RotationPolicy {
                enabled: true,
                events_max: Some(BUFFER_EVENTS_MAX as u64),
                bytes_max: None,
                age_max: None,
                daily_at_utc: None,
            },
            queue_events_max: QUEUE_EVENTS_MAX,
            stream_events_max: STREAM_EVENTS_MAX,
            overflow: OverflowPolicy::default(),
            export_directory: None,
            export_backlog_events_max: None,
            daily_snapshot: false,
            export_on_shutdown: true,
            closed_is_unknown: false,
            memory_given_back: true,
            redaction: Redaction::new(),
            capture: CaptureSettings::default(),
            error_hook: None,
            clock: ChosenClock::system(SystemClock::new()),
            require_durable: false,
            #[cfg(feature = "journal")]
            journal: None,
            #[cfg(feature = "policy")]
            policy: None,
        }
    }
}

impl Builder {
    /// Events that the buffer holds; one more, and it rotates. Default:
    /// [`BUFFER_EVENTS_MAX`].
    pub fn buffer_events_max(mut self, events: usize) -> Self {
        self.rotation.events_max = Some(events as u64);
        self
    }

    /// Bytes that the buffer holds, indices included; more, and it rotates.
    /// Default: no bound. Holds without [`rotation`](Self::rotation), too.
    pub fn buffer_bytes_max(mut self, bytes: usize) -> Self {
        self.rotation.bytes_max = Some(bytes as u64);
        self
    }

    /// Whether events ever leave the buffer by count, age or time of day.
    /// Default: they do.
    ///
    /// Without it the buffer grows until
    /// [`buffer_bytes_max`](Self::buffer_bytes_max), and health says so.
    pub fn rotation(mut self, enabled: bool) -> Self {
        self.rotation.enabled = enabled;
        self
    }

    /// Events leave the buffer when they were recorded longer ago than this.
    pub fn buffer_age_max(mut self, age: Duration) -> Self {
        self.rotation.age_max = Some(age);
        self
    }

    /// Every day at this time (UTC), what was recorded before it leaves the
    /// buffer.
    pub fn rotation_time(mut self, time_utc: NaiveTime) -> Self {
        self.rotation.daily_at_utc = Some(time_utc);
        self
    }

    /// Whether memory is given back to the system when a rotation leaves less than a
    /// quarter of what the buffer held. Default: it is, where the allocator is
    /// glibc's, by its `malloc_trim`; other allocators do as they do. That goes
    /// through all free memory of the process, 5 ms for 100 MiB, and other threads
    /// that allocate may wait meanwhile.
    pub fn memory_given_back(mut self, enabled: bool) -> Self {
        self.memory_given_back = enabled;
        self
    }

    /// Where events are written before they leave the buffer: a document
    /// `audit_YYYY_MM_DD_HHMMSS.json` per rotation. Made if it does not exist.
    /// Without it, events that leave are released and counted.
    pub fn export_directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.export_directory = Some(directory.into());
        self
    }

    /// Events that the buffer may hold while exports fail, or one takes more than
    /// a minute; beyond it the oldest are given up, counted, and stand in the trail as a gap. Default:
    /// [`EXPORT_BACKLOG_FACTOR`] times the buffer's bound.
    pub fn export_backlog_events_max(mut self, events: usize) -> Self {
        self.export_backlog_events_max = Some(events);
        self
    }

    /// Writes `audit_YYYYMMDD.json` every day at 00:00 UTC: everything held
    /// that was recorded before, without releasing any of it. Midnights that
    /// were slept through are caught up, the last seven of them. Needs an export
    /// directory.
    pub fn daily_snapshot(mut self, enabled: bool) -> Self {
        self.daily_snapshot = enabled;
        self
    }

    /// Whether shutdown writes what the buffer still holds into the export
    /// directory. Default: it does.
    pub fn export_on_shutdown(mut self, enabled: bool) -> Self {
        self.export_on_shutdown = enabled;
        self
    }

    /// Events that may wait for the worker, from 1 to 2^30; room for them is made
    /// at the start. Default: [`QUEUE_EVENTS_MAX`].
    pub fn queue_events_max(mut self, events: usize) -> Self {
        self.queue_events_max = events;
        self
    }

    /// What callers do when the queue is full. Default:
    /// [`OverflowPolicy::Block`] for 5 ms.
    pub fn overflow(mut self, policy: OverflowPolicy) -> Self {
        self.overflow = policy;
        self
    }

    /// Events that may wait for a subscriber before it lags, from 1 to 2^30; the
    /// next power of two counts, and room is made at the start. Default:
    /// [`STREAM_EVENTS_MAX`].
    pub fn stream_events_max(mut self, events: usize) -> Self {
        self.stream_events_max = events;
        self
    }

    /// Audited spans inside this operation become a part of it instead of
    /// events of their own: it carries their entry ids, their count under
    /// `audit.collapsed`, and how many failed. For batches. May be called
    /// several times.
    pub fn collapse(mut self, operation: impl Into<Operation>) -> Self {
        self.capture.collapse.push(operation.into());
        self
    }

    /// Spans and events of this target, and of modules below it, are never
    /// audited. For the helper threads of exporters. May be called several
    /// times.
    pub fn ignored_target(mut self, target: impl Into<String>) -> Self {
        self.capture.ignored_targets.push(target.into());
        self
    }

    /// Whether a span that simply closed is UNKNOWN rather than SUCCESS.
    /// Default: it is a success, with source `closed`.
    pub fn closed_is_unknown(mut self, enabled: bool) -> Self {
        self.closed_is_unknown = enabled;
        self
    }

    /// What is hidden, in every event, before anybody or any disk gets it.
    /// Default: [`Redaction::new`], which masks known secret names and whatever
    /// the detectors find; [`Redaction::nothing`] keeps everything.
    pub fn redaction(mut self, redaction: Redaction) -> Self {
        self.redaction = redaction;
        self
    }

    /// Is told what goes wrong: misused fields, failed exports, sinks that
    /// fail, a worker that gives up.
    ///
    /// Runs on the worker's thread. It must be quick, since nothing is
    /// recorded meanwhile; calls that wait for the worker return an error in
    /// there; what it traces is not audited; if it panics it is not called
    /// again.
    pub fn on_error(mut self, hook: impl FnMut(&Error) + Send + 'static) -> Self {
        self.error_hook = Some(Box::new(hook));
        self
    }

    /// Keeps the trail on disk: durable, append-only, provable. A directory is
    /// enough; [`JournalSettings`](crate::JournalSettings) has the choices. The
    /// newest events of an earlier run are in the buffer again afterwards.
    #[cfg(feature = "journal")]
    pub fn journal(mut self, journal: impl Into<super::JournalSettings>) -> Self {
        self.journal = Some(journal.into());
        self
    }

    /// Which spans are audited beside those that say so themselves, as what, and
    /// with what hidden. [`Audit::reload_policy`] puts another one in its place.
    #[cfg(feature = "policy")]
    pub fn policy(mut self, policy: crate::policy::Policy) -> Self {
        self.policy = Some(policy);
        self
    }

    /// Whether it is an error to have no journal: then every
    /// [`Receipt`](crate::Receipt) means that the event is durable. Default: no.
    pub fn require_durable(mut self, required: bool) -> Self {
        self.require_durable = required;
        self
    }

    /// Where time comes from. For tests.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = ChosenClock::other(clock);
        self
    }

    /// Starts the worker, and returns the layer to add to a subscriber and the
    /// handle to ask.
    ///
    /// # Errors
    ///
    /// When a choice makes no sense, or the worker's thread cannot be started.
    /// With a journal, when it cannot be opened: it is damaged, older than a
    /// known checkpoint, or cannot be written.
    pub fn build<S>(self) -> Result<(AuditLayer<S>, Audit)> {
        self.check()?;
        let has_journal = self.has_journal();
        let losses = Arc::new(Losses::default());
        let wake = Arc::new(Wake::default());
        let (data_sender, data) =
            data_lane(self.queue_events_max, self.overflow, losses.clone(), wake.clone());
        let (requests_sender, requests) = unbounded();
        let (problems_sender, problems) = unbounded();
        let (stream, _) = broadcast::channel(self.stream_events_max);
        let intake =
            Intake::new(self.clock, self.capture, data_sender, losses, problems_sender.clone());
        let intake = Arc::new(intake);
        intake.publish();
        let alive = Arc::new(Alive(wake.clone()));
        let weak_alive = Arc::downgrade(&alive);
        let context = WorkerContext {
            intake: intake.clone(),
            data,
            requests,
            requests_sender: requests_sender.clone(),
            problems,
            stream: stream.clone(),
            wake: wake.clone(),
            alive: weak_alive,
        };
        let rotation = self.rotation.clone();
        let backlog = self.export_backlog_events_max.unwrap_or_else(|| {
            let bound = rotation.events_max.unwrap_or(BUFFER_EVENTS_MAX as u64);
            usize::try_from(bound).unwrap_or(usize::MAX).saturating_mul(EXPORT_BACKLOG_FACTOR)
        });
        #[cfg(feature = "journal")]
        let journal =
            self.journal.map(|journal| journal.open(intake.clock.as_dyn())).transpose()?;
        #[cfg(not(feature = "journal"))]
        let journal = None;
        let hidden = Arc::new(self.redaction.compile());
        let stored = super::stored::behind(journal.as_ref(), &problems_sender, &wake);
        let other_logs = super::stored::beside(journal.as_ref(), &problems_sender, &wake);
        let settings = WorkerSettings {
            rotation: self.rotation,
            export: self.export_directory.map(|directory| ExportSettings {
                directory,
                fs: Arc::new(OsFilesystem),
                daily_snapshot: self.daily_snapshot,
                export_on_shutdown: self.export_on_shutdown,
            }),
            export_backlog_events_max: backlog as u64,
            closed_is_unknown: self.closed_is_unknown,
            gives_memory_back: self.memory_given_back,
            hidden: hidden.clone(),
            error_hook: self.error_hook,
            journal,
        };
        let started = start(context, settings)?;
        let layer = AuditLayer::new(intake.clone(), alive.clone());
        let audit = Audit::new(super::handle::Parts {
            intake,
            requests: requests_sender,
            problems: problems_sender,
            wake,
            published: started.published,
            stream: stream.downgrade(),
            rotation,
            has_journal,
            stored,
            other_logs,
            hidden,
            alive,
        });
        #[cfg(feature = "policy")]
        self.policy.map_or(Ok(()), |policy| audit.inner.load_policy(policy))?;
        Ok((layer, audit))
    }

    /// Starts the worker for events that are recorded by hand alone.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build).
    pub fn build_without_layer(self) -> Result<Audit> {
        self.build::<Registry>().map(|(_, audit)| audit)
    }

    fn has_journal(&self) -> bool {
        #[cfg(feature = "journal")]
        return self.journal.is_some();
        #[cfg(not(feature = "journal"))]
        false
    }

    fn check(&self) -> Result<()> {
        self.check_counts()?;
        if self.rotation.age_max.is_some_and(|age| age.is_zero()) {
            return Err(Error::invalid("buffer_age_max is 0; give at least a microsecond"));
        }
        if self.export_directory.as_ref().is_some_and(|path| path.as_os_str().is_empty()) {
            return Err(Error::invalid(
                "export_directory is an empty path; give it a directory, such as `./exports`",
            ));
        }
        if self.daily_snapshot && self.export_directory.is_none() {
            return Err(Error::invalid(
                "daily_snapshot needs somewhere to write to; set export_directory as well",
            ));
        }
        if self.require_durable && !self.has_journal() {
            return Err(Error::invalid(
                "require_durable needs a journal; give `journal` a directory (feature `journal`)",
            ));
        }
        #[cfg(feature = "journal")]
        self.journal.as_ref().map_or(Ok(()), |journal| journal.check())?;
        Ok(())
    }

    fn check_counts(&self) -> Result<()> {
        for (name, value) in [
            ("buffer_events_max", self.rotation.events_max),
            ("buffer_bytes_max", self.rotation.bytes_max),
            ("queue_events_max", Some(self.queue_events_max as u64)),
            ("stream_events_max", Some(self.stream_events_max as u64)),
            ("export_backlog_events_max", self.export_backlog_events_max.map(|max| max as u64)),
        ] {
            if value == Some(0) {
                return Err(Error::invalid(format!("{name} is 0; give at least 1")));
            }
        }
        for (name, value) in [
            ("queue_events_max", self.queue_events_max),
            ("stream_events_max", self.stream_events_max),
        ] {
            if value > WAITING_EVENTS_MAX {
                return Err(Error::invalid(format!(
                    "{name} is {value}; give at most {WAITING_EVENTS_MAX}"
                )));
            }
        }
        Ok(())
    }
}

impl std::fmt::Debug for Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Builder")
            .field("rotation", &self.rotation)
            .field("queue_events_max", &self.queue_events_max)
            .field("overflow", &self.overflow)
            .field("export_directory", &self.export_directory)
            .field("require_durable", &self.require_durable)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_can_ever_wait_is_refused() {
        for (builder, told) in [
            (AuditLayer::builder().queue_events_max(usize::MAX), "queue_events_max"),
            (AuditLayer::builder().stream_events_max(usize::MAX), "stream_events_max"),
            (AuditLayer::builder().stream_events_max(usize::MAX / 2), "stream_events_max"),
        ] {
            let error = builder.build_without_layer().unwrap_err();
            assert!(error.is_invalid_input());
            assert!(error.to_string().starts_with(told), "{error}");
            assert!(error.to_string().ends_with("give at most 1073741824"), "{error}");
        }
    }
}

//! What the worker owns, and what it shows to readers.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crossbeam_channel::Receiver;
use tokio::sync::broadcast;

use crate::buffer::{Buffer, BufferConfig, Snapshot, rotation::RotationPolicy};
use crate::capture::{Capture, Intake, Parcel};
use crate::channel::DataReceiver;
use crate::clock::{Clock as _, SystemClock};
use crate::error::Error;
use crate::event::row::RowScratch;
use crate::event::{AuditEvent, EventId, EventIds};
use crate::redaction::Rules;
use crate::statistics::StatisticsRecorder;

use super::decode::Decoder;
use super::exporter::{ExportSettings, Exporter};
use super::given_back::GivenBack;
use super::hiding::Hiding;
use super::journal::{Keeper, Opening};
use super::policy::InForce;
use super::request::{Reply, Request, Rotated, ShutdownCounts};
use super::trail::Trail;

#[cfg(feature = "journal")]
pub(crate) use super::journal::JournalTotals;

/// A function of the user's that is told what goes wrong.
pub(crate) type ErrorHook = Box<dyn FnMut(&Error) + Send>;

/// Choices of the user that the worker heeds.
pub(crate) struct WorkerSettings {
    pub(crate) rotation: RotationPolicy,
    pub(crate) export: Option<ExportSettings>,
    /// Events that may wait in the buffer for an export that keeps failing.
    pub(crate) export_backlog_events_max: u64,
    pub(crate) closed_is_unknown: bool,
    pub(crate) gives_memory_back: bool,
    /// What is hidden before anything is recorded.
    pub(crate) hidden: Arc<Rules>,
    pub(crate) error_hook: Option<ErrorHook>,
    pub(crate) journal: Opening,
}

/// What readers see without asking the worker.
pub(crate) struct Published {
    snapshot: Mutex<Arc<Snapshot>>,
    pub(crate) statistics: Mutex<StatisticsRecorder>,
    pub(crate) totals: Mutex<Totals>,
    /// Not the trail's, which may stand still: a hang is one by any clock.
    clock: SystemClock,
    turned_ns: AtomicU64,
}

/// Counts of the worker that health and shutdown report.
#[derive(Debug, Clone, Default)]
pub(crate) struct Totals {
    /// Events appended, entries about the trail itself aside.
    pub(crate) recorded: u64,
    pub(crate) held: u64,
    pub(crate) held_bytes: u64,
    /// Events that left the buffer by rotation.
    pub(crate) rotated: u64,
    pub(crate) export: super::exporter::ExportHealth,
    /// The worker panicked too often and gave up.
    pub(crate) poisoned: bool,
    /// Self-check marks that arrived.
    pub(crate) canaries: HashSet<String>,
    /// None without a journal.
    #[cfg(feature = "journal")]
    pub(crate) journal: Option<JournalTotals>,
}

impl Published {
    pub(crate) fn new(snapshot: Arc<Snapshot>) -> Self {
        Published {
            snapshot: Mutex::new(snapshot),
            statistics: Mutex::default(),
            totals: Mutex::default(),
            clock: SystemClock::new(),
            turned_ns: AtomicU64::new(0),
        }
    }

    /// The last snapshot that the worker published. Held for the time of
    /// copying a pointer, so neither side waits.
    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set_snapshot(&self, snapshot: Arc<Snapshot>) {
        *self.snapshot.lock().unwrap_or_else(PoisonError::into_inner) = snapshot;
    }

    /// The worker has taken a turn.
    pub(super) fn note_turn(&self) {
        self.turned_ns.store(self.clock.monotonic_ns(), Ordering::Relaxed);
    }

    /// For how long the worker has not come to the end of a turn. Without work it
    /// takes one every tenth of a second.
    pub(crate) fn silent_for(&self) -> Duration {
        let turned_ns = self.turned_ns.load(Ordering::Relaxed);
        Duration::from_nanos(self.clock.monotonic_ns().saturating_sub(turned_ns))
    }

    pub(crate) fn totals(&self) -> Totals {
        self.totals.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The worker's own state. Grouped by the file that owns each part.
pub(super) struct Worker {
    // turn
    pub(super) intake: Arc<Intake>,
    pub(super) data: DataReceiver<Capture>,
    pub(super) requests: Receiver<Request>,
    /// Taken from the lane and not answered yet; survives a panic.
    pub(super) pending: VecDeque<Request>,
    pub(super) problems: Receiver<Error>,
    pub(super) published: Arc<Published>,
    pub(super) trail: Trail,
    pub(super) decoder: Decoder,
    pub(super) hiding: Hiding,
    pub(super) scratch: RowScratch,
    /// Parcels whose memory can be used again.
    pub(super) used: Vec<Parcel>,
    pub(super) offset_us: i64,
    pub(super) last_published_ns: u64,
    pub(super) error_hook: Option<ErrorHook>,
    pub(super) poisoned: bool,
    pub(super) rotated: u64,
    pub(super) given_back: GivenBack,
    // policy
    pub(super) policy: InForce,
    /// Something was appended that is to be synced without waiting for more.
    pub(super) sync_soon: bool,
    /// Somebody saw the live stream when the events in hand had been completed.
    pub(super) is_watched: bool,
    // intents
    /// Operations that were begun, as they will be recorded.
    pub(super) intents: BTreeMap<EventId, AuditEvent>,
    // history
    pub(super) rotation: RotationPolicy,
    pub(super) exporter: Option<Exporter>,
    pub(super) export_backlog_events_max: u64,
    /// Rotations asked for and not begun.
    pub(super) rotate_waiting: Vec<Reply<crate::error::Result<Rotated>>>,
    /// Those that the rotation under way answers.
    pub(super) rotate_answering: Vec<Reply<crate::error::Result<Rotated>>>,
    pub(super) shutdown: Option<Shutdown>,
    pub(super) snapshots_due: VecDeque<chrono::NaiveDate>,
    pub(super) last_snapshot_us: i64,
}

/// A shutdown under way or done.
pub(super) struct Shutdown {
    pub(super) counts: ShutdownCounts,
    pub(super) waiting: Vec<Reply<ShutdownCounts>>,
    /// Exports are not waited for any longer than this.
    pub(super) exports_until_ns: u64,
    pub(super) exported: bool,
}

/// The lanes that end at the worker.
pub(super) struct Lanes {
    pub(super) data: DataReceiver<Capture>,
    pub(super) requests: Receiver<Request>,
    pub(super) problems: Receiver<Error>,
    pub(super) stream: broadcast::Sender<Arc<AuditEvent>>,
}

impl Worker {
    pub(super) fn new(
        intake: Arc<Intake>,
        lanes: Lanes,
        settings: WorkerSettings,
        exporter: Option<Exporter>,
    ) -> (Self, Arc<Published>) {
        let (wall_us, monotonic_ns) = (intake.clock.wall_us(), intake.clock.monotonic_ns());
        let mut buffer = Buffer::new(BufferConfig::from(&settings.rotation));
        let published = Arc::new(Published::new(buffer.publish()));
        let ids = EventIds::new(wall_us, monotonic_ns);
        let worker = Worker {
            intake,
            data: lanes.data,
            requests: lanes.requests,
            pending: VecDeque::new(),
            problems: lanes.problems,
            published: published.clone(),
            trail: Trail {
                keeper: Keeper::NONE,
                buffer,
                stream: Some(lanes.stream),
                recorded: 0,
                has_news: false,
                in_hand: None,
                #[cfg(test)]
                panics_behind_journal: false,
            },
            decoder: Decoder::new(ids, settings.closed_is_unknown),
            hiding: Hiding::new(settings.hidden),
            scratch: RowScratch::default(),
            used: Vec::new(),
            offset_us: wall_us - (monotonic_ns / 1_000) as i64,
            last_published_ns: monotonic_ns,
            error_hook: settings.error_hook,
            poisoned: false,
            rotated: 0,
            given_back: GivenBack::new(settings.gives_memory_back),
            policy: InForce::default(),
            sync_soon: false,
            is_watched: false,
            intents: BTreeMap::new(),
            rotation: settings.rotation,
            exporter,
            export_backlog_events_max: settings.export_backlog_events_max,
            rotate_waiting: Vec::new(),
            rotate_answering: Vec::new(),
            shutdown: None,
            snapshots_due: VecDeque::new(),
            last_snapshot_us: wall_us,
        };
        (worker, published)
    }
}

/// How long news may stay invisible to snapshots that wait for nothing.
pub(super) const PUBLISH_EVERY: Duration = Duration::from_millis(100);

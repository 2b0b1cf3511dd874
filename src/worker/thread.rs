//! The worker's loop: a turn, then a sleep as long as can be afforded.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Weak};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender};
use tokio::sync::{broadcast, oneshot};

use crate::capture::{Capture, Intake, suppress_on_this_thread};
use crate::channel::{DataReceiver, Wake};
use crate::error::{Error, ErrorKind, Result};
use crate::event::AuditEvent;

use super::exporter::Exporter;
use super::request::Request;
use super::state::{Lanes, Published, Worker, WorkerSettings};
use super::turn::Turn;

/// How long the worker sleeps between turns while there is news.
const POLL: Duration = Duration::from_micros(500);
/// After so long without news it sleeps deeply, and callers wake it.
const POLL_FOR: Duration = Duration::from_millis(20);
/// The longest sleep: clocks move on without anybody waking the worker.
const DEEP_SLEEP: Duration = Duration::from_millis(100);
/// When nobody is left who waits, exports get so long before the journal is closed
/// without them: others may want the log.
const EXPORT_WAIT: Duration = Duration::from_secs(30);
/// So many panics in a row end it.
const PANICS_MAX: u32 = 3;

/// The ends of the lanes that the worker's thread takes with it.
pub(crate) struct WorkerContext {
    pub(crate) intake: Arc<Intake>,
    pub(crate) data: DataReceiver<Capture>,
    pub(crate) requests: Receiver<Request>,
    pub(crate) requests_sender: Sender<Request>,
    pub(crate) problems: Receiver<Error>,
    pub(crate) stream: broadcast::Sender<Arc<AuditEvent>>,
    pub(crate) wake: Arc<Wake>,
    /// The worker lives as long as this does: the layer and the handles hold it.
    pub(crate) alive: Weak<dyn std::any::Any + Send + Sync>,
}

/// A worker that runs.
pub(crate) struct Started {
    pub(crate) published: Arc<Published>,
}

thread_local! {
    static IS_WORKER: Cell<bool> = const { Cell::new(false) };
}

/// Whether the caller is a worker's own thread, in a hook of the user's.
pub(crate) fn is_worker_thread() -> bool {
    IS_WORKER.get()
}

/// Starts the thread.
pub(crate) fn start(context: WorkerContext, mut settings: WorkerSettings) -> Result<Started> {
    let exporter = settings.export.clone().map(|export| {
        Exporter::threaded(export, context.requests_sender.clone(), context.wake.clone())
    });
    let lanes = Lanes {
        data: context.data,
        requests: context.requests,
        problems: context.problems,
        stream: context.stream,
    };
    let journal = settings.journal.take();
    let (mut worker, published) = Worker::new(context.intake, lanes, settings, exporter);
    worker.open_journal(journal)?;
    let (wake, alive) = (context.wake, context.alive);
    std::thread::Builder::new()
        .name("tracing-audit".to_owned())
        .spawn(move || Loop { worker, wake, alive, panics: 0, idle_since_ns: None }.run())
        .map_err(|error| {
            Error::caused(ErrorKind::Io, "the audit worker's thread could not be started", error)
        })?;
    Ok(Started { published })
}

struct Loop {
    worker: Worker,
    wake: Arc<Wake>,
    alive: Weak<dyn std::any::Any + Send + Sync>,
    /// In a row.
    panics: u32,
    idle_since_ns: Option<u64>,
}

impl Loop {
    fn run(mut self) {
        IS_WORKER.set(true);
        suppress_on_this_thread();
        self.wake.bind();
        while self.alive.strong_count() > 0 {
            match self.turn() {
                Turn::MoreWaits => {}
                turn => self.sleep(turn),
            }
        }
        self.end();
    }

    /// Nobody is left who could give or ask anything: write what is held.
    fn end(&mut self) {
        self.turn();
        let (reply, mut done) = oneshot::channel();
        let exports_until_ns =
            self.worker.intake.clock.monotonic_ns().saturating_add(EXPORT_WAIT.as_nanos() as u64);
        self.worker.pending.push_back(Request::Shutdown(reply, exports_until_ns));
        loop {
            self.turn();
            match done.try_recv() {
                Err(oneshot::error::TryRecvError::Empty) => self.wake.sleep(POLL, false),
                _ => return,
            }
        }
    }

    fn turn(&mut self) -> Turn {
        match catch_unwind(AssertUnwindSafe(|| self.worker.turn())) {
            Ok(turn) => {
                self.panics = 0;
                self.worker.published.note_turn();
                turn
            }
            Err(_) => {
                self.panicked();
                Turn::Worked
            }
        }
    }

    fn panicked(&mut self) {
        self.panics += 1;
        self.worker.recover();
        if self.panics >= PANICS_MAX && !self.worker.poisoned {
            self.worker.poison();
            let message = "the audit worker panicked three times in a row and has given up; \
                           what comes is counted as lost";
            self.worker.tell(&Error::new(ErrorKind::Stopped, message));
        }
    }

    fn sleep(&mut self, turn: Turn) {
        let now_ns = self.worker.intake.clock.monotonic_ns();
        let idle_since_ns = match turn {
            Turn::Worked | Turn::MoreWaits => {
                self.idle_since_ns = None;
                now_ns
            }
            Turn::Idle | Turn::NewsPending => *self.idle_since_ns.get_or_insert(now_ns),
        };
        let idle = Duration::from_nanos(now_ns.saturating_sub(idle_since_ns));
        if idle < POLL_FOR {
            return self.wake.sleep(POLL, false);
        }
        let until_news = match turn {
            Turn::NewsPending => self.worker.until_publish(),
            _ => DEEP_SLEEP,
        };
        let until_due = self.worker.trail.keeper.until_due().unwrap_or(DEEP_SLEEP);
        let at_most = until_news.min(until_due).clamp(POLL, DEEP_SLEEP);
        self.wake.sleep(at_most, true);
    }
}

//! The handle: cheap to clone, safe on any thread.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crossbeam_channel::Sender;
use tokio::sync::broadcast;

use crate::buffer::rotation::RotationPolicy;
use crate::capture::Intake;
use crate::channel::{Lookout, Wake, block_on_for};
use crate::error::{Error, Result};
use crate::event::AuditEvent;
use crate::export::{self, Format};
use crate::fs::{OsFilesystem, write_new_file};
use crate::query::{Order, OtherLogs, Query, Stored, View};
use crate::redaction::Rules;
use crate::sink::{Sink, SinkThread};
use crate::statistics::{Statistics, UserStatistics};
use crate::worker::{Published, Reply, Request, Rotated, is_worker_thread};

use super::open::OpenOperation;
use super::org::OrgAudit;
use super::receipt::Receipt;
use super::shutdown::ShutdownReport;
use super::stream::Subscription;
use super::{Health, requests};

/// A handle to a trail.
///
/// Dropping the last one waits up to [`Audit::DROP_FLUSH`] until everything
/// completed is recorded, and durable if there is a journal; the worker lives
/// as long as the layer does. If that is gone already the trail ends there, as
/// by [`shutdown`](Audit::shutdown). `std::process::exit` runs no destructors:
/// call [`shutdown`](Audit::shutdown) before it, which also closes the log and
/// says what could not be done.
///
/// After `fork` the trail stays with the parent: in the child every call that
/// needs the worker returns an error.
#[derive(Clone)]
pub struct Audit {
    pub(super) inner: Arc<Inner>,
}

/// What one trail's handles share.
pub(super) struct Inner {
    pub(super) intake: Arc<Intake>,
    pub(super) requests: Sender<Request>,
    pub(super) problems: Sender<Error>,
    pub(super) wake: Arc<Wake>,
    pub(super) lookout: Lookout,
    pub(super) published: Arc<Published>,
    pub(super) stream: broadcast::WeakSender<Arc<AuditEvent>>,
    pub(super) rotation: RotationPolicy,
    sinks: Mutex<Vec<Arc<SinkThread>>>,
    pub(super) process: u32,
    pub(super) has_journal: bool,
    pub(super) stored: Stored,
    pub(super) other_logs: OtherLogs,
    pub(super) hidden: Arc<Rules>,
    /// Held while a policy is loaded.
    #[cfg(feature = "policy")]
    pub(super) loading: Mutex<()>,
    alive: Arc<Alive>,
}

/// What a handle is made of.
pub(super) struct Parts {
    pub(super) intake: Arc<Intake>,
    pub(super) requests: Sender<Request>,
    pub(super) problems: Sender<Error>,
    pub(super) wake: Arc<Wake>,
    pub(super) published: Arc<Published>,
    pub(super) stream: broadcast::WeakSender<Arc<AuditEvent>>,
    pub(super) rotation: RotationPolicy,
    pub(super) has_journal: bool,
    pub(super) stored: Stored,
    pub(super) other_logs: OtherLogs,
    pub(super) hidden: Arc<Rules>,
    pub(super) alive: Arc<Alive>,
}

/// Held by the layer and the handles; the worker ends when it is gone.
pub(super) struct Alive(pub(super) Arc<Wake>);

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.now();
    }
}

impl Audit {
    /// How long dropping the last handle waits for the worker.
    pub const DROP_FLUSH: Duration = Duration::from_secs(2);

    pub(super) fn new(parts: Parts) -> Self {
        Audit {
            inner: Arc::new(Inner {
                intake: parts.intake,
                requests: parts.requests,
                problems: parts.problems,
                wake: parts.wake,
                lookout: Lookout::default(),
                published: parts.published,
                stream: parts.stream,
                rotation: parts.rotation,
                sinks: Mutex::default(),
                process: std::process::id(),
                has_journal: parts.has_journal,
                stored: parts.stored,
                other_logs: parts.other_logs,
                hidden: parts.hidden,
                #[cfg(feature = "policy")]
                loading: Mutex::default(),
                alive: parts.alive,
            }),
        }
    }

    /// Begins a query. See [`Query`] for its filters and ways to run.
    pub fn query(&self) -> Query {
        Query::new(Arc::new(self.clone()))
    }

    /// Everything held, this thread's completed operations included; a fixed
    /// picture that any number of queries can share.
    ///
    /// Waits for the worker: for up to 200 µs it may keep a processor busy that no
    /// other thread wants, then it sleeps. So do queries that are not `.await`ed.
    ///
    /// # Errors
    ///
    /// When the worker has ended by itself, or this is its own thread. After
    /// [`shutdown`](Self::shutdown) it still answers, from what was recorded.
    pub fn view(&self) -> Result<View> {
        Ok(self.inner.view_of(self.inner.ask_and_look(Request::View)?))
    }

    /// What the worker last showed, at most a tenth of a second old. Waits for
    /// nothing.
    pub fn snapshot(&self) -> View {
        self.inner.view_of(self.inner.published.snapshot())
    }

    /// Waits until everything that this thread completed is recorded and can be
    /// queried, as [`view`](Self::view) waits. It may not be on disk by then:
    /// with a journal, `sync` waits for that.
    ///
    /// # Errors
    ///
    /// As [`view`](Self::view).
    pub fn flush(&self) -> Result<()> {
        self.inner.ask_and_look(Request::Flush)
    }

    /// Records an event by hand, and waits until it is in the trail: with a
    /// journal, until it is durable there. Many callers share a sync.
    ///
    /// # Errors
    ///
    /// When the event claims to be about the trail itself, when the worker has
    /// stopped, and when this is its own thread. With a journal, when it cannot
    /// be made durable: `Poisoned` for good, `Full` or `Io` for the moment.
    /// Then nothing was acknowledged; whether it is stored later is not said.
    pub fn record(&self, event: impl Into<AuditEvent>) -> Result<Receipt> {
        let event = requests::acceptable(event.into())?;
        let stored = self.inner.ask_and_wait(|reply| Request::Record(event, reply))??;
        Ok(Receipt::new(stored, &self.inner))
    }

    /// [`record`](Self::record) without blocking the thread. Needs no runtime
    /// in particular.
    ///
    /// # Errors
    ///
    /// As [`record`](Self::record).
    pub async fn record_async(&self, event: impl Into<AuditEvent>) -> Result<Receipt> {
        let event = requests::acceptable(event.into())?;
        let stored = self.inner.ask(|reply| Request::Record(event, reply))?.await??;
        Ok(Receipt::new(stored, &self.inner))
    }

    /// Statistics of everything recorded since the start, rotated events
    /// included; this thread's completed operations are among them. With a
    /// journal, the events of earlier runs that came back into the buffer at the
    /// start count too.
    pub fn statistics(&self) -> Statistics {
        // Where the worker cannot be waited for, what it has counted is given.
        let _ = self.flush();
        let recorder = &self.inner.published.statistics;
        recorder.lock().unwrap_or_else(PoisonError::into_inner).statistics()
    }

    /// Activity of one user, as far back as the trail reaches: in memory, or
    /// with a journal, on disk.
    ///
    /// # Errors
    ///
    /// As [`Query::run`].
    pub fn user_statistics(&self, user_id: impl Into<String>) -> Result<UserStatistics> {
        super::figures::user_statistics(&self.query().user(user_id))
    }

    /// A handle that sees the events of one organisation and no others.
    pub fn for_org(&self, org_id: impl Into<String>) -> OrgAudit {
        OrgAudit::new(self.clone(), org_id.into())
    }

    /// Writes everything held in memory to a new file, as the first reference
    /// system's document. Releases nothing.
    ///
    /// # Errors
    ///
    /// When the file exists already or cannot be written; as
    /// [`view`](Self::view).
    pub fn export_to_file(&self, path: impl AsRef<Path>) -> Result<()> {
        let view = self.view()?.in_memory();
        self.export_events(view.query().order(Order::OldestFirst).run()?.events, path)
    }

    /// Writes events, such as the result of a query, to a new file.
    ///
    /// # Errors
    ///
    /// When the file exists already or cannot be written.
    pub fn export_events(
        &self,
        events: impl IntoIterator<Item = AuditEvent>,
        path: impl AsRef<Path>,
    ) -> Result<()> {
        write_new_file(&OsFilesystem, path.as_ref(), |out| {
            export::write_events(Format::Document, events, crate::clock::system_now(), out)
                .map(drop)
        })
    }

    /// Lets everything held leave the buffer, into a document where there is an
    /// export directory. A rotation at a bound keeps a part; this one keeps nothing.
    ///
    /// # Errors
    ///
    /// As [`view`](Self::view). While an export fails this waits for it.
    pub fn rotate(&self) -> Result<Rotated> {
        self.inner.ask_and_wait(Request::Rotate)?
    }

    /// How the trail is doing. Waits for nothing.
    pub fn health(&self) -> Health {
        Health::of(&self.inner)
    }

    /// The audited spans that have been open for longer than this, the oldest
    /// first. Waits for nothing.
    pub fn open_operations(&self, longer_than: Duration) -> Vec<OpenOperation> {
        super::open::operations(&self.inner.intake, longer_than, &self.inner.hidden())
    }

    /// A live stream of what is recorded from here on, entries about the trail
    /// itself included. A subscriber that is too slow loses the oldest events
    /// of its own stream, and is told how many; it never slows the worker.
    pub fn subscribe(&self) -> Subscription {
        Subscription::new(self.inner.stream.upgrade().map(|stream| stream.subscribe()))
    }

    /// Feeds a sink from the live stream, on a thread of its own, until
    /// shutdown.
    ///
    /// # Errors
    ///
    /// After shutdown, and when its thread cannot be started.
    pub fn attach(&self, sink: impl Sink) -> Result<()> {
        if self.inner.stream.upgrade().is_none() {
            return Err(Error::stopped());
        }
        let thread = SinkThread::start(self.subscribe(), sink, self.inner.problems.clone())?;
        self.inner.sinks.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::new(thread));
        Ok(())
    }

    /// Ends the trail: takes nothing in any more, records what is complete,
    /// writes what is still open as UNKNOWN, exports what is held, closes the
    /// journal, and waits for sinks, all of it for at most `at_most`. Exports get
    /// three quarters of that: one that hangs does not keep the journal open. The
    /// report says exactly what could not be done in time.
    ///
    /// What ends later is counted as `after_shutdown`. Queries still work. In the
    /// error hook it is only begun, and comes when the hook has returned.
    pub fn shutdown(&self, at_most: Duration) -> ShutdownReport {
        ShutdownReport::of(&self.inner, at_most)
    }

    /// Checks, through the subscriber of the calling thread, that audited spans
    /// arrive, and says what to change if they do not. No findings: all is
    /// well. Rebuilds the interest cache of `tracing`, which by itself mends
    /// callsites that were first hit before the subscriber was set.
    pub fn self_check(&self) -> Vec<crate::Finding> {
        crate::self_check::run(self, &self.inner.intake)
    }

    pub(crate) fn canary_arrived(&self, mark: &str) -> bool {
        self.flush().is_ok() && self.inner.published.totals().canaries.contains(mark)
    }
}

impl std::fmt::Debug for Audit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Audit").finish_non_exhaustive()
    }
}

impl Inner {
    /// The sinks, to be asked or waited for without keeping others from them.
    pub(super) fn sinks(&self) -> Vec<Arc<SinkThread>> {
        self.sinks.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Asks for something when nobody is left who could be told what came of it.
    fn ask_at_last<T>(&self, request: impl FnOnce(Reply<T>) -> Request) {
        if let Ok(done) = self.ask(request) {
            let _ = block_on_for(done, Audit::DROP_FLUSH);
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if is_worker_thread() {
            return;
        }
        if Arc::strong_count(&self.alive) == 1 {
            let exports_until_ns = self.exports_until_ns(Audit::DROP_FLUSH);
            return self.ask_at_last(|reply| Request::Shutdown(reply, exports_until_ns));
        }
        // A process that ends takes with it what was not written yet.
        #[cfg(feature = "journal")]
        if self.has_journal {
            return self.ask_at_last(Request::Sync);
        }
        self.ask_at_last(Request::Flush);
    }
}

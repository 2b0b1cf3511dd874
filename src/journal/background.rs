//! Waiting for the disk beside the writer.
//!
//! The writer writes a group and goes on appending while a thread of the
//! journal's own brings it to the disk. At most one group is out; the next one
//! gathers meanwhile, and is not written before the outcome was looked at, so
//! that the file never holds two groups of which neither is known to be
//! durable. What an outcome means is decided by the writer alone.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, TryRecvError, bounded};

use super::failure::{JournalError, Result};
use super::handover::GroupMemory;
use super::steps;
use crate::fs::JournalFile;

/// A file that the writer writes to and the thread syncs. Never both at once.
pub(super) type SharedFile = Arc<Mutex<Box<dyn JournalFile>>>;

/// Where a sync that was begun is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SyncPlace {
    /// Where it is begun: the writer waits, and steps have one order.
    Writer,
    /// On a thread of the journal's own.
    Thread,
    /// Where its outcome is waited for or asked for once more, so that it takes
    /// a while and tests still know the order of steps.
    #[cfg(test)]
    Outcome,
}

/// A group that was written and is being synced.
#[derive(Debug)]
pub(super) struct Flight {
    /// The sequence behind its last entry.
    pub(super) next: u64,
    /// What was written.
    pub(super) memory: GroupMemory,
}

/// Carries syncs out. Dropping it waits for the one that is under way.
#[derive(Debug)]
pub(super) enum BackgroundSync {
    None,
    Thread(SyncThread),
    #[cfg(test)]
    Outcome {
        begun: Option<SharedFile>,
        was_asked: bool,
    },
}

#[derive(Debug)]
pub(super) struct SyncThread {
    jobs: Option<Sender<SharedFile>>,
    outcomes: Receiver<io::Result<()>>,
    thread: Option<JoinHandle<()>>,
}

impl BackgroundSync {
    /// # Errors
    ///
    /// When the thread can't be started.
    pub(super) fn start(place: SyncPlace) -> Result<Self> {
        match place {
            SyncPlace::Writer => Ok(BackgroundSync::None),
            SyncPlace::Thread => SyncThread::start().map(BackgroundSync::Thread),
            #[cfg(test)]
            SyncPlace::Outcome => Ok(BackgroundSync::Outcome { begun: None, was_asked: false }),
        }
    }

    /// Begins to sync a file; whether it does.
    pub(super) fn begin(&mut self, file: &SharedFile) -> bool {
        match self {
            BackgroundSync::None => false,
            BackgroundSync::Thread(thread) => {
                let jobs = thread.jobs.as_ref();
                jobs.is_some_and(|jobs| jobs.send(Arc::clone(file)).is_ok())
            }
            #[cfg(test)]
            BackgroundSync::Outcome { begun, was_asked } => {
                (*begun, *was_asked) = (Some(Arc::clone(file)), false);
                true
            }
        }
    }

    /// How the sync that was begun ended; none while it is under way, unless
    /// it is to be waited for.
    pub(super) fn outcome(&mut self, waits: bool) -> Option<io::Result<()>> {
        match self {
            BackgroundSync::None => None,
            BackgroundSync::Thread(thread) if waits => {
                Some(thread.outcomes.recv().unwrap_or_else(|_| Err(gone())))
            }
            BackgroundSync::Thread(thread) => match thread.outcomes.try_recv() {
                Ok(outcome) => Some(outcome),
                Err(TryRecvError::Empty) => None,
                Err(TryRecvError::Disconnected) => Some(Err(gone())),
            },
            #[cfg(test)]
            BackgroundSync::Outcome { begun, was_asked } => {
                let is_over = waits || std::mem::replace(was_asked, true);
                is_over.then(|| begun.take().map_or(Ok(()), |file| steps::sync(&mut **lock(&file))))
            }
        }
    }
}

impl SyncThread {
    fn start() -> Result<Self> {
        let (jobs, queue) = bounded::<SharedFile>(1);
        let (done, outcomes) = bounded(1);
        let run = move || {
            for file in queue {
                let outcome = steps::sync(&mut **lock(&file));
                drop(file);
                if done.send(outcome).is_err() {
                    break;
                }
            }
        };
        let thread = std::thread::Builder::new().name("audit-sync".into()).spawn(run);
        let thread = thread.map_err(|error| {
            JournalError::Invalid(format!("the thread that syncs could not be started: {error}"))
        })?;
        Ok(SyncThread { jobs: Some(jobs), outcomes, thread: Some(thread) })
    }
}

impl Drop for SyncThread {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The file, for whoever works with it next.
pub(super) fn lock(file: &SharedFile) -> MutexGuard<'_, Box<dyn JournalFile>> {
    file.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn share(file: Box<dyn JournalFile>) -> SharedFile {
    Arc::new(Mutex::new(file))
}

fn gone() -> io::Error {
    io::Error::other("the thread that syncs is gone")
}

//! The thread that compresses sealed segments, one after the other.
//!
//! It is the journal's second writer, of files that the first never touches
//! any more: the worker tells it what was sealed, takes the outcome when it
//! has time, and says when a segment as it was written may go. It has to end
//! before the log is closed.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, unbounded};

use super::indexer::EventIndexer;
use crate::error::{Error, Result};
use crate::event::Sequence;
use crate::fs::JournalFs;
use crate::journal::{self, PackedSegment};

/// What the thread did.
#[derive(Debug)]
pub(crate) enum Packed {
    /// A segment was compressed. Its hashes belong into the log; once they are
    /// durable there, [`Packer::remove_raw`].
    Segment(Box<PackedSegment>),
    /// Something could not be done; the segment is as readable as before, and
    /// the next opening tries again.
    Failed(Error),
}

enum Job {
    Pack(Sequence),
    Repair(Sequence),
    RemoveRaw(Sequence),
}

/// The handle to the thread. Dropping it ends the thread after what it is
/// doing, and waits for that.
pub(crate) struct Packer {
    jobs: Option<Sender<Job>>,
    outcomes: Receiver<Packed>,
    is_ending: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// Asks for an index to be made again.
#[derive(Clone)]
pub(crate) struct IndexRepair(Sender<Job>);

impl IndexRepair {
    pub(crate) fn ask(&self, first: Sequence) {
        // Without its thread there is nobody to do it; the next opening does.
        let _ = self.0.send(Job::Repair(first));
    }
}

impl Packer {
    /// Starts the thread for the log in a directory of its own. What an
    /// earlier run left uncompressed or without an index is done first.
    ///
    /// # Errors
    ///
    /// When the directory can't be read, or the thread not be started.
    pub(crate) fn start(fs: Arc<dyn JournalFs>, directory: impl Into<PathBuf>) -> Result<Self> {
        let directory = directory.into();
        let (jobs, queue) = unbounded();
        let (done, outcomes) = unbounded();
        let unfinished = journal::unfinished(&*fs, &directory)?;
        let unpacked = unfinished.unpacked.into_iter().map(Job::Pack);
        for job in unpacked.chain(unfinished.unindexed.into_iter().map(Job::Repair)) {
            let _ = jobs.send(job);
        }
        let is_ending = Arc::new(AtomicBool::new(false));
        let ending = Arc::clone(&is_ending);
        let run = move || {
            for job in queue {
                if ending.load(Ordering::Relaxed) {
                    break;
                }
                let outcome = perform(&*fs, &directory, job);
                if outcome.is_some_and(|outcome| done.send(outcome).is_err()) {
                    break;
                }
            }
        };
        let thread = std::thread::Builder::new().name("audit-packer".into()).spawn(run);
        let thread = thread.map_err(|error| {
            Error::new(
                crate::error::ErrorKind::Io,
                format!("the thread that compresses the journal could not be started: {error}"),
            )
        })?;
        Ok(Packer { jobs: Some(jobs), outcomes, is_ending, thread: Some(thread) })
    }

    /// Compresses the sealed segment that begins with `first`.
    pub(crate) fn pack(&self, first: Sequence) {
        self.ask(Job::Pack(first));
    }

    /// Removes a segment as it was written; its compressed form takes its
    /// place.
    pub(crate) fn remove_raw(&self, first: Sequence) {
        self.ask(Job::RemoveRaw(first));
    }

    /// For those who find an index damaged.
    pub(crate) fn index_repair(&self) -> Option<IndexRepair> {
        self.jobs.clone().map(IndexRepair)
    }

    /// What was done since the last call. Waits for nothing.
    pub(crate) fn outcomes(&self) -> impl Iterator<Item = Packed> + '_ {
        self.outcomes.try_iter()
    }

    fn ask(&self, job: Job) {
        if let Some(jobs) = &self.jobs {
            let _ = jobs.send(job);
        }
    }
}

impl Drop for Packer {
    fn drop(&mut self) {
        self.is_ending.store(true, Ordering::Relaxed);
        // Wakes a thread that waits, whoever else can ask.
        self.ask(Job::RemoveRaw(Sequence(u64::MAX)));
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Packer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Packer").finish_non_exhaustive()
    }
}

fn perform(fs: &dyn JournalFs, directory: &std::path::Path, job: Job) -> Option<Packed> {
    let result = match job {
        Job::Pack(first) => journal::pack(fs, directory, first, &EventIndexer)
            .map(|segment| Some(Packed::Segment(Box::new(segment)))),
        // Whoever found it damaged has told so.
        Job::Repair(first) => {
            journal::repair_index(fs, directory, first, &EventIndexer).map(|_| None)
        }
        Job::RemoveRaw(first) => journal::remove_raw(fs, directory, first).map(|()| None),
    };
    result.unwrap_or_else(|error| Some(Packed::Failed(error.into())))
}

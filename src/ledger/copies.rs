//! Copies of the checkpoints in other places.
//!
//! Each place has a thread of its own, so that one that fails or hangs (a
//! network share, a pulled disk) holds up neither the writer nor the others.
//! The writer leaves the newest checkpoint for each thread and goes on; a
//! thread that is slow skips to the newest. What fails is told, and tried
//! again until it succeeds or there is a newer one.

use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crossbeam_channel::{Receiver, bounded};

use super::config::LedgerConfig;
use super::files;
use super::known::copy_path;
use crate::error::{Error, ErrorKind, Result};
use crate::fs::JournalFs;
use crate::journal::{LogId, make_directory};
use crate::proof::SignedCheckpoint;

/// The first wait after a failure, doubled for each further one.
const RETRY_FIRST: Duration = Duration::from_secs(1);
const RETRY_MAX: Duration = Duration::from_secs(60);

/// How a place for copies is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub(crate) struct CopyState {
    /// The place.
    pub(crate) directory: PathBuf,
    /// Number of entries that the checkpoint there covers; none while nothing
    /// was written to it since the log was opened.
    pub(crate) size: Option<u64>,
    /// Failures since the last success.
    pub(crate) failures: u64,
    /// What the last failure was.
    pub(crate) last_error: Option<String>,
}

/// All places.
#[derive(Debug)]
pub(super) struct Copies {
    places: Vec<Running>,
}

#[derive(Debug)]
struct Running {
    place: Arc<Place>,
    /// Disconnected when the thread has ended; none without a thread.
    done: Option<Receiver<()>>,
}

#[derive(Debug)]
struct Place {
    fs: Arc<dyn JournalFs>,
    directory: PathBuf,
    log: LogId,
    state: Mutex<State>,
    news: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// The newest checkpoint, until it is written.
    wanted: Option<SignedCheckpoint>,
    written: Option<u64>,
    failures: u64,
    last_error: Option<String>,
    /// Failures that nobody was told of yet.
    untold: Vec<Error>,
    is_ending: bool,
}

impl Copies {
    /// Starts a thread for each place.
    pub(super) fn start(
        config: &LedgerConfig,
        fs: &Arc<dyn JournalFs>,
        log: LogId,
    ) -> Result<Self> {
        let mut copies = Copies { places: Vec::new() };
        for directory in &config.checkpoint_copies {
            let (fs, directory) = (fs.clone(), directory.clone());
            let (state, news) = Default::default();
            let place = Arc::new(Place { fs, directory, log, state, news });
            let done = if config.is_threaded() { Some(spawn(place.clone())?) } else { None };
            copies.places.push(Running { place, done });
        }
        Ok(copies)
    }

    /// Leaves a checkpoint to be written to all places. Waits for nothing.
    pub(super) fn write(&self, checkpoint: &SignedCheckpoint) {
        for running in &self.places {
            running.place.state().wanted = Some(checkpoint.clone());
            running.place.news.notify_one();
            if running.done.is_none() {
                running.place.attempt();
            }
        }
    }

    /// How each place is doing.
    pub(super) fn states(&self) -> Vec<CopyState> {
        self.places.iter().map(|running| running.place.copy_state()).collect()
    }

    /// Failures since this was asked last.
    pub(super) fn take_problems(&self) -> Vec<Error> {
        let places = self.places.iter();
        places.flat_map(|running| std::mem::take(&mut running.place.state().untold)).collect()
    }

    /// Waits until the newest checkpoint is everywhere, for at most so long for
    /// each place, and returns what went wrong.
    pub(super) fn finish(&self, at_most: Duration) -> Vec<Error> {
        self.end();
        let mut problems = Vec::new();
        for running in &self.places {
            if let Some(done) = &running.done {
                // Ends with the disconnection, or too late.
                let _ = done.recv_timeout(at_most);
            }
            if running.place.state().wanted.is_some() {
                let directory = running.place.directory.display();
                let message = format!("the last checkpoint was not copied to {directory} in time");
                problems.push(Error::new(ErrorKind::Degraded, message));
            }
        }
        problems.extend(self.take_problems());
        problems
    }

    fn end(&self) {
        for running in &self.places {
            running.place.state().is_ending = true;
            running.place.news.notify_one();
        }
    }
}

impl Drop for Copies {
    fn drop(&mut self) {
        self.end();
    }
}

impl Place {
    fn run(&self) {
        let mut wait = RETRY_FIRST;
        while self.has_news() {
            if self.attempt() {
                wait = RETRY_FIRST;
                continue;
            }
            let state = self.state();
            if state.is_ending {
                return;
            }
            drop(self.news.wait_timeout(state, wait));
            wait = (wait * 2).min(RETRY_MAX);
        }
    }

    /// Waits for a checkpoint; whether there is one.
    fn has_news(&self) -> bool {
        let mut state = self.state();
        while state.wanted.is_none() && !state.is_ending {
            state = self.news.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.wanted.is_some()
    }

    /// Writes the newest checkpoint; whether that succeeded.
    fn attempt(&self) -> bool {
        let Some(wanted) = self.state().wanted.clone() else { return true };
        let written = self.write(&wanted);
        let mut state = self.state();
        match written {
            Ok(()) => {
                if state.wanted.as_ref() == Some(&wanted) {
                    state.wanted = None;
                }
                state.written = Some(wanted.checkpoint().head().size);
                state.failures = 0;
                state.last_error = None;
                true
            }
            Err(error) => {
                state.failures += 1;
                state.last_error = Some(error.to_string());
                // Told once, until it has worked again.
                if state.failures == 1 {
                    state.untold.push(error);
                }
                false
            }
        }
    }

    fn write(&self, checkpoint: &SignedCheckpoint) -> Result<()> {
        make_directory(&*self.fs, &self.directory)?;
        let path = copy_path(&self.directory, self.log);
        files::replace(&*self.fs, &path, &checkpoint.to_string())
    }

    fn copy_state(&self) -> CopyState {
        let state = self.state();
        CopyState {
            directory: self.directory.clone(),
            size: state.written,
            failures: state.failures,
            last_error: state.last_error.clone(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn spawn(place: Arc<Place>) -> Result<Receiver<()>> {
    let (running, done) = bounded(0);
    std::thread::Builder::new()
        .name("tracing-audit-copy".to_owned())
        .spawn(move || {
            crate::capture::suppress_on_this_thread();
            place.run();
            drop(running);
        })
        .map_err(|error| {
            let message = "the thread for copies of checkpoints could not be started";
            Error::caused(ErrorKind::Io, message, error)
        })?;
    Ok(done)
}

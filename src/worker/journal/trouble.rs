//! When the disk fails: wait and try again, or give up.

use std::sync::Arc;
use std::time::Duration;

use super::keeper::Kept;
use crate::error::{Error, ErrorKind};

/// Time between two attempts to write what waits.
const RETRY: Duration = Duration::from_millis(250);

/// What to do when the disk of a journal is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum FullDisk {
    /// Hold what waits and try again; what comes on top is lost and counted
    /// when no more can be held. With room, the journal goes on, and says in a
    /// gap entry what is missing.
    #[default]
    Wait,
    /// Say so at the end of the log, in space that was reserved, and store
    /// nothing any more.
    Poison,
}

/// Whether the journal can be written to.
#[derive(Debug)]
pub(super) enum State {
    Working,
    /// The last attempt failed; what was appended waits.
    Stuck(Stuck),
    /// For good.
    GivenUp(Arc<str>),
}

#[derive(Debug)]
pub(super) struct Stuck {
    kind: ErrorKind,
    message: Arc<str>,
    retry_ns: u64,
}

impl Kept {
    /// How long what waits may go on waiting: no longer if memory let go of it.
    pub(super) fn until_sync(&self) -> Option<Duration> {
        let now_ns = self.now_ns();
        match &self.state {
            State::Working if self.ledger.durable() < self.released_through => {
                self.ledger.until_sync(now_ns).map(|_| Duration::ZERO)
            }
            State::Working => self.ledger.until_sync(now_ns),
            State::Stuck(stuck) => {
                Some(Duration::from_nanos(stuck.retry_ns.saturating_sub(now_ns)))
            }
            State::GivenUp(_) => None,
        }
    }

    /// Remembers a failure; whether it is news.
    pub(super) fn note_failure(&mut self, error: &Error) -> bool {
        let message: Arc<str> = error.to_string().into();
        if self.ledger.is_poisoned() {
            let is_new = !matches!(self.state, State::GivenUp(_));
            self.state = State::GivenUp(message);
            return is_new;
        }
        let is_new = matches!(self.state, State::Working);
        let retry_ns = self.now_ns().saturating_add(RETRY.as_nanos() as u64);
        self.state = State::Stuck(Stuck { kind: error.kind(), message, retry_ns });
        is_new
    }

    /// Gives up for good, although the ledger would go on.
    pub(super) fn give_up(&mut self, why: &str) {
        self.state = State::GivenUp(why.into());
    }

    /// It works, again or still.
    pub(super) fn note_success(&mut self) {
        if matches!(self.state, State::Stuck(_)) {
            self.state = State::Working;
        }
    }

    pub(super) fn is_full(&self) -> bool {
        matches!(&self.state, State::Stuck(stuck) if stuck.kind == ErrorKind::Full)
    }

    /// Why nothing can be acknowledged, if nothing can.
    pub(super) fn refusal(&self) -> Option<Error> {
        match &self.state {
            State::Working => None,
            State::Stuck(stuck) => Some(Error::new(stuck.kind, stuck.message.to_string())),
            State::GivenUp(why) => Some(Error::new(ErrorKind::Poisoned, why.to_string())),
        }
    }

    /// The same in words, for health.
    pub(super) fn trouble(&self) -> Option<Arc<str>> {
        match &self.state {
            State::Working => None,
            State::Stuck(Stuck { message, .. }) | State::GivenUp(message) => Some(message.clone()),
        }
    }
}

//! What every step of the day works with.

use std::path::PathBuf;
use std::sync::Arc;

use crate::client::Client;
use crate::corpus::Corpus;
use crate::memory::{self, Caller, Memory, Note};
use crate::tally::Tally;

pub(super) const SEED: u64 = 20_250_115;
/// The knowledge base that everybody uses.
pub(super) const HANDBOOK: &str = "handbook";
/// A knowledge base that is deleted in the end.
pub(super) const SCRATCH: &str = "scratch";
pub(super) const ACME: &str = "acme";
pub(super) const GLOBEX: &str = "globex";

/// A step went otherwise than it should have.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Surprise {
    #[error("{0}")]
    Unexpected(String),
    #[error("unexpected: {0}")]
    Failed(#[from] memory::Error),
    #[error("a user's task ended early: {0}")]
    Task(#[from] tokio::task::JoinError),
}

/// Fails with `what` unless it is so.
pub(super) fn ensure(so: bool, what: &str) -> Result<(), Surprise> {
    if so { Ok(()) } else { Err(Surprise::Unexpected(what.to_owned())) }
}

/// The system, its users, and the texts they work on.
#[derive(Clone)]
pub(crate) struct Scene {
    pub memory: Memory,
    pub corpus: Arc<Corpus>,
    pub tally: Arc<Tally>,
    /// A folder for exports of the memory system.
    pub scratch: PathBuf,
}

impl Scene {
    pub(super) fn client(&self, caller: Caller, number: u8) -> Client {
        Client::new(&self.memory, &self.tally, caller, number)
    }

    pub(super) fn admin(&self) -> Client {
        self.client(Caller::user("olivia", ACME, &["role:admin"]), 1)
    }

    pub(super) fn alice(&self) -> Client {
        self.client(Caller::user("alice", ACME, &["group:engineering"]), 2)
    }

    pub(super) fn bob(&self) -> Client {
        self.client(Caller::user("bob", ACME, &["group:hr"]), 3)
    }

    pub(super) fn carol(&self) -> Client {
        self.client(Caller::user("carol", ACME, &["group:engineering"]), 4)
    }

    pub(super) fn mallory(&self) -> Client {
        self.client(Caller::user("mallory", ACME, &[]), 5)
    }

    pub(super) fn dave(&self) -> Client {
        self.client(Caller::user("dave", GLOBEX, &[]), 6)
    }

    /// A key that acts for a user.
    pub(super) fn key(&self) -> Client {
        self.client(Caller::api_key("ci", "erin", GLOBEX), 7)
    }

    /// The program itself, for one organisation.
    pub(super) fn system(&self, org_id: &str) -> Client {
        self.client(Caller::system(org_id), 8)
    }
}

pub(super) fn note(content: impl Into<String>, importance: f64) -> Note {
    Note { knowledge_base: HANDBOOK.to_owned(), content: content.into(), importance }
}

//! A fixed, consistent look at the trail, and where queries get one.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use super::builder::Query;
use super::stored::Stored;
use crate::buffer::Snapshot;
use crate::error::{Error, Result};
use crate::event::Sequence;
use crate::redaction::HashKeys;

/// The future of a [`View`] that contains everything completed before.
pub(crate) type FreshView = Pin<Box<dyn Future<Output = Result<View>> + Send>>;

/// Where a query gets its data.
pub(crate) trait Source: Send + Sync {
    /// A view with everything completed before the call. May wait.
    fn fresh(&self) -> Result<View>;

    /// The latest view there is. Never waits.
    fn snapshot(&self) -> View;

    /// As `fresh`, without blocking the thread.
    fn fresh_async(&self) -> FreshView;

    /// The keys under which values in it are hashed.
    fn hash_keys(&self) -> HashKeys;

    /// This view, and one of each other log in the same directory. May read files.
    fn every_log(&self, own: View) -> Result<Vec<View>>;
}

/// The events that were held at one moment. It does not change any more: all
/// queries on it see the same events, also those that are released meanwhile.
///
/// With a journal, queries on it go on where memory ends: into the log on
/// disk, as far back as that was not pruned.
///
/// Cheap to clone. As long as it lives, so do its events in memory.
#[derive(Debug, Clone)]
pub struct View {
    snapshot: Arc<Snapshot>,
    stored: Stored,
    keys: HashKeys,
    org_scope: Option<String>,
}

impl View {
    /// What lies in memory.
    pub(crate) fn new(snapshot: Arc<Snapshot>) -> Self {
        View { snapshot, stored: Stored::default(), keys: HashKeys::default(), org_scope: None }
    }

    /// Of no log.
    #[cfg(feature = "journal")]
    pub(super) fn empty() -> Self {
        View::new(Arc::new(Snapshot::empty_at(0)))
    }

    /// What a log on disk has before this sequence, with nothing in memory.
    #[cfg(feature = "journal")]
    pub(super) fn on_disk(stored: Stored, next_sequence: u64) -> Self {
        View::new(Arc::new(Snapshot::empty_at(next_sequence))).with_stored(stored)
    }

    /// The same view, with what lies on disk before it.
    pub(crate) fn with_stored(self, stored: Stored) -> Self {
        View { stored, ..self }
    }

    /// The same view, with the keys of what is hashed in it.
    pub(crate) fn with_hash_keys(self, keys: HashKeys) -> Self {
        View { keys, ..self }
    }

    /// The same view, without what lies on disk.
    pub(crate) fn in_memory(self) -> Self {
        View { stored: Stored::default(), ..self }
    }

    /// The same view, narrowed to one organisation.
    pub(crate) fn scoped_to_org(mut self, org: impl Into<String>) -> Self {
        self.org_scope = Some(org.into());
        self
    }

    /// Begins a query on this view. It waits for nothing.
    pub fn query(&self) -> Query {
        let query = Query::new(Arc::new(View { org_scope: None, ..self.clone() }));
        match &self.org_scope {
            Some(org) => query.scoped_to_org(org),
            None => query,
        }
    }

    /// The oldest event held in memory; the next one to come if none is.
    pub fn first_sequence(&self) -> Sequence {
        Sequence(self.snapshot.first_sequence)
    }

    /// One more than the newest event held.
    pub fn next_sequence(&self) -> Sequence {
        Sequence(self.snapshot.next_sequence)
    }

    /// Tells this log from others: on disk it keeps its identity.
    pub(super) fn log(&self) -> u64 {
        self.stored.instance().unwrap_or(self.snapshot.instance)
    }

    /// The oldest sequence that is to be had, in memory or on disk.
    pub(super) fn first_to_be_had(&self) -> u64 {
        self.stored.first_sequence(self.snapshot.first_sequence)
    }

    pub(super) fn held(&self) -> &Snapshot {
        &self.snapshot
    }

    pub(super) fn stored(&self) -> &Stored {
        &self.stored
    }
}

impl Source for View {
    fn fresh(&self) -> Result<View> {
        Ok(self.clone())
    }

    fn snapshot(&self) -> View {
        self.clone()
    }

    fn fresh_async(&self) -> FreshView {
        Box::pin(std::future::ready(Ok(self.clone())))
    }

    fn hash_keys(&self) -> HashKeys {
        self.keys.clone()
    }

    fn every_log(&self, _: View) -> Result<Vec<View>> {
        Err(Error::invalid(
            "a view is of one log; begin a query of every log at the handle (`Audit::query`)",
        ))
    }
}

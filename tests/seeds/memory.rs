//! A memory system as an application would have it: spans, and no other audit
//! code. And a trail for one test.

use std::path::Path;
use std::sync::Arc;

use tracing::subscriber::DefaultGuard;
use tracing_audit::clock::ManualClock;
use tracing_audit::{Audit, AuditEvent, AuditLayer, Builder};
use tracing_subscriber::prelude::*;

/// A trail for this thread.
pub(crate) struct Trail {
    pub(crate) audit: Audit,
    _guard: DefaultGuard,
}

impl Trail {
    pub(crate) fn start() -> Trail {
        Trail::with(|builder| builder)
    }

    pub(crate) fn with(choose: impl FnOnce(Builder) -> Builder) -> Trail {
        let (layer, audit) = choose(AuditLayer::builder()).build().unwrap();
        let guard = tracing_subscriber::registry().with(layer).set_default();
        tracing::callsite::rebuild_interest_cache();
        Trail { audit, _guard: guard }
    }

    /// A trail whose time is told, from half past ten of a winter's morning on.
    pub(crate) fn timed(choose: impl FnOnce(Builder) -> Builder) -> (Trail, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::at("2025-01-15T10:30:45Z".parse().unwrap()));
        (Trail::with(|builder| choose(builder.clock(clock.clone()))), clock)
    }

    /// Everything recorded, oldest first.
    pub(crate) fn events(&self) -> Vec<AuditEvent> {
        let mut events = self.audit.query().run().unwrap().events;
        events.reverse();
        events
    }

    pub(crate) fn only(&self) -> AuditEvent {
        let events = self.events();
        assert_eq!(events.len(), 1, "{events:#?}");
        events.into_iter().next().unwrap()
    }
}

#[tracing::instrument(err, skip_all, fields(
    audit.operation = "STORE", audit.user_id = user, audit.session_id = session, audit.entry_ids, importance,
))]
pub(crate) fn store(user: &str, session: &str, id: &str) -> Result<(), String> {
    let span = tracing::Span::current();
    span.record("audit.entry_ids", id);
    span.record("importance", 0.8);
    if id.is_empty() { Err("an entry needs an id".to_owned()) } else { Ok(()) }
}

#[tracing::instrument(err, skip_all, fields(audit.operation = "RECALL", audit.user_id = user, query))]
pub(crate) fn recall(user: &str, query: &str) -> Result<usize, String> {
    tracing::Span::current().record("query", query);
    if query == "timeout" { Err("Database connection timeout".to_owned()) } else { Ok(query.len()) }
}

#[tracing::instrument(err, skip_all, fields(audit.operation = "FORGET", audit.user_id = user, audit.entry_ids = id))]
pub(crate) fn forget(user: &str, id: &str) -> Result<(), String> {
    if id == "missing" { Err("no such entry".to_owned()) } else { Ok(()) }
}

#[tracing::instrument(skip_all, fields(
    audit.operation = "COMPACT", audit.user_id = user, entries_before = ids.len(), entries_after, ratio,
))]
pub(crate) fn compact(user: &str, ids: &[&str]) {
    let kept = ids.iter().filter(|id| !id.is_empty()).count();
    let span = tracing::Span::current();
    span.record("entries_after", kept).record("ratio", kept as f64 / ids.len() as f64);
}

#[tracing::instrument(err, skip_all, fields(
    audit.operation = "EXPORT", audit.user_id = user, format = "json", entries = ids.len(), error_type,
))]
pub(crate) fn export(user: &str, ids: &[&str], path: &Path) -> std::io::Result<()> {
    std::fs::write(path, ids.join("\n")).inspect_err(|error| {
        tracing::Span::current().record("error_type", format!("{:?}", error.kind()));
    })
}

#[tracing::instrument(skip_all, fields(
    audit.operation = "IMPORT", audit.user_id = user, audit.entry_ids, imported = ids.len(),
))]
pub(crate) fn import(user: &str, ids: &[&str]) {
    for id in ids {
        let _ = store(user, "batch", id);
    }
}

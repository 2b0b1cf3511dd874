//! A trail by policy alone.

use tracing::subscriber::DefaultGuard;
use tracing_audit::policy::Policy;
use tracing_audit::query::Order;
use tracing_audit::{Audit, AuditEvent, AuditLayer};
use tracing_subscriber::prelude::*;

/// A trail under a policy in TOML, that of this thread until the guard is
/// dropped. The runtime of a test has no other thread.
pub fn trail(policy: &str) -> (Audit, DefaultGuard) {
    let policy = Policy::from_toml(policy, "the test's policy").expect("it has no mistake");
    let (layer, audit) = AuditLayer::builder().policy(policy).build().expect("it is all there");
    let subscriber = tracing_subscriber::registry().with(layer);
    let guard = tracing::subscriber::set_default(subscriber);
    tracing::callsite::rebuild_interest_cache();
    (audit, guard)
}

/// Every event, in the order of completion.
pub fn events(audit: &Audit) -> Vec<AuditEvent> {
    audit.query().order(Order::OldestFirst).run().expect("the trail is open").events
}

/// The one event of this operation.
#[track_caller]
pub fn only(audit: &Audit, operation: &str) -> AuditEvent {
    let found = audit.query().operation(operation).run().expect("the trail is open").events;
    let [event] = &found[..] else { panic!("{operation}: {found:#?}") };
    event.clone()
}

/// Status, source of it, and error, as one text.
pub fn ended(event: &AuditEvent) -> String {
    let error = event.error_message.as_deref().unwrap_or("-");
    format!("{} {} {error}", event.status, event.status_source)
}

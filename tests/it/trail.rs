//! A trail for one test: its layer, its handle, and what its error hook was told.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tracing::Dispatch;
use tracing::dispatcher::DefaultGuard;
use tracing_audit::query::Order;
use tracing_audit::{Audit, AuditEvent, AuditLayer, Builder};
use tracing_subscriber::prelude::*;

/// For what is sure to come: long enough for a machine that has much else to do, and a disk that is slow.
pub(crate) const DEADLINE: Duration = Duration::from_secs(120);

/// What the error hook was told.
#[derive(Clone, Default)]
pub(crate) struct Told(Arc<Mutex<Vec<String>>>);

impl Told {
    pub(crate) fn texts(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    /// How many of the texts contain `part`.
    pub(crate) fn count(&self, part: &str) -> usize {
        self.texts().iter().filter(|text| text.contains(part)).count()
    }

    /// A builder whose error hook tells this.
    pub(crate) fn listen(&self, builder: Builder) -> Builder {
        let told = self.0.clone();
        builder.on_error(move |error| told.lock().unwrap().push(error.to_string()))
    }
}

/// A trail with default settings, that of this thread until the guard is dropped.
pub(crate) fn trail() -> (Audit, DefaultGuard) {
    trail_of(AuditLayer::builder())
}

/// A trail with these settings.
pub(crate) fn trail_of(builder: Builder) -> (Audit, DefaultGuard) {
    let (layer, audit) = builder.build().unwrap();
    (audit, subscribe(tracing_subscriber::registry().with(layer)))
}

/// A trail that also tells what its error hook is told.
pub(crate) fn told_trail() -> (Audit, DefaultGuard, Told) {
    let told = Told::default();
    let (audit, guard) = trail_of(told.listen(AuditLayer::builder()));
    (audit, guard, told)
}

/// Makes a subscriber that of this thread. Other tests run at the same time,
/// so callsites may have been hit before it was known.
pub(crate) fn subscribe(subscriber: impl Into<Dispatch>) -> DefaultGuard {
    let guard = tracing::dispatcher::set_default(&subscriber.into());
    tracing::callsite::rebuild_interest_cache();
    guard
}

/// Every event, in the order of completion.
pub(crate) fn events(audit: &Audit) -> Vec<AuditEvent> {
    audit.query().order(Order::OldestFirst).run().unwrap().events
}

/// The one event of this operation.
#[track_caller]
pub(crate) fn only(audit: &Audit, operation: &str) -> AuditEvent {
    let mut found = audit.query().operation(operation).run().unwrap().events;
    assert_eq!(found.len(), 1, "{operation}: {found:#?}");
    found.remove(0)
}

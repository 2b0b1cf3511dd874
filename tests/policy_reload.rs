//! A policy that is put in the place of another, again and again, while spans
//! open and close: nothing is lost, and nothing is decided by half a policy.
//! Alone in its process, which has one global subscriber.
#![cfg(feature = "policy")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::time::Duration;

use tracing::field::Empty;
use tracing::{info, info_span};
use tracing_audit::event::Kind;
use tracing_audit::policy::{Condition, EventPattern, Identity, Origin, Outcome, Policy, Rule};
use tracing_audit::query::Order;
use tracing_audit::{Audit, AuditEvent, AuditLayer, OverflowPolicy, Status};
use tracing_subscriber::prelude::*;

const RELOADS: usize = 1_000;
const THREADS: usize = 4;
/// Spans for each reload.
const SPANS: usize = 8;

/// Everything that this policy says of a span carries its mark. Whether values
/// decide which rule is for a span differs from one to the other.
fn policy(mark: &str, status: Status) -> Policy {
    let told = EventPattern::new().target("shop").message("done");
    let place = Rule::new("place")
        .target("shop")
        .span("place")
        .operation(mark)
        .identity(Identity::User, Origin::fields(["user.id"]).enclosing(true).prefix(mark))
        .identity(Identity::Resource, Origin::fields(["name"]).prefix(mark))
        .identity(Identity::Session, Origin::fixed(mark))
        .outcome(Outcome::new().event_field(told, Condition::is("by", ["*"]), status));
    let probe =
        Rule::new("probe").span("place").condition(Condition::is("name", ["probe"])).ignored();
    let probe = (mark == "B").then_some(probe);
    Policy::new(probe.into_iter().chain([place])).unwrap()
}

/// A span, and all that is recorded and told of it.
fn place(inside: impl FnOnce()) {
    info_span!("handler", user.id = "u").in_scope(|| {
        let place = info_span!(target: "shop", "place", name = Empty, value = 1);
        inside();
        place.record("name", "n");
        place.in_scope(|| info!(target: "shop", by = "me", "done"));
    });
}

/// Opens, changes and closes spans, and reloads now and then, also while one is
/// open. The other threads do the same.
fn load(audit: &Audit, [first, second]: &[Policy; 2], thread: usize) {
    for round in 0..RELOADS / THREADS {
        let next = if (thread + round).is_multiple_of(2) { first } else { second };
        place(|| audit.reload_policy(next.clone()).unwrap());
        (1..SPANS).for_each(|_| place(|| ()));
    }
}

fn everything(audit: &Audit, kind: Kind) -> Vec<AuditEvent> {
    audit.query().kind(kind).order(Order::OldestFirst).run().unwrap().events
}

/// Everything that was decided about a span has the same mark.
fn assert_whole(event: &AuditEvent) {
    let mark = event.operation.as_str();
    let status = if mark == "A" { Status::Partial } else { Status::Failure };
    let (user, name) = (format!("{mark}u"), format!("{mark}n"));
    assert_eq!(event.user_id.as_deref(), Some(user.as_str()), "{event:#?}");
    assert_eq!(event.resource.as_deref(), Some(name.as_str()), "{event:#?}");
    assert_eq!(event.session_id.as_deref(), Some(mark), "{event:#?}");
    assert_eq!(event.status, status, "{event:#?}");
}

#[test]
fn reloads_lose_nothing_and_nothing_is_decided_by_half_a_policy() {
    let [first, second] = [policy("A", Status::Partial), policy("B", Status::Failure)];
    let (layer, audit) = AuditLayer::builder()
        .rotation(false)
        .overflow(OverflowPolicy::BlockForever)
        .build()
        .unwrap();
    tracing_subscriber::registry().with(layer).init();
    let place = || info_span!(target: "shop", "place", name = "n", user.id = "u");
    assert!(place().is_disabled(), "nobody wants it yet");
    audit.reload_policy(first.clone()).unwrap();
    assert!(!place().is_disabled(), "it is switched on");
    audit.reload_policy(Policy::new([]).unwrap()).unwrap();
    assert!(place().is_disabled(), "it is switched off");
    audit.reload_policy(first.clone()).unwrap();

    let before = audit.query().count().unwrap();
    assert_eq!(before, 1, "the one that was switched on is audited, too");
    let policies = [first, second];
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (audit, policies) = (audit.clone(), &policies);
            scope.spawn(move || load(&audit, policies, thread));
        }
    });

    let events = everything(&audit, Kind::Event).split_off(before as usize);
    events.iter().for_each(assert_whole);
    let mut marks = BTreeMap::new();
    events.iter().for_each(|event| *marks.entry(event.operation.to_string()).or_insert(0) += 1);
    assert!(marks.values().all(|count| *count > 0) && marks.len() == 2, "{marks:?}");
    assert_eq!(events.len(), RELOADS * SPANS, "{marks:?}");
    assert_eq!(audit.health().lost_events(), 0);
    let entries = everything(&audit, Kind::Log);
    let entries: Vec<_> =
        entries.iter().filter(|entry| entry.operation.as_str() == "POLICY").collect();
    assert_eq!(entries.len(), 3 + RELOADS);
    let last = entries.last().unwrap().metadata.get("digest").unwrap();
    assert_eq!(*last, audit.policy_digest().unwrap());
    assert!(audit.shutdown(Duration::from_secs(60)).is_complete);
}

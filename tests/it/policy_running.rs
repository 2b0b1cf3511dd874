//! Policies at work: put in the place of others, with intents, collapse and
//! coverage.

use std::time::Duration;

use tracing::field::Empty;
use tracing::{info, info_span};
use tracing_audit::event::Kind;
use tracing_audit::event::limits::{COLLAPSED_FAILURES_KEY, COLLAPSED_KEY};
use tracing_audit::policy::{Condition, EventPattern, Identity, Origin, Outcome, Policy, Rule};
use tracing_audit::query::Order;
use tracing_audit::redaction::{Action, Redaction};
use tracing_audit::{Audit, AuditEvent, AuditLayer, Operation, Status, StatusSource};

use crate::trail::{events, only, subscribe, trail, trail_of};

fn policy(rules: impl IntoIterator<Item = Rule>) -> Policy {
    Policy::new(rules).unwrap()
}

/// A rule for spans `place` of the shop, with everything that it says marked.
fn marked(mark: &str, status: Status) -> Rule {
    Rule::new(mark)
        .target("shop")
        .span("place")
        .operation(mark)
        .identity(Identity::Resource, Origin::fields(["name"]).prefix(mark))
        .outcome(Outcome::new().event(EventPattern::new().message("done"), status))
}

fn log(audit: &Audit, operation: &str) -> Vec<AuditEvent> {
    let entries = audit.query().kind(Kind::Log).order(Order::OldestFirst).run().unwrap().events;
    entries.into_iter().filter(|entry| entry.operation.as_str() == operation).collect()
}

fn names(audit: &Audit) -> Vec<String> {
    events(audit).iter().map(|event| event.operation.to_string()).collect()
}

#[test]
fn open_spans_keep_the_policy_under_which_they_opened() {
    let first = policy([marked("A", Status::Partial)]);
    let (audit, _default) = trail_of(AuditLayer::builder().policy(first.clone()));
    let place = || info_span!(target: "shop", "place", name = Empty);
    let finish = |span: tracing::Span| {
        span.record("name", "x");
        span.in_scope(|| info!(target: "shop", "done"));
    };
    let open = place();
    let second = policy([marked("B", Status::Failure)]);
    audit.reload_policy(second.clone()).unwrap();
    assert_eq!(audit.policy_digest(), Some(second.digest()));
    let after = place();
    audit.reload_policy(policy([])).unwrap();
    finish(after);
    finish(open);
    finish(place());
    let told: Vec<_> = events(&audit)
        .iter()
        .map(|event| (event.operation.to_string(), event.resource.clone().unwrap(), event.status))
        .collect();
    let expected = [("B", "Bx", Status::Failure), ("A", "Ax", Status::Partial)];
    let expected = expected.map(|(name, resource, status)| (name.into(), resource.into(), status));
    assert_eq!(told, expected);

    let entries = log(&audit, "POLICY");
    let digests: Vec<_> =
        entries.iter().map(|entry| entry.metadata.get("digest").unwrap().clone()).collect();
    assert_eq!(digests, [first.digest(), second.digest(), policy([]).digest()]);
    assert_eq!(entries[1].metadata.get("previous_digest").unwrap(), &first.digest());
    assert_eq!(entries[1].metadata.get("rules").unwrap(), &serde_json::json!(["B"]));
}

#[test]
fn which_policy_is_in_force_is_said_whatever_is_hidden() {
    let hidden = Redaction::new().name("digest", Action::Drop).name("*digest", Action::Mask);
    let first = policy([marked("A", Status::Success)]);
    let (audit, _default) = trail_of(AuditLayer::builder().redaction(hidden).policy(first.clone()));
    audit.reload_policy(policy([])).unwrap();
    let entries = log(&audit, "POLICY");
    let said = |entry: &AuditEvent, key| entry.metadata.get(key).cloned();
    assert_eq!(said(&entries[0], "digest"), Some(first.digest().into()));
    assert_eq!(said(&entries[1], "previous_digest"), Some(first.digest().into()));
}

#[test]
fn a_policy_may_be_loaded_from_a_thread_without_a_subscriber() {
    let (audit, _default) = trail();
    let place = || drop(info_span!(target: "switched", "place", name = "x"));
    let rule = Rule::new("A").target("switched").span("place").operation("A");
    let reload = |rules: Vec<Rule>| {
        let audit = audit.clone();
        // As one that watches a file has none.
        std::thread::spawn(move || audit.reload_policy(policy(rules)).unwrap()).join().unwrap();
    };
    place();
    reload(vec![rule.clone()]);
    place();
    reload(Vec::new());
    place();
    reload(vec![rule]);
    place();
    assert_eq!(names(&audit), ["A", "A"]);
}

#[test]
fn a_mistake_in_a_new_policy_changes_nothing() {
    let (audit, _default) =
        trail_of(AuditLayer::builder().policy(policy([marked("A", Status::Success)])));
    let digest = audit.policy_digest();
    assert!(Policy::from_toml("[[rule]]\nname = 1", "p").is_err());
    let durable = || policy([marked("B", Status::Success).durable()]);
    for refused in [
        audit.reload_policy(durable()),
        AuditLayer::builder().policy(durable()).build_without_layer().map(drop),
    ] {
        let told = refused.unwrap_err().to_string();
        assert!(told.contains("the rule `B` says `durable`, which needs a journal"), "{told}");
    }
    let shut = audit.shutdown(Duration::from_secs(60));
    assert!(audit.reload_policy(policy([])).unwrap_err().is_stopped());
    assert_eq!(audit.policy_digest(), digest);
    assert_eq!(shut.coverage.unwrap().rules_unmatched, ["A"]);
}

#[test]
fn spans_inside_collapse_into_one_that_a_rule_says_so_of() {
    let import = Rule::new("import").target("shop").span("import").operation("IMPORT").collapse();
    let outcome = Outcome::new().field(Condition::is("ok", ["false"]), Status::Failure);
    let store = Rule::new("store").target("shop").span("store").operation("STORE").outcome(outcome);
    let store = store.identity(Identity::EntryIds, Origin::fields(["id"]));
    let (audit, _default) = trail_of(AuditLayer::builder().policy(policy([import, store])));
    info_span!(target: "shop", "import").in_scope(|| {
        info_span!(target: "shop", "store", id = "a", ok = true);
        info_span!(target: "shop", "store", id = "b", ok = false);
        info_span!("op", audit.operation = "STORE", audit.entry_ids = "c");
    });
    info_span!(target: "shop", "store", id = "d", ok = true);
    assert_eq!(names(&audit), ["IMPORT", "STORE"]);
    let import = only(&audit, "IMPORT");
    assert_eq!(import.entry_ids, ["a", "b", "c"]);
    assert_eq!(import.metadata.get(COLLAPSED_KEY).unwrap(), 3);
    assert_eq!(import.metadata.get(COLLAPSED_FAILURES_KEY).unwrap(), 1);
}

#[test]
fn intents_are_entries_of_their_own_tied_by_the_event_id() {
    let by_rule = marked("DELETE", Status::Success).intent();
    let in_code =
        Rule::new("marked").condition(Condition::is("audit.operation", ["WIPE"])).intent();
    let (audit, _default) = trail_of(AuditLayer::builder().policy(policy([by_rule, in_code])));
    let delete = info_span!(target: "shop", "place", name = "x", rows = 2);
    audit.flush().unwrap();
    let intents = log(&audit, "INTENT");
    assert_eq!(intents.len(), 1);
    assert_eq!(intents[0].metadata.get("audit.intended").unwrap(), "DELETE");
    assert_eq!(intents[0].metadata.get("rows").unwrap(), 2);
    assert_eq!(intents[0].resource.as_deref(), Some("DELETEx"));
    assert_eq!(
        (intents[0].status, intents[0].status_source),
        (Status::Unknown, StatusSource::Open)
    );
    assert_eq!(audit.query().count().unwrap(), 0, "it has not happened yet");
    delete.in_scope(|| info!(target: "shop", "done"));
    drop(delete);
    assert_eq!(only(&audit, "DELETE").event_id, intents[0].event_id);
    assert_eq!(audit.statistics().total_events, 1);

    info_span!("op", audit.operation = "KEEP");
    info_span!("op", audit.operation = "WIPE", audit.user_id = "alice");
    let intents = log(&audit, "INTENT");
    assert_eq!(intents.len(), 2, "KEEP has none");
    assert_eq!(intents[1].event_id, only(&audit, "WIPE").event_id);
    assert_eq!(intents[1].user_id.as_deref(), Some("alice"));
}

#[test]
fn what_is_open_at_shutdown_is_decided_and_written_as_open() {
    let dynamic = marked("A", Status::Success).condition(Condition::recorded("never"));
    let rest = Rule::new("rest").target("shop").span("place").operation("REST");
    let (audit, _default) = trail_of(AuditLayer::builder().policy(policy([dynamic, rest])));
    let open = info_span!(target: "shop", "place", never = Empty, name = "x");
    let report = audit.shutdown(Duration::from_secs(60));
    assert_eq!((report.open, report.recorded), (1, 1));
    assert_eq!(only(&audit, "REST").status_source, StatusSource::Open);
    drop(open);
    assert_eq!(audit.health().lost_events(), 1, "what closes after the shutdown is counted");
}

#[test]
fn coverage_tells_what_never_came_and_what_may_have_been_missed() {
    let both = policy([
        marked("A", Status::Success),
        Rule::new("never").target("elsewhere").operation("B"),
    ])
    .expect_operations(["A", "FORGET"]);
    let (audit, _default) = trail_of(AuditLayer::builder().policy(both));
    info_span!(target: "shop", "place", name = "x", audit.user_id = "alice");
    info_span!(target: "shop", "place", name = "x");
    info_span!(target: "shop", "delete row", id = 1);
    info_span!(target: "shop", "paint", id = 1);
    let coverage = audit.coverage().unwrap();
    assert_eq!(coverage.rules_unmatched, ["never"]);
    assert_eq!(coverage.operations_missing, [Operation::Forget]);
    assert_eq!((coverage.events, coverage.events_without_actor), (2, 1));
    assert!(
        coverage.callsites_unmatched.contains(&"delete row in shop".to_owned()),
        "{coverage:?}"
    );
    assert!(!coverage.callsites_unmatched.iter().any(|callsite| callsite.contains("paint")));
    assert_eq!(coverage.callsites_disabled, [""; 0]);
    assert!(!coverage.is_complete());
    assert!(trail().0.coverage().is_none(), "without a policy there is nothing to cover");
}

#[test]
fn coverage_tells_of_audited_callsites_that_something_disables() {
    let place = || drop(info_span!(target: "shop", "place", name = "disabled"));
    {
        // Under a filter for everybody, what was not met before never is.
        let (_audit, _default) = trail();
        place();
    }
    use tracing_subscriber::prelude::*;
    let (layer, audit) =
        AuditLayer::builder().policy(policy([marked("A", Status::Success)])).build().unwrap();
    // Something else is wanted in detail, so that callsites are known at all.
    let filter = tracing_subscriber::EnvFilter::new("warn,elsewhere=trace");
    let _default = subscribe(tracing_subscriber::registry().with(filter).with(layer));
    place();
    let disabled = audit.coverage().unwrap().callsites_disabled;
    assert!(
        disabled
            .iter()
            .any(|callsite| callsite.starts_with("place at tests/it/policy_running.rs:")),
        "{disabled:?}"
    );
}

#[test]
fn a_rule_that_ignores_spans_has_matched_them_and_they_were_not_missed() {
    let rules = policy([
        Rule::new("all").target("quiet").ignored(),
        Rule::new("some").span("probe").condition(Condition::is("kind", ["skip*"])).ignored(),
        Rule::new("late").span("late").condition(Condition::is("kind", ["skip*"])).ignored(),
        Rule::new("rest").span("*").target("shop").operation("REST"),
        Rule::new("never").target("nowhere").ignored(),
    ]);
    let builder = AuditLayer::builder().policy(rules).ignored_target("silent");
    let (audit, _default) = trail_of(builder);
    info_span!(target: "quiet::part", "read row");
    info_span!(target: "silent", "write row in silence");
    info_span!(target: "shop", "probe", kind = "skipped");
    info_span!(target: "shop", "late", kind = Empty).record("kind", "skipped");
    info_span!(target: "shop", "place");
    assert_eq!(audit.query().count().unwrap(), 1);
    let coverage = audit.coverage().unwrap();
    assert_eq!(coverage.rules_unmatched, ["never"]);
    let missed = |name: &str| coverage.callsites_unmatched.iter().any(|one| one.contains(name));
    assert!(!missed("read row in quiet::part") && !missed("write row in silence"), "{coverage:?}");
}

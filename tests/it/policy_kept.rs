//! What a policy says of how events are kept: hidden, durable, written down
//! beforehand.

use std::path::Path;
use std::time::Duration;

use serde_json::json;
use tracing::field::Empty;
use tracing::info_span;
use tracing_audit::policy::{Condition, Detail, Identity, Origin, Policy, Rule};
use tracing_audit::redaction::{Action, HashKey, Redaction};
use tracing_audit::{AuditLayer, JournalSettings, Status, StatusSource};

use crate::journal::close;
use crate::trail::{only, trail_of};

fn rule(name: &str) -> Rule {
    Rule::new(name).target("kept").span(name).operation(name)
}

fn policy(rules: impl IntoIterator<Item = Rule>) -> Policy {
    Policy::new(rules).unwrap()
}

#[test]
fn each_rule_hides_its_own_beside_what_is_hidden_everywhere() {
    let rules = [
        rule("none").detail(Detail::None).identity(Identity::User, Origin::fields(["user"])),
        rule("some").detail(Detail::Metadata),
        rule("drops").redact("note", Action::Drop),
        rule("full"),
    ];
    let hidden = Redaction::new().name("color", Action::Mask);
    let key = HashKey::new([7; 32]).unwrap();
    let by_builder = Redaction::new().hash_key(key.clone()).name("shape", Action::Drop);
    let policy = policy(rules).redaction(hidden);
    let digest = policy.digest();
    let (audit, _default) = trail_of(AuditLayer::builder().policy(policy).redaction(by_builder));
    assert_eq!(
        audit.policy_digest(),
        Some(digest),
        "keys and the builder's choices are no part of it"
    );
    macro_rules! span {
        ($name:literal) => {
            drop(info_span!(target: "kept", $name, user = "alice", query = "who?", note = "n", color = "red", shape = "round", password = "p"))
        };
    }
    span!("none");
    span!("some");
    span!("drops");
    span!("full");
    info_span!("op", audit.operation = "IN_CODE", color = "red", shape = "round", note = "n");
    let metadata =
        |operation: &str| serde_json::to_value(only(&audit, operation).metadata).unwrap();
    let hashed = key.hashed("who?");
    assert_eq!(metadata("NONE"), json!({}));
    assert_eq!(only(&audit, "NONE").user_id.as_deref(), Some("alice"));
    let masked = metadata("FULL")["password"].clone();
    assert_ne!(masked, "p");
    let common = |extra: serde_json::Value| {
        let mut all = json!({"user": "alice", "color": masked, "password": masked});
        all.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        all
    };
    assert_eq!(metadata("SOME"), common(json!({"query": hashed, "note": "n"})));
    assert_eq!(metadata("DROPS"), common(json!({"query": "who?"})));
    assert_eq!(metadata("FULL"), common(json!({"query": "who?", "note": "n"})));
    assert_eq!(metadata("IN_CODE"), json!({"color": masked, "note": "n"}));
    assert_eq!(audit.query().metadata("query", "who?").count().unwrap(), 3, "hashed or not");
}

#[test]
fn durable_events_are_synced_without_waiting_for_others() {
    let directory = tempfile::tempdir().unwrap();
    let hour = Duration::from_secs(3_600);
    let journal = JournalSettings::new(directory.path()).group_commit(hour).checkpoint_every(hour);
    let rules = policy([rule("store").durable(), rule("look")]);
    let (audit, _default) = trail_of(AuditLayer::builder().journal(journal).policy(rules));
    let state = || {
        audit.flush().unwrap();
        let journal = audit.health().journal.unwrap();
        (journal.size, journal.durable)
    };
    let (size, durable) = state();
    assert_eq!(size, durable, "the policy itself is durable before it is in force");
    info_span!(target: "kept", "look");
    assert_eq!(state(), (size + 1, durable));
    info_span!(target: "kept", "store");
    assert_eq!(state(), (size + 2, size + 2));
    close(&audit);
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let (path, name) = entry.map(|entry| (entry.path(), entry.file_name())).unwrap();
        match path.is_dir() {
            true => copy(&path, &to.join(name)),
            false => drop(std::fs::copy(&path, to.join(name)).unwrap()),
        }
    }
}

#[test]
fn what_was_begun_before_a_crash_is_recovered_with_its_end_unknown() {
    let directory = tempfile::tempdir().unwrap();
    let crashed = tempfile::tempdir().unwrap();
    let rules = policy([
        rule("wipe").intent().identity(Identity::User, Origin::fields(["user"])),
        rule("late").intent().condition(Condition::is("kind", ["x"])),
        rule("look"),
    ]);
    let (audit, _default) = trail_of(AuditLayer::builder().journal(directory.path()).policy(rules));
    let done = info_span!(target: "kept", "wipe", user = "bob");
    let open = info_span!(target: "kept", "wipe", user = "alice", rows = 3);
    let late = info_span!(target: "kept", "late", kind = Empty);
    late.record("kind", "x");
    let without = info_span!(target: "kept", "look");
    drop(done);
    audit.sync().unwrap();
    let event_id = audit.query().every_kind().user("alice").run().unwrap().events[0].event_id;
    copy(directory.path(), crashed.path());
    drop((open, late, without));
    close(&audit);

    let after = AuditLayer::builder().journal(crashed.path()).build_without_layer();
    let after = after.unwrap();
    let mut recovered = after.query().status(Status::Unknown).run().unwrap().events;
    recovered.sort_by_key(|event| event.operation.to_string());
    let names: Vec<_> = recovered.iter().map(|event| event.operation.as_str()).collect();
    assert_eq!(names, ["LATE", "WIPE"], "{recovered:#?}");
    assert!(recovered.iter().all(|event| event.status_source == StatusSource::Recovered));
    let wipe = &recovered[1];
    assert_eq!((wipe.event_id, wipe.user_id.as_deref()), (event_id, Some("alice")));
    assert_eq!(wipe.metadata.get("rows"), Some(&json!(3)));
    assert_eq!(after.query().user("bob").count().unwrap(), 1, "what was done stays done");
    close(&after);
}

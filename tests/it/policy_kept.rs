//! What a policy says of how events are kept: hidden, durable, written down
//! beforehand.

use std::path::Path;
use std::time::Duration;

use serde_json::json;
use tracing::field::Empty;
use tracing::info_span;
use tracing_audit::event::Kind;
use tracing_audit::policy::{Condition, Detail, Identity, Origin, Policy, Rule};
use tracing_audit::redaction::{Action, HashKey, Redaction};
use tracing_audit::{Audit, AuditEvent, AuditLayer, JournalSettings, Status, StatusSource};

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

/// The entry of an intent, and the event that completes it.
fn begun(audit: &Audit, operation: &str) -> (AuditEvent, AuditEvent) {
    let intents = audit.query().kind(Kind::Log).operation("INTENT").run().unwrap().events;
    let event = only(audit, operation);
    let mut intents = intents.into_iter().filter(|intent| intent.event_id == event.event_id);
    (intents.next().unwrap(), event)
}

#[test]
fn intents_hide_what_their_events_hide() {
    let who = |rule: Rule| {
        rule.identity(Identity::User, Origin::fields(["who"]))
            .identity(Identity::EntryIds, Origin::fields(["id"]))
            .intent()
    };
    let hides = |rule: Rule| {
        rule.redact("user_id", Action::Mask)
            .redact("entry_ids", Action::Mask)
            .redact("note", Action::Drop)
    };
    let in_code = |name| Condition::is("audit.operation", [name]);
    let rules = [
        hides(who(rule("hides"))),
        who(rule("none")).detail(Detail::None),
        who(rule("some")).detail(Detail::Metadata),
        who(rule("full")),
        hides(Rule::new("marked").condition(in_code("IN_CODE"))).intent(),
    ];
    let hidden = Redaction::new().name("session_id", Action::Hash).name("color", Action::Mask);
    let hidden = policy(rules).redaction(hidden);
    let (audit, _default) = trail_of(AuditLayer::builder().policy(hidden));
    macro_rules! span {
        ($name:literal) => {
            drop(info_span!(target: "kept", $name, who = "alice", id = "SSN1", note = "n", query = "who?", audit.session_id = "s1", color = "red"))
        };
    }
    span!("hides");
    span!("none");
    span!("some");
    span!("full");
    info_span!(
        "op",
        audit.operation = "IN_CODE",
        audit.user_id = "alice",
        audit.entry_ids = "SSN1",
        audit.session_id = "s1",
        note = "n",
        color = "red"
    );
    for operation in ["HIDES", "NONE", "SOME", "FULL", "IN_CODE"] {
        let (mut intent, event) = begun(&audit, operation);
        assert_eq!(intent.metadata.remove("audit.intended"), Some(json!(operation)));
        assert_eq!(intent.metadata, event.metadata, "{operation}");
        assert_eq!(intent.entry_ids, event.entry_ids, "{operation}");
        let who = |event: &AuditEvent| {
            (event.actor.clone(), event.user_id.clone(), event.session_id.clone())
        };
        assert_eq!(who(&intent), who(&event), "{operation}");
        assert_ne!(intent.session_id.as_deref(), Some("s1"));
        assert_eq!(intent.metadata.get("who"), None);
    }
    let (intent, _) = begun(&audit, "HIDES");
    assert!(!format!("{intent:?}").contains("alice") && !format!("{intent:?}").contains("SSN1"));
    assert_eq!(begun(&audit, "NONE").0.metadata.iter().count(), 1);
}

#[test]
fn an_operation_has_no_secret_in_its_name_nor_has_its_intent() {
    const JWT: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P";
    let secrets = [
        ("ghp_16C7e42F292c6912E7710c838347Ae178B4a", "API_KEY"),
        ("AIzaSyD3h4jK5l6M7n8P9q0R1s2T3u4V5w6X7y8Z9", "API_KEY"),
        (JWT, "JWT"),
    ];
    let marked = Rule::new("all").condition(Condition::is("audit.operation", ["*"])).intent();
    let (audit, _default) = trail_of(AuditLayer::builder().policy(policy([marked])));
    for (number, (secret, kind)) in secrets.into_iter().enumerate() {
        for before in [format!("get {number}"), format!("{number}{}", "x".repeat(105))] {
            let named = format!("{before} {secret}");
            info_span!("op", audit.operation = named.as_str(), note = "n");
            let shown = format!("{} [MASKED:{kind}]", before.to_uppercase());
            let (intent, event) = begun(&audit, &shown);
            assert_eq!(intent.metadata.get("audit.intended"), Some(&json!(shown)));
            assert_eq!(intent.metadata.get("note"), event.metadata.get("note"));
        }
    }
    info_span!("op", audit.operation = "Mixed Case");
    assert_eq!(begun(&audit, "MIXED CASE").0.metadata.len(), 1);
    let named = format!("call {}", secrets[0].0);
    let given = AuditEvent::builder(named.as_str()).metadata("audit.intended", "something else");
    audit.begin(given).unwrap().success().unwrap();
    let (intent, _) = begun(&audit, "CALL [MASKED:API_KEY]");
    assert_eq!(intent.metadata.get("audit.intended"), Some(&json!("CALL [MASKED:API_KEY]")));
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
        rule("wipe")
            .intent()
            .identity(Identity::User, Origin::fields(["user"]))
            .identity(Identity::EntryIds, Origin::fields(["id"]))
            .redact("entry_ids", Action::Mask)
            .redact("note", Action::Drop),
        rule("late").intent().condition(Condition::is("kind", ["x"])),
        rule("look"),
    ]);
    let (audit, _default) = trail_of(AuditLayer::builder().journal(directory.path()).policy(rules));
    let done = info_span!(target: "kept", "wipe", user = "bob");
    let open =
        info_span!(target: "kept", "wipe", user = "alice", rows = 3, id = "SSN1", note = "n");
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
    assert_eq!(serde_json::to_value(&wipe.metadata).unwrap(), json!({"rows": 3}));
    assert!(wipe.entry_ids.iter().all(|id| id != "SSN1") && wipe.entry_ids.len() == 1);
    assert_eq!(after.query().user("bob").count().unwrap(), 1, "what was done stays done");
    close(&after);
}

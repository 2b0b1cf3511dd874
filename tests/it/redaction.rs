//! Secrets leave by no way out, and what is hashed is found again. The large
//! corpora are in the test binary `secrets`.

use std::time::Duration;

use serde_json::json;
use tracing::info_span;
use tracing_audit::redaction::{Action, Detector, Redaction};
use tracing_audit::{Audit, AuditEvent, AuditLayer, Operation};

use crate::trail::{events, told_trail, trail_of};

/// A token in the shape of GitHub's.
const TOKEN: &str = "ghp_16C7e42F292c6912E7710c838347Ae178B4a";

fn trail_with(redaction: Redaction) -> (Audit, tracing::subscriber::DefaultGuard) {
    trail_of(AuditLayer::builder().redaction(redaction))
}

/// Everything but ids and times, in which anything may stand by chance.
fn text_of(event: &AuditEvent) -> String {
    let mut event = serde_json::to_value(event).unwrap();
    for by_chance in ["event_id", "timestamp", "recorded_at", "duration_ms", "busy_ms"] {
        event.as_object_mut().unwrap().remove(by_chance);
    }
    event.to_string()
}

#[test]
fn known_names_and_what_detectors_find_are_masked_without_a_word() {
    let (audit, _default) = trail_of(AuditLayer::builder());
    let mut stream = audit.subscribe();
    info_span!(
        "call",
        audit.operation = "STORE",
        audit.user_id = "alice",
        audit.session_id = TOKEN,
        audit.resource = "https://example.org/x?access_token=hunter2&page=2",
        audit.error = "no route for bob@example.org",
        password = "hunter2",
        note = "the card was 4111 1111 1111 1111",
        pin = 1234,
    );
    let event = events(&audit).remove(0);
    assert_eq!(event.user_id.as_deref(), Some("alice"));
    assert_eq!(event.session_id.as_deref(), Some("[masked:api_key]"));
    assert_eq!(
        event.resource.as_deref(),
        Some("https://example.org/x?access_token=[masked:assignment]&page=2")
    );
    assert_eq!(event.error_message.as_deref(), Some("no route for [masked:email]"));
    let metadata = serde_json::to_value(&event.metadata).unwrap();
    let masked =
        json!({"password": "[masked]", "note": "the card was [masked:card]", "pin": "[masked]"});
    assert_eq!(metadata, masked);
    assert_eq!(*stream.recv_blocking().unwrap(), event);
    assert_eq!(audit.user_statistics("alice").unwrap().total_operations, 1);
}

#[test]
fn a_number_that_is_secret_is_hidden_where_nothing_else_is() {
    let (audit, _default) = trail_of(AuditLayer::builder());
    drop(info_span!("call", audit.operation = "STORE", pin = 1234));
    drop(info_span!("call", audit.operation = "STORE", pin = 12.5));
    drop(info_span!("call", audit.operation = "STORE", paid_with = 4111111111111111_i64));
    drop(info_span!("call", audit.operation = "STORE", paid_with = -4111111111111111_i64));
    drop(info_span!("call", audit.operation = "STORE", paid_with = 4111111111111111_u64));
    drop(info_span!("call", audit.operation = "STORE", paid_with = 4111111111111111_f64));
    let events = events(&audit);
    assert_eq!(events.len(), 6);
    for event in events {
        let text = metadata_of(&event).to_string();
        assert!(
            text.contains("[masked") && !text.contains("12") && !text.contains("1111"),
            "{text}"
        );
    }
}

#[test]
fn what_is_recorded_by_hand_or_begun_is_hidden_too() {
    let (audit, _default) = trail_of(AuditLayer::builder());
    let mut from_elsewhere: AuditEvent = serde_json::from_value(json!({
        "event_id": AuditEvent::builder(Operation::Import).build().event_id,
        "timestamp": "2025-01-15T10:30:45Z", "operation": "IMPORT", "actor": "system",
        "status": "SUCCESS", "status_source": "explicit", "metadata": {},
        "span": {"name": "import", "target": format!("https://x.org/?token={TOKEN}")},
    }))
    .unwrap();
    from_elsewhere.source = Some(TOKEN.to_owned());
    audit.record(from_elsewhere).unwrap();
    audit.record(AuditEvent::builder("SEND").metadata("api_key", "hunter2")).unwrap();
    let event = AuditEvent::builder("DELETE").metadata("token", "hunter2").entry_ids([TOKEN]);
    let begun = audit.begin(event).unwrap();
    begun.success().unwrap();
    drop(audit.begin(AuditEvent::builder("DELETE").session_id(TOKEN)).unwrap());
    let every = audit.query().every_kind().run().unwrap().events;
    assert!(every.len() >= 6, "{every:#?}");
    for event in every {
        let text = text_of(&event);
        assert!(!text.contains("hunter2") && !text.contains(TOKEN), "{text}");
    }
}

#[test]
fn a_secret_is_found_in_the_name_of_an_operation_that_is_recorded_by_hand() {
    let (audit, _default) = trail_of(AuditLayer::builder());
    let name = format!("fetch {TOKEN}");
    audit.record(AuditEvent::builder(name.as_str())).unwrap();
    assert_eq!(events(&audit)[0].operation.as_str(), "FETCH [MASKED:API_KEY]");
}

#[test]
fn open_operations_and_told_problems_show_no_secrets() {
    let (audit, _default, told) = told_trail();
    let open = info_span!("call", audit.operation = TOKEN, audit.user_id = TOKEN);
    info_span!("call", audit.operation = "STORE", audit.status = TOKEN);
    let operations = audit.open_operations(Duration::ZERO);
    assert_eq!(operations[0].user_id.as_deref(), Some("[masked:api_key]"));
    assert_eq!(operations[0].operation.as_str(), "[MASKED:API_KEY]");
    drop(open);
    assert_eq!(events(&audit)[1].operation.as_str(), "[MASKED:API_KEY]");
    assert_eq!(told.count("audit.status \"[masked:api_key]\" is none of"), 1);
    assert_eq!(told.count("16C7e42F"), 0);
}

#[test]
fn rules_by_name_come_before_defaults() {
    let (audit, _default) = trail_with(
        Redaction::new()
            .name("customer.*", Action::Drop)
            .name("note", Action::Truncate(5))
            .name("password", Action::Keep)
            .detector(Detector::Email, Action::Keep),
    );
    let object = json!({"customer.ssn": 1, "kept": "bob@example.org"});
    let nested = tracing_audit::json(&object);
    info_span!(
        "call",
        audit.operation = "STORE",
        customer.name = "Bob",
        note = "twelve bytes",
        password = "kept",
        nested = ?nested,
    );
    let metadata = serde_json::to_value(&events(&audit)[0].metadata).unwrap();
    let kept = json!({
        "note": "twelv …[cut from 12 bytes]", "password": "kept",
        "nested": {"kept": "bob@example.org"},
    });
    assert_eq!(metadata, kept);
}

#[test]
fn a_secret_that_a_rule_would_cut_through_is_hidden_whole() {
    let names = ["note", "error", "session_id"];
    let cut = |redaction: Redaction, name| redaction.name(name, Action::Truncate(20));
    let (audit, _default) = trail_with(names.into_iter().fold(Redaction::new(), cut));
    let text = format!("see {TOKEN}");
    info_span!(
        "call",
        audit.operation = "STORE",
        audit.session_id = text.as_str(),
        audit.error = text.as_str(),
        note = text.as_str(),
    );
    let event = events(&audit).remove(0);
    assert_eq!(event.session_id.as_deref(), Some("see [masked:api_key]"));
    assert_eq!(event.error_message.as_deref(), Some("see [masked:api_key]"));
    assert_eq!(metadata_of(&event), json!({"note": "see [masked:api_key]"}));
}

#[test]
fn nothing_is_hidden_where_that_is_asked_for() {
    let (audit, _default) = trail_with(Redaction::nothing());
    info_span!("call", audit.operation = "STORE", password = "hunter2", token = TOKEN);
    let text = text_of(&events(&audit)[0]);
    assert!(text.contains("hunter2") && text.contains(TOKEN), "{text}");
}

/// The metadata as JSON.
fn metadata_of(event: &AuditEvent) -> serde_json::Value {
    serde_json::to_value(&event.metadata).unwrap()
}

#[test]
fn what_claims_to_be_cut_is_looked_at_as_a_whole() {
    let (audit, _default) = trail_with(Redaction::new().name("short", Action::Truncate(200)));
    let note = format!("x …[cut, {TOKEN} password=hunter2]");
    let error = format!("failed [note …[cut from 9000 bytes], token={TOKEN}]");
    let claimed = format!("a …[cut {}]", "x".repeat(7_000));
    info_span!(
        "call",
        audit.operation = "STORE",
        audit.user_id = note.as_str(),
        audit.error = error.as_str(),
        note = note.as_str(),
        tags = tracing_audit::list(&["a …[cut", TOKEN]),
        short = claimed.as_str(),
    );
    let chunks =
        json!(["lorem ipsum ".repeat(1_000), format!("see {TOKEN}"), "mail bob@example.org"]);
    audit.record(AuditEvent::builder("INGEST").metadata("chunks", chunks)).unwrap();
    // A secret that was cut inside of a list, whose own end is no cut.
    let cut = format!("{}{TOKEN}", " ".repeat(8_160));
    audit.record(AuditEvent::builder("INGEST").metadata("chunks", json!([cut, 1]))).unwrap();
    for event in events(&audit) {
        let text = text_of(&event);
        for secret in ["16C7", "hunter2", "bob@"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
        let short = event.metadata.get("short").and_then(|short| short.as_str());
        assert!(short.is_none_or(|short| short.len() < 240));
    }
}

#[test]
fn what_masks_make_longer_is_cut_between_them_and_says_its_own_length() {
    let (audit, _default) = trail_of(AuditLayer::builder());
    let text = format!("{}z", "pin=12 ".repeat(1_300));
    info_span!(
        "call",
        audit.operation = "STORE",
        audit.error = text.as_str(),
        note = text.as_str()
    );
    let event = events(&audit).remove(0);
    let note = event.metadata.get("note").unwrap().as_str().unwrap();
    for kept in [note, event.error_message.as_deref().unwrap()] {
        assert!((8_000..=8_192).contains(&kept.len()), "{}", kept.len());
        assert!(kept.ends_with("[masked:assignment] pin= …[cut from 9101 bytes]"), "{kept}");
    }
}

#[test]
fn names_hold_for_json_that_is_too_long_to_stay_json() {
    let value = json!({
        "address": {"street": "Baker Street"}, "person.dob": "1990-01-01", "ssn": ["078-05-1120"],
        "consent": "no", "flags": [true], "2nd name": 1850, "secret": {"value": "hunter2"}, "stripe_key": HINTED,
        "mail": "bob@example.org", "zz": "x".repeat(9_000),
    });
    for (redaction, kept) in [
        (Redaction::new(), 0),
        (Redaction::nothing().known_names(Action::Mask), 1),
        (Redaction::nothing().detector(Detector::Email, Action::Mask), 2),
        (Redaction::nothing(), 3),
    ] {
        let names = ["address", "*.dob", "ssn", "consent", "flags", "2ND *"];
        let redaction =
            names.into_iter().fold(redaction, |redaction, name| redaction.name(name, Action::Drop));
        let (audit, _default) = trail_with(redaction);
        info_span!("call", audit.operation = "STORE", value = tracing_audit::json(&value));
        let text = text_of(&events(&audit)[0]);
        for named in ["Baker", "1990", "078", "\\\"no\\\"", "[true]", "1850"] {
            assert!(text.contains("zz") && !text.contains(named), "{named} in {text}");
        }
        let known = [text.contains("hunter2"), text.contains(HINTED)];
        assert_eq!(known, [kept > 1, kept > 1], "{text}");
        assert_eq!(text.contains("bob@"), kept == 1 || kept == 3, "{text}");
    }
}

/// Looks random, and is in the shape of no provider's keys.
const HINTED: &str = "q0Zx9Kf2Lw7Vb3Nt5Rm8";

#[test]
fn under_a_name_that_hints_random_values_are_hidden_however_they_come() {
    let (audit, _default) = trail_of(AuditLayer::builder());
    info_span!(
        "call",
        audit.operation = "STORE",
        stripe_key = tracing_audit::json(HINTED),
        deploy_keys = tracing_audit::list(&[HINTED, "main"]),
        nested = tracing_audit::json(&json!({"deploy_keys": [[HINTED], {"id": HINTED}]})),
    )
    .in_scope(|| {
        tracing_audit::current().unwrap().metadata("webhook", HINTED).metadata("auth", "basic");
    });
    let hidden = json!({
        "stripe_key": "[masked]", "deploy_keys": ["[masked]", "main"],
        "nested": {"deploy_keys": [["[masked]"], {"id": HINTED}]},
        "webhook": "[masked]", "auth": "basic",
    });
    assert_eq!(metadata_of(&events(&audit)[0]), hidden);
}

#[test]
fn what_a_name_says_of_its_value_holds_although_a_part_of_it_is_hidden() {
    let (audit, _default) = trail_with(Redaction::new().name("*.dob", Action::Drop));
    info_span!("call", audit.operation = "STORE").in_scope(|| {
        let nested = json!({"bob@example.org.password": "hunter2", "a": 1});
        tracing_audit::current()
            .unwrap()
            .metadata("bob@example.org password", "hunter2")
            .metadata("x[masked password", "hunter2")
            .metadata("bob@example.org.dob", "1990")
            .metadata("nested", nested);
    });
    let hidden = json!({
        "[masked:email] password": "[masked]", "x[masked password": "[masked]",
        "nested": {"[masked:email]": "[masked]", "a": 1},
    });
    assert_eq!(metadata_of(&events(&audit)[0]), hidden);
}

#[test]
fn no_value_is_lost_where_hidden_names_are_equal() {
    let (audit, _default) = trail_of(AuditLayer::builder());
    let roles =
        json!({"a@example.org": "admin", "b@example.org": "reader", "c@example.org": "owner"});
    info_span!("call", audit.operation = "STORE", acl = tracing_audit::json(&roles)).in_scope(
        || {
            let current = || tracing_audit::current().unwrap();
            current()
                .metadata("a@example.org", 1)
                .metadata("b@example.org", 2)
                .metadata("c@x.org", 3);
            current().metadata("b@example.org", 4).metadata("[masked:email] 2", "as given");
        },
    );
    let hidden = json!({
        "acl": {
            "[masked:email]": "admin", "[masked:email] 2": "reader", "[masked:email] 3": "owner",
        },
        "[masked:email]": 1, "[masked:email] 3": 4, "[masked:email] 4": 3,
        "[masked:email] 2": "as given",
    });
    assert_eq!(metadata_of(&events(&audit)[0]), hidden);
}

#[cfg(feature = "policy")]
#[test]
fn a_policy_that_says_mask_is_heard_where_the_builder_says_keep() {
    let text = "[redact]\ndetectors = { email = \"mask\" }\nknown_names = \"mask\"\n";
    let policy = tracing_audit::policy::Policy::from_toml(text, "test").unwrap();
    let (audit, _default) =
        trail_of(AuditLayer::builder().redaction(Redaction::nothing()).policy(policy));
    info_span!(
        "call",
        audit.operation = "STORE",
        mail = "bob@example.org",
        password = "x",
        key = TOKEN
    );
    let hidden = json!({"mail": "[masked:email]", "password": "[masked]", "key": TOKEN});
    assert_eq!(metadata_of(&events(&audit)[0]), hidden);
}

#[test]
fn of_a_secret_that_the_limit_cuts_no_more_than_its_beginning_stays() {
    let (audit, _default) = trail_of(AuditLayer::builder().queue_events_max(10_000));
    // What may stay: it says nothing of the secret.
    for (before, secret) in [
        ("https://user:", "hunter2pass@example.org/"),
        ("4111 11", "11 1111 1111"),
        ("123456789:A", "AHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw0"),
        ("MTk4NjIyNDgzNDcxOTI1MjQ4.Gx-2_a", ".q0Zx9Kf2Lw7Vb3Nt5Rm8q0Zx9Kf2Lw7Vb3Nt5Rm8"),
        ("a.B8Q~", "x_q0Zx9Kf2Lw7Vb3Nt5Rm8q0Zx9Kf2Lw7V"),
        ("STRIPE_KEY=q", "0Zx9Kf2Lw7Vb3Nt5Rm8"),
        ("\"webhook\": [\"q", "0Zx9Kf2Lw7Vb3Nt5Rm8\"]"),
        ("?sig=", "fe5f80f77d5fa3beca038a248ff027d0445342fe2855ddc963176630326f1024"),
    ] {
        for kept in 1..=secret.len() {
            // The mark takes 25 bytes of the limit.
            let fill = 8_192 - 25 - before.len() - kept - 1;
            let text = format!("{} {before}{secret}{}", "l".repeat(fill), " x".repeat(200));
            info_span!("call", audit.operation = "STORE", note = text.as_str());
            let event = events(&audit).pop().unwrap();
            let note = event.metadata.get("note").unwrap().as_str().unwrap();
            let (note, _) = note.rsplit_once(" …[cut").unwrap();
            let shown = note.rsplit('l').next().unwrap().trim_start();
            assert!(!shown.starts_with(&format!("{before}{}", &secret[..1])), "{kept}: {shown}");
        }
    }
}

#[cfg(feature = "hash")]
mod hashed {
    use super::*;
    use tracing_audit::redaction::HashKey;

    fn redaction(keys: &[u8]) -> Redaction {
        let names = ["user_id", "session_id", "org_id", "resource", "source", "entry_ids", "ssn"];
        let redaction = names
            .iter()
            .fold(Redaction::new(), |redaction, name| redaction.name(name, Action::Hash));
        keys.iter()
            .fold(redaction, |redaction, key| redaction.hash_key(HashKey::new([*key; 32]).unwrap()))
    }

    fn operate(by: &str) {
        info_span!(
            "call",
            audit.operation = "STORE",
            audit.user_id = by,
            audit.session_id = "session",
            audit.org_id = "org",
            audit.resource = "kb",
            audit.source = "10.0.0.1",
            audit.entry_ids = "entry",
            ssn = 78_051_120,
        );
    }

    fn counts(audit: &Audit) -> Vec<u64> {
        let query = || audit.query();
        let queries = [
            query().user("alice"),
            query().actor("user:alice"),
            query().session("session").user("alice"),
            query().org("org"),
            query().resource("kb"),
            query().source("10.0.0.1"),
            query().entry_ids(["other", "entry"]),
            query().metadata("ssn", 78_051_120),
            audit.for_org("org").query().user("alice"),
            query().user("bob"),
            query().actor("user:bob"),
            query().metadata("ssn", 1),
        ];
        queries.iter().map(|query| query.count().unwrap()).collect()
    }

    #[test]
    fn equal_values_stay_joinable_and_cannot_be_read() {
        let (audit, _default) = trail_with(redaction(&[1]));
        operate("alice");
        operate("alice");
        let events = events(&audit);
        assert_eq!(events[0].user_id, events[1].user_id);
        let form = events[0].user_id.clone().unwrap();
        assert_eq!(form, HashKey::new([1; 32]).unwrap().hashed("alice"));
        assert_eq!(events[0].actor.to_string(), format!("user:{form}"));
        for part in ["alice", "session", "\"org\"", "\"kb\"", "10.0.0.1", "\"entry\"", "78051120"] {
            assert!(!text_of(&events[0]).replace("session_id", "").contains(part), "{part}");
        }
        assert_eq!(counts(&audit), [2, 2, 2, 2, 2, 2, 2, 2, 2, 0, 0, 0]);
        assert_eq!(audit.query().user(form).count().unwrap(), 2, "by its form, too");
        assert_eq!(audit.user_statistics("alice").unwrap().total_operations, 2);
    }

    #[test]
    #[cfg(feature = "journal")]
    fn keys_rotate_and_queries_find_what_was_hashed_under_each() {
        let directory = tempfile::tempdir().unwrap();
        let runs: [(&[u8], usize); 3] = [(&[], 1), (&[1], 2), (&[2, 1], 3)];
        for (keys, events) in runs {
            let plain = if keys.is_empty() { Redaction::new() } else { redaction(keys) };
            let builder = AuditLayer::builder().redaction(plain).buffer_events_max(4);
            let (audit, default) = trail_of(builder.journal(directory.path()));
            (0..events).for_each(|_| operate("alice"));
            audit.flush().unwrap();
            if keys.len() == 2 {
                let held = audit.view().unwrap().first_sequence();
                assert!(held > tracing_audit::Sequence(0), "some are on disk alone");
                assert_eq!(counts(&audit), [6, 6, 6, 6, 6, 6, 6, 6, 6, 0, 0, 0]);
                let first = audit.query().user("alice").limit(2).run().unwrap();
                let rest = audit.query().user("alice").after(first.next.clone()).run().unwrap();
                assert_eq!((first.len(), rest.len()), (2, 4), "pages go on across forms");
            }
            drop(default);
            crate::journal::close(&audit);
        }
        let without = AuditLayer::builder().redaction(redaction(&[2]));
        let audit = without.journal(directory.path()).build_without_layer().unwrap();
        assert_eq!(audit.query().user("alice").count().unwrap(), 4, "plain, and the newest key");
    }
}

//! Field values: lists, nested values, numbers, texts, and what other layers
//! see of them.

use serde_json::{Value, json};
use tracing::field::Empty;
use tracing::{info, info_span};
use tracing_audit::{AuditLayer, list};
use tracing_subscriber::fmt;
use tracing_subscriber::prelude::*;

use crate::trail::{only, subscribe, told_trail, trail};
use crate::written::Written;

#[test]
fn lists_and_nested_values_arrive_as_such() {
    let (audit, _default) = trail();
    let ids = vec!["a".to_owned(), "[\"b\"]".to_owned(), "c, \"d\"".to_owned()];
    let filter = json!({"tags": ["x"], "deep": {"n": 1}});
    drop(info_span!(
        "op",
        audit.operation = "LISTS",
        audit.entry_ids = list(&ids),
        steps = list(&["embed", "search"]),
        numbers = list(&[1, 2]),
        filter = tracing_audit::json(&filter),
        debugged = ?list(&ids),
    ));
    let event = only(&audit, "LISTS");
    assert_eq!(event.entry_ids, ids);
    assert_eq!(event.metadata.get("steps"), Some(&json!(["embed", "search"])));
    assert_eq!(event.metadata.get("numbers"), Some(&json!(["1", "2"])));
    assert_eq!(event.metadata.get("filter"), Some(&filter));
    assert_eq!(event.metadata.get("debugged"), Some(&json!(ids)));
    assert_eq!(audit.query().entry_id("[\"b\"]").count().unwrap(), 1);
    assert_eq!(audit.query().entry_id("b").count().unwrap(), 0);
}

#[test]
fn an_id_of_an_attackers_choosing_stays_one_id() {
    let (audit, _default, told) = told_trail();
    let id = "[\"victim\"]";
    drop(info_span!("op", audit.operation = "STR", audit.entry_ids = id));
    drop(info_span!("op", audit.operation = "DISPLAY", audit.entry_ids = %id));
    let statement = "list(&[\"victim\"])";
    info!(audit.operation = "STATEMENT", audit.entry_ids = statement);
    assert_eq!(only(&audit, "STR").entry_ids, [id]);
    assert_eq!(only(&audit, "DISPLAY").entry_ids, [id]);
    assert_eq!(only(&audit, "STATEMENT").entry_ids, [statement]);
    assert_eq!(audit.query().entry_id("victim").count().unwrap(), 0);
    assert!(told.count("list") <= 1);
}

#[test]
fn a_debug_list_is_one_odd_id_and_told_once() {
    let (audit, _default, told) = told_trail();
    let ids = ["a", "b"];
    for _ in 0..3 {
        drop(info_span!("op", audit.operation = "DEBUG_LIST", audit.entry_ids = ?ids));
    }
    for event in audit.query().operation("DEBUG_LIST").run().unwrap() {
        assert_eq!(event.entry_ids, ["[\"a\", \"b\"]"]);
    }
    assert_eq!(told.count("tracing_audit::list(&ids)"), 1, "{:?}", told.texts());
}

#[test]
fn other_layers_see_lists_and_json_as_text() {
    let written = Written::default();
    let (before, after) = (fmt::layer().without_time().with_ansi(false), fmt::layer().json());
    let (layer, audit) = AuditLayer::builder().build().unwrap();
    let _default = subscribe(
        tracing_subscriber::registry()
            .with(before.with_writer(written.clone()))
            .with(layer)
            .with(after.with_writer(written.clone())),
    );
    let span = info_span!(
        "op",
        audit.operation = "SEEN",
        audit.entry_ids = list(&["a", "b"]),
        filter = tracing_audit::json(&json!({"k": [1]})),
    );
    span.in_scope(|| info!("inside"));
    drop(span);
    let text = written.text();
    assert_eq!(text.matches("audit.entry_ids=[\"a\", \"b\"]").count(), 1, "{text}");
    assert_eq!(text.matches("filter={\"k\":[1]}").count(), 1, "{text}");
    assert!(text.contains(r#""audit.entry_ids":"[\"a\", \"b\"]""#), "{text}");
    assert_eq!(only(&audit, "SEEN").entry_ids, ["a", "b"]);
}

/// A list inside another value's `Debug`.
#[derive(Debug)]
struct Holder<T>(T);

#[test]
fn a_list_inside_another_value_is_text() {
    let (audit, _default) = trail();
    drop(info_span!("op", audit.operation = "HELD", value = ?Holder(list(&["a"]))));
    assert_eq!(only(&audit, "HELD").metadata.get("value"), Some(&json!("Holder([\"a\"])")));
}

#[test]
fn scalars_keep_their_types() {
    let (audit, _default) = trail();
    drop(info_span!(
        "op",
        audit.operation = "SCALARS",
        int = -3,
        unsigned = 7_u64,
        float = 0.5,
        yes = true,
        text = "t",
        display = %"d",
        debug = ?"q",
        huge = u128::MAX,
        exact = u64::MAX,
        nan = f64::NAN,
        none = None::<u32>,
        some = Some(1),
    ));
    let event = only(&audit, "SCALARS");
    let metadata: Vec<(&str, Value)> =
        event.metadata.iter().map(|(key, value)| (key, value.clone())).collect();
    let expected = [
        ("int", json!(-3)),
        ("unsigned", json!(7)),
        ("float", json!(0.5)),
        ("yes", json!(true)),
        ("text", json!("t")),
        ("display", json!("d")),
        ("debug", json!("\"q\"")),
        ("huge", json!(u128::MAX.to_string())),
        ("exact", json!(u64::MAX.to_string())),
        ("nan", json!("NaN")),
        ("some", json!(1)),
    ];
    assert_eq!(metadata, expected);
}

#[test]
fn identity_and_ids_may_be_numbers() {
    let (audit, _default) = trail();
    drop(info_span!(
        "op",
        audit.operation = "NUMBERS",
        audit.user_id = 42,
        audit.entry_ids = 7_u64
    ));
    let event = only(&audit, "NUMBERS");
    assert_eq!((event.user_id.as_deref(), event.entry_ids), (Some("42"), vec!["7".to_owned()]));
}

#[test]
fn duplicate_names_keep_the_last_value() {
    let (audit, _default) = trail();
    drop(info_span!("op", audit.operation = "TWICE", k = 1, other = 2, k = 3));
    let event = only(&audit, "TWICE");
    let metadata: Vec<_> = event.metadata.iter().collect();
    assert_eq!(metadata, [("k", &json!(3)), ("other", &json!(2))]);
}

#[test]
fn an_operation_and_ids_recorded_later_count() {
    let (audit, _default) = trail();
    let span = info_span!("op", audit.operation = Empty, audit.entry_ids = "early");
    span.record("audit.operation", "bulk_store");
    span.record("audit.entry_ids", list(&["a", "b"]));
    drop(span);
    assert_eq!(only(&audit, "BULK_STORE").entry_ids, ["a", "b"]);
    drop(info_span!("my_function", audit.operation = Empty));
    assert_eq!(only(&audit, "MY_FUNCTION").span.unwrap().name, "my_function");
}

#[test]
fn a_stated_duration_replaces_the_measured_one() {
    let (audit, _default, told) = told_trail();
    info!(audit.operation = "STATED", audit.duration_ms = 12.5);
    info!(audit.operation = "STATED_INT", audit.duration_ms = 12);
    info!(audit.operation = "NEGATIVE", audit.duration_ms = -1);
    info!(audit.operation = "UNSTATED");
    assert_eq!(only(&audit, "STATED").duration_ms(), Some(12.5));
    assert_eq!(only(&audit, "STATED_INT").duration_ms(), Some(12.0));
    assert_eq!(only(&audit, "NEGATIVE").duration_ms(), None);
    assert_eq!(only(&audit, "UNSTATED").duration_ms(), None);
    assert_eq!(told.count("audit.duration_ms is no duration"), 1);
}

#[test]
fn names_of_generative_ai_conventions_are_understood() {
    let (audit, _default) = trail();
    for (name, operation) in [
        ("create_memory", "STORE"),
        ("update_memory", "STORE"),
        ("upsert_memory", "STORE"),
        ("search_memory", "RECALL"),
        ("delete_memory", "FORGET"),
        ("retrieval", "SEARCH"),
    ] {
        drop(info_span!(
            "gen_ai",
            audit.operation = Empty,
            gen_ai.operation.name = name,
            gen_ai.conversation.id = "c1",
            gen_ai.memory.store.id = "m1",
            gen_ai.memory.record.id = name,
        ));
        let event = audit.query().entry_id(name).run().unwrap().events.remove(0);
        assert_eq!(event.operation.as_str(), operation);
        assert_eq!(event.session_id.as_deref(), Some("c1"));
        assert_eq!(event.resource.as_deref(), Some("m1"));
    }
    drop(info_span!(
        "gen_ai",
        gen_ai.operation.name = "create_memory",
        gen_ai.conversation.id = "c1",
        audit.operation = "OWN",
        audit.session_id = "s1",
        gen_ai.memory.record.id = list(&["r1", "r2"]),
    ));
    let own = only(&audit, "OWN");
    assert_eq!((own.session_id.as_deref(), own.entry_ids.len()), (Some("s1"), 2));
}

//! The reference's sample entries, and every event of ours, there and back.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::format::fixtures;
use super::*;
use crate::error::ErrorKind;

const SEARCH: &str = r#"{
  "action": "search",
  "timestamp": "2024-03-15T14:30:00.000Z",
  "actor": "user:alice",
  "orgId": "org_abc123",
  "knowledgeBaseId": "kb_xyz",
  "details": {
    "query": "What is the refund policy?",
    "queryType": "simple",
    "resultsCount": 5,
    "topScore": 0.94,
    "pipelineSteps": ["cache_miss", "embed", "semantic_search", "bm25_search", "rrf_fusion", "dedup", "rerank", "format"],
    "latencyMs": 342,
    "cached": false
  }
}"#;

const INGEST: &str = r#"{
  "action": "ingest",
  "timestamp": "2024-03-15T14:25:00.000Z",
  "actor": "system",
  "orgId": "org_abc123",
  "details": {
    "documentId": "doc_xyz",
    "source": "vacation-policy.md",
    "knowledgeBaseId": "kb_xyz",
    "chunksCreated": 12,
    "entitiesExtracted": 8,
    "processingTimeMs": 2340
  }
}"#;

const DELETE_DOCUMENT: &str = r#"{
  "action": "delete_document",
  "timestamp": "2024-03-15T15:00:00.000Z",
  "actor": "user:bob",
  "orgId": "org_abc123",
  "details": {
    "documentId": "doc_xyz",
    "cascadeResults": {
      "chunksDeleted": 12,
      "entitiesOrphaned": 3,
      "edgesRemoved": 5,
      "storageFreed": true
    }
  }
}"#;

const SET_ACL: &str = r#"{
  "action": "set_acl",
  "timestamp": "2024-03-15T14:45:00.000Z",
  "actor": "user:admin",
  "orgId": "org_abc123",
  "details": {
    "documentId": "doc_xyz",
    "previousPrincipals": ["group:hr"],
    "newPrincipals": ["group:hr", "group:engineering", "role:admin"]
  }
}"#;

const ACCESS_DENIED: &str = r#"{
  "action": "access_denied",
  "timestamp": "2024-03-15T14:35:00.000Z",
  "actor": "user:charlie",
  "orgId": "org_abc123",
  "details": {
    "documentId": "doc_xyz",
    "userPrincipals": ["user:charlie", "group:engineering"],
    "requiredPrincipals": ["group:hr", "role:admin"],
    "query": "salary information"
  }
}"#;

fn parse(sample: &str) -> AuditEvent {
    let [event] = read(format!("[{sample}]").as_bytes()).unwrap().try_into().unwrap();
    event
}

/// What is written, and apart from it what comes after the reference's keys.
fn written(event: &AuditEvent) -> (Value, Value) {
    let mut out = Vec::new();
    assert_eq!(write([event], &mut out).unwrap(), 1);
    let mut list: Vec<Value> = serde_json::from_slice(&out).unwrap();
    let mut entry = list.remove(0);
    let mut ours = json!({});
    for (key, value) in std::mem::take(entry.as_object_mut().unwrap()) {
        let reference = ["action", "timestamp", "actor", "orgId", "knowledgeBaseId", "details"];
        let side = if reference.contains(&key.as_str()) { &mut entry } else { &mut ours };
        side[&key] = value;
    }
    (entry, ours)
}

fn sample(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn by(event: crate::event::EventBuilder, sample: &str) -> AuditEvent {
    let sample: Value = self::sample(sample);
    event
        .actor(sample["actor"].as_str().unwrap())
        .org_id("org_abc123")
        .timestamp(sample["timestamp"].as_str().unwrap().parse().unwrap())
        .build()
}

#[test]
fn m12_the_reference_entries_come_out_as_they_went_in() {
    for text in [SEARCH, INGEST, DELETE_DOCUMENT, SET_ACL, ACCESS_DENIED] {
        let event = parse(text);
        let (entry, ours) = written(&event);
        assert_eq!(entry, sample(text));
        assert_eq!(ours, json!({"eventId": event.event_id}));
    }
}

#[test]
fn m12_keys_come_in_the_order_of_the_reference_and_ours_after_them() {
    let mut event = parse(SET_ACL);
    event.event_id = EventId::from_u128(0);
    event.user_id = Some("other".into());
    let mut out = Vec::new();
    write([&event, &event], &mut out).unwrap();
    let line = r#"{"action":"set_acl","timestamp":"2024-03-15T14:45:00.000Z","actor":"user:admin","orgId":"org_abc123","details":{"documentId":"doc_xyz","previousPrincipals":["group:hr"],"newPrincipals":["group:hr","group:engineering","role:admin"]},"eventId":"evt_00000000000000000000000000","userId":"other"}"#;
    assert_eq!(String::from_utf8(out).unwrap(), format!("[\n  {line},\n  {line}\n]\n"));
}

#[test]
fn m2_a_search_with_a_list_of_steps_and_its_latency() {
    let steps = ["cache_miss", "embed", "semantic_search", "bm25_search", "rrf_fusion"];
    let event = AuditEvent::builder("search")
        .resource("kb_xyz")
        .metadata("query", "What is the refund policy?")
        .metadata("query_type", "simple")
        .metadata("results_count", 5)
        .metadata("top_score", 0.94)
        .metadata(
            "pipeline_steps",
            steps.into_iter().chain(["dedup", "rerank", "format"]).collect::<Vec<_>>(),
        )
        .metadata("cached", false)
        .duration_ms(342.0);
    assert_eq!(written(&by(event, SEARCH)).0, sample(SEARCH));

    let read = parse(SEARCH);
    assert_eq!(read.operation, Operation::Search);
    assert_eq!(read.user_id.as_deref(), Some("alice"));
    assert_eq!(read.resource.as_deref(), Some("kb_xyz"));
    assert_eq!(read.duration_ms(), Some(342.0));
    assert_eq!(read.metadata.get("pipeline_steps").unwrap()[3], "bm25_search");
    assert_eq!(read.metadata.get("latency_ms"), None);
}

#[test]
fn m2_a_latency_that_was_given_wins_over_the_duration() {
    let event = AuditEvent::builder("recall").metadata("latency_ms", 3).duration_ms(7.5).build();
    let (entry, ours) = written(&event);
    assert_eq!(entry["details"], json!({"latencyMs": 3}));
    assert_eq!(ours["durationMs"], json!(7.5));
    let fraction = AuditEvent::builder("recall").duration_ms(7.5).build();
    assert_eq!(written(&fraction).0["details"], json!({"latencyMs": 7.5}));
}

#[test]
fn m3_an_ingestion_with_its_document_and_processing_time() {
    let event = AuditEvent::builder("ingest")
        .entry_ids(["doc_xyz"])
        .resource("kb_xyz")
        .metadata("source", "vacation-policy.md")
        .metadata("knowledge_base_id", "kb_xyz")
        .metadata("chunks_created", 12)
        .metadata("entities_extracted", 8)
        .duration_ms(2340.0);
    assert_eq!(written(&by(event, INGEST)).0, sample(INGEST));

    let read = parse(INGEST);
    assert_eq!(read.actor, Actor::System);
    assert_eq!(read.entry_ids, ["doc_xyz"]);
    assert_eq!(read.resource.as_deref(), Some("kb_xyz"));
    // The file it came from, not a network origin.
    assert_eq!(read.source, None);
    assert_eq!(read.metadata.get("source"), Some(&json!("vacation-policy.md")));
    assert_eq!(read.duration_ms(), Some(2340.0));
}

#[test]
fn m4_deletions_with_what_hung_on_them() {
    let cascade = json!({
        "chunks_deleted": 12, "entities_orphaned": 3, "edges_removed": 5, "storage_freed": true
    });
    let event = AuditEvent::builder("delete_document")
        .entry_ids(["doc_xyz"])
        .metadata("cascade_results", cascade.clone());
    assert_eq!(written(&by(event, DELETE_DOCUMENT)).0, sample(DELETE_DOCUMENT));
    assert_eq!(parse(DELETE_DOCUMENT).metadata.get("cascade_results"), Some(&cascade));

    for (operation, action) in [
        (Operation::DeleteKnowledgeBase, "delete_knowledge_base"),
        (Operation::DeleteUser, "delete_user"),
    ] {
        let event = AuditEvent::builder(&operation).resource("kb").entry_ids(["a", "b"]).build();
        let (entry, _) = written(&event);
        assert_eq!(entry["action"], action);
        assert_eq!(entry["knowledgeBaseId"], "kb");
        assert_eq!(entry["details"], json!({"entryIds": ["a", "b"]}));
    }
}

#[test]
fn m5_an_acl_change_with_before_and_after() {
    let event =
        AuditEvent::acl_change(["group:hr"], ["group:hr", "group:engineering", "role:admin"])
            .entry_ids(["doc_xyz"]);
    assert_eq!(written(&by(event, SET_ACL)).0, sample(SET_ACL));
    assert_eq!(parse(SET_ACL).metadata.get("previous_principals"), Some(&json!(["group:hr"])));
}

#[test]
fn m6_a_refusal_is_a_failure_with_principals_and_query() {
    let event = AuditEvent::access_denied(
        ["user:charlie", "group:engineering"],
        ["group:hr", "role:admin"],
    )
    .entry_ids(["doc_xyz"])
    .metadata("query", "salary information");
    let (entry, ours) = written(&by(event, ACCESS_DENIED));
    assert_eq!(entry, sample(ACCESS_DENIED));
    assert_eq!(ours.get("status"), None, "a refusal says so itself");

    let read = parse(ACCESS_DENIED);
    assert_eq!((read.operation, read.status), (Operation::AccessDenied, Status::Failure));
    assert_eq!(read.metadata.get("required_principals"), Some(&json!(["group:hr", "role:admin"])));
}

#[test]
fn m7_a_grant_with_the_principals_that_matched() {
    let event = AuditEvent::access_granted(["group:hr"]).entry_ids(["doc"]).build();
    let (entry, _) = written(&event);
    assert_eq!(entry["action"], "access_granted");
    assert_eq!(entry["details"], json!({"documentId": "doc", "matchedPrincipals": ["group:hr"]}));
}

#[test]
fn m8_a_quota_change() {
    let event = AuditEvent::builder("set_quota")
        .actor("api_key:k1")
        .metadata("previous_quota", 10)
        .metadata("new_quota", 20)
        .build();
    let (entry, _) = written(&event);
    assert_eq!((&entry["action"], &entry["actor"]), (&json!("set_quota"), &json!("api_key:k1")));
    assert_eq!(entry["details"], json!({"previousQuota": 10, "newQuota": 20}));
}

#[test]
fn nothing_of_an_event_is_hidden() {
    let (entry, ours) = written(&fixtures()[0]);
    assert_eq!(entry["timestamp"], "1970-01-01T00:00:00.000Z");
    assert_eq!(
        entry["details"]["nestedValue"],
        json!({"innerKey": [{"deepKey": null}], "n": -1.5})
    );
    for (key, value) in [
        ("kind", json!("log")),
        ("sequence", json!(7)),
        ("userId", json!("c\u{202e}\n\"")),
        ("errorMessage", json!("no")),
        ("busyMs", json!(1.234567)),
        ("detailsVerbatim", json!(["queryType"])),
    ] {
        assert_eq!(ours[key], value, "{key}");
    }
}

#[test]
fn entries_without_ids_get_their_own_and_always_the_same() {
    let twice = format!("[{SEARCH},{SEARCH}]");
    let (first, second) = (read(twice.as_bytes()).unwrap(), read(twice.as_bytes()).unwrap());
    assert_eq!(first, second);
    assert_ne!(first[0].event_id, first[1].event_id);
}

#[test]
fn what_looks_like_ours_but_is_not_stays_where_it_is() {
    for details in [
        json!({"documentId": 5, "latencyMs": "slow"}),
        json!({"documentId": "a", "entryIds": ["b", "c"]}),
        json!({"entryIds": ["only"], "latencyMs": -1}),
        json!({"entryIds": ["a", 2], "URL": "x", "X-Id": {"aB": 1, "a_b": 2}, "a_b": 1, "aB": 2}),
    ] {
        let mut entry = sample(SET_ACL);
        entry["details"] = details;
        let event = parse(&entry.to_string());
        assert_eq!((event.entry_ids.len(), event.duration), (0, None));
        assert_eq!(written(&event).0, entry);
    }
}

#[test]
fn bad_lists_are_refused_with_the_place() {
    for (text, says) in [
        ("[{\"action\": \"search\"}]", "missing field `timestamp` at line 1"),
        ("[{\"action\": \"search\",\n \"timestamp\": \"yesterday\"}]", "line 2"),
        ("[", "line 1 column 1"),
        ("{}", "line 1 column"),
    ] {
        let error = read(text.as_bytes()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Format);
        assert!(error.to_string().contains(says), "{error}");
    }
    assert_eq!(read("[]".as_bytes()).unwrap(), []);
}

fn key() -> impl Strategy<Value = String> {
    let reserved = ["document_id", "documentId", "entry_ids", "latency_ms", "knowledge_base_id"];
    prop_oneof!["[ab_AB]{0,4}", prop::sample::select(reserved.to_vec()).prop_map(str::to_owned)]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<i32>().prop_map(Value::from),
        "[a-z]{0,3}".prop_map(Value::from)
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map(key(), inner, 0..3)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_metadata_ids_and_duration_come_back(
        fields in prop::collection::vec((key(), value()), 0..6),
        ids in prop::collection::vec("[a-z]{0,3}", 0..3),
        duration_ns in prop::option::of(0_u64..1 << 50),
        resource in prop::option::of("[a-z]{0,3}"),
        ingest in any::<bool>(),
    ) {
        let mut event = AuditEvent::builder(if ingest { "ingest" } else { "store" }).build();
        event.metadata = fields.into_iter().collect();
        event.entry_ids = ids;
        event.resource = resource;
        event.duration = duration_ns.map(std::time::Duration::from_nanos);
        let mut out = Vec::new();
        write([&event], &mut out).unwrap();
        prop_assert_eq!(read(out.as_slice()).unwrap(), [event]);
    }
}

#[test]
fn which_part_of_an_event_it_is_stays_with_an_entry() {
    let mut event = AuditEvent::builder("import").entry_ids(["one"]).build();
    event.part = "2/3".parse().ok();
    let mut bytes = Vec::new();
    write([&event], &mut bytes).unwrap();
    assert!(String::from_utf8_lossy(&bytes).contains(r#""part":"2/3""#));
    assert_eq!(read(bytes.as_slice()).unwrap(), [event]);
}

//! Retrieval, ingestion, deletion, permissions and quotas as spans.

use serde::Serialize;
use serde_json::json;
use tracing_audit::export::{Format, write};
use tracing_audit::{AuditEvent, Operation, Status, json, list};

use crate::memory::Trail;

#[derive(Serialize)]
struct Cascade {
    chunks_deleted: u32,
    entities_orphaned: u32,
    storage_freed: bool,
}

fn entry(event: AuditEvent) -> serde_json::Value {
    let mut bytes = Vec::new();
    write(Format::Entries, [event], &mut bytes).unwrap();
    let entries: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    entries[0].clone()
}

#[test]
fn m2_a_search_with_its_pipeline() {
    let trail = Trail::start();
    let steps = ["cache_miss", "embed", "semantic_search", "rerank"];
    tracing::info_span!(
        "search",
        audit.operation = "search",
        audit.actor = "user:alice",
        audit.org_id = "org_abc123",
        audit.resource = "kb_xyz",
        query = "What is the refund policy?",
        query_type = "simple",
        results_count = 5,
        top_score = 0.94,
        pipeline_steps = list(&steps),
        cached = false,
    )
    .in_scope(|| ());
    let event = trail.only();
    assert_eq!(event.operation, Operation::Search);
    assert_eq!(event.metadata.get("pipeline_steps"), Some(&json!(steps)));
    assert_eq!(event.metadata.get("cached"), Some(&json!(false)));
    let entry = entry(event);
    assert_eq!(entry["action"], "search");
    assert_eq!(entry["knowledgeBaseId"], "kb_xyz");
    assert_eq!(entry["details"]["pipelineSteps"], json!(steps));
    assert_eq!(entry["details"]["resultsCount"], 5);
    assert!(entry["details"]["latencyMs"].is_number());
}

#[test]
fn m3_an_ingestion() {
    let trail = Trail::start();
    tracing::info_span!(
        "ingest",
        audit.operation = "INGEST",
        audit.actor = "system",
        audit.org_id = "org_abc123",
        audit.resource = "kb_xyz",
        audit.entry_ids = "doc_xyz",
        document_name = "vacation-policy.md",
        chunks_created = 12,
        entities_extracted = 8,
    )
    .in_scope(|| ());
    let entry = entry(trail.only());
    assert_eq!((&entry["action"], &entry["actor"]), (&json!("ingest"), &json!("system")));
    assert_eq!(entry["details"]["documentId"], "doc_xyz");
    assert_eq!(entry["details"]["chunksCreated"], 12);
    assert!(entry["details"]["processingTimeMs"].is_number());
}

#[test]
fn m4_deletions_with_what_hung_on_them() {
    let trail = Trail::start();
    let cascade = Cascade { chunks_deleted: 12, entities_orphaned: 3, storage_freed: true };
    for operation in ["DELETE_DOCUMENT", "DELETE_KNOWLEDGE_BASE", "DELETE_USER"] {
        tracing::info!(
            audit.operation = operation,
            audit.actor = "user:bob",
            cascade_results = json(&cascade)
        );
    }
    for event in trail.events() {
        let cascade = event.metadata.get("cascade_results").unwrap();
        assert_eq!(cascade["chunks_deleted"], 12);
        assert_eq!(entry(event)["details"]["cascadeResults"]["storageFreed"], true);
    }
    assert_eq!(trail.audit.query().operation(Operation::DeleteUser).count().unwrap(), 1);
}

#[test]
fn m5_an_acl_change_has_before_and_after() {
    let trail = Trail::start();
    let change = AuditEvent::acl_change(["group:hr"], ["group:hr", "role:admin"])
        .actor("user:admin")
        .entry_ids(["doc_xyz"]);
    trail.audit.record(change).unwrap();
    let (before, after) = (["group:hr"], ["group:hr", "role:admin"]);
    tracing::info!(
        audit.operation = "SET_ACL",
        audit.actor = "user:admin",
        previous_principals = list(&before),
        new_principals = list(&after),
    );
    for event in trail.events() {
        assert_eq!(event.operation, Operation::SetAcl);
        assert_eq!(event.metadata.get("previous_principals"), Some(&json!(before)));
        assert_eq!(event.metadata.get("new_principals"), Some(&json!(after)));
    }
}

#[test]
fn m6_a_refusal_is_a_failure_with_principals_and_query() {
    let trail = Trail::start();
    let denied = AuditEvent::access_denied(["user:charlie", "group:engineering"], ["group:hr"])
        .actor("user:charlie")
        .metadata("query", "salary information");
    trail.audit.record(denied).unwrap();
    tracing::info_span!(
        "check",
        audit.operation = "ACCESS_DENIED",
        required_principals = list(&["group:hr"])
    );
    for event in trail.events() {
        assert_eq!((&event.operation, event.status), (&Operation::AccessDenied, Status::Failure));
        assert_eq!(event.metadata.get("required_principals"), Some(&json!(["group:hr"])));
    }
    assert_eq!(trail.events()[0].metadata.get("query"), Some(&json!("salary information")));
}

#[test]
fn m7_a_grant_says_which_principals_matched() {
    let trail = Trail::start();
    trail.audit.record(AuditEvent::access_granted(["role:admin"]).actor("user:admin")).unwrap();
    let event = trail.only();
    assert_eq!((event.operation, event.status), (Operation::AccessGranted, Status::Success));
    assert_eq!(event.metadata.get("matched_principals"), Some(&json!(["role:admin"])));
}

#[test]
fn m8_a_quota_change() {
    let trail = Trail::start();
    tracing::info!(audit.operation = "set_quota", audit.actor = "user:admin", limit = 1_000_u64);
    let event = trail.only();
    assert_eq!(event.operation, Operation::SetQuota);
    assert_eq!(event.metadata.get("limit"), Some(&json!(1_000)));
}

//! What is audited, without a line of audit code in the audited functions.

use serde_json::json;
use tracing::instrument::WithSubscriber;
use tracing_audit::{Operation, Status, StatusSource};
use tracing_subscriber::layer::SubscriberExt;

use crate::memory::{Trail, compact, export, forget, import, recall, store};

#[test]
fn a1_m1_instrumented_functions_are_audited_by_the_layer_alone() {
    let trail = Trail::start();
    store("user_123", "session_abc", "entry_1").unwrap();
    recall("user_123", "query").unwrap();
    forget("user_123", "entry_1").unwrap();
    let events = trail.events();
    let operations: Vec<_> = events.iter().map(|event| event.operation.as_str()).collect();
    assert_eq!(operations, ["STORE", "RECALL", "FORGET"]);
    assert!(events.iter().all(|event| event.user_id.as_deref() == Some("user_123")));
    assert!(events.iter().all(|event| event.status == Status::Success));
    assert!(events.iter().all(|event| event.duration.is_some()));
}

#[test]
fn a5_every_operation_of_both_systems_and_any_other_is_known_by_its_name() {
    let trail = Trail::start();
    let names = [
        "STORE",
        "RECALL",
        "FORGET",
        "COMPACT",
        "EXPORT",
        "IMPORT",
        "BULK_STORE",
        "REINDEX",
        "SEARCH",
        "INGEST",
        "DELETE_DOCUMENT",
        "DELETE_KNOWLEDGE_BASE",
        "DELETE_USER",
        "SET_ACL",
        "ACCESS_DENIED",
        "ACCESS_GRANTED",
        "SET_QUOTA",
        "RENAME",
    ];
    for name in names {
        tracing::info_span!("operation", audit.operation = name.to_lowercase());
    }
    let found: Vec<_> = trail.events().iter().map(|event| event.operation.to_string()).collect();
    assert_eq!(found, names);
    assert_eq!(Operation::KNOWN.len() + 1, names.len());
    assert_eq!(trail.audit.query().operation("rename").count().unwrap(), 1);
}

#[test]
fn a6_success_failure_partial_and_unknown() {
    let trail = Trail::start();
    for status in ["SUCCESS", "failure", "Partial", "UNKNOWN"] {
        tracing::info_span!("operation", audit.operation = "STORE", audit.status = status);
    }
    let found: Vec<_> = trail.events().iter().map(|event| event.status).collect();
    assert_eq!(found, [Status::Success, Status::Failure, Status::Partial, Status::Unknown]);
    assert!(trail.events().iter().all(|event| event.status_source == StatusSource::Explicit));
}

#[test]
fn a26_a_batch_is_one_entry_with_the_ids_and_the_count() {
    let trail = Trail::with(|builder| builder.collapse(Operation::Import));
    import("user_123", &["entry_1", "entry_2", "", "entry_3"]);
    let event = trail.only();
    assert_eq!(event.operation, Operation::Import);
    // The one that failed has no id.
    assert_eq!(event.entry_ids, ["entry_1", "entry_2", "entry_3"]);
    assert_eq!(event.metadata.get("imported").unwrap(), 4);
    assert_eq!(event.metadata.get("audit.collapsed").unwrap(), 4);
    assert_eq!(event.metadata.get("audit.collapsed_failures").unwrap(), 1);
}

#[test]
fn a26_without_the_choice_each_is_an_entry_of_its_own() {
    let trail = Trail::start();
    import("user_123", &["entry_1", "entry_2"]);
    assert_eq!(trail.events().len(), 3);
}

#[test]
fn a30_what_operations_say_about_themselves_is_metadata() {
    let trail = Trail::start();
    store("user_123", "session_abc", "entry_1").unwrap();
    recall("user_123", "timeout").unwrap_err();
    let events = trail.events();
    assert_eq!(events[0].metadata.get("importance").unwrap(), 0.8);
    assert_eq!(events[1].metadata.get("query").unwrap(), "timeout");
    assert_eq!(events[1].error_message.as_deref(), Some("Database connection timeout"));
    assert_eq!(events[1].status_source, StatusSource::Error);
}

#[test]
fn a30_compaction_export_and_the_type_of_an_error_are_metadata() {
    let home = tempfile::tempdir().unwrap();
    let trail = Trail::start();
    compact("user_123", &["entry_1", "", "", "entry_2"]);
    export("user_123", &["entry_1", "entry_2"], &home.path().join("export")).unwrap();
    export("user_123", &["entry_1"], &home.path().join("nowhere/export")).unwrap_err();
    let events = trail.events();
    let metadata = |number: usize| serde_json::to_value(&events[number].metadata).unwrap();
    assert_eq!(metadata(0), json!({"entries_before": 4, "entries_after": 2, "ratio": 0.5}));
    assert_eq!(metadata(1), json!({"format": "json", "entries": 2}));
    let failed = json!({"format": "json", "entries": 1, "error_type": "NotFound"});
    assert_eq!(metadata(2), failed);
    let statuses: Vec<_> = events.iter().map(|event| event.status).collect();
    assert_eq!(statuses, [Status::Success, Status::Success, Status::Failure]);
    assert!(events[2].error_message.as_ref().unwrap().contains("No such file"));
    let of_type = trail.audit.query().metadata("error_type", "NotFound").ids().unwrap();
    assert_eq!(of_type, [events[2].event_id]);
}

#[test]
fn a27_many_tasks_at_once_in_bounded_memory() {
    let (layer, audit) =
        tracing_audit::AuditLayer::builder().buffer_events_max(1_000).build().unwrap();
    let dispatch = tracing::Dispatch::new(tracing_subscriber::registry().with(layer));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).build().unwrap();
    runtime.block_on(async {
        let tasks: Vec<_> = (0..8)
            .map(|user| {
                let work = async move {
                    tracing::callsite::rebuild_interest_cache();
                    for id in 0..500 {
                        store(&format!("user_{user}"), "session", &format!("entry_{id}")).unwrap();
                        tokio::task::yield_now().await;
                    }
                };
                tokio::spawn(work.with_subscriber(dispatch.clone()))
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
    assert_eq!(audit.statistics().total_events, 4_000);
    let health = audit.health();
    assert!(health.lost.is_empty() && health.held_events <= 1_000, "{health:?}");
    assert!(health.held_bytes < 1_000 * 1_000, "{} bytes", health.held_bytes);
}

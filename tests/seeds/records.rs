//! Events recorded by hand.

use serde_json::json;
use tracing_audit::{AuditEvent, ErrorKind, Operation, Status};

use crate::memory::Trail;

#[test]
fn a7_a_success_with_ids_metadata_and_duration() {
    let trail = Trail::start();
    let event = AuditEvent::builder(Operation::Store)
        .user_id("user_123")
        .session_id("session_abc")
        .entry_ids(["entry_1", "entry_2"])
        .metadata("source", "api")
        .metadata("batch_size", 2)
        .status(Status::Success)
        .duration_ms(45.2);
    let receipt = trail.audit.record(event).unwrap();
    let event = trail.only();
    assert_eq!((event.event_id, event.sequence), (receipt.event_id, Some(receipt.sequence)));
    assert_eq!(event.operation, Operation::Store);
    assert_eq!(event.user_id.as_deref(), Some("user_123"));
    assert_eq!(event.session_id.as_deref(), Some("session_abc"));
    assert_eq!(event.entry_ids, ["entry_1", "entry_2"]);
    assert_eq!(event.metadata.get("source"), Some(&json!("api")));
    assert_eq!(event.metadata.get("batch_size"), Some(&json!(2)));
    assert_eq!((event.status, event.duration_ms()), (Status::Success, Some(45.2)));
}

#[test]
fn a8_a_failure_with_its_message() {
    let trail = Trail::start();
    let event = AuditEvent::builder(Operation::Recall)
        .user_id("user_456")
        .error("Database connection timeout")
        .duration_ms(5000.0);
    trail.audit.record(event).unwrap();
    let event = trail.only();
    assert_eq!(event.status, Status::Failure);
    assert_eq!(event.error_message.as_deref(), Some("Database connection timeout"));
    assert_eq!(event.duration_ms(), Some(5000.0));
}

#[test]
fn a7_without_blocking_and_without_a_runtime() {
    let trail = Trail::start();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let recorded = runtime.block_on(trail.audit.record_async(AuditEvent::builder("store")));
    assert_eq!(trail.only().event_id, recorded.unwrap().event_id);
}

#[test]
fn entries_about_the_trail_itself_cannot_be_forged() {
    let trail = Trail::start();
    let mut event = AuditEvent::builder("GAP").build();
    event.kind = tracing_audit::event::Kind::Log;
    assert_eq!(trail.audit.record(event).unwrap_err().kind(), ErrorKind::InvalidInput);
    assert!(trail.events().is_empty());
}

//! Operations recorded by hand, without a span: one that succeeded and one
//! that failed, then found again and exported.
//!
//! `cargo run --example manual`

#![expect(clippy::print_stdout, reason = "an example shows what it does")]
#![expect(clippy::disallowed_methods, reason = "only the library has a filesystem gate")]

use std::error::Error;

use tracing_audit::{AuditEvent, AuditLayer, Operation, Status};
use tracing_subscriber::prelude::*;

fn main() -> Result<(), Box<dyn Error>> {
    let (layer, audit) = AuditLayer::builder().build()?;
    tracing_subscriber::registry().with(layer).init();

    let stored = audit.record(
        AuditEvent::builder(Operation::Store)
            .user_id("user_123")
            .session_id("session_abc")
            .entry_ids(["entry_1", "entry_2"])
            .metadata("source", "api")
            .metadata("batch_size", 2)
            .status(Status::Success)
            .duration_ms(45.2),
    )?;
    audit.record(
        AuditEvent::builder(Operation::Recall)
            .user_id("user_456")
            .error("Database connection timeout")
            .duration_ms(5000.0),
    )?;

    let events = audit.query().user("user_123").operation(Operation::Store).run()?.events;
    println!("user_123 stored something {} time(s); {stored:?}", events.len());
    let [event] = events.as_slice() else { return Err("there should be one store".into()) };
    check(event.entry_ids == ["entry_1", "entry_2"], "the entries")?;
    check(event.duration_ms() == Some(45.2), "the duration")?;
    check(event.metadata.get("batch_size") == Some(&2.into()), "the batch size")?;

    let failures = audit.query().status(Status::Failure).run()?.events;
    let [failure] = failures.as_slice() else { return Err("there should be one failure".into()) };
    println!("{} failed: {:?}", failure.operation, failure.error_message);
    check(failure.user_id.as_deref() == Some("user_456"), "the user")?;
    check(failure.error_message.as_deref() == Some("Database connection timeout"), "the error")?;

    let by_entry = audit.query().entry_ids(["entry_2"]).count()?;
    check(by_entry == 1, "the operations on an entry")?;

    let path = std::env::temp_dir().join(format!("manual_{}.json", std::process::id()));
    audit.export_to_file(&path)?;
    let text = std::fs::read_to_string(&path)?;
    std::fs::remove_file(&path)?;
    println!("{text}");
    let document: serde_json::Value = serde_json::from_str(&text)?;
    check(document.get("total_events") == Some(&2.into()), "the export")
}

fn check(so: bool, what: &str) -> Result<(), Box<dyn Error>> {
    if so { Ok(()) } else { Err(format!("{what} should be otherwise").into()) }
}

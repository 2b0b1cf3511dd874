//! The monthly compliance report: who stored, recalled and deleted how much.
//!
//! `cargo run --example compliance`

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;

use chrono::{DateTime, TimeZone, Utc};
use tracing_audit::event::EventBuilder;
use tracing_audit::report::compliance_report;
use tracing_audit::{Audit, AuditEvent, AuditLayer, Operation};
use tracing_subscriber::prelude::*;

fn main() -> Result<(), Box<dyn Error>> {
    let (layer, audit) = AuditLayer::builder().build()?;
    tracing_subscriber::registry().with(layer).init();
    let december = Utc.with_ymd_and_hms(2025, 12, 1, 0, 0, 0).single().ok_or("no such time")?;
    let january = Utc.with_ymd_and_hms(2026, 1, 1, 0, 0, 0).single().ok_or("no such time")?;
    record_a_year_end(&audit, december, january)?;

    let month = audit.query().since(december).until(january).run()?.events;
    let report = compliance_report(&month, 2025, 12)?;
    println!("{report}");
    println!("{}", serde_json::to_string_pretty(&report)?);

    check(report.period == "2025-12", "the period")?;
    check(report.total_events == 7, "the total")?;
    check(report.users == 3, "the number of users")?;
    check(report.operations.get("STORE") == Some(&3), "the stores")?;
    let alice = report.user_activity.get("alice").ok_or("alice is missing")?;
    check((alice.total, alice.stores, alice.recalls, alice.deletions) == (4, 2, 1, 1), "alice")?;
    let anonymous = report.user_activity.get("anonymous").ok_or("nobody is missing")?;
    check((anonymous.total, anonymous.recalls) == (1, 1), "what nobody did")?;
    check(compliance_report(&month, 2025, 13).is_err(), "a thirteenth month")
}

/// Seven operations in December, one just before it and one just after.
fn record_a_year_end(
    audit: &Audit,
    december: DateTime<Utc>,
    january: DateTime<Utc>,
) -> Result<(), Box<dyn Error>> {
    let moment = chrono::Duration::microseconds(1);
    let by = |user: &str, operation: Operation| AuditEvent::builder(operation).user_id(user);
    let timed: [(EventBuilder, DateTime<Utc>); 9] = [
        (by("alice", Operation::Store), december - moment),
        (by("alice", Operation::Store), december),
        (by("alice", Operation::Store), december + moment),
        (by("alice", Operation::Recall), december + moment),
        (by("alice", Operation::Forget), december + moment),
        (by("bob", Operation::Store), december + moment),
        (by("bob", Operation::Recall).error("timed out"), january - moment),
        (AuditEvent::builder(Operation::Recall), january - moment),
        (by("bob", Operation::Store), january),
    ];
    for (event, began) in timed {
        audit.record(event.timestamp(began))?;
    }
    Ok(())
}

fn check(so: bool, what: &str) -> Result<(), Box<dyn Error>> {
    if so { Ok(()) } else { Err(format!("{what} should be otherwise").into()) }
}

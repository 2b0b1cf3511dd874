//! The field is `user_id`.
use tracing_audit::{AuditEvent, assert_audited};

fn main() {
    let events: Vec<AuditEvent> = Vec::new();
    assert_audited!(events, operation = "STORE", user = "alice", count = 1);
}

//! An event that is built is not recorded.
#![deny(unused_must_use)]

use tracing_audit::AuditEvent;

fn main() {
    AuditEvent::builder("STORE").user_id("alice");
}

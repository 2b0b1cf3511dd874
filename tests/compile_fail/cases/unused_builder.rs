//! Nothing is audited until `build` is called.
#![deny(unused_must_use)]

use tracing_audit::AuditLayer;

fn main() {
    AuditLayer::builder().buffer_events_max(10);
}

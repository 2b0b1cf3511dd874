//! A query does nothing until it is run.
#![deny(unused_must_use)]

use tracing_audit::Audit;

fn look(audit: &Audit) {
    audit.query().user("alice");
}

fn main() {
    let _ = look;
}

//! The report of a shutdown says whether anything was lost.
#![deny(unused_must_use)]

use tracing_audit::Audit;

fn stop(audit: &Audit) {
    audit.shutdown(std::time::Duration::from_secs(5));
}

fn main() {
    let _ = stop;
}

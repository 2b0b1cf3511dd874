//! A subscription that is not read lags.
#![deny(unused_must_use)]

use tracing_audit::Audit;

fn watch(audit: &Audit) {
    audit.subscribe();
}

fn main() {
    let _ = watch;
}

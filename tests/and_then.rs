//! Our layer behind a filtered one, both as one layer: nothing is lost.
//!
//! A process of its own: between two layers that `and_then` joins, tracing
//! keeps each thread's answers to "who is interested?", and a subscriber of
//! another test changes them.

#[path = "it/ruled.rs"]
mod ruled;

use tracing::info_span;
use tracing_audit::{Audit, AuditLayer};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::prelude::*;
use tracing_subscriber::{Layer, Registry, fmt};

use self::ruled::RULED;

#[test]
fn behind_a_filtered_layer_it_works() {
    let (layer, audit): (AuditLayer<Registry>, Audit) = ruled::builder().build().unwrap();
    let filtered = fmt::layer().with_writer(std::io::sink).with_filter(LevelFilter::WARN);
    let _default = tracing_subscriber::registry().with(filtered.and_then(layer)).set_default();
    drop(info_span!("op", audit.operation = "MAYBE"));
    drop(info_span!(target: "ruled", "op"));
    assert_eq!(audit.query().operation("MAYBE").count().unwrap(), 1);
    assert_eq!(audit.query().operation("RULED").count().unwrap(), RULED);
    assert_eq!(audit.self_check(), []);
}

//! Our layer before a filtered one, both as one layer: what is lost is found.
//!
//! A process of its own: between two layers that `and_then` joins, tracing
//! keeps each thread's answers to "who is interested?", and a subscriber of
//! another test changes them.

#[path = "it/ruled.rs"]
mod ruled;

use tracing::{Level, error_span, info_span};
use tracing_audit::{Audit, AuditLayer, Finding};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::prelude::*;
use tracing_subscriber::{Layer, Registry, fmt};

use self::ruled::RULED;

#[test]
fn a_loss_before_a_filtered_layer_is_found() {
    let (layer, audit): (AuditLayer<Registry>, Audit) = ruled::builder().build().unwrap();
    let filtered = fmt::layer().with_writer(std::io::sink).with_filter(LevelFilter::WARN);
    let _default = tracing_subscriber::registry().with(layer.and_then(filtered)).set_default();
    drop(info_span!("op", audit.operation = "MAYBE"));
    drop(info_span!(target: "ruled", "op"));
    drop(error_span!(target: "ruled", "severe"));
    assert_eq!(audit.query().operation("MAYBE").count().unwrap(), 0);
    let severe_alone = audit.query().operation("RULED").count().unwrap();
    assert_eq!(severe_alone, RULED);
    let levels = vec![Level::INFO, Level::DEBUG, Level::TRACE];
    assert_eq!(audit.self_check(), [Finding::CanariesLost { levels }]);
}

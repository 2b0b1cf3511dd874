//! An empty `Vec` of layers switches everything off; the self-check finds it.
//! Alone in its process: the level that it sets is that of all subscribers.

#[path = "it/ruled.rs"]
#[expect(dead_code, reason = "nothing arrives that could be counted")]
mod ruled;

use tracing::info_span;
use tracing_audit::Finding;
use tracing_subscriber::prelude::*;
use tracing_subscriber::{Layer, Registry};

#[test]
fn an_empty_vec_of_layers_is_found() {
    let (layer, audit) = ruled::builder().build().unwrap();
    let none: Vec<Box<dyn Layer<Registry> + Send + Sync>> = Vec::new();
    tracing_subscriber::registry().with(none).with(layer).init();
    assert!(info_span!("op", audit.operation = "LOST").is_disabled());
    assert!(info_span!(target: "ruled", "op").is_disabled());
    let text: String = audit.self_check().iter().map(Finding::to_string).collect();
    assert!(text.contains("lost at ERROR"), "{text}");
    assert!(text.contains("no empty `Vec` of layers"), "{text}");
}

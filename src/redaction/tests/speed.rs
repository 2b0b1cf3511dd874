//! What an event without secrets costs. Prints; fails nothing.

#![expect(clippy::disallowed_methods, clippy::print_stdout, reason = "it measures and prints")]

use std::time::Instant;

use serde_json::json;

use crate::event::AuditEvent;
use crate::event::row::RowScratch;
use crate::redaction::{Redaction, Redactor};

#[test]
#[ignore = "a measurement; run it with --release and --nocapture"]
fn cost_of_an_event() {
    let ids = |event: crate::event::EventBuilder| {
        event
            .user_id("user_018f2f6e5c1b")
            .session_id("018f2f6e-5c1b-7cc0-b7a4-0d6a3c1f2e55")
            .org_id("org-4711")
            .entry_ids(["entry_000123456", "entry_000123457"])
    };
    let plain = ids(AuditEvent::builder("STORE"))
        .resource("knowledge-base-7")
        .source("10.0.4.17:51234")
        .metadata("importance", 0.8)
        .metadata("query", "what did we decide about the retention of old segments last spring")
        .metadata("model", "text-embedding-3-large")
        .metadata("tokens", 512)
        .build();
    let nested = ids(AuditEvent::builder("SEARCH"))
        .metadata("filter", json!({"tags": ["a", "b"], "after": 17}))
        .build();
    let secret = ids(AuditEvent::builder("STORE"))
        .metadata("api_key", "sk_live_4eC39HqLyjWDarjtT1zdp7dc")
        .build();
    let rules = Redaction::new().compile();
    for (name, event) in [("plain", plain), ("nested", nested), ("secret", secret)] {
        let mut scratch = RowScratch::default();
        let row = scratch.row(&event, 0);
        let bytes = serde_json::to_string(&event).unwrap().len();
        let mut redactor = Redactor::default();
        let mut best = f64::INFINITY;
        for _ in 0..20 {
            let begin = Instant::now();
            for _ in 0..100_000 {
                std::hint::black_box(redactor.apply(std::hint::black_box(&row), &rules));
            }
            best = best.min(begin.elapsed().as_nanos() as f64 / 100_000.0);
        }
        println!("{name}: {best:.0} ns for an event of {bytes} bytes");
    }
}

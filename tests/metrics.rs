//! The figures of health as metrics, as a recorder sees them.

#![expect(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use tracing_audit::clock::ManualClock;
use tracing_audit::test_kit::TestTrail;
use tracing_audit::{Audit, LossReason, audited_span};

/// For what is sure to come, on a machine that has much else to do.
const DEADLINE: Duration = Duration::from_secs(120);

/// What is published, by name and label.
fn published(audit: &Audit) -> BTreeMap<String, f64> {
    let recorder = DebuggingRecorder::new();
    metrics::with_local_recorder(&recorder, || audit.publish_metrics());
    let figures = recorder.snapshotter().snapshot().into_vec().into_iter();
    figures
        .map(|(key, _, _, value)| {
            let name = key.key().name().strip_prefix("tracing_audit_").expect("the prefix");
            let labels = key.key().labels().map(|label| format!("{{{}}}", label.value()));
            let value = match value {
                DebugValue::Counter(value) => value as f64,
                DebugValue::Gauge(value) => value.into_inner(),
                other => panic!("{name} is {other:?}"),
            };
            (format!("{name}{}", labels.collect::<String>()), value)
        })
        .collect()
}

#[test]
fn every_figure_has_its_name_and_value() {
    let clock = Arc::new(ManualClock::at("2025-01-15T10:30:45.5Z".parse().unwrap()));
    let directory = tempfile::tempdir().unwrap();
    let trail = TestTrail::builder_with(|builder| {
        builder.clock(clock.clone()).export_directory(directory.path())
    })
    .start();
    for _ in 0..3 {
        audited_span!("STORE", user_id = "alice");
    }
    trail.audit().rotate().unwrap();
    audited_span!("RECALL");
    let open = audited_span!("COMPACT");
    clock.advance(Duration::from_millis(1_500));
    trail.audit().flush().unwrap();
    let figures = published(trail.audit());
    drop(open);

    for reason in LossReason::ALL {
        assert_eq!(figures[&format!("lost_events_total{{{}}}", reason.as_str())], 0.0);
    }
    for (name, value) in [
        ("recorded_events_total", 4.0),
        ("queue_events", 0.0),
        ("queue_events_max", trail.audit().health().queue_events_max as f64),
        ("open_operations", 1.0),
        ("oldest_open_seconds", 1.5),
        ("held_events", 1.0),
        ("rotated_events_total", 3.0),
        ("export_failures", 0.0),
        ("sink_lag_events_total", 0.0),
        ("sink_failures_total", 0.0),
        ("poisoned", 0.0),
    ] {
        assert_eq!(figures[name], value, "{name}");
    }
    assert!(figures["held_bytes"] > 0.0);
    assert!(figures["worker_silent_seconds"] < DEADLINE.as_secs_f64());
    let exported = trail.audit().health().export.last_success.unwrap();
    let seconds = exported.timestamp_micros() as f64 / 1e6;
    assert_eq!(figures["last_export_timestamp_seconds"], seconds);
    assert_eq!(figures.len(), LossReason::ALL.len() + 14);
}

#[test]
fn counters_are_absolute_and_losses_have_their_reason() {
    let trail = TestTrail::start();
    audited_span!("STORE");
    let open = audited_span!("STORE");
    assert!(trail.audit().shutdown(DEADLINE).is_complete);
    drop(open);
    audited_span!("STORE");
    let counters = || {
        trail.audit().flush().unwrap();
        let mut figures = published(trail.audit());
        figures.retain(|name, _| name.contains("_total"));
        figures
    };
    let first = counters();
    // The end of what was open, and what began later.
    assert_eq!(first["lost_events_total{after_shutdown}"], 2.0, "{first:?}");
    assert_eq!(first["lost_events_total{full}"], 0.0);
    assert_eq!(first["recorded_events_total"], 2.0);
    assert_eq!(first["sink_failures_total"], 0.0);
    assert_eq!(counters(), first);
    let all = published(trail.audit());
    assert!(!all.contains_key("last_export_timestamp_seconds"), "{all:?}");
}

#[test]
fn what_sinks_fail_to_write_is_published() {
    struct Failing;

    impl tracing_audit::sink::Sink for Failing {
        fn write(&mut self, _: &tracing_audit::AuditEvent) -> std::io::Result<()> {
            Err(std::io::Error::other("no"))
        }
    }

    let trail = TestTrail::start();
    trail.audit().attach(Failing).unwrap();
    audited_span!("STORE");
    audited_span!("STORE");
    assert!(trail.audit().shutdown(DEADLINE).is_complete);
    assert_eq!(published(trail.audit())["sink_failures_total"], 2.0);
}

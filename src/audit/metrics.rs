//! The figures of [`Health`] as metrics, through the `metrics` facade.
//!
//! Runs on the thread that calls [`Audit::publish_metrics`], and nowhere else:
//! nothing is counted per event, so a recorder costs the audited program
//! nothing. Installing a recorder is the program's business; without one the
//! call does nothing.

use std::time::Duration;

use metrics::{counter, gauge};

use crate::channel::LossReason;

use super::{Audit, Health};

impl Audit {
    /// Publishes the figures of [`health`](Audit::health) through the `metrics`
    /// facade. Waits for nothing. Call it from time to time, for example
    /// before each scrape.
    ///
    /// Counters are absolute, and count since the start of this trail. The
    /// names carry no mark of the trail: of several in one process, publish
    /// one.
    ///
    /// | name, after `tracing_audit_` | kind | meaning |
    /// |---|---|---|
    /// | `recorded_events_total` | counter | events recorded |
    /// | `lost_events_total` | counter, by `reason` | events lost; the reasons are those of [`LossReason`], each always there |
    /// | `queue_events` | gauge | events that wait for the worker |
    /// | `queue_events_max` | gauge | events that can wait for it |
    /// | `open_operations` | gauge | audited spans that are open |
    /// | `oldest_open_seconds` | gauge | for how long the oldest of them has been open; 0 if none is |
    /// | `held_events` | gauge | events in the buffer |
    /// | `held_bytes` | gauge | bytes of the buffer, indices included |
    /// | `rotated_events_total` | counter | events that left the buffer by rotation |
    /// | `export_failures` | gauge | exports that failed since the last one that succeeded |
    /// | `last_export_timestamp_seconds` | gauge | when the last document was completed, in seconds since the Unix epoch; only there if one was |
    /// | `sink_lag_events_total` | counter | events that sinks were too slow for |
    /// | `sink_failures_total` | counter | events that sinks failed to write |
    /// | `worker_silent_seconds` | gauge | for how long the worker has not come to the end of what it does |
    /// | `poisoned` | gauge | 1 if the worker has given up after panics, else 0 |
    pub fn publish_metrics(&self) {
        publish(&self.health());
    }
}

fn publish(health: &Health) {
    counter!("tracing_audit_recorded_events_total").absolute(health.recorded_events);
    for reason in LossReason::ALL {
        let lost = health.lost.get(reason).copied().unwrap_or_default();
        counter!("tracing_audit_lost_events_total", "reason" => reason.as_str()).absolute(lost);
    }
    gauge!("tracing_audit_queue_events").set(health.queue_events as f64);
    gauge!("tracing_audit_queue_events_max").set(health.queue_events_max as f64);
    gauge!("tracing_audit_open_operations").set(health.open_operations as f64);
    let oldest_open = health.oldest_open.unwrap_or(Duration::ZERO);
    gauge!("tracing_audit_oldest_open_seconds").set(oldest_open.as_secs_f64());
    gauge!("tracing_audit_held_events").set(health.held_events as f64);
    gauge!("tracing_audit_held_bytes").set(health.held_bytes as f64);
    counter!("tracing_audit_rotated_events_total").absolute(health.rotated_events);
    gauge!("tracing_audit_export_failures").set(health.export.failures as f64);
    if let Some(at) = health.export.last_success {
        let seconds = at.timestamp_micros() as f64 / 1e6;
        gauge!("tracing_audit_last_export_timestamp_seconds").set(seconds);
    }
    counter!("tracing_audit_sink_lag_events_total").absolute(health.sink_lag);
    counter!("tracing_audit_sink_failures_total").absolute(health.sink_failures);
    let silent_for = health.worker_silent_for;
    gauge!("tracing_audit_worker_silent_seconds").set(silent_for.as_secs_f64());
    gauge!("tracing_audit_poisoned").set(f64::from(u8::from(health.is_poisoned)));
}

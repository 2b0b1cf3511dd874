//! The security check: too many deletions, failures or exports, a success rate
//! that is too low, operations that take too long.
//!
//! `cargo run --example monitors`

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;

use chrono::{DateTime, TimeDelta, Utc};
use tracing_audit::event::EventBuilder;
use tracing_audit::monitor::{Alert, Monitor};
use tracing_audit::{Audit, AuditEvent, AuditLayer, Operation, Subscription};
use tracing_subscriber::prelude::*;

fn main() -> Result<(), Box<dyn Error>> {
    let (layer, audit) = AuditLayer::builder().build()?;
    tracing_subscriber::registry().with(layer).init();
    let now: DateTime<Utc> = "2025-01-15T12:00:00Z".parse()?;
    let ago = |minutes: i64| now - TimeDelta::minutes(minutes);
    let monitor = Monitor::default();
    let alerts = || -> Result<Vec<Alert>, Box<dyn Error>> {
        let last_day = audit.query().since(now - TimeDelta::hours(24)).run()?;
        Ok(monitor.check(&last_day, now))
    };

    let mut stream = audit.subscribe();

    // As much as is tolerated, and as much again outside the windows.
    record(&audit, 100, || by("mallory", Operation::Forget).timestamp(ago(59)))?;
    record(&audit, 100, || by("mallory", Operation::Forget).timestamp(ago(61)))?;
    record(&audit, 10, || {
        AuditEvent::access_denied(["user:eve"], ["role:admin"]).timestamp(ago(14))
    })?;
    record(&audit, 10, || by("eve", Operation::Recall).error("refused").timestamp(ago(16)))?;
    record(&audit, 5, || by("carol", Operation::Export).timestamp(ago(24 * 60 - 1)))?;
    record(&audit, 400, || by("alice", Operation::Recall).duration_ms(900.0).timestamp(ago(30)))?;
    expect(&alerts()?, &[])?;

    record(&audit, 1, || by("mallory", Operation::Forget).timestamp(ago(1)))?;
    expect(&alerts()?, &["excessive deletions"])?;

    record(&audit, 1, || by("carol", Operation::Export).timestamp(ago(1)))?;
    expect(&alerts()?, &["excessive deletions", "unusual export activity"])?;

    record(&audit, 20, || by("eve", Operation::Recall).error("refused").timestamp(ago(1)))?;
    record(&audit, 10, || by("bob", Operation::Compact).duration_ms(9_000.0).timestamp(ago(1)))?;
    let alerts = alerts()?;
    for alert in &alerts {
        println!("{alert}");
    }
    let all = [
        "excessive deletions",
        "multiple failures",
        "unusual export activity",
        "low success rate",
        "high latency",
    ];
    expect(&alerts, &all)?;
    watch(&mut stream, now)
}

/// The same rules on the running stream: one alert when a rule is broken, not
/// one for each event.
fn watch(stream: &mut Subscription, now: DateTime<Utc>) -> Result<(), Box<dyn Error>> {
    let mut monitor = Monitor::default();
    let mut alerts = Vec::new();
    while let Some(event) = stream.try_recv() {
        alerts.extend(monitor.observe(&event, now));
    }
    for alert in &alerts {
        println!("live: {alert}");
    }
    let deletions = alerts.iter().filter(|alert| alert.rule == "excessive deletions").count();
    if deletions == 1 { Ok(()) } else { Err(format!("{deletions} alerts on deletions").into()) }
}

fn by(user: &str, operation: Operation) -> EventBuilder {
    AuditEvent::builder(operation).user_id(user)
}

fn record(
    audit: &Audit,
    times: usize,
    event: impl Fn() -> EventBuilder,
) -> Result<(), Box<dyn Error>> {
    for _ in 0..times {
        audit.record(event())?;
    }
    Ok(())
}

fn expect(alerts: &[Alert], rules: &[&str]) -> Result<(), Box<dyn Error>> {
    let found: Vec<&str> = alerts.iter().map(|alert| alert.rule.as_str()).collect();
    if found == rules { Ok(()) } else { Err(format!("{found:?} instead of {rules:?}").into()) }
}

//! What is printed in the end, all of it asked of the audit trail alone.

use chrono::{TimeDelta, Utc};
use tracing_audit::monitor::Monitor;
use tracing_audit::verify::Verdict;
use tracing_audit::{Audit, Field, report};

use crate::Failure;
use crate::trail::{Recorded, Trail};

/// How many of the newest events the table shows.
const ROWS: usize = 40;
/// What the day's incidents have to set off.
const ALERTS: [&str; 4] =
    ["excessive deletions", "multiple failures", "unusual export activity", "low success rate"];

/// What earlier runs left, before anything is done in this one.
pub(crate) fn print_history(trail: &Trail) -> Result<(), Failure> {
    let Some(found) = &trail.found else {
        println!("a new trail; run this again, and it answers from this run\n");
        return Ok(());
    };
    print_verdict("what earlier runs left", found);
    println!("its events, by operation\n");
    for (operation, count) in trail.audit.query().group_by(Field::Operation)? {
        println!("  {operation:<22} {count:>5}");
    }
    println!();
    Ok(())
}

/// What a verification came to.
pub(crate) fn print_verdict(what: &str, verdict: &Verdict) {
    let entries: u64 = verdict.logs.iter().map(|log| log.entries()).sum();
    println!("{what} is verified: {entries} entries, {:?}", verdict.standing());
}

/// What can be asked while the program runs: the newest events, the running
/// figures, and whether anybody does too much of something.
pub(crate) fn print_live(audit: &Audit) -> Result<(), Failure> {
    let newest = audit.query().limit(ROWS).run()?.events;
    println!("the newest {} events of the trail\n\n{}", newest.len(), report::table(&newest));
    print_statistics(audit);
    check_security(audit)
}

/// What each user did, from the exports.
pub(crate) fn print_users(recorded: &Recorded) {
    println!("per user\n\n{}", report::user_summary(&recorded.events));
}

fn print_statistics(audit: &Audit) {
    let statistics = audit.statistics();
    println!("statistics\n");
    println!("total_events     {}", statistics.total_events);
    println!("success_rate     {:.4}", statistics.success_rate.unwrap_or(f64::NAN));
    println!("avg_duration_ms  {:.3}", statistics.avg_duration_ms.unwrap_or(f64::NAN));
    for (operation, count) in &statistics.by_operation {
        println!("  {operation:<22} {count:>5}");
    }
    println!();
}

/// The checks of a security officer. The day was bad on purpose, and quick.
fn check_security(audit: &Audit) -> Result<(), Failure> {
    let last_day = audit.query().since(Utc::now() - TimeDelta::hours(24)).run()?;
    let alerts = Monitor::default().check(&last_day, Utc::now());
    println!("security check\n");
    for alert in &alerts {
        println!("  {alert}");
    }
    println!();
    let rules: Vec<&str> = alerts.iter().map(|alert| alert.rule.as_str()).collect();
    if rules == ALERTS { Ok(()) } else { Err(format!("{rules:?} instead of {ALERTS:?}").into()) }
}

//! What is printed in the end, all of it asked of the audit trail alone.

use tracing_audit::{Audit, AuditEvent};

use crate::Failure;
use crate::trail::Trail;

const ROWS: usize = 40;
/// Longer details are cut.
const DETAIL_CHARS: usize = 60;

pub(crate) fn print(trail: &Trail) -> Result<(), Failure> {
    print_table(&trail.audit)?;
    print_statistics(&trail.audit)?;
    print_users(&trail.audit)
}

fn print_table(audit: &Audit) -> Result<(), Failure> {
    let newest = audit.query().limit(ROWS).run()?.events;
    println!("the newest {} events of the trail", newest.len());
    println!(
        "  {:<12} {:<21} {:<8} {:<10} {:<12} {:>9}  details",
        "time", "operation", "status", "how known", "actor", "ms"
    );
    for event in &newest {
        println!(
            "  {:<12} {:<21} {:<8} {:<10} {:<12} {:>9.2}  {}",
            event.timestamp.format("%H:%M:%S%.3f"),
            event.operation,
            event.status,
            event.status_source,
            event.actor.to_string(),
            event.duration_ms().unwrap_or_default(),
            detail(event),
        );
    }
    Ok(())
}

fn detail(event: &AuditEvent) -> String {
    let mut detail = match &event.error_message {
        Some(error) => error.clone(),
        None => serde_json::to_string(&event.metadata).unwrap_or_default(),
    };
    if let Some((cut, _)) = detail.char_indices().nth(DETAIL_CHARS) {
        detail.truncate(cut);
        detail.push('…');
    }
    detail
}

fn print_statistics(audit: &Audit) -> Result<(), Failure> {
    let statistics = audit.statistics()?;
    println!("\nstatistics\n  total_events     {}", statistics.total_events);
    println!("  success_rate     {:.3}", statistics.success_rate.unwrap_or(f64::NAN));
    println!("  avg_duration_ms  {:.3}", statistics.avg_duration_ms.unwrap_or(f64::NAN));
    for (operation, count) in &statistics.by_operation {
        println!("  {:<22} {count:>5}", operation.to_string());
    }
    Ok(())
}

fn print_users(audit: &Audit) -> Result<(), Failure> {
    println!("\nper user");
    Ok(())
}

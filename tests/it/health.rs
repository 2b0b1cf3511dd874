//! Health: what was waited for is in its figures.

use tracing_audit::AuditEvent;

use super::trail::trail;

#[test]
fn health_counts_what_was_waited_for() {
    let (audit, _default) = trail();
    for round in 0..300 {
        tracing::info!(audit.operation = "STORE");
        audit.flush().unwrap();
        assert_eq!(audit.health().recorded_events, 3 * round + 1, "flush");
        audit.record(AuditEvent::builder("RECALL")).unwrap();
        assert_eq!(audit.health().recorded_events, 3 * round + 2, "record");
        tracing::info!(audit.operation = "FORGET");
        audit.view().unwrap();
        assert_eq!(audit.health().recorded_events, 3 * round + 3, "view");
        audit.rotate().unwrap();
        let health = audit.health();
        assert_eq!((health.rotated_events, health.held_events), (3 * round + 3, 0), "rotate");
    }
}

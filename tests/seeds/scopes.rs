//! Organisations do not see each other.

use tracing_audit::Field;

use crate::memory::Trail;

fn two_organisations() -> Trail {
    let trail = Trail::start();
    for (org, user) in [("org_a", "alice"), ("org_b", "bob"), ("org_b", "carol")] {
        tracing::info_span!(
            "op",
            audit.operation = "SEARCH",
            audit.user_id = user,
            audit.org_id = org
        );
    }
    tracing::info_span!("op", audit.operation = "COMPACT", audit.actor = "system");
    trail
}

#[test]
fn m10_a_narrowed_handle_cannot_read_other_organisations() {
    let trail = two_organisations();
    let org = trail.audit.for_org("org_a");
    assert_eq!(org.query().count().unwrap(), 1);
    assert_eq!(org.query().org("org_b").count().unwrap(), 0);
    assert_eq!(org.query().user("bob").count().unwrap(), 0);
    assert_eq!(org.query().every_kind().count().unwrap(), 1);
    assert_eq!(org.query().group_by(Field::User).unwrap(), [("alice".to_owned(), 1)]);
    assert_eq!(org.statistics().unwrap().total_events, 1);
    assert_eq!(org.user_statistics("bob").unwrap().total_operations, 0);
    let foreign = trail.audit.query().operation("SEARCH").ids().unwrap()[0];
    assert_eq!(org.query().trail_of(foreign).count().unwrap(), 0);
}

#[test]
fn m10_a_cursor_of_a_wider_query_is_refused() {
    let trail = two_organisations();
    let wide = trail.audit.query().limit(1).run().unwrap().next;
    let narrowed = trail.audit.for_org("org_b").query().limit(1).after(wide).run();
    assert!(narrowed.unwrap_err().is_invalid_input());
}

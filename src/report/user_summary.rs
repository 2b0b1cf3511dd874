//! What each user did, as a table.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::person::person;
use super::text_table::TextTable;
use crate::event::time_text;
use crate::event::{AuditEvent, Kind};
use crate::statistics::{Sample, UserStatistics, UserTally};

/// What each user did; made by [`user_summary`]. Its text is a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct UserSummary {
    /// A row for each user, by name. What has no user is counted under its
    /// actor, or `anonymous`.
    pub users: BTreeMap<String, UserSummaryRow>,
}

/// What one user did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct UserSummaryRow {
    /// Totals, last activity and most common operation.
    #[serde(flatten)]
    pub statistics: UserStatistics,
    /// How many of the operations failed; a refusal is a failure whatever its
    /// status says.
    pub failures: u64,
}

/// Sums up what each user did.
pub fn user_summary<E: Borrow<AuditEvent>>(events: impl IntoIterator<Item = E>) -> UserSummary {
    let mut users: BTreeMap<String, (UserTally, u64)> = BTreeMap::new();
    for event in events {
        let event = event.borrow();
        if event.kind == Kind::Event {
            let (tally, failures) = users.entry(person(event)).or_default();
            tally.add(event);
            *failures += u64::from(Sample::of_event(event).is_some_and(|found| found.is_failure()));
        }
    }
    let row = |(tally, failures): (UserTally, u64)| UserSummaryRow {
        statistics: tally.statistics(),
        failures,
    };
    UserSummary { users: users.into_iter().map(|(user, counts)| (user, row(counts))).collect() }
}

impl fmt::Display for UserSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headings = ["USER", "OPERATIONS", "FAILURES", "MOST COMMON", "LAST ACTIVITY"];
        let mut table = TextTable::new(headings);
        for (user, row) in &self.users {
            let statistics = &row.statistics;
            let most_common = statistics.most_common_operation.as_ref();
            table.row([
                user.clone(),
                statistics.total_operations.to_string(),
                row.failures.to_string(),
                most_common.map(ToString::to_string).unwrap_or_default(),
                statistics.last_activity.as_ref().map(time_text).unwrap_or_default(),
            ]);
        }
        fmt::Display::fmt(&table, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Status;

    #[test]
    fn a29_a_row_for_each_user_with_failures() {
        let at = "2025-01-15T10:30:45Z".parse().unwrap();
        let mut gap = AuditEvent::builder("gap").build();
        gap.kind = Kind::Log;
        let mut opened = AuditEvent::builder("open").actor("system").timestamp(at).build();
        opened.kind = Kind::Log;
        let events = [
            AuditEvent::builder("store").user_id("alice").timestamp(at).build(),
            AuditEvent::builder("store").user_id("alice").error("no").timestamp(at).build(),
            AuditEvent::builder("recall").timestamp(at).build(),
            AuditEvent::builder("access_denied").status(Status::Success).timestamp(at).build(),
            gap,
            opened,
        ];
        let summary = user_summary(&events);
        assert_eq!(
            summary.to_string(),
            "\
USER       OPERATIONS  FAILURES  MOST COMMON  LAST ACTIVITY
alice      2           1         STORE        2025-01-15T10:30:45.000000Z
anonymous  2           1         RECALL       2025-01-15T10:30:45.000000Z
"
        );
        let json = serde_json::to_value(&summary).unwrap();
        assert_eq!(json["users"]["alice"]["total_operations"], 2);
        assert_eq!(json["users"]["alice"]["failures"], 1);
    }
}

//! The monthly compliance report.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::fmt;

use chrono::{Datelike, NaiveDate};
use serde::Serialize;

use super::person::person;
use super::text_table::TextTable;
use crate::error::{Error, Result};
use crate::event::{AuditEvent, Kind, Operation};

/// Who did how much in a month; made by [`compliance_report`]. Its text is a
/// pair of tables.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ComplianceReport {
    /// The month, as `YYYY-MM`.
    pub period: String,
    /// How many events there were.
    pub total_events: u64,
    /// How many users there were, as counted in `user_activity`.
    pub users: u64,
    /// Events by operation.
    pub operations: BTreeMap<String, u64>,
    /// Activity by user. What has no user is counted under its actor
    /// (`api_key:…`, `service:…`, `system`), and under `anonymous` where
    /// nobody was named.
    pub user_activity: BTreeMap<String, UserActivity>,
}

/// What one user did in the month.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct UserActivity {
    /// All events.
    pub total: u64,
    /// STORE, BULK_STORE and INGEST.
    pub stores: u64,
    /// RECALL and SEARCH.
    pub recalls: u64,
    /// FORGET, and the deletions of documents, knowledge bases and users.
    pub deletions: u64,
}

/// Reports on the events that began in a month (UTC), out of these events.
///
/// # Errors
///
/// When `month` is not from 1 to 12, or `year` not from 0 to 9999.
pub fn compliance_report<E: Borrow<AuditEvent>>(
    events: impl IntoIterator<Item = E>,
    year: i32,
    month: u32,
) -> Result<ComplianceReport> {
    let first_day = NaiveDate::from_ymd_opt(year, month, 1)
        .filter(|_| (0..=9999).contains(&year))
        .ok_or_else(|| {
            Error::invalid(format!(
                "year {year}, month {month} is no month; give a year from 0 to 9999 and a month from 1 to 12"
            ))
        })?;
    let mut report = ComplianceReport {
        period: first_day.format("%Y-%m").to_string(),
        total_events: 0,
        users: 0,
        operations: BTreeMap::new(),
        user_activity: BTreeMap::new(),
    };
    for event in events {
        let event = event.borrow();
        if event.kind == Kind::Event
            && (event.timestamp.year(), event.timestamp.month()) == (year, month)
        {
            report.add(event);
        }
    }
    report.users = report.user_activity.len() as u64;
    Ok(report)
}

impl ComplianceReport {
    fn add(&mut self, event: &AuditEvent) {
        self.total_events += 1;
        *self.operations.entry(event.operation.to_string()).or_default() += 1;
        let activity = self.user_activity.entry(person(event)).or_default();
        activity.total += 1;
        match event.operation {
            Operation::Store | Operation::BulkStore | Operation::Ingest => activity.stores += 1,
            Operation::Recall | Operation::Search => activity.recalls += 1,
            Operation::Forget
            | Operation::DeleteDocument
            | Operation::DeleteKnowledgeBase
            | Operation::DeleteUser => activity.deletions += 1,
            _ => {}
        }
    }
}

impl fmt::Display for ComplianceReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ComplianceReport { period, total_events, users, .. } = self;
        writeln!(f, "Compliance report {period}: {total_events} events, {users} users\n")?;
        let mut operations = TextTable::new(["OPERATION", "EVENTS"]);
        for (operation, count) in &self.operations {
            operations.row([operation.clone(), count.to_string()]);
        }
        writeln!(f, "{operations}")?;
        let mut activity = TextTable::new(["USER", "TOTAL", "STORES", "RECALLS", "DELETIONS"]);
        for (user, UserActivity { total, stores, recalls, deletions }) in &self.user_activity {
            let counts = [total, stores, recalls, deletions].map(u64::to_string);
            let [total, stores, recalls, deletions] = counts;
            activity.row([user.clone(), total, stores, recalls, deletions]);
        }
        fmt::Display::fmt(&activity, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn event(operation: &str, user: &str, timestamp: &str) -> AuditEvent {
        let event = AuditEvent::builder(operation).timestamp(timestamp.parse().unwrap());
        if user.is_empty() { event.build() } else { event.user_id(user).build() }
    }

    fn december() -> Vec<AuditEvent> {
        vec![
            event("store", "u1", "2024-11-30T23:59:59.999999Z"),
            event("store", "u1", "2024-12-01T00:00:00Z"),
            event("store", "u1", "2024-12-15T12:00:00Z"),
            event("recall", "u1", "2024-12-15T12:00:00Z"),
            event("forget", "u2", "2024-12-31T23:59:59.999999Z"),
            event("export", "", "2024-12-31T12:00:00Z"),
            event("store", "u1", "2025-01-01T00:00:00Z"),
            event("store", "u1", "2023-12-15T12:00:00Z"),
        ]
    }

    #[test]
    fn a20_december_is_counted_by_operation_and_user() {
        let report = compliance_report(december(), 2024, 12).unwrap();
        assert_eq!(
            serde_json::to_value(&report).unwrap(),
            json!({
                "period": "2024-12",
                "total_events": 5,
                "users": 3,
                "operations": {"STORE": 2, "RECALL": 1, "FORGET": 1, "EXPORT": 1},
                "user_activity": {
                    "u1": {"total": 3, "stores": 2, "recalls": 1, "deletions": 0},
                    "u2": {"total": 1, "stores": 0, "recalls": 0, "deletions": 1},
                    "anonymous": {"total": 1, "stores": 0, "recalls": 0, "deletions": 0},
                },
            })
        );
    }

    #[test]
    fn a20_other_months_and_an_empty_one() {
        assert_eq!(compliance_report(december(), 2025, 1).unwrap().total_events, 1);
        let empty = compliance_report(december(), 2025, 2).unwrap();
        assert_eq!((empty.period.as_str(), empty.total_events, empty.users), ("2025-02", 0, 0));
    }

    #[test]
    fn a20_a_month_that_is_none_is_refused() {
        for (year, month) in [(2024, 0), (2024, 13), (-1, 5), (10_000, 1)] {
            let error = compliance_report(december(), year, month).unwrap_err();
            assert!(error.is_invalid_input());
            assert!(error.to_string().contains("month from 1 to 12"), "{error}");
        }
    }

    #[test]
    fn a20_who_has_no_user_is_counted_as_the_actor_and_nobody_can_pose_as_one() {
        let at = "2024-12-15T12:00:00Z";
        let mut events =
            ["anonymous", "system", "user:x"].map(|id| event("store", id, at)).to_vec();
        events.push(event("store", "", at));
        let nightly = AuditEvent::builder("forget").actor("system").timestamp(at.parse().unwrap());
        events.push(nightly.build());
        let report = compliance_report(events, 2024, 12).unwrap();
        let users: Vec<_> = report.user_activity.keys().map(String::as_str).collect();
        assert_eq!(users, ["anonymous", "system", "user:anonymous", "user:system", "user:user:x"]);
        assert_eq!(report.user_activity["system"].deletions, 1);
    }

    #[test]
    fn a20_operations_of_both_reference_systems_are_counted() {
        let operations =
            ["bulk_store", "ingest", "search", "delete_document", "delete_user", "import"];
        let events = operations.map(|name| event(name, "u", "2024-12-15T12:00:00Z"));
        let report = compliance_report(events, 2024, 12).unwrap();
        let expected = UserActivity { total: 6, stores: 2, recalls: 1, deletions: 2 };
        assert_eq!(report.user_activity["u"], expected);
    }

    #[test]
    fn a20_entries_about_the_trail_are_not_counted() {
        let mut log = event("gap", "u", "2024-12-15T12:00:00Z");
        log.kind = Kind::Log;
        assert_eq!(compliance_report([log], 2024, 12).unwrap().total_events, 0);
    }

    #[test]
    fn a20_its_text_is_two_tables() {
        let report = compliance_report(&december()[3..6], 2024, 12).unwrap();
        assert_eq!(
            report.to_string(),
            "\
Compliance report 2024-12: 3 events, 3 users

OPERATION  EVENTS
EXPORT     1
FORGET     1
RECALL     1

USER       TOTAL  STORES  RECALLS  DELETIONS
anonymous  1      0       0        0
u1         1      0       1        0
u2         1      0       0        1
"
        );
    }
}

//! Figures over the events of one user.

use std::borrow::Borrow;
use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::event::{AuditEvent, Kind, Operation, Sequence};

/// What one user did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct UserStatistics {
    /// How many operations there were.
    pub total_operations: u64,
    /// When the latest of them began; `None` if there were none.
    pub last_activity: Option<DateTime<Utc>>,
    /// What was done most often; of several, what was done last.
    pub most_common_operation: Option<Operation>,
}

impl UserStatistics {
    /// The figures over these events, all taken to be of one user. Their order
    /// does not matter.
    pub fn of<E: Borrow<AuditEvent>>(events: impl IntoIterator<Item = E>) -> UserStatistics {
        let mut tally = UserTally::default();
        for event in events {
            tally.add(event.borrow());
        }
        tally.statistics()
    }
}

/// When something was done: by time, then by place in the trail.
type Moment = (DateTime<Utc>, Option<Sequence>);

/// Running counts of one user.
#[derive(Debug, Default)]
pub(crate) struct UserTally {
    operations: HashMap<Operation, (u64, Moment)>,
}

impl UserTally {
    /// Counts an event, unless it is about the trail itself.
    pub(crate) fn add(&mut self, event: &AuditEvent) {
        if event.kind != Kind::Event {
            return;
        }
        let moment = (event.timestamp, event.sequence);
        match self.operations.get_mut(&event.operation) {
            Some((count, last)) => {
                *count += 1;
                *last = moment.max(*last);
            }
            None => {
                self.operations.insert(event.operation.clone(), (1, moment));
            }
        }
    }

    pub(crate) fn statistics(&self) -> UserStatistics {
        // The name decides last, so that the answer never depends on chance.
        let most_common = self
            .operations
            .iter()
            .max_by_key(|(operation, counts)| (**counts, std::cmp::Reverse(*operation)));
        UserStatistics {
            total_operations: self.operations.values().map(|(count, _)| count).sum(),
            last_activity: self.operations.values().map(|(_, (time, _))| *time).max(),
            most_common_operation: most_common.map(|(operation, _)| operation.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::row::time_from_us;

    fn events(operations: &[(&str, i64)]) -> Vec<AuditEvent> {
        let event = |(operation, at): &(&str, i64)| {
            AuditEvent::builder(*operation).timestamp(time_from_us(*at)).build()
        };
        operations.iter().map(event).collect()
    }

    #[test]
    fn a19_totals_last_activity_and_most_common_operation() {
        let found = UserStatistics::of(events(&[("store", 5), ("recall", 9), ("store", 1)]));
        assert_eq!(found.total_operations, 3);
        assert_eq!(found.last_activity, Some(time_from_us(9)));
        assert_eq!(found.most_common_operation, Some(Operation::Store));
        assert_eq!(UserStatistics::of(events(&[])), UserStatistics::default());
    }

    #[test]
    fn a19_of_equally_common_operations_the_most_recent_counts() {
        for (mut both, expected) in [
            (events(&[("store", 5), ("recall", 9)]), Operation::Recall),
            (events(&[("store", 5), ("recall", 3)]), Operation::Store),
            (events(&[("store", 9), ("store", 1), ("recall", 5), ("recall", 2)]), Operation::Store),
        ] {
            assert_eq!(UserStatistics::of(&both).most_common_operation, Some(expected.clone()));
            both.reverse();
            assert_eq!(UserStatistics::of(&both).most_common_operation, Some(expected));
        }
        let mut same_time = events(&[("store", 5), ("recall", 5)]);
        same_time[0].sequence = Some(Sequence(2));
        same_time[1].sequence = Some(Sequence(1));
        let found = UserStatistics::of(&same_time);
        assert_eq!(found.most_common_operation, Some(Operation::Store));
        let undecided = UserStatistics::of(events(&[("store", 5), ("recall", 5)]));
        assert_eq!(undecided.most_common_operation, Some(Operation::Store));
    }

    #[test]
    fn entries_about_the_trail_are_not_counted() {
        let mut log = events(&[("gap", 5)]);
        log[0].kind = Kind::Log;
        assert_eq!(UserStatistics::of(&log), UserStatistics::default());
    }
}

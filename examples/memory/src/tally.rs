//! What the driver saw with its own eyes, counted where it called: the measure
//! for what the trail says. Knows nothing of `tracing` or of the trail.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::memory::{
    BulkStored, Cascade, Compaction, Entry, Error, Exported, Forgotten, Imported, Ingested,
    Reindexed, Result, SearchResults,
};

/// How many operations ended how, and how many each user began.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Totals {
    outcomes: BTreeMap<(String, String), u64>,
    users: BTreeMap<String, u64>,
}

impl Totals {
    pub(crate) fn count(&mut self, operation: &str, status: &str, user: &str) {
        *self.outcomes.entry((operation.to_owned(), status.to_owned())).or_default() += 1;
        *self.users.entry(user.to_owned()).or_default() += 1;
    }

    pub(crate) fn operations(&self) -> u64 {
        self.outcomes.values().sum()
    }

    /// Every count in which the two differ, one line each.
    pub(crate) fn differences(&self, trail: &Totals) -> Vec<String> {
        let name = |(operation, status): &(String, String)| format!("{operation} {status}");
        let mut lines = compare(&self.outcomes, &trail.outcomes, name);
        lines.extend(compare(&self.users, &trail.users, |user| format!("user {user}")));
        lines
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for ((operation, status), count) in &self.outcomes {
            writeln!(f, "  {operation:<22} {status:<8} {count:>5}")?;
        }
        Ok(())
    }
}

/// Counts from many tasks.
#[derive(Debug, Default)]
pub(crate) struct Tally(Mutex<Totals>);

impl Tally {
    pub(crate) fn count(&self, operation: &str, status: &str, user: &str) {
        self.lock().count(operation, status, user);
    }

    /// Counts a call by what it returned, and the access decision it told of.
    pub(crate) fn outcome<T: Outcome>(&self, operation: &str, user: &str, result: &Result<T>) {
        let mut totals = self.lock();
        match result {
            Ok(done) => {
                let status = if done.is_partial() { "PARTIAL" } else { "SUCCESS" };
                totals.count(operation, status, user);
                if done.was_granted() {
                    totals.count("ACCESS_GRANTED", "SUCCESS", user);
                }
            }
            Err(error) => {
                totals.count(operation, "FAILURE", user);
                if matches!(error, Error::AccessDenied { .. }) {
                    totals.count("ACCESS_DENIED", "FAILURE", user);
                }
            }
        }
    }

    pub(crate) fn totals(&self) -> Totals {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Totals> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a caller can tell from an operation's result.
pub(crate) trait Outcome {
    /// Only a part was done.
    fn is_partial(&self) -> bool {
        false
    }

    /// A guarded document was opened for the caller.
    fn was_granted(&self) -> bool {
        false
    }
}

impl Outcome for Forgotten {
    fn is_partial(&self) -> bool {
        !self.missing.is_empty()
    }
}

impl Outcome for BulkStored {
    fn is_partial(&self) -> bool {
        !self.rejected.is_empty()
    }
}

impl Outcome for Entry {
    fn was_granted(&self) -> bool {
        !self.granted_by.is_empty()
    }
}

impl Outcome for SearchResults {
    fn was_granted(&self) -> bool {
        !self.granted_by.is_empty()
    }
}

impl Outcome for String {}
impl Outcome for Vec<String> {}
impl Outcome for Option<i64> {}
impl Outcome for Cascade {}
impl Outcome for Compaction {}
impl Outcome for Exported {}
impl Outcome for Imported {}
impl Outcome for Ingested {}
impl Outcome for Reindexed {}

fn compare<K: Ord>(
    driver: &BTreeMap<K, u64>,
    trail: &BTreeMap<K, u64>,
    name: impl Fn(&K) -> String,
) -> Vec<String> {
    let only_in_trail = trail.keys().filter(|key| !driver.contains_key(key));
    let count = |counts: &BTreeMap<K, u64>, key| counts.get(key).copied().unwrap_or(0);
    driver
        .keys()
        .chain(only_in_trail)
        .map(|key| (key, count(driver, key), count(trail, key)))
        .filter(|(_, called, recorded)| called != recorded)
        .map(|(key, called, recorded)| {
            format!("{}: the driver saw {called}, the trail has {recorded}", name(key))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_name_what_is_missing_on_either_side() {
        let (mut driver, mut trail) = (Totals::default(), Totals::default());
        driver.count("STORE", "SUCCESS", "alice");
        assert_eq!(driver.differences(&driver), Vec::<String>::new());
        trail.count("STORE", "FAILURE", "alice");
        assert_eq!(
            driver.differences(&trail),
            [
                "STORE SUCCESS: the driver saw 1, the trail has 0",
                "STORE FAILURE: the driver saw 0, the trail has 1",
            ]
        );
    }

    #[test]
    fn denials_count_twice_and_parts_as_parts() {
        let tally = Tally::default();
        let denied = Error::AccessDenied { object: "doc_1".into(), required: Vec::new() };
        tally.outcome::<Entry>("RECALL", "eve", &Err(denied));
        let partial = Forgotten { missing: vec!["mem_1".into()], ..Forgotten::default() };
        tally.outcome("FORGET", "eve", &Ok(partial));
        let lines: Vec<String> = tally.totals().to_string().lines().map(squeezed).collect();
        assert_eq!(lines, ["ACCESS_DENIED FAILURE 1", "FORGET PARTIAL 1", "RECALL FAILURE 1"]);
        assert_eq!(tally.totals().operations(), 3);
    }

    fn squeezed(line: &str) -> String {
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

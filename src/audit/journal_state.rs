//! How the journal is doing.

use std::path::PathBuf;

use chrono::{DateTime, Utc};

use crate::event::row::time_from_us;
use crate::ledger::CopyState;
use crate::worker::JournalTotals;

/// How the journal is doing, at the moment of asking.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct JournalState {
    /// The directory of the log that this process writes.
    pub directory: PathBuf,
    /// What the log is called in its checkpoints.
    pub origin: String,
    /// The public key that checkpoints are checked with. Keep it elsewhere.
    pub verifier_key: String,
    /// Entries in the log, those about the log itself included.
    pub size: u64,
    /// Entries that survive a power cut.
    pub durable: u64,
    /// Entries that the newest signed checkpoint covers.
    pub checkpoint_size: Option<u64>,
    /// When this process last signed one.
    pub last_checkpoint: Option<DateTime<Utc>>,
    /// Why checkpoints, or copies of them, cannot be written.
    pub checkpoint_problem: Option<String>,
    /// How the places for copies of the checkpoints are doing.
    pub copies: Vec<CheckpointCopy>,
    /// The directories of other logs beside this one, as of a minute ago at
    /// most, or as they were when they could be listed (the error hook is told if
    /// not): of processes that run beside this one, or ran. What is in them is found
    /// by queries of [every log](crate::Query::every_log).
    pub other_logs: Vec<PathBuf>,
    /// Why nothing is written at present.
    pub problem: Option<String>,
    /// The disk is full; what comes waits, and is then lost.
    pub is_full: bool,
    /// Nothing is stored any more until the trail is built again.
    pub is_poisoned: bool,
    /// It was closed in good order.
    pub is_closed: bool,
}

/// How one place for copies of the checkpoints is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CheckpointCopy {
    /// The place.
    pub directory: PathBuf,
    /// Entries that the checkpoint there covers, as far as this process wrote
    /// one.
    pub size: Option<u64>,
    /// Failures since the last success.
    pub failures: u64,
    /// What the last failure was.
    pub last_error: Option<String>,
}

impl JournalState {
    pub(super) fn of(totals: &JournalTotals) -> Self {
        let text = |text: &Option<std::sync::Arc<str>>| text.as_deref().map(str::to_owned);
        JournalState {
            directory: (*totals.directory).clone(),
            origin: totals.origin.to_string(),
            verifier_key: totals.verifier_key.to_string(),
            size: totals.size,
            durable: totals.durable,
            checkpoint_size: totals.checkpoint_size,
            last_checkpoint: totals.checkpoint_us.map(time_from_us),
            checkpoint_problem: text(&totals.checkpoint_problem),
            copies: totals.copies.iter().map(CheckpointCopy::of).collect(),
            other_logs: totals.other_logs.to_vec(),
            problem: text(&totals.trouble),
            is_full: totals.is_full,
            is_poisoned: totals.is_poisoned,
            is_closed: totals.is_closed,
        }
    }

    /// What somebody should look into, in plain words.
    pub(super) fn problems(&self) -> impl Iterator<Item = String> + '_ {
        let journal = self.problem.iter().map(|problem| format!("the journal: {problem}"));
        let checkpoints = self.checkpoint_problem.iter();
        let copies = self.copies.iter().filter_map(CheckpointCopy::problem);
        journal
            .chain(checkpoints.map(|problem| format!("the journal's checkpoints: {problem}")))
            .chain(copies)
    }
}

impl CheckpointCopy {
    fn of(state: &CopyState) -> Self {
        CheckpointCopy {
            directory: state.directory.clone(),
            size: state.size,
            failures: state.failures,
            last_error: state.last_error.clone(),
        }
    }

    fn problem(&self) -> Option<String> {
        let why = self.last_error.as_deref().unwrap_or("no message");
        (self.failures > 0)
            .then(|| format!("checkpoints cannot be copied to {}: {why}", self.directory.display()))
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    use crate::clock::ManualClock;
    use crate::{Audit, AuditEvent, AuditLayer, JournalSettings};

    const DEADLINE: Duration = Duration::from_secs(60);

    fn open(directory: &Path, clock: &Arc<ManualClock>) -> Audit {
        let settings = JournalSettings::new(directory).lock_wait(Duration::ZERO);
        let builder = AuditLayer::builder().journal(settings).clock(clock.clone());
        let audit = builder.build_without_layer().unwrap();
        audit.record(AuditEvent::builder("STORE").build()).unwrap();
        audit
    }

    #[expect(clippy::disallowed_methods, reason = "waits for another thread")]
    fn wait_for(audit: &Audit, others: &[PathBuf]) {
        let begun = Instant::now();
        while audit.health().journal.unwrap().other_logs != others {
            assert!(begun.elapsed() < DEADLINE, "{:?}", audit.health());
            audit.flush().unwrap();
        }
    }

    #[test]
    fn health_names_the_other_logs_in_the_directory() {
        let directory = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::at("2025-01-15T10:30:45Z".parse().unwrap()));
        let first = open(directory.path(), &clock);
        wait_for(&first, &[]);
        let second = open(directory.path(), &clock);
        let log = |audit: &Audit| audit.health().journal.unwrap().directory;
        wait_for(&second, &[log(&first)]);
        assert_eq!(second.query().count().unwrap(), 1);
        clock.advance(Duration::from_secs(60));
        wait_for(&first, &[log(&second)]);
        let others = second.shutdown(DEADLINE).journal.unwrap().other_logs;
        assert_eq!(others, [log(&first)], "also at the end");
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "interferes with real files")]
    fn that_other_logs_cannot_be_listed_is_told() {
        let home = tempfile::tempdir().unwrap();
        let (directory, elsewhere) = (home.path().join("audit"), home.path().join("moved"));
        let clock = Arc::new(ManualClock::at("2025-01-15T10:30:45Z".parse().unwrap()));
        let (tell, told) = std::sync::mpsc::channel();
        let audit = AuditLayer::builder()
            .journal(&*directory)
            .clock(clock.clone())
            .on_error(move |error| drop(tell.send(error.to_string())))
            .build_without_layer()
            .unwrap();
        wait_for(&audit, &[]);
        std::fs::rename(&directory, &elsewhere).unwrap();
        clock.advance(Duration::from_secs(60));
        audit.flush().unwrap();
        let mut problems = std::iter::from_fn(|| told.recv_timeout(DEADLINE).ok());
        assert!(problems.any(|problem| problem.contains("could not list")));
    }
}

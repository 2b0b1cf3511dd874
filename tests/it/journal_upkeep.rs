//! A journal in the long run: compressed beside the writer, pruned, its
//! checkpoints copied to a place that fails. Real files and threads, a clock
//! that tests drive.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tracing_audit::clock::ManualClock;
use tracing_audit::verify::{LogVerdict, Standing, Verification};
use tracing_audit::{Audit, AuditLayer, JournalSettings, JournalState, Order};

use crate::journal::{close, facts, log_of, stored};
use crate::trail::DEADLINE;

const DAY: Duration = Duration::from_secs(86_400);

/// Waits until something is as it will be.
fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < DEADLINE, "never: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn named(log: &Path, extension: &str) -> Vec<PathBuf> {
    let files = fs::read_dir(log.join("segments")).unwrap().map(|file| file.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|found| found == extension)).collect()
}

/// The 300 events of a day, more than memory holds, in a few syncs.
fn record_a_day(audit: &Audit, first: usize) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for group in 0..5 {
        let record = |id| {
            let audit = audit.clone();
            async move { audit.record_async(stored("alice", id)).await }
        };
        let first = first + group * 60;
        runtime.block_on(async {
            let tasks: Vec<_> = (first..first + 60).map(record).map(tokio::spawn).collect();
            for task in tasks {
                task.await.unwrap().unwrap();
            }
        });
    }
}

/// Waits until everything that is sealed was compressed, and nothing else is left to do.
fn wait_for_packing(log: &Path, clock: &ManualClock) {
    let is_packed = || {
        // What the log says of it waits for its group.
        clock.advance(JournalSettings::GROUP_COMMIT);
        let sealed = named(log, "zst");
        named(log, "seg").is_empty() && sealed.len() >= 2 && sealed.len() == named(log, "idx").len()
    };
    wait_until("sealed segments are compressed", is_packed);
}

fn settings(directory: &Path) -> JournalSettings {
    JournalSettings::new(directory).segment_bytes_max(20_000)
}

fn open(settings: JournalSettings, clock: &Arc<ManualClock>) -> Audit {
    let builder = AuditLayer::builder().buffer_events_max(50).clock(clock.clone());
    builder.journal(settings).build_without_layer().unwrap()
}

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at("2025-01-15T10:30:45Z".parse().unwrap()))
}

fn verified(directory: &Path) -> LogVerdict {
    let verdict = Verification::of(directory).run();
    assert_eq!(verdict.standing(), Standing::SelfAttested, "{verdict:#?}");
    verdict.logs.into_iter().next().unwrap()
}

/// Which of the events `0..` there are, the oldest first.
fn ids(audit: &Audit) -> Vec<usize> {
    let events = audit.query().order(Order::OldestFirst).run().unwrap().events;
    events.iter().map(|event| event.entry_ids.first().unwrap().parse().unwrap()).collect()
}

#[test]
fn what_is_sealed_is_compressed_and_still_answers_after_a_new_start() {
    let (directory, clock) = (tempfile::tempdir().unwrap(), clock());
    let audit = open(settings(directory.path()), &clock);
    let log = audit.health().journal.unwrap().directory;
    record_a_day(&audit, 0);
    // In whatever state it is on the way.
    assert_eq!(ids(&audit).len(), 300);
    wait_for_packing(&log, &clock);
    let check = |audit: &Audit| {
        assert!(audit.health().held_events <= 50);
        assert_eq!(audit.query().count().unwrap(), 300);
        assert_eq!(ids(audit), (0..300).collect::<Vec<_>>());
        assert_eq!(audit.query().entry_id("7").run().unwrap().len(), 1);
        assert_eq!(audit.query().entry_id("700").run().unwrap().len(), 0);
    };
    check(&audit);
    close(&audit);
    drop(audit);
    assert_eq!(verified(directory.path()).findings, []);
    let audit = open(settings(directory.path()), &clock);
    check(&audit);
    close(&audit);
    // What was compressed is told of, if need be by the next that opens the log.
    let audit = open(settings(directory.path()), &clock);
    wait_until("the log tells of each compressed segment", || {
        clock.advance(JournalSettings::GROUP_COMMIT);
        let seals = facts(&audit).iter().filter(|fact| *fact == "SEAL").count();
        seals == named(&log_of(directory.path()), "zst").len()
    });
    close(&audit);
}

#[test]
fn what_is_old_is_removed_beside_the_thread_that_compresses() {
    let (directory, clock) = (tempfile::tempdir().unwrap(), clock());
    let settings = || {
        let settings = settings(directory.path()).retention_age_max(3 * DAY);
        settings.retention_age_min(DAY).short_retention_accepted(true)
    };
    let audit = open(settings(), &clock);
    let log = audit.health().journal.unwrap().directory;
    for day in 0..6 {
        record_a_day(&audit, day * 300);
        wait_for_packing(&log, &clock);
        clock.advance(DAY);
    }
    wait_until("old segments are removed", || facts(&audit).iter().any(|fact| fact == "PRUNE"));
    // The work goes on.
    record_a_day(&audit, 1_800);
    wait_for_packing(&log, &clock);
    // All but a part of a segment of what is three days old.
    wait_until("all that is old is removed", || {
        clock.advance(Duration::from_secs(1));
        ids(&audit)[0] > 1_000
    });
    let check = |audit: &Audit| {
        let found = ids(audit);
        assert!(found[0] > 1_000 && found[0] <= 1_200, "{}", found[0]);
        assert_eq!(found, (found[0]..2_100).collect::<Vec<_>>());
        assert_eq!(audit.query().entry_id("7").count().unwrap(), 0);
        assert_eq!(audit.query().entry_id("2000").count().unwrap(), 1);
        assert_eq!(audit.query().count().unwrap(), found.len() as u64);
    };
    check(&audit);
    close(&audit);
    drop(audit);
    let before = verified(directory.path());
    assert!(before.first > 300 && before.findings.is_empty(), "{before:#?}");
    let audit = open(settings(), &clock);
    check(&audit);
    close(&audit);
}

#[test]
fn a_place_for_copies_that_fails_is_shown_by_health_until_it_works_again() {
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path().join("copies");
    let settings = JournalSettings::new(directory.path().join("audit"))
        .checkpoint_every(Duration::from_millis(10))
        .checkpoint_copy(&place);
    let audit = AuditLayer::builder().journal(settings).build_without_layer().unwrap();
    let wait = |what: &str, is_so: &dyn Fn(&JournalState) -> bool| {
        wait_until(what, || {
            // So that there is something to copy.
            audit.record(stored("alice", 0)).unwrap();
            is_so(&audit.health().journal.unwrap())
        });
    };
    let told = || audit.health().problems().into_iter().any(|problem| problem.contains("copies"));
    wait("the first copy", &|state| state.copies.iter().any(|copy| copy.size.is_some()));
    assert!(!told());
    // Whoever copies at this moment may put the directory back.
    while fs::write(&place, "no directory").is_err() {
        let _ = fs::remove_dir_all(&place);
    }
    wait("failures are shown", &|state| state.copies[0].failures > 0);
    assert!(told(), "{:?}", audit.health().problems());
    let (size, error) = {
        let copy = audit.health().journal.unwrap().copies.remove(0);
        (copy.size.unwrap(), copy.last_error.unwrap())
    };
    assert!(error.contains(place.to_str().unwrap()), "{error}");
    fs::remove_file(&place).unwrap();
    wait("it works again", &|state| state.copies[0].size.is_some_and(|copied| copied > size));
    assert_eq!(audit.health().journal.unwrap().copies[0].last_error, None);
    assert!(!told());
    let is_copy = |path: PathBuf| path.extension().is_some_and(|kind| kind == "checkpoint");
    assert!(fs::read_dir(&place).unwrap().any(|copy| is_copy(copy.unwrap().path())));
    close(&audit);
}

#[test]
fn the_report_of_a_shutdown_says_how_the_last_checkpoint_was_copied() {
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path().join("copies");
    let settings = || JournalSettings::new(directory.path().join("audit")).checkpoint_copy(&place);
    let audit = AuditLayer::builder().journal(settings()).build_without_layer().unwrap();
    for id in 0..20 {
        audit.record(stored("alice", id)).unwrap();
    }
    let report = audit.shutdown(DEADLINE);
    let journal = report.journal.unwrap();
    assert_eq!(journal.copies[0].size, journal.checkpoint_size);
    assert_eq!(audit.health().journal.unwrap().copies, journal.copies);
    drop(audit);

    let audit = AuditLayer::builder().journal(settings()).build_without_layer().unwrap();
    // Who copies may make the directory again meanwhile.
    wait_until("the place is no directory", || {
        let _ = fs::remove_dir_all(&place);
        fs::write(&place, "no directory").is_ok()
    });
    audit.record(stored("alice", 20)).unwrap();
    let journal = audit.shutdown(DEADLINE).journal.unwrap();
    assert!(
        journal.copies[0].failures > 0 && journal.copies[0].last_error.is_some(),
        "{journal:?}"
    );
}

#[test]
fn a_signing_key_that_is_not_there_is_said_before_a_log_is_begun() {
    let directory = tempfile::tempdir().unwrap();
    let (key, logs) = (directory.path().join("signing.key"), directory.path().join("audit"));
    let open = || {
        let settings = JournalSettings::new(&logs).signing_key(&key);
        AuditLayer::builder().journal(settings).build_without_layer()
    };
    let error = open().unwrap_err();
    assert_eq!(error.path(), Some(&*key));
    assert!(error.to_string().contains("SignerKey::create_file"), "{error}");
    assert!(!logs.exists());

    tracing_audit::proof::SignerKey::create_file(&key, "any-name").unwrap();
    let audit = open().unwrap();
    let error = audit.rotate_signing_key(directory.path().join("next.key")).unwrap_err();
    assert!(error.path().unwrap().ends_with("next.key"));
    assert!(error.to_string().contains("SignerKey::create_file"), "{error}");
    close(&audit);
}

#[test]
fn after_a_shutdown_there_are_answers_and_no_new_sinks() {
    let directory = tempfile::tempdir().unwrap();
    let audit = crate::journal::open(directory.path());
    audit.record(stored("alice", 0)).unwrap();
    close(&audit);
    audit.flush().unwrap();
    assert_eq!(audit.view().unwrap().query().count().unwrap(), 1);
    let sink = tracing_audit::sink::callback(|_| ());
    assert!(audit.attach(sink).unwrap_err().is_stopped());
}

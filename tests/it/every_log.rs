//! Several processes in one directory, asked as one trail: real files, through the
//! public API.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tracing_audit::redaction::{Action, HashKey, Redaction};
use tracing_audit::{
    Audit, AuditEvent, AuditLayer, ErrorKind, Field, JournalSettings, Order, StoredTrail,
};

use crate::journal::{close, stored};

/// A process that does not wait for the log of another.
fn open(directory: &Path) -> Audit {
    let settings = JournalSettings::new(directory).lock_wait(Duration::ZERO);
    AuditLayer::builder().journal(settings).build_without_layer().unwrap()
}

fn ids(events: &[AuditEvent]) -> Vec<&str> {
    events.iter().flat_map(|event| &event.entry_ids).map(String::as_str).collect()
}

fn log_directory(audit: &Audit) -> PathBuf {
    audit.health().journal.unwrap().directory
}

/// The file that a log is written to, or was last.
fn newest_segment(log: &Path) -> PathBuf {
    let listed = std::fs::read_dir(log.join("segments")).unwrap();
    let mut segments: Vec<_> = listed.map(|entry| entry.unwrap().path()).collect();
    segments.retain(|path| path.extension().is_some_and(|kind| kind == "open" || kind == "seg"));
    segments.sort();
    segments.pop().unwrap()
}

/// Two logs in a directory with an event each of alice and bob, by turns.
fn two_logs() -> (tempfile::TempDir, [Audit; 2]) {
    let directory = tempfile::tempdir().unwrap();
    let audits = [open(directory.path()), open(directory.path())];
    for (id, audit) in (0..6).zip(audits.iter().cycle()) {
        let event = AuditEvent::builder("STORE")
            .user_id(if id < 3 { "alice" } else { "bob" })
            .org_id(if id % 3 == 0 { "acme" } else { "other" })
            .entry_ids([id.to_string()]);
        audit.record(event).unwrap();
    }
    (directory, audits)
}

#[test]
fn processes_side_by_side_are_asked_as_one_trail() {
    let (_directory, audits) = two_logs();
    for audit in &audits {
        assert_eq!(audit.query().count().unwrap(), 3, "its own log alone");
        let query = || audit.query().every_log();
        assert_eq!(ids(&query().run().unwrap().events), ["5", "4", "3", "2", "1", "0"]);
        let oldest_first = query().order(Order::OldestFirst).user("alice").run().unwrap();
        assert_eq!(ids(&oldest_first.events), ["0", "1", "2"]);
        assert_eq!(query().entry_id("4").count().unwrap(), 1);
        let users = query().group_by(Field::User).unwrap();
        assert_eq!(users, [("alice".to_owned(), 3), ("bob".to_owned(), 3)]);
        let figures = query().user("alice").statistics().unwrap();
        assert_eq!((figures.total_events, figures.success_rate), (3, Some(1.0)));
        let acme = audit.for_org("acme").query().every_log().run().unwrap();
        assert_eq!(ids(&acme.events), ["3", "0"], "one organisation's handle stays one's");
    }
    audits.iter().for_each(close);
}

#[test]
fn a_rolling_restart_goes_on_page_by_page() {
    let (directory, [old, new]) = two_logs();
    let first = new.query().every_log().limit(2).run().unwrap();
    assert_eq!(ids(&first.events), ["5", "4"]);
    close(&old);
    close(&new);
    // The next process goes on with one of the two logs, and one more begins.
    let (next, third) = (open(directory.path()), open(directory.path()));
    let fourth = open(directory.path());
    fourth.record(stored("carol", 9)).unwrap();
    let rest = next.query().every_log().after(first.next).run().unwrap();
    assert_eq!(ids(&rest.events), ["3", "2", "1", "0"], "what came later is not a part of it");
    assert_eq!(rest.next, None);
    assert_eq!(fourth.query().every_log().count().unwrap(), 7);
    [next, third, fourth].iter().for_each(close);
}

#[test]
fn a_directory_is_asked_from_outside_beside_its_writers() {
    let (directory, audits) = two_logs();
    let trail = StoredTrail::open(directory.path()).unwrap();
    let all = || trail.query().run().unwrap().events;
    assert_eq!(ids(&all()), ["5", "4", "3", "2", "1", "0"]);
    audits[0].record(stored("carol", 6)).unwrap();
    assert_eq!(ids(&all())[0], "6", "what is written meanwhile is found");
    let again = open(directory.path());
    again.record(stored("dave", 7)).unwrap();
    assert_eq!(ids(&all())[0], "7", "and so is a log that begins meanwhile");
    let page = trail.query().limit(3).run().unwrap();
    let rest = trail.query().after(page.next).run().unwrap();
    assert_eq!((page.events.len(), ids(&rest.events)[0]), (3, "4"));
    let one = StoredTrail::open(log_directory(&again)).unwrap();
    assert_eq!(ids(&one.query().run().unwrap().events), ["7"], "one log may be named itself");
    audits.iter().chain([&again]).for_each(close);
    assert_eq!(trail.query().count().unwrap(), 8);
}

#[tokio::test]
async fn every_log_can_be_awaited() {
    let (directory, audits) = two_logs();
    let trail = StoredTrail::open(directory.path()).unwrap();
    for query in [trail.query(), audits[1].query().every_log()] {
        assert_eq!(query.user("bob").await.unwrap().len(), 3);
    }
}

#[test]
fn where_there_is_no_log_there_is_an_error_that_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let error = StoredTrail::open(directory.path()).unwrap_err();
    assert!(error.is_invalid_input() && error.to_string().contains("no log"), "{error}");
    let error = StoredTrail::open(directory.path().join("absent")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(error.to_string().contains("absent"), "{error}");
}

#[test]
fn what_a_crash_left_at_the_end_of_another_log_hides_nothing_before_it() {
    let (directory, [one, other]) = two_logs();
    close(&other);
    let segment = newest_segment(&log_directory(&other));
    let mut bytes = std::fs::read(&segment).unwrap();
    bytes.extend(b"half a frame that was never finished");
    std::fs::write(&segment, &bytes).unwrap();
    assert_eq!(one.query().every_log().count().unwrap(), 6);
    assert_eq!(StoredTrail::open(directory.path()).unwrap().query().count().unwrap(), 6);
}

#[test]
fn damage_in_another_log_is_an_error_that_says_where_and_no_short_answer() {
    let (directory, [one, other]) = two_logs();
    close(&other);
    let segment = newest_segment(&log_directory(&other));
    let mut bytes = std::fs::read(&segment).unwrap();
    let at = memchr::memmem::find(&bytes, b"alice").unwrap();
    bytes[at] ^= 1;
    std::fs::write(&segment, &bytes).unwrap();
    let trail = StoredTrail::open(directory.path()).unwrap();
    for query in [one.query().every_log(), trail.query()] {
        let error = query.run().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Damaged, "{error}");
        let name = segment.file_name().unwrap().to_str().unwrap();
        assert!(error.to_string().contains(name), "{error}");
        assert!(query.count().is_err() && query.group_by(Field::User).is_err());
    }
    assert_eq!(one.query().count().unwrap(), 3, "its own log is well");
}

#[test]
fn a_log_under_the_name_of_another_is_refused_and_not_counted_twice() {
    let (directory, [one, other]) = two_logs();
    close(&other);
    let copy = directory.path().join(format!("log-{}", "0".repeat(32)));
    std::fs::rename(log_directory(&other), &copy).unwrap();
    let trail = StoredTrail::open(directory.path()).unwrap();
    for query in [one.query().every_log(), trail.query()] {
        let error = query.run().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Damaged, "{error}");
        assert!(error.to_string().contains(copy.to_str().unwrap()), "{error}");
    }
    close(&one);
}

#[test]
fn a_log_that_is_gone_between_two_pages_is_told() {
    let (directory, audits) = two_logs();
    audits.iter().for_each(close);
    let trail = StoredTrail::open(directory.path()).unwrap();
    let gone = log_directory(&audits[0]);
    for order in [Order::NewestFirst, Order::OldestFirst] {
        let page = trail.query().order(order).limit(2).run().unwrap();
        let last =
            page.events.iter().find(|event| event.entry_ids[0].parse::<u8>().unwrap() % 2 == 0);
        let last = last.unwrap().sequence.unwrap().0;
        std::fs::rename(&gone, directory.path().join("away")).unwrap();
        let next = trail.query().order(order).limit(1).after(page.next).run().unwrap();
        let told = next.released_before.map(|place| place.0);
        assert_eq!((next.len(), told), (1, Some(last + u64::from(order == Order::OldestFirst))));
        let rest = trail.query().order(order).after(next.next).run().unwrap();
        assert_eq!((rest.len(), rest.released_before), (1, None), "once");
        std::fs::rename(directory.path().join("away"), &gone).unwrap();
    }
}

#[test]
fn what_is_pruned_while_it_is_asked_for_is_no_error() {
    let directory = tempfile::tempdir().unwrap();
    let settings = JournalSettings::new(directory.path()).segment_bytes_max(1);
    let audit = AuditLayer::builder().journal(settings).build_without_layer().unwrap();
    (0..300).for_each(|id| drop(audit.record(stored("u", id)).unwrap()));
    close(&audit);
    let segments = log_directory(&audit).join("segments");
    let listed = std::fs::read_dir(&segments).unwrap();
    let mut files: Vec<_> = listed.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let newest = newest_segment(&log_directory(&audit)).with_extension("");
    files.retain(|file| file.with_extension("") != newest);
    assert!(files.len() > 200, "{}", files.len());
    let is_done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            files.iter().for_each(|file| std::fs::remove_file(file).unwrap());
            is_done.store(true, Ordering::Relaxed);
        });
        loop {
            let is_last = is_done.load(Ordering::Relaxed);
            let trail = StoredTrail::open(directory.path()).unwrap();
            assert_eq!(trail.query().every_kind().limit(1).run().unwrap().len(), 1);
            if is_last {
                break;
            }
        }
    });
}

#[test]
fn hashed_values_are_found_from_outside_by_the_value_itself() {
    let directory = tempfile::tempdir().unwrap();
    let redaction =
        Redaction::new().name("user_id", Action::Hash).hash_key(HashKey::new([7; 32]).unwrap());
    let audit = AuditLayer::builder()
        .journal(directory.path())
        .redaction(redaction.clone())
        .build_without_layer()
        .unwrap();
    audit.record(stored("alice", 1)).unwrap();
    close(&audit);
    let trail = StoredTrail::open(directory.path()).unwrap();
    assert_eq!(trail.query().user("alice").count().unwrap(), 0, "without the key it is not known");
    assert_eq!(trail.redaction(&redaction).query().user("alice").count().unwrap(), 1);
}

#[test]
fn without_a_journal_there_is_one_log() {
    let (_layer, audit) = AuditLayer::builder().build::<tracing_subscriber::Registry>().unwrap();
    audit.record(stored("alice", 1)).unwrap();
    assert_eq!(audit.query().every_log().count().unwrap(), 1);
}

#[test]
fn asking_beside_a_writer_raises_no_alarm() {
    let directory = tempfile::tempdir().unwrap();
    // Small segments, so that they are sealed and packed while they are read.
    let settings = JournalSettings::new(directory.path()).segment_bytes_max(40_000);
    let writer = AuditLayer::builder().journal(settings).build_without_layer().unwrap();
    let reader = open(directory.path());
    let trail = StoredTrail::open(directory.path()).unwrap();
    let is_done = AtomicBool::new(false);
    let mut counts = vec![0];
    std::thread::scope(|scope| {
        let writing = scope.spawn(|| {
            let mut recorded = 0;
            while !is_done.load(Ordering::Relaxed) {
                (0..50).for_each(|id| drop(writer.record(stored("u", id)).unwrap()));
                recorded += 50;
            }
            recorded
        });
        let give_up = Instant::now() + Duration::from_secs(120);
        while counts.len() < 30 && Instant::now() < give_up {
            let inside = reader.query().every_log().count().unwrap();
            let outside = trail.query().count().unwrap();
            let page = trail.query().user("u").limit(120).run().unwrap();
            assert!(inside <= outside && page.len() as u64 >= inside.min(120));
            if counts.last() != Some(&outside) {
                counts.push(outside);
            }
        }
        is_done.store(true, Ordering::Relaxed);
        let recorded = writing.join().unwrap();
        assert!(counts.len() == 30 && counts.is_sorted(), "{counts:?}");
        assert_eq!(trail.query().count().unwrap(), recorded);
    });
    [writer, reader].iter().for_each(close);
}

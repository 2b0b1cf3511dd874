//! Documents, by hand and by rotation, on a real disk.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

use chrono::{NaiveTime, Utc};
use tracing_audit::export::{Format, read};
use tracing_audit::monitor::Monitor;
use tracing_audit::{AuditEvent, Operation};

use crate::memory::{Trail, recall, store};

const HOUR: Duration = Duration::from_secs(3_600);

fn read_document(path: &Path) -> Vec<AuditEvent> {
    read(Format::Document, std::fs::File::open(path).unwrap()).unwrap()
}

/// The entry ids in each document of a directory.
fn documents(directory: &Path) -> BTreeMap<String, Vec<String>> {
    let names = std::fs::read_dir(directory).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let documents = names.filter(|name| name.starts_with("audit_") && name.ends_with(".json"));
    let ids = |path: &Path| read_document(path).into_iter().flat_map(|event| event.entry_ids);
    documents.map(|name| (name.clone(), ids(&directory.join(name)).collect())).collect()
}

/// Lets the worker work until the directory has so many documents.
fn wait_for_documents(
    trail: &Trail,
    directory: &Path,
    count: usize,
) -> BTreeMap<String, Vec<String>> {
    let give_up = Instant::now() + Duration::from_secs(120);
    loop {
        trail.audit.flush().unwrap();
        let found = documents(directory);
        if found.len() >= count {
            return found;
        }
        assert!(Instant::now() < give_up, "{found:?}");
        std::thread::yield_now();
    }
}

fn held(trail: &Trail) -> Vec<String> {
    trail.events().into_iter().flat_map(|event| event.entry_ids).collect()
}

#[test]
fn a4_what_rotation_bounds_stays_without_it_and_health_says_so() {
    for is_on in [true, false] {
        let trail = Trail::with(|builder| builder.buffer_events_max(10).rotation(is_on));
        for id in 0..50 {
            store("user_123", "session_abc", &format!("entry_{id}")).unwrap();
        }
        trail.audit.flush().unwrap();
        let health = trail.audit.health();
        let says_so = health.problems().iter().any(|told| told.contains("rotation is off"));
        assert_eq!((health.is_rotating, says_so), (is_on, !is_on));
        match is_on {
            true => assert!(health.held_events <= 10 && health.rotated_events >= 40, "{health:?}"),
            false => assert_eq!((health.held_events, health.rotated_events), (50, 0)),
        }
        assert_eq!(held(&trail).len() as u64, health.held_events);
    }
}

#[test]
fn a25_a_document_of_each_day_and_nothing_is_released() {
    let home = tempfile::tempdir().unwrap();
    let (trail, clock) = Trail::timed(|builder| {
        builder.export_directory(home.path()).daily_snapshot(true).export_on_shutdown(false)
    });
    store("user_123", "session_abc", "entry_1").unwrap();
    trail.audit.flush().unwrap();
    clock.advance(13 * HOUR);
    trail.audit.flush().unwrap();
    assert!(documents(home.path()).is_empty(), "half past eleven");
    clock.advance(HOUR);
    let first = wait_for_documents(&trail, home.path(), 1);
    assert_eq!(first, [("audit_20250116.json".into(), vec!["entry_1".into()])].into());
    store("user_123", "session_abc", "entry_2").unwrap();
    trail.audit.flush().unwrap();
    // Two midnights that were slept through.
    clock.advance(48 * HOUR);
    let all = wait_for_documents(&trail, home.path(), 3);
    let names = ["audit_20250116.json", "audit_20250117.json", "audit_20250118.json"];
    assert!(all.keys().eq(&names), "{all:?}");
    assert_eq!(all[names[2]], ["entry_1", "entry_2"]);
    assert_eq!(held(&trail), ["entry_1", "entry_2"]);
    assert!(trail.audit.shutdown(Duration::from_secs(120)).is_complete);
    assert_eq!(documents(home.path()), all, "shutdown was asked to write none");
}

#[test]
fn a25_what_is_old_leaves_by_the_time_of_day_or_by_age_and_the_rest_at_the_end() {
    for by_age in [false, true] {
        let home = tempfile::tempdir().unwrap();
        let (trail, clock) = Trail::timed(|builder| {
            let builder = builder.export_directory(home.path());
            match by_age {
                true => builder.buffer_age_max(8 * HOUR),
                false => builder.rotation_time(NaiveTime::MIN),
            }
        });
        store("user_123", "session_abc", "entry_1").unwrap();
        trail.audit.flush().unwrap();
        clock.advance(7 * HOUR);
        store("user_123", "session_abc", "entry_2").unwrap();
        trail.audit.flush().unwrap();
        assert_eq!(held(&trail), ["entry_1", "entry_2"]);
        // By age, the second may stay; at half past twelve, by the time of day, neither.
        clock.advance(if by_age { 2 * HOUR } else { 7 * HOUR });
        let left: Vec<_> =
            wait_for_documents(&trail, home.path(), 1).into_values().flatten().collect();
        let (expected, rest): (&[_], &[_]) = match by_age {
            true => (&["entry_1"], &["entry_2"]),
            false => (&["entry_1", "entry_2"], &[]),
        };
        assert_eq!(left, expected);
        store("user_123", "session_abc", "entry_3").unwrap();
        assert!(trail.audit.shutdown(Duration::from_secs(120)).is_complete);
        let all: Vec<_> = documents(home.path()).into_values().flatten().collect();
        assert_eq!(all, [expected, rest, &["entry_3"]].concat());
    }
}

#[test]
fn a14_everything_to_a_file_and_nothing_is_released() {
    let home = tempfile::tempdir().unwrap();
    let trail = Trail::start();
    store("user_123", "session_abc", "entry_1").unwrap();
    recall("user_456", "timeout").unwrap_err();
    let path = home.path().join("audit_trail.json");
    trail.audit.export_to_file(&path).unwrap();
    assert_eq!(read_document(&path), trail.events());
    assert_eq!(trail.events().len(), 2);
    let again = trail.audit.export_to_file(&path).unwrap_err();
    assert!(again.to_string().contains("never overwritten"), "{again}");
}

#[test]
fn a15_the_result_of_a_query_to_a_file() {
    let home = tempfile::tempdir().unwrap();
    let trail = Trail::start();
    store("user_123", "session_abc", "entry_1").unwrap();
    store("user_456", "session_def", "entry_2").unwrap();
    let events = trail.audit.query().user("user_123").run().unwrap().events;
    let path = home.path().join("user_123_audit.json");
    trail.audit.export_events(events, &path).unwrap();
    let exported = read_document(&path);
    assert_eq!(exported.len(), 1);
    assert_eq!(exported[0].user_id.as_deref(), Some("user_123"));
}

/// The original deadlocks on its first rotation with an export path.
#[test]
fn a3_rotation_with_an_export_directory_goes_on_and_loses_nothing() {
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join("audit_logs");
    let trail = Trail::with(|builder| {
        builder.buffer_events_max(100).export_directory(&directory).queue_events_max(4_096)
    });
    for id in 0..2_000 {
        store("user_123", "session_abc", &format!("entry_{id:04}")).unwrap();
    }
    let report = trail.audit.shutdown(Duration::from_secs(120));
    assert!(report.is_complete && report.lost.is_empty(), "{report:?}");
    let mut ids: Vec<String> = Vec::new();
    for entry in std::fs::read_dir(&directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(name.starts_with("audit_") && name.ends_with(".json"), "{name}");
        ids.extend(read_document(&path).into_iter().flat_map(|event| event.entry_ids));
    }
    ids.sort();
    assert_eq!(ids, (0..2_000).map(|id| format!("entry_{id:04}")).collect::<Vec<_>>());
    assert!(trail.audit.health().export.last_path.is_some());
}

#[test]
fn m15_alerts_from_a_query_and_from_the_stream() {
    let trail = Trail::start();
    let mut stream = trail.audit.subscribe();
    let names = |alerts: Vec<tracing_audit::monitor::Alert>| -> BTreeSet<String> {
        alerts.into_iter().map(|alert| alert.rule).collect()
    };
    for _ in 0..10 {
        recall("eve", "timeout").unwrap_err();
        recall("alice", "query").unwrap();
    }
    let failures = || trail.audit.query().user("eve").since(Utc::now() - 15 * HOUR / 60);
    let watch = |events: Vec<AuditEvent>| names(Monitor::default().check(events, Utc::now()));
    assert_eq!(watch(failures().run().unwrap().events), ["low success rate".into()].into());
    recall("eve", "timeout").unwrap_err();
    let both: BTreeSet<String> = ["low success rate".into(), "multiple failures".into()].into();
    assert_eq!(watch(failures().run().unwrap().events), both);
    assert!(watch(trail.audit.query().user("alice").run().unwrap().events).is_empty());
    trail.audit.flush().unwrap();
    let mut monitor = Monitor::default();
    let mut alerts = Vec::new();
    while let Some(event) = stream.try_recv() {
        alerts.extend(monitor.observe(&event, Utc::now()));
    }
    assert_eq!(names(alerts), both);
}

#[test]
fn m15_the_stream_feeds_other_systems() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("audit.jsonl");
    let trail = Trail::start();
    trail.audit.attach(tracing_audit::sink::JsonLinesFile::open(&path).unwrap()).unwrap();
    let (sender, received) = std::sync::mpsc::channel();
    let callback = tracing_audit::sink::callback(move |event: &AuditEvent| {
        sender.send(event.operation.clone()).unwrap();
    });
    trail.audit.attach(callback).unwrap();
    store("user_123", "session_abc", "entry_1").unwrap();
    recall("user_123", "query").unwrap();
    let report = trail.audit.shutdown(Duration::from_secs(120));
    assert!(report.is_complete, "{report:?}");
    let lines = read(Format::JsonLines, std::fs::File::open(&path).unwrap()).unwrap();
    assert_eq!(lines, trail.events());
    assert_eq!(received.iter().collect::<Vec<_>>(), [Operation::Store, Operation::Recall]);
}

//! Documents, by hand and by rotation, on a real disk.

use std::time::Duration;

use tracing_audit::export::{Format, read};
use tracing_audit::{AuditEvent, Operation};

use crate::memory::{Trail, recall, store};

fn read_document(path: &std::path::Path) -> Vec<AuditEvent> {
    read(Format::Document, std::fs::File::open(path).unwrap()).unwrap()
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

//! Operations on so many entries that their ids take several entries of the
//! journal: one event to everybody, in memory, on disk, and afterwards.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde_json::json;
use tracing_audit::event::limits::{ENTRY_IDS_CUT_KEY, ENTRY_IDS_MAX};
use tracing_audit::export::{Format, json_lines, read};
use tracing_audit::verify::{FindingKind, StoredLog, Verification};
use tracing_audit::{
    Audit, AuditEvent, AuditLayer, Field, JournalSettings, Operation, Order, Query, list,
};
use tracing_subscriber::prelude::*;

use super::journal::{close, log_of, stored};

/// Every seventh operation is on so many entries.
const LONG_IDS: usize = 5_000;

const EVENTS: usize = 60;

fn open(directory: &Path, events_max: usize) -> Audit {
    let settings = JournalSettings::new(directory).segment_bytes_max(200_000);
    AuditLayer::builder()
        .journal(settings)
        .buffer_events_max(events_max)
        .build_without_layer()
        .unwrap()
}

fn entry_id(number: usize, at: usize) -> String {
    format!("entry_{number:06}_{at:06}")
}

fn made(number: usize) -> AuditEvent {
    let user = format!("u{}", number % 3);
    if number % 7 != 3 {
        return stored(&user, number);
    }
    let ids = (0..LONG_IDS).map(|at| entry_id(number, at));
    let event = AuditEvent::builder(Operation::Import).user_id(user).entry_ids(ids);
    event.metadata("number", number).error("some of them").build()
}

/// Records them, and gives them as they are in the trail.
fn recorded(audit: &Audit) -> Vec<AuditEvent> {
    let record = |number| {
        let mut event = made(number);
        let receipt = audit.record(event.clone()).unwrap();
        assert_eq!(receipt.event_id, event.event_id);
        event.sequence = Some(receipt.sequence);
        event
    };
    (0..EVENTS).map(record).collect()
}

/// Compares what is found, in order, with what was recorded.
fn check(query: impl Fn() -> Query, expected: &[&AuditEvent]) {
    let found = query().order(Order::OldestFirst).run().unwrap().events;
    let key = |event: &AuditEvent| (event.sequence, event.event_id, event.entry_ids.len());
    let keys: Vec<_> = found.iter().map(key).collect();
    assert_eq!(keys, expected.iter().map(|event| key(event)).collect::<Vec<_>>());
    for (found, expected) in found.iter().zip(expected) {
        let mut expected = (*expected).clone();
        expected.recorded_at = found.recorded_at;
        assert_eq!(*found, expected);
    }
    assert_eq!(query().count().unwrap(), expected.len() as u64);
    let mut by_operation = BTreeMap::new();
    for event in expected {
        *by_operation.entry(event.operation.to_string()).or_insert(0) += 1;
    }
    let groups: BTreeMap<_, _> = query().group_by(Field::Operation).unwrap().into_iter().collect();
    assert_eq!(groups, by_operation);
    let mut pages = Vec::new();
    let mut cursor = None;
    loop {
        let page = query().limit(4).after(cursor).run().unwrap();
        pages.extend(page.events.iter().map(key));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert!(pages.iter().rev().eq(&keys), "newest first, page after page");
}

fn check_all(audit: &Audit, events: &[AuditEvent]) {
    let all: Vec<_> = events.iter().collect();
    check(|| audit.query(), &all);
    let of = |user: &str| {
        let user = Some(user.to_owned());
        all.iter().filter(|event| event.user_id == user).copied().collect::<Vec<_>>()
    };
    check(|| audit.query().user("u1"), &of("u1"));
    let long = events.get(10).unwrap();
    for at in [0, 1, 999, LONG_IDS / 2, LONG_IDS - 1] {
        check(|| audit.query().entry_ids([entry_id(10, at)]), &[long]);
    }
    let both = [entry_id(10, 0), entry_id(10, LONG_IDS - 1)];
    check(|| audit.query().entry_ids(both.clone()), &[long]);
    check(|| audit.query().entry_ids([entry_id(17, LONG_IDS - 1)]).user("u0"), &[]);
    check(|| audit.query().metadata("number", 10), &[long]);
    let last_id = || audit.query().entry_ids([entry_id(10, LONG_IDS - 1)]);
    check(|| last_id().metadata("number", 10).error_contains("some"), &[long]);
    check(|| last_id().metadata("number", 11), &[]);
    assert_eq!(audit.query().entry_ids([entry_id(10, LONG_IDS)]).count().unwrap(), 0);
}

#[test]
fn a_long_event_is_one_event_in_memory_on_disk_and_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let audit = open(directory.path(), 1_000);
    let events = recorded(&audit);
    assert!(events[11].sequence.unwrap().0 - events[10].sequence.unwrap().0 > 2);
    check_all(&audit, &events);
    assert_eq!(audit.statistics().total_events, EVENTS as u64);
    assert_eq!(audit.health().recorded_events, EVENTS as u64);
    close(&audit);
    drop(audit);

    // All of it comes back, then next to nothing does.
    let audit = open(directory.path(), 1_000);
    check_all(&audit, &events);
    assert_eq!(audit.statistics().total_events, EVENTS as u64);
    close(&audit);
    drop(audit);
    for events_max in [1, 2, 7] {
        let audit = open(directory.path(), events_max);
        check_all(&audit, &events);
        close(&audit);
    }
    let verdict = Verification::of(directory.path()).run();
    let about_parts = verdict.logs[0].findings.iter().filter(|f| f.kind == FindingKind::Part);
    assert_eq!((verdict.standing().exit_code(), about_parts.count()), (3, 0), "{verdict:#?}");
}

#[test]
fn an_operation_on_very_many_entries_keeps_the_ids_of_all_of_them() {
    let directory = tempfile::tempdir().unwrap();
    let builder = AuditLayer::builder().journal(directory.path());
    let (layer, audit) = builder.build().unwrap();
    let ids: Vec<_> = (0..ENTRY_IDS_MAX + 5).map(|at| entry_id(0, at)).collect();
    let dispatch = tracing::Dispatch::new(tracing_subscriber::registry().with(layer));
    tracing::dispatcher::with_default(&dispatch, || {
        drop(tracing::info_span!("i", audit.operation = "IMPORT", audit.entry_ids = list(&ids)));
    });
    let event = audit.query().run().unwrap().events.remove(0);
    assert_eq!(event.entry_ids, &ids[..ENTRY_IDS_MAX]);
    assert_eq!(event.metadata.get(ENTRY_IDS_CUT_KEY), Some(&json!(5)));
    close(&audit);
}

#[test]
fn streams_and_documents_have_whole_events_and_the_entries_are_read_back_as_such() {
    let directory = tempfile::tempdir().unwrap();
    let audit = open(directory.path(), 1_000);
    let mut stream = audit.subscribe();
    let event = made(3);
    audit.record(event.clone()).unwrap();
    audit.record(made(4)).unwrap();
    let streamed = stream.recv_timeout(Duration::from_secs(10)).unwrap();
    assert_eq!((streamed.part, &streamed.entry_ids), (None, &event.entry_ids));
    let document = directory.path().join("document.json");
    audit.export_to_file(&document).unwrap();
    close(&audit);
    let events = read(Format::Document, std::fs::File::open(&document).unwrap()).unwrap();
    assert_eq!((events.len(), &events[0].entry_ids), (2, &event.entry_ids));
    std::fs::remove_file(&document).unwrap();

    let log = StoredLog::all_at(log_of(directory.path())).unwrap().remove(0);
    let places = log.places(event.event_id).unwrap();
    assert_eq!(places.len(), 4);
    assert_eq!(log.find(event.event_id).unwrap(), Some(places[0]));
    for place in &places {
        log.proof(*place).unwrap();
    }
    let mut lines = Vec::new();
    let mut entries = log.entries().unwrap();
    while let Some(entry) = entries.next_entry().unwrap() {
        lines.extend(entry.bytes);
        lines.push(b'\n');
    }
    let read: Vec<_> = json_lines(&*lines).map(Result::unwrap).collect();
    let operations: Vec<_> = read.iter().map(|event| event.operation.to_string()).collect();
    assert_eq!(operations, ["OPEN", "IMPORT", "STORE", "CLOSE"]);
    assert_eq!((read[1].part, &read[1].entry_ids), (None, &event.entry_ids));
}

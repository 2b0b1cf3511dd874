//! The live stream, sinks, and the figures of health.

use std::io;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use serde_json::Value;
use tracing::{info, info_span};
use tracing_audit::clock::ManualClock;
use tracing_audit::sink::{JsonLinesFile, Sink, callback};
use tracing_audit::{AuditEvent, AuditLayer};

use crate::trail::{DEADLINE, Told, events, trail, trail_of};

fn operate(operations: std::ops::Range<u64>) {
    for number in operations {
        info!(audit.operation = "OP", number);
    }
}

fn number(event: &AuditEvent) -> u64 {
    event.metadata.get("number").unwrap().as_u64().unwrap()
}

#[test]
fn subscribers_see_every_event_in_order_until_shutdown() {
    let (audit, _default) = trail();
    operate(0..3);
    audit.flush().unwrap();
    let mut stream = audit.subscribe();
    operate(3..10);
    let _ = audit.shutdown(DEADLINE);
    let seen: Vec<_> = std::iter::from_fn(|| stream.recv_blocking()).collect();
    assert_eq!(seen.iter().map(|event| number(event)).collect::<Vec<_>>(), [3, 4, 5, 6, 7, 8, 9]);
    assert_eq!(*seen[0], events(&audit)[3], "the same as a query finds");
    assert!(stream.has_ended() && stream.lagged() == 0);
    assert!(audit.subscribe().recv_blocking().is_none());
}

#[tokio::test]
async fn a_subscriber_can_wait_without_a_thread() {
    let (audit, _default) = trail();
    let mut stream = audit.subscribe();
    assert!(stream.try_recv().is_none());
    assert!(stream.recv_timeout(Duration::from_millis(1)).is_none());
    operate(0..1);
    let event = tokio::time::timeout(DEADLINE, stream.recv()).await.unwrap().unwrap();
    assert_eq!(number(&event), 0);
}

#[test]
fn a_slow_subscriber_loses_the_oldest_and_is_told_how_many() {
    let (audit, _default) = trail_of(AuditLayer::builder().stream_events_max(8));
    let mut stream = audit.subscribe();
    operate(0..50);
    audit.flush().unwrap();
    let seen: Vec<_> = std::iter::from_fn(|| stream.try_recv()).collect();
    assert_eq!(seen.len() as u64 + stream.lagged(), 50);
    assert_eq!(seen.len(), 8);
    assert_eq!(number(seen.last().unwrap()), 49);
    assert_eq!(audit.query().count().unwrap(), 50, "the trail itself loses nothing");
}

#[test]
fn a_file_gets_one_line_an_event() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("audit.jsonl");
    let (audit, _default) = trail();
    audit.attach(JsonLinesFile::open(&path).unwrap()).unwrap();
    operate(0..20);
    drop(info_span!(
        "op",
        audit.operation = "STORE",
        audit.user_id = "a\nb",
        audit.entry_ids = "e"
    ));
    assert!(audit.shutdown(DEADLINE).is_complete);
    let text = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let expected: Vec<_> =
        events(&audit).iter().map(|event| serde_json::to_value(event).unwrap()).collect();
    assert_eq!(lines, expected);
    assert_eq!(lines[20]["user_id"], "a\nb");
}

/// Fails for every other event, and panics for the last.
#[derive(Default)]
struct Failing(u64);

impl Sink for Failing {
    fn write(&mut self, event: &AuditEvent) -> io::Result<()> {
        self.0 += 1;
        assert!(number(event) != 9, "on purpose");
        if self.0.is_multiple_of(2) { Err(io::Error::other("no space left")) } else { Ok(()) }
    }
}

#[test]
fn a_failing_sink_is_counted_and_told_and_goes_on() {
    let told = Told::default();
    let (audit, _default) = trail_of(told.listen(AuditLayer::builder()));
    audit.attach(Failing::default()).unwrap();
    operate(0..10);
    assert!(audit.shutdown(DEADLINE).is_complete);
    assert_eq!(audit.health().sink_failures, 5);
    audit.flush().unwrap();
    assert_eq!(told.count("no space left"), 4, "{:?}", told.texts());
    assert_eq!(told.count("it panicked"), 1, "{:?}", told.texts());
    assert!(audit.health().problems().iter().any(|problem| problem.contains("5 events")));
}

/// Never finishes its first event until it is dropped.
struct Stuck(std::sync::mpsc::Receiver<()>);

impl Sink for Stuck {
    fn write(&mut self, _: &AuditEvent) -> io::Result<()> {
        let _ = self.0.recv();
        Ok(())
    }
}

#[test]
fn a_stuck_sink_holds_nobody_up_but_is_named_by_shutdown() {
    let (audit, _default) = trail_of(AuditLayer::builder().stream_events_max(4));
    let (go_on, wait) = std::sync::mpsc::channel();
    audit.attach(Stuck(wait)).unwrap();
    operate(0..100);
    assert_eq!(audit.query().count().unwrap(), 100);
    let report = audit.shutdown(Duration::from_millis(50));
    assert_eq!((report.recorded, report.unfinished_sinks, report.is_complete), (100, 1, false));
    drop(go_on);
    assert!(audit.shutdown(DEADLINE).is_complete);
    assert!(audit.health().sink_lag > 0);
}

#[test]
fn what_a_sink_misses_is_shown_while_it_is_behind() {
    let (audit, _default) = trail_of(AuditLayer::builder().stream_events_max(4));
    let (begin, begun) = mpsc::channel();
    let (end, ends) = mpsc::channel::<()>();
    let slow = move |event: &AuditEvent| {
        begin.send(number(event)).unwrap();
        let _ = ends.recv();
    };
    audit.attach(callback(slow)).unwrap();
    operate(0..1);
    assert_eq!(begun.recv_timeout(DEADLINE), Ok(0));
    operate(1..20);
    audit.flush().unwrap();
    end.send(()).unwrap();
    assert_eq!(begun.recv_timeout(DEADLINE), Ok(16));
    assert_eq!(audit.health().sink_lag, 15);
    drop(end);
    assert!(audit.shutdown(DEADLINE).is_complete);
}

#[test]
fn health_shows_what_is_open_held_and_recorded() {
    let clock = Arc::new(ManualClock::at("2025-01-15T10:30:45Z".parse().unwrap()));
    let builder = AuditLayer::builder().rotation(false).queue_events_max(64).clock(clock.clone());
    let (audit, _default) = trail_of(builder);
    let calm = audit.health();
    assert_eq!((calm.queue_events, calm.queue_events_max, calm.open_operations), (0, 64, 0));
    assert_eq!((calm.recorded_events, calm.oldest_open, calm.is_rotating), (0, None, false));
    let context = info_span!("context", audit.user_id = "alice");
    let open = context.in_scope(|| info_span!("slow_op", audit.operation = "SLOW"));
    operate(0..10);
    audit.flush().unwrap();
    clock.advance(Duration::from_millis(5));
    let health = audit.health();
    assert_eq!((health.recorded_events, health.held_events, health.rotated_events), (10, 10, 0));
    assert_eq!((health.open_operations, health.lost_events()), (1, 0));
    assert!(health.oldest_open == Some(Duration::from_millis(5)) && health.held_bytes > 0);
    let listed = audit.open_operations(Duration::from_millis(4));
    assert_eq!(listed.len(), 1);
    assert_eq!((listed[0].span_name.as_str(), listed[0].operation.as_str()), ("slow_op", "SLOW"));
    assert_eq!(listed[0].user_id.as_deref(), Some("alice"));
    assert!(audit.open_operations(Duration::from_millis(5)).is_empty());
    assert!(health.problems().iter().any(|problem| problem.contains("rotation is off")));
    drop(open);
    audit.flush().unwrap();
    assert_eq!((audit.health().open_operations, audit.health().recorded_events), (0, 11));
}

/// As a kill leaves a file, or a disk that was full.
#[test]
fn a_file_that_ends_within_a_line_loses_no_event_to_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("events.jsonl");
    let event = |user| AuditEvent::builder("store").user_id(user).build();
    let write = |users: &[&'static str]| {
        let mut file = JsonLinesFile::open(&path).unwrap();
        users.iter().for_each(|user| file.write(&event(*user)).unwrap());
    };
    write(&["first"]);
    let whole = std::fs::read(&path).unwrap();
    for kept in 1..whole.len() {
        std::fs::write(&path, [&whole[..], &whole[..kept]].concat()).unwrap();
        write(&["second", "third"]);
        let text = std::fs::read(&path).unwrap();
        let read: Vec<_> = tracing_audit::export::json_lines(&*text).flatten().collect();
        let users: Vec<_> = read.iter().filter_map(|event| event.user_id.as_deref()).collect();
        // Without its last byte, a line is complete all the same.
        let expected = match kept + 1 == whole.len() {
            true => vec!["first", "first", "second", "third"],
            false => vec!["first", "second", "third"],
        };
        assert_eq!(users, expected, "{kept}");
    }
    std::fs::write(&path, "").unwrap();
    write(&[]);
    write(&["first"]);
    assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 1);
}

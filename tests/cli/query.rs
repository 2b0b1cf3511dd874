//! `query`: on two logs in one directory.

use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;
use tracing_audit::export::json_lines;
use tracing_audit::{Audit, AuditEvent, AuditLayer, JournalSettings};

use crate::run::{Run, run};

fn open(directory: &Path) -> Audit {
    let settings = JournalSettings::new(directory).lock_wait(Duration::ZERO);
    AuditLayer::builder().journal(settings).build_without_layer().unwrap()
}

/// Six events by turns: entries 0 to 5, one of them refused.
fn two_logs() -> TempDir {
    let home = tempfile::tempdir().unwrap();
    let audits = [open(home.path()), open(home.path())];
    for (id, audit) in (0..6).zip(audits.iter().cycle()) {
        let day = format!("2026-01-1{id}T12:00:00Z").parse::<chrono::DateTime<chrono::Utc>>();
        let event = AuditEvent::builder(if id < 4 { "STORE" } else { "RECALL" })
            .user_id(if id % 3 == 0 { "alice" } else { "bob" })
            .entry_ids([id.to_string()])
            .metadata("model", serde_json::json!({"name": format!("m{id}"), "layers": id}))
            .timestamp(day.unwrap());
        audit.record(if id == 5 { event.error("no such entry") } else { event }).unwrap();
    }
    audits.iter().for_each(|audit| assert!(audit.shutdown(Duration::from_secs(60)).is_complete));
    home
}

fn query(home: &TempDir, more: &[&str]) -> Run {
    run([&["query", home.path().to_str().unwrap()], more].concat())
}

/// The entries of the events that are printed.
fn found(home: &TempDir, more: &[&str]) -> String {
    let run = query(home, more);
    assert_eq!(run.code, 0, "{run:?}");
    entries(&run.out)
}

fn entries(lines: &str) -> String {
    json_lines(lines.as_bytes()).map(|event| event.unwrap().entry_ids.concat()).collect()
}

#[test]
fn what_is_asked_for_is_printed_out_of_all_logs() {
    let home = two_logs();
    assert_eq!(found(&home, &[]), "543210");
    assert_eq!(found(&home, &["--oldest-first"]), "012345");
    assert_eq!(found(&home, &["--user", "alice"]), "30");
    assert_eq!(found(&home, &["--actor", "user:bob", "--operation", "recall"]), "54");
    assert_eq!(found(&home, &["--operation", "recall", "--operation", "store"]), "543210");
    assert_eq!(found(&home, &["--status", "failure"]), "5");
    assert_eq!(found(&home, &["--error", "such entry"]), "5");
    assert_eq!(found(&home, &["--entry", "2", "--entry", "4"]), "42");
    assert_eq!(found(&home, &["--since", "2026-01-13"]), "543");
    assert_eq!(found(&home, &["--until", "2026-01-12T13:00:00+01:00"]), "10");
    assert_eq!(found(&home, &["--metadata", "model.name=m3"]), "3");
    assert_eq!(found(&home, &["--metadata", "model.layers=2"]), "2");
    assert_eq!(found(&home, &["--org", "acme"]), "");
    assert!(query(&home, &["--every-kind"]).out.contains("\"operation\":\"OPEN\""));
}

#[test]
fn a_limit_says_how_to_go_on() {
    let home = two_logs();
    let first = query(&home, &["--limit", "4"]);
    assert_eq!((first.code, entries(&first.out).as_str()), (0, "5432"));
    let (_, cursor) = first.complaints.trim().split_once("--after ").unwrap();
    let rest = query(&home, &["--after", cursor, "--limit", "4"]);
    assert_eq!((entries(&rest.out).as_str(), rest.complaints.as_str()), ("10", ""));
    let other = query(&home, &["--user", "bob", "--after", cursor]);
    assert_eq!((other.code, other.out.as_str()), (2, ""));
    assert!(other.complaints.contains("other filters"), "{other:?}");
}

#[test]
fn counts_and_groups() {
    let home = two_logs();
    assert_eq!(query(&home, &["--count", "--user", "bob"]).out, "4\n");
    assert_eq!(query(&home, &["--group-by", "user"]).out, "4\tbob\n2\talice\n");
}

#[test]
fn statistics_are_figures_over_what_was_asked_for() {
    let home = two_logs();
    let said = query(&home, &["--statistics", "--user", "bob"]);
    let figures: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!((said.code, &figures["total_events"]), (0, &serde_json::json!(4)));
    assert_eq!(figures["success_rate"], 0.75);
    assert_eq!(figures["by_operation"], serde_json::json!({"RECALL": 2, "STORE": 2}));
}

#[test]
fn a_value_cannot_pass_for_another_line() {
    let home = tempfile::tempdir().unwrap();
    let audit = open(home.path());
    audit.record(AuditEvent::builder("STORE").user_id("eve\n9\tbob\u{202e}")).unwrap();
    assert!(audit.shutdown(Duration::from_secs(60)).is_complete);
    assert_eq!(query(&home, &["--group-by", "user"]).out, "1\teve\\u000a9\\u0009bob\\u202e\n");
}

#[test]
fn a_trail_is_one_event_and_what_was_done_inside_it() {
    let home = two_logs();
    let last = query(&home, &["--limit", "1"]).out;
    let event = json_lines(last.as_bytes()).next().unwrap().unwrap();
    assert_eq!(found(&home, &["--trail", &event.event_id.to_string()]), "5");
}

#[test]
fn what_makes_no_sense_is_told_with_what_would() {
    let home = two_logs();
    for (arguments, told) in [
        (&["--status", "fine"][..], "SUCCESS, FAILURE"),
        (&["--since", "yesterday"], "2025-01-15T10:30:00Z"),
        (&["--metadata", "model"], "KEY=VALUE"),
        (&["--trail", "7"], "evt_"),
        (&["--limit", "0"], "--count"),
        (&["--after", "x"], "next"),
        (&["--count", "--limit", "3"], "cannot be used with"),
        (&["--count", "--statistics"], "cannot be used with"),
    ] {
        let run = query(&home, arguments);
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{arguments:?}");
        assert!(run.complaints.contains(told), "{arguments:?}: {}", run.complaints);
    }
}

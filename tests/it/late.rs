//! Values that are recorded on an open span.

use std::fmt;
use std::sync::mpsc;

use serde_json::json;
use tracing::field::Empty;
use tracing::{Span, info_span, record_all};
use tracing_audit::Status;

use crate::trail::{DEADLINE, only, trail};

/// A value whose `Debug` has another thread record on the span that it is
/// recorded on.
struct RecordsElsewhere(Span);

impl fmt::Debug for RecordsElsewhere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (span, (done, waits)) = (self.0.clone(), mpsc::channel());
        std::thread::spawn(move || {
            span.record("elsewhere", "recorded").record("audit.session_id", "s1");
            // Or the span may still be open when the trail is looked at.
            drop(span);
            let _ = done.send(());
        });
        f.write_str(match waits.recv_timeout(DEADLINE) {
            Ok(()) => "done",
            Err(_) => "stuck",
        })
    }
}

#[test]
fn nothing_is_locked_while_a_value_is_formatted() {
    let (audit, _default) = trail();
    let span = info_span!(
        "op",
        audit.operation = "LATE",
        audit.session_id = Empty,
        text = Empty,
        slow = Empty,
        number = Empty,
        elsewhere = Empty
    );
    let slow = RecordsElsewhere(span.clone());
    record_all!(span, text = "before", slow = ?slow, number = 3);
    drop((span, slow));
    let event = only(&audit, "LATE");
    assert_eq!(event.session_id.as_deref(), Some("s1"));
    let expected = [
        ("text", json!("before")),
        ("elsewhere", json!("recorded")),
        ("slow", json!("done")),
        ("number", json!(3)),
    ];
    for (key, value) in expected {
        assert_eq!(event.metadata.get(key), Some(&value), "{key}");
    }
}

#[test]
fn what_is_recorded_again_replaces_in_the_order_of_recording() {
    let (audit, _default) = trail();
    let span = info_span!("op", audit.operation = "AGAIN", key = 1, other = 2);
    span.in_scope(|| {
        let current = tracing_audit::current().unwrap();
        current.clone().metadata("key", 3);
        span.record("key", 4);
        span.record("other", 5);
        current.metadata("other", 6).entry_id("one");
    });
    drop(span);
    let event = only(&audit, "AGAIN");
    assert_eq!(event.metadata.get("key"), Some(&json!(4)));
    assert_eq!(event.metadata.get("other"), Some(&json!(6)));
    assert_eq!(event.entry_ids, ["one"]);
}

/// A status, and whether another thread records it.
type Statement = (&'static str, bool);

#[test]
fn the_last_statement_counts_whoever_made_it() {
    let sequences: [(&[Statement], Status); 7] = [
        (&[("SUCCESS", false)], Status::Success),
        (&[("SUCCESS", true)], Status::Success),
        (&[("SUCCESS", false), ("FAILURE", false)], Status::Failure),
        (&[("FAILURE", false), ("SUCCESS", false)], Status::Success),
        (&[("SUCCESS", false), ("PARTIAL", true)], Status::Partial),
        (&[("PARTIAL", true), ("SUCCESS", false)], Status::Success),
        (&[("SUCCESS", false), ("FAILURE", true), ("SUCCESS", false)], Status::Success),
    ];
    for (statements, expected) in sequences {
        let (audit, _default) = trail();
        let span = info_span!("op", audit.operation = "LATE", audit.status = Empty);
        for (status, elsewhere) in statements {
            let record = || {
                span.record("audit.status", status);
            };
            match elsewhere {
                true => std::thread::scope(|scope| drop(scope.spawn(record).join())),
                false => record(),
            }
        }
        drop(span);
        assert_eq!(only(&audit, "LATE").status, expected, "{statements:?}");
    }
}

#[test]
fn success_with_other_values_and_under_other_names_is_recorded_as_they_are() {
    let (audit, _default) = trail();
    let span =
        info_span!("op", audit.operation = "LATE", audit.status = Empty, a = Empty, b = Empty);
    span.record("a", "SUCCESS");
    record_all!(span, b = 3, audit.status = "SUCCESS");
    drop(span);
    let event = only(&audit, "LATE");
    assert_eq!(event.status, Status::Success);
    for (name, value) in [("a", json!("SUCCESS")), ("b", json!(3))] {
        assert_eq!(event.metadata.get(name), Some(&value));
    }
}

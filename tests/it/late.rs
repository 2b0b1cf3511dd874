//! Values that are recorded on an open span.

use std::fmt;
use std::sync::mpsc;

use serde_json::json;
use tracing::field::Empty;
use tracing::{Span, info_span, record_all};

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

use ::opendal::layers::TracingLayer;
use ::opendal::{Operator, services};
use tracing::{Instrument, info_span};
use tracing_audit::{AuditEvent, FutureOutcome, audited_span};
use tracing_audit_real_crates::{ended, events, only, trail};

const POLICY: &str = r#"sets = ["opendal"]"#;

fn storage() -> Operator {
    Operator::new(services::Memory::default()).unwrap().layer(TracingLayer::new())
}

/// Operation and entries.
fn done(event: &AuditEvent) -> (&str, Vec<&str>) {
    (event.operation.as_str(), event.entry_ids.iter().map(String::as_str).collect())
}

#[tokio::test]
async fn operations_and_entries_are_known_and_outcomes_are_not_and_said_to_be() {
    let (audit, _default) = trail(POLICY);
    let storage = storage();
    let work = async {
        storage.write("notes/a.txt", "tea at four").await.unwrap();
        storage.read("notes/a.txt").await.unwrap();
        storage.read("notes/missing").await.unwrap_err();
        storage.stat("notes/missing").await.unwrap_err();
        storage.copy("notes/a.txt", "notes/b.txt").await.unwrap_err();
        storage.list("notes/").await.unwrap();
        storage.delete("notes/a.txt").await.unwrap();
    };
    work.instrument(info_span!("job", user.id = "alice", session.id = "s1")).await;
    let events = events(&audit);
    let expected: [(&str, &[&str]); 7] = [
        ("STORE", &["notes/a.txt"]),
        ("RECALL", &["notes/a.txt"]),
        ("RECALL", &["notes/missing"]),
        ("STAT", &["notes/missing"]),
        ("COPY", &["notes/a.txt", "notes/b.txt"]),
        ("LIST", &[]),
        ("FORGET", &[]),
    ];
    assert_eq!(events.iter().map(done).collect::<Vec<_>>(), expected.map(|(o, e)| (o, e.to_vec())));
    for event in &events {
        assert_eq!(ended(event), "UNKNOWN policy -", "a failure looks like a success: {event:#?}");
        assert_eq!(event.user_id.as_deref(), Some("alice"));
        assert_eq!(event.session_id.as_deref(), Some("s1"));
        assert_eq!(event.span.as_ref().unwrap().target, "opendal_layer_tracing");
    }
    assert_eq!(events[5].resource.as_deref(), Some("notes/"));
}

#[tokio::test]
async fn a_write_that_is_given_up_is_an_event_too() {
    let (audit, _default) = trail(POLICY);
    let mut writer = storage().writer("notes/half").await.unwrap();
    writer.write("the first half").await.unwrap();
    drop(writer);
    let event = only(&audit, "STORE");
    assert_eq!(
        (event.entry_ids[0].as_str(), ended(&event)),
        ("notes/half", "UNKNOWN policy -".into())
    );
    assert!(event.is_anonymous());
}

/// Where the outcome matters, it is known around the call.
#[tokio::test]
async fn a_future_with_its_outcome_around_the_call_knows_it() {
    let (audit, _default) = trail(POLICY);
    let storage = storage();
    for path in ["notes/a.txt", "notes/missing"] {
        let read = async { storage.read(path).await.map(drop) };
        storage.write("notes/a.txt", "tea at four").await.unwrap();
        let _ = read.with_outcome().in_span(audited_span!("LOOK_UP", entry_ids = path)).await;
    }
    let looked_up = audit.query().operation("LOOK_UP").run().unwrap().events;
    let [missing, found] = &looked_up[..] else { panic!("{looked_up:#?}") };
    assert_eq!(ended(found), "SUCCESS return -");
    assert!(ended(missing).starts_with("FAILURE error NotFound"), "{missing:#?}");
}

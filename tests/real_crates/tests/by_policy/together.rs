use opendal::layers::TracingLayer;
use opendal::{Operator, services};
use rig::test_utils::MockTurn;
use serde_json::json;
use tracing::Instrument;
use tracing_audit::AuditEvent;
use tracing_audit_real_crates::{Service, agent, client, ended, events, tool_turn, trail, until};

const POLICY: &str = r#"sets = ["tower-http", "opendal", "reqwest-tracing", "gen-ai"]"#;

/// A request makes the service read a file, ask an agent and call another
/// service; who sent it did all of that.
#[tokio::test]
async fn a_request_is_followed_through_all_of_them() {
    let (audit, _default) = trail(POLICY);
    let other = Service::start().await;
    let note = other.url("notes/7");
    let storage = Operator::new(services::Memory::default()).unwrap().layer(TracingLayer::new());
    let work = move || {
        let (storage, note) = (storage.clone(), note.clone());
        async move {
            storage.write("notes/7", "tea at four").await.unwrap();
            let turns = [tool_turn("add", json!({"x": 2, "y": 3})), MockTurn::text("5")];
            agent(turns).prompt("add").max_turns(3).run().await.unwrap();
            client().get(note).send().await.unwrap();
            "done"
        }
    };
    let service = Service::start_with(work).await;
    let request = client().get(service.url("work")).header("x-user", "alice").send();
    request.instrument(tracing::Span::none()).await.unwrap();
    until(|| audit.query().operation("HTTP_GET").count().unwrap() == 2).await;
    let all = events(&audit);
    let of = |operation: &str| -> Vec<&AuditEvent> {
        all.iter().filter(|event| event.operation.as_str() == operation).collect()
    };
    let served = of("HTTP_GET");
    let request = served.iter().find(|event| event.resource.as_deref() == Some("/work")).unwrap();
    assert_eq!(ended(request), "SUCCESS policy -");
    for (operation, count) in [("STORE", 1), ("EXECUTE_TOOL", 1), ("CHAT", 2)] {
        let inside = of(operation);
        assert_eq!(inside.len(), count, "{operation}: {all:#?}");
        for event in inside {
            assert_eq!(event.user_id.as_deref(), Some("alice"), "{event:#?}");
            assert_eq!(event.span.as_ref().unwrap().parent, Some(request.event_id));
        }
    }
    let calls = of("HTTP_CALL");
    let inner = calls.iter().find(|event| event.user_id.is_some()).unwrap();
    assert_eq!(inner.span.as_ref().unwrap().parent, Some(request.event_id));
    assert_eq!(calls.len(), 2, "the test's own is nobody's");
}

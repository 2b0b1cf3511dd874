use reqwest_middleware::ClientWithMiddleware;
use tracing::{Instrument, info_span};
use tracing_audit::Audit;
use tracing_audit_real_crates::{Service, client, ended, events, only, trail, until};

const SERVED: &str = r#"sets = ["tower-http"]"#;
const SENT: &str = r#"sets = ["reqwest-tracing"]"#;

async fn get(client: &ClientWithMiddleware, url: String) -> u16 {
    client.get(url).header("x-user", "alice").send().await.unwrap().status().as_u16()
}

/// Waits for so many events: a request ends after its answer arrived.
async fn recorded(audit: &Audit, count: usize) {
    until(|| audit.query().count().unwrap() == count as u64).await;
}

#[tokio::test]
async fn served_requests_have_method_path_user_and_outcome() {
    let (audit, _default) = trail(SERVED);
    let service = Service::start().await;
    let client = client();
    assert_eq!(get(&client, service.url("notes/7")).await, 200);
    let deleted = client.delete(service.url("notes/7")).send().await.unwrap();
    assert_eq!(deleted.status(), 204);
    assert_eq!(get(&client, service.url("missing")).await, 404);
    assert_eq!(get(&client, service.url("broken")).await, 500);
    recorded(&audit, 4).await;
    let events = events(&audit);
    let [found, deleted, missing, broken] = &events[..] else { panic!("{events:#?}") };
    assert_eq!(found.operation.as_str(), "HTTP_GET");
    assert_eq!(found.resource.as_deref(), Some("/notes/7"));
    assert_eq!(ended(found), "SUCCESS policy -");
    assert_eq!(deleted.operation.as_str(), "HTTP_DELETE");
    assert_eq!(ended(deleted), "SUCCESS policy -");
    assert_eq!(ended(missing), "FAILURE policy -");
    assert_eq!(ended(broken), "FAILURE policy Status code: 500 Internal Server Error");
    for event in [found, missing, broken] {
        assert_eq!(event.user_id.as_deref(), Some("alice"));
        assert_eq!(event.source.as_deref(), Some("192.0.2.7"));
    }
    assert!(deleted.is_anonymous(), "it said nobody's name");
}

#[tokio::test]
async fn a_handler_that_panics_failed_and_one_that_was_dropped_is_unknown() {
    let (audit, _default) = trail(SERVED);
    let service = Service::start().await;
    let request = client().get(service.url("slow")).send();
    tokio::select! {
        biased;
        _ = request => unreachable!(),
        () = service.slow_began() => {}
    }
    recorded(&audit, 1).await;
    assert_eq!(ended(&events(&audit)[0]), "UNKNOWN policy -");
    client().get(service.url("panics")).send().await.unwrap_err();
    recorded(&audit, 2).await;
    assert_eq!(ended(&events(&audit)[1]), "FAILURE panic -");
}

#[tokio::test]
async fn sent_requests_have_server_user_and_outcome() {
    let (audit, _default) = trail(SENT);
    let service = Service::start().await;
    let client = client();
    let work = async {
        for path in ["notes/7", "missing", "broken"] {
            get(&client, service.url(path)).await;
        }
        client.get("http://127.0.0.1:1/").send().await.unwrap_err();
        tokio::select! {
            biased;
            _ = client.get(service.url("slow")).send() => unreachable!(),
            () = service.slow_began() => {}
        }
    };
    work.instrument(info_span!("job", user.id = "bob", session.id = "s1")).await;
    let events = events(&audit);
    let ends: Vec<_> = events.iter().map(ended).collect();
    let refused = "FAILURE policy error sending request for url (http://127.0.0.1:1/)";
    assert_eq!(
        ends,
        ["SUCCESS policy -", "FAILURE policy -", "FAILURE policy -", refused, "UNKNOWN policy -"]
    );
    for event in &events {
        assert_eq!(event.operation.as_str(), "HTTP_CALL");
        assert_eq!(event.resource.as_deref(), Some("127.0.0.1"));
        assert_eq!(event.user_id.as_deref(), Some("bob"));
        assert_eq!(event.session_id.as_deref(), Some("s1"));
    }
    let code = |event: usize| events[event].metadata.get("http.response.status_code").cloned();
    assert_eq!((code(0), code(2), code(4)), (Some(200.into()), Some(500.into()), None));
}

#[tokio::test]
async fn headers_that_the_span_includes_are_left_out() {
    let (audit, _default) = trail(SERVED);
    let service = Service::start_with_headers().await;
    let request = client().get(service.url("notes/7")).header("x-internal", "unguessable");
    request.send().await.unwrap();
    recorded(&audit, 1).await;
    let text = serde_json::to_string(&only(&audit, "HTTP_GET")).unwrap();
    assert!(!text.contains("headers") && !text.contains("unguessable"), "{text}");
}

#[tokio::test]
async fn secrets_in_addresses_are_hidden() {
    let (audit, _default) = trail(SERVED);
    let service = Service::start().await;
    get(&client(), service.url("notes/7?access_token=hunter2hunter2&page=3")).await;
    recorded(&audit, 1).await;
    let event = only(&audit, "HTTP_GET");
    let text = serde_json::to_string(&event).unwrap();
    assert!(!text.contains("hunter2") && text.contains("page=3"), "{text}");
}

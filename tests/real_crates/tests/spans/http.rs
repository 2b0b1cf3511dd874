use tracing_audit_real_crates::{Service, client, until};

use crate::recording;

#[tokio::test]
async fn served_requests_tell_their_outcome_by_events() {
    let (recorder, _default) = recording();
    let service = Service::start().await;
    let client = client();
    for (path, status) in [("notes/7", 200), ("missing", 404), ("broken", 500)] {
        assert_eq!(client.get(service.url(path)).send().await.unwrap().status(), status);
    }
    until(|| recorder.named("request").iter().filter(|span| span.closed.is_some()).count() == 3)
        .await;
    let spans = recorder.named("request");
    for span in &spans {
        assert_eq!(span.target, "tower_http::trace::make_span");
        assert_eq!(span.level, "DEBUG");
        assert_eq!(span.declared, ["method", "uri", "version"]);
        assert_eq!(span.parent, None);
    }
    let told = |span: usize, by: &str| {
        spans[span].events.iter().find(|event| event.target == format!("tower_http::trace::{by}"))
    };
    for (span, status) in [(0, "200"), (1, "404"), (2, "500")] {
        let response = told(span, "on_response").unwrap();
        assert_eq!(response.values["message"], "finished processing request");
        assert_eq!(response.values["status"], status);
    }
    assert!(told(0, "on_failure").is_none() && told(1, "on_failure").is_none());
    let failure = told(2, "on_failure").unwrap();
    assert_eq!(failure.values["classification"], "Status code: 500 Internal Server Error");
    let end = told(0, "on_eos").unwrap();
    assert!(!end.values.contains_key("status"), "only gRPC has one there");
}

#[tokio::test]
async fn sent_requests_record_their_outcome() {
    let (recorder, _default) = recording();
    let service = Service::start().await;
    let client = client();
    client.get(service.url("notes/7")).send().await.unwrap();
    client.get(service.url("missing")).send().await.unwrap();
    client.get("http://127.0.0.1:1/").send().await.unwrap_err();
    let spans = recorder.named("HTTP request");
    let [found, missing, refused] = &spans[..] else { panic!("{spans:#?}") };
    for span in &spans {
        assert_eq!(span.target, "reqwest_tracing::reqwest_otel_span_builder");
        assert_eq!(span.level, "INFO");
        assert_eq!(span.values["http.request.method"], "GET");
        assert_eq!(span.values["server.address"], "127.0.0.1");
        assert_eq!(span.values["otel.kind"], "client");
        assert!(!span.declared.contains(&"url.full"));
    }
    assert_eq!(found.values["http.response.status_code"], "200");
    assert!(!found.values.contains_key("otel.status_code"));
    assert_eq!(missing.values["http.response.status_code"], "404");
    assert_eq!(missing.values["otel.status_code"], "ERROR");
    assert!(!missing.values.contains_key("error.message"));
    assert_eq!(refused.values["otel.status_code"], "ERROR");
    assert!(refused.values["error.message"].contains("error sending request"));
    assert!(!refused.values.contains_key("http.response.status_code"));
}

#[tokio::test]
async fn a_request_that_was_given_up_tells_nothing_on_either_side() {
    let (recorder, _default) = recording();
    let service = Service::start().await;
    let request = client().get(service.url("slow")).send();
    tokio::select! {
        biased;
        _ = request => unreachable!(),
        () = service.slow_began() => {}
    }
    let is_closed = |name| recorder.named(name).iter().all(|span| span.closed.is_some());
    until(|| is_closed("request") && is_closed("HTTP request")).await;
    let [served] = &recorder.named("request")[..] else { panic!() };
    assert!(served.events.iter().all(|event| event.target == "tower_http::trace::on_request"));
    let [sent] = &recorder.named("HTTP request")[..] else { panic!() };
    assert!(!sent.values.contains_key("http.response.status_code"));
    assert!(!sent.values.contains_key("otel.status_code"));
}

//! Spans that say nothing of themselves, audited by rules.

use serde_json::json;
use tracing::field::Empty;
use tracing::{debug_span, info, info_span, instrument};
use tracing_audit::policy::{
    Condition, EventPattern, Identity, Level, OperationFrom, Origin, Outcome, Policy, Rule,
};
use tracing_audit::{Actor, AuditLayer, Status, StatusSource, list};

use crate::trail::{events, only, trail_of};

fn policy(rules: impl IntoIterator<Item = Rule>) -> tracing_audit::Builder {
    AuditLayer::builder().policy(Policy::new(rules).unwrap())
}

fn orders() -> Rule {
    Rule::new("orders").target("shop").span("place").operation("ORDER")
}

#[test]
fn a_static_rule_gives_operation_identity_entries_and_outcome() {
    let rule = Rule::new("orders")
        .target("shop")
        .span("place *")
        .level(Level::Debug)
        .operation_from(OperationFrom::fields(["kind"]).value("new", "ORDER").otherwise("CHANGE"))
        .identity(Identity::User, Origin::fields(["customer.id", "user.id"]))
        .identity(Identity::Actor, Origin::fixed("service:shop"))
        .identity(Identity::Resource, Origin::fields(["shop"]).prefix("shop-"))
        .identity(Identity::EntryIds, Origin::fields(["order", "lines"]))
        .outcome(
            Outcome::new()
                .field(Condition::at_least("code", 400.0), Status::Failure)
                .error_from("why")
                .field(Condition::recorded("code"), Status::Success)
                .otherwise(Status::Unknown),
        );
    let (audit, _default) = trail_of(policy([rule]));
    let place = |kind: &str, code: Option<u64>| {
        let lines = list(&["l1", "l2"]);
        let span = debug_span!(target: "shop::cart", "place order", kind, customer.id = Empty,
            user.id = "bob", shop = 7, order = %"[o1]", lines, code = Empty, why = Empty, total = 3);
        span.record("customer.id", "alice");
        if let Some(code) = code {
            span.record("code", code);
            span.record("why", "sold out");
        }
    };
    place("new", Some(200));
    place("gift", Some(409));
    place("new", None);
    info_span!(target: "shopping", "place order", kind = "new");
    info_span!(target: "shop", "pay order", kind = "new");
    let events = events(&audit);
    assert_eq!(events.len(), 3, "{events:#?}");
    let [ordered, changed, unknown] = &events[..] else { panic!() };
    assert_eq!((ordered.operation.as_str(), changed.operation.as_str()), ("ORDER", "CHANGE"));
    assert_eq!(ordered.user_id.as_deref(), Some("alice"), "the first of the fields counts");
    assert_eq!(ordered.actor, Actor::from("service:shop"));
    assert_eq!(ordered.resource.as_deref(), Some("shop-7"));
    assert_eq!(ordered.entry_ids, ["[o1]", "l1", "l2"]);
    assert_eq!((ordered.status, ordered.status_source), (Status::Success, StatusSource::Policy));
    assert_eq!((changed.status, changed.status_source), (Status::Failure, StatusSource::Policy));
    assert_eq!(changed.error_message.as_deref(), Some("sold out"));
    assert_eq!((unknown.status, unknown.status_source), (Status::Unknown, StatusSource::Policy));
    let metadata = serde_json::to_value(&ordered.metadata).unwrap();
    assert_eq!(
        metadata,
        json!({"kind": "new", "user.id": "bob", "code": 200, "why": "sold out", "total": 3}),
        "what is told as an identity is not told twice"
    );
}

#[test]
fn events_of_the_span_tell_how_it_ended() {
    let (audit, _default) =
        trail_of(AuditLayer::builder().policy(Policy::set("tower-http").unwrap()));
    let request = |inside: &dyn Fn()| {
        debug_span!(target: "tower_http::trace::make_span", "request", method = %"GET", uri = %"/x", version = ?1)
            .in_scope(inside);
    };
    let responded = |status: u64| {
        tracing::debug!(target: "tower_http::trace::on_response", status, "finished processing request");
    };
    request(&|| responded(200));
    request(&|| responded(404));
    request(&|| {
        let error = "Status code: 500";
        tracing::error!(target: "tower_http::trace::on_failure", classification = error, "response failed");
        responded(200);
    });
    request(&|| {
        info_span!("inner", audit.org_id = "o").in_scope(|| responded(200));
        info!(target: "elsewhere", status = 200, "finished processing request");
    });
    let events = events(&audit);
    let ended: Vec<_> = events.iter().map(|event| event.status).collect();
    assert_eq!(ended, [Status::Success, Status::Failure, Status::Failure, Status::Unknown]);
    assert!(events.iter().all(|event| event.status_source == StatusSource::Policy));
    assert_eq!(events[2].error_message.as_deref(), Some("Status code: 500"));
    assert!(events.iter().all(|event| event.operation.as_str() == "HTTP_GET"));
    assert_eq!(events[0].resource.as_deref(), Some("/x"));
}

#[test]
fn identities_come_from_spans_around_whoever_made_them() {
    let rule = orders()
        .identity(Identity::User, Origin::fields(["enduser.id"]).enclosing(true))
        .identity(Identity::Session, Origin::fields(["session"]).enclosing(true).or("none"));
    let (audit, _default) = trail_of(policy([rule]));
    let place = || drop(info_span!(target: "shop", "place", enduser.id = Empty));
    info_span!("handler", enduser.id = "alice", noise = ?[1]).in_scope(|| {
        info_span!("layer", session = "s1").in_scope(place);
    });
    let late = info_span!("handler", enduser.id = Empty);
    late.in_scope(|| {
        let place = info_span!(target: "shop", "place");
        late.record("enduser.id", "bob");
        drop(place);
    });
    info_span!("op", audit.user_id = "carol").in_scope(place);
    info_span!("handler", enduser.id = "alice").in_scope(|| {
        info_span!("op", audit.user_id = "carol").in_scope(place);
        info_span!(target: "shop", "place", enduser.id = "dave");
    });
    place();
    let events = events(&audit);
    let users: Vec<_> = events.iter().map(|event| event.user_id.as_deref()).collect();
    let expected = [Some("alice"), Some("bob"), Some("carol"), Some("carol"), Some("dave"), None];
    assert_eq!(users, expected);
    let sessions: Vec<_> = events.iter().filter_map(|event| event.session_id.as_deref()).collect();
    assert_eq!(sessions, ["s1", "none", "none", "none", "none", "none"]);
}

#[test]
fn values_decide_also_when_they_come_late() {
    let paid = orders().condition(Condition::not("dry_run", ["true"]));
    let free = Rule::new("free").target("shop").span("place").operation("GIFT");
    let ignored = Rule::new("probe").span("*").condition(Condition::is("probe", ["yes"])).ignored();
    let (audit, _default) = trail_of(policy([ignored, paid, free]));
    info_span!(target: "shop", "place", dry_run = false);
    info_span!(target: "shop", "place", dry_run = true);
    info_span!(target: "shop", "place", probe = "yes");
    let late = info_span!(target: "shop", "place", dry_run = Empty);
    late.record("dry_run", "no");
    drop(late);
    let never = info_span!(target: "shop", "place", dry_run = Empty);
    let inner = never.in_scope(|| info_span!("op", audit.operation = "INNER"));
    drop((inner, never));
    let names: Vec<_> = events(&audit).iter().map(|event| event.operation.to_string()).collect();
    assert_eq!(names, ["ORDER", "GIFT", "ORDER", "INNER", "GIFT"]);
    assert_eq!(
        only(&audit, "INNER").span.unwrap().parent,
        None,
        "nothing was there to be its parent"
    );
}

#[test]
fn events_tell_how_it_ended_also_before_it_is_known_which_rule_it_is_for() {
    let refused = |status| {
        let event = EventPattern::new().target("shop").message("refused");
        let worked = EventPattern::new().target("shop").message("worked");
        Outcome::new().event(event, status).error_from("reason").event(worked, Status::Success)
    };
    let paid =
        orders().condition(Condition::is("paid", ["true"])).outcome(refused(Status::Failure));
    let free = Rule::new("free").target("shop").span("place").operation("GIFT");
    let free = free.outcome(refused(Status::Partial));
    let (audit, _default) = trail_of(policy([paid, free]));
    let place = |paid: Option<bool>, inside: &dyn Fn()| {
        let place = info_span!(target: "shop", "place", paid = Empty, audit.status = Empty);
        place.in_scope(inside);
        if let Some(paid) = paid {
            place.record("paid", paid);
        }
        place
    };
    let refuse = || {
        info!(target: "shop", reason = "sold out", "refused");
        info!(target: "shop", "worked");
        info!(target: "elsewhere", "refused");
    };
    place(Some(true), &refuse);
    place(Some(false), &refuse);
    place(None, &refuse);
    place(Some(true), &|| info!(target: "shop", "worked"));
    place(None, &|| ());
    let stated_since = place(None, &refuse);
    stated_since.record("audit.status", "SUCCESS");
    stated_since.record("paid", true);
    drop(stated_since);
    let ended: Vec<_> = events(&audit)
        .into_iter()
        .map(|event| (event.operation.to_string(), event.status, event.error_message))
        .collect();
    let sold_out = Some("sold out".to_owned());
    assert_eq!(
        ended,
        [
            ("ORDER".to_owned(), Status::Failure, sold_out.clone()),
            ("GIFT".to_owned(), Status::Partial, sold_out.clone()),
            ("GIFT".to_owned(), Status::Partial, sold_out),
            ("ORDER".to_owned(), Status::Success, None),
            ("GIFT".to_owned(), Status::Success, None),
            ("ORDER".to_owned(), Status::Success, None),
        ]
    );
}

#[test]
fn what_the_code_says_counts_before_what_a_rule_says() {
    let rule = Rule::new("all")
        .target(module_path!())
        .operation("BY_RULE")
        .identity(Identity::User, Origin::fields(["name"]))
        .outcome(Outcome::new().field(Condition::is("ok", ["false"]), Status::Failure));
    let (audit, _default) = trail_of(policy([rule]));
    info_span!("op", audit.operation = "STORE", audit.user_id = "alice", name = "bob", ok = false);
    info_span!(
        "op",
        audit.operation = "RECALL",
        audit.status = "SUCCESS",
        name = "bob",
        ok = false
    );
    let store = only(&audit, "STORE");
    assert_eq!(store.user_id.as_deref(), Some("alice"));
    assert_eq!((store.status, store.status_source), (Status::Failure, StatusSource::Policy));
    assert_eq!(store.metadata.get("name"), Some(&json!("bob")));
    let recall = only(&audit, "RECALL");
    assert_eq!(recall.user_id.as_deref(), Some("bob"));
    assert_eq!((recall.status, recall.status_source), (Status::Success, StatusSource::Explicit));
}

#[test]
fn entries_that_the_code_names_stay_and_hide_none_of_a_rules_fields() {
    let ids = Origin::fields(["order.id", "line"]);
    let place = orders().identity(Identity::EntryIds, ids);
    let bulk = Rule::new("bulk").target("shop").span("bulk").operation("BULK").collapse();
    let bulk = bulk.identity(Identity::EntryIds, Origin::fields(["last"]));
    let (audit, _default) = trail_of(policy([place, bulk]));
    info_span!(target: "shop", "place", audit.entry_ids = "by code", order.id = "o1", line = "l1");
    info_span!(target: "shop", "place", order.id = "o1", line = "l1")
        .in_scope(|| drop(tracing_audit::current().unwrap().entry_id("added")));
    let late = info_span!(target: "shop", "place", order.id = Empty, line = "l1");
    late.in_scope(|| drop(tracing_audit::current().unwrap().entry_ids(["added", "too"])));
    late.record("order.id", "o1");
    drop(late);
    let bulk = info_span!(target: "shop", "bulk", last = Empty);
    bulk.in_scope(|| {
        info_span!("op", audit.operation = "STORE", audit.entry_ids = list(&["a", "b"]))
    });
    bulk.record("last", "c");
    drop(bulk);
    let told: Vec<_> = events(&audit)
        .into_iter()
        .map(|event| (event.entry_ids, serde_json::to_value(&event.metadata).unwrap()))
        .collect();
    let ids = |ids: &[&str]| ids.iter().map(|id| id.to_string()).collect::<Vec<_>>();
    assert_eq!(
        told,
        [
            (ids(&["by code"]), json!({"order.id": "o1", "line": "l1"})),
            (ids(&["o1", "l1", "added"]), json!({})),
            (ids(&["l1", "added", "too"]), json!({"order.id": "o1", "line": "l1"})),
            (ids(&["a", "b"]), json!({"last": "c", "audit.collapsed": 1})),
        ]
    );
    let (audit, _default) = crate::trail::trail();
    let span = info_span!("op", audit.operation = "STORE", gen_ai.memory.record.id = Empty);
    span.in_scope(|| drop(tracing_audit::current().unwrap().entry_id("by code")));
    span.record("gen_ai.memory.record.id", "late");
    drop(span);
    assert_eq!(only(&audit, "STORE").entry_ids, ["by code"]);
}

#[instrument(target = "shop", name = "place", err, skip_all)]
fn place(fails: bool) -> Result<(), String> {
    if fails { Err("sold out".to_owned()) } else { Ok(()) }
}

#[test]
fn err_of_an_instrumented_function_is_its_failure() {
    let (audit, _default) = trail_of(policy([orders()]));
    let _ = (place(false), place(true));
    let events = events(&audit);
    assert_eq!(events[0].status_source, StatusSource::Closed);
    assert_eq!((events[1].status, events[1].status_source), (Status::Failure, StatusSource::Error));
    assert_eq!(events[1].error_message.as_deref(), Some("sold out"));
}

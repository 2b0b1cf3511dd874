//! The sets of rules, on what their crates emit.

use crate::event::Status;
use crate::event::packed::ValueRef::{Str, U64};
use crate::policy::rule::Rule;
use crate::policy::{Choice, Decision, Identity, Named, Outcome, Policy};

use super::facts::*;

#[test]
fn every_set_can_be_read_and_is_known_by_its_name() {
    for name in Policy::SETS {
        let set = Policy::set(name).unwrap();
        assert!(!set.rules().is_empty(), "{name}");
        let included = Policy::from_toml(&format!("sets = [{name:?}]"), "p").unwrap();
        assert_eq!(included.canonical(), set.canonical());
    }
    assert!(Policy::set("towerhttp").unwrap_err().to_string().contains("tower-http"));
}

/// The rule of a set for a callsite, by its values.
fn rule<'p>(
    set: &'p Policy,
    decision: &Decision,
    recorded: &[(&str, crate::event::packed::ValueRef<'_>)],
) -> &'p Rule {
    let number = match decision {
        Decision::Static(number) => *number,
        Decision::Dynamic(candidates) => match set.choose(candidates, values(recorded), false) {
            Choice::Rule(number) => number,
            other => panic!("{other:?}"),
        },
        Decision::Never | Decision::Ignored(_) => panic!("no rule"),
    };
    &set.rules()[number]
}

fn operation(rule: &Rule, recorded: &[(&str, crate::event::packed::ValueRef<'_>)]) -> String {
    match rule.operation.as_ref().unwrap().named(values(recorded), true) {
        Named::As(operation) => operation.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn requests_of_tower_http_have_the_outcome_that_its_events_tell() {
    let set = Policy::set("tower-http").unwrap();
    let decision = set.classify(&REQUEST);
    assert_eq!(decision, Decision::Static(0));
    let recorded = [("method", Str("DELETE")), ("uri", Str("/items/7"))];
    let rule = rule(&set, &decision, &recorded);
    assert_eq!(operation(rule, &recorded), "HTTP_DELETE");
    assert_eq!(operation(rule, &[("method", Str("BREW"))]), "HTTP_REQUEST");
    let tells = |facts, recorded: &[(&str, crate::event::packed::ValueRef<'_>)]| {
        let watches = set.watches(&facts);
        let known = rule
            .outcome
            .by_event(|case| watches.iter().any(|watch| watch.case == case), values(recorded));
        known.map(|known| known.status)
    };
    for (status, outcome) in [
        (200, Status::Success),
        (304, Status::Success),
        (404, Status::Failure),
        (503, Status::Failure),
        (5, Status::Failure),
        (0, Status::Success),
    ] {
        let recorded = [("message", Str("finished processing request")), ("status", U64(status))];
        assert_eq!(tells(ON_RESPONSE, &recorded), Some(outcome), "{status}");
    }
    let failed = [("message", Str("response failed")), ("classification", Str("Status code: 503"))];
    assert_eq!(tells(ON_FAILURE, &failed), Some(Status::Failure));
    assert!(set.watches(&HANDLER).is_empty());
    assert_eq!(rule.outcome.otherwise, Some(Status::Unknown));
}

#[test]
fn a_failure_weighs_more_than_the_response_whichever_came_first() {
    let set = Policy::set("tower-http").unwrap();
    let outcome = &set.rules()[0].outcome;
    let known = |facts, recorded: &[(&str, crate::event::packed::ValueRef<'_>)]| {
        let watches = set.watches(&facts);
        outcome.by_event(|case| watches.iter().any(|watch| watch.case == case), values(recorded))
    };
    let response = known(ON_RESPONSE, &[("status", U64(200))]);
    let failure = known(ON_FAILURE, &[("classification", Str("Error: body"))]);
    for (first, second) in [(response, failure), (failure, response)] {
        let weighed = Outcome::weigh(Outcome::weigh(None, first), second).unwrap();
        assert_eq!(weighed.status, Status::Failure);
        assert_eq!(outcome.error_field(weighed), Some("classification"));
    }
}

#[test]
fn operations_of_opendal_have_paths_as_entries_and_no_known_outcome() {
    let set = Policy::set("opendal").unwrap();
    let rule = rule(&set, &set.classify(&OPENDAL_WRITE), &[]);
    assert_eq!(operation(rule, &[]), "STORE");
    assert_eq!(rule.outcome.otherwise, Some(Status::Unknown));
    let (_, ids) = rule.identities.iter().find(|(what, _)| *what == Identity::EntryIds).unwrap();
    assert_eq!(ids.fields, ["path".into()]);
    assert_eq!(set.classify(&OPENDAL_READER), Decision::Never);
}

#[test]
fn requests_of_reqwest_have_the_outcome_that_they_record() {
    let set = Policy::set("reqwest-tracing").unwrap();
    let opened = [("http.request.method", Str("GET")), ("otel.kind", Str("client"))];
    let rule = rule(&set, &set.classify(&REQWEST), &opened);
    let tells = |recorded: &[(&str, crate::event::packed::ValueRef<'_>)]| {
        rule.outcome.by_fields(values(recorded)).map(|known| known.status)
    };
    assert_eq!(tells(&[]), None);
    assert_eq!(tells(&[("http.response.status_code", U64(200))]), Some(Status::Success));
    assert_eq!(
        tells(&[("http.response.status_code", U64(404)), ("otel.status_code", Str("ERROR"))]),
        Some(Status::Failure)
    );
    assert_eq!(tells(&[("otel.status_code", Str("ERROR"))]), Some(Status::Failure));
    let server = [("otel.kind", Str("server"))];
    let Decision::Dynamic(candidates) = set.classify(&REQWEST) else { panic!() };
    assert_eq!(set.choose(&candidates, values(&server), false), Choice::None);
}

#[test]
fn spans_of_rig_are_tools_and_models() {
    let set = Policy::set("gen-ai").unwrap();
    let tool = [("gen_ai.operation.name", Str("execute_tool"))];
    let rule_of_tool = rule(&set, &set.classify(&RIG_TOOL), &tool);
    assert_eq!(operation(rule_of_tool, &tool), "EXECUTE_TOOL");
    for (outcome, status) in [
        ("success", Some(Status::Success)),
        ("error", Some(Status::Failure)),
        ("denied", Some(Status::Failure)),
        ("skipped", Some(Status::Unknown)),
    ] {
        let known =
            rule_of_tool.outcome.by_fields(values(&[("gen_ai.tool.call.outcome", Str(outcome))]));
        assert_eq!(known.map(|known| known.status), status, "{outcome}");
    }
    let chat = [("gen_ai.operation.name", Str("chat"))];
    assert_eq!(operation(rule(&set, &set.classify(&RIG_CHAT), &chat), &chat), "CHAT");
    let memory = [("gen_ai.operation.name", Str("delete_memory"))];
    assert_eq!(operation(rule(&set, &set.classify(&RIG_CHAT), &memory), &memory), "FORGET");
    // The name of the operation may come after the span was opened.
    let Decision::Dynamic(candidates) = set.classify(&RIG_CHAT) else { panic!() };
    assert_eq!(set.choose(&candidates, values(&[]), false), Choice::NotYet);
    assert_eq!(set.choose(&candidates, values(&[]), true), Choice::None);
    let new = [("gen_ai.operation.name", Str("invented_later"))];
    assert_eq!(set.choose(&candidates, values(&new), true), Choice::None);
}

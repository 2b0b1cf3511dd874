//! What rules decide.

use crate::event::packed::ValueRef::{Bool, Str, U64};
use crate::event::row::RowScratch;
use crate::event::{AuditEvent, Operation, Sequence, Status};
use crate::policy::*;
use crate::redaction::{Action, HashKey, Redaction, Redactor};

use super::facts::*;

fn policy(rules: impl IntoIterator<Item = Rule>) -> Policy {
    Policy::new(rules).unwrap()
}

#[test]
fn the_first_rule_that_matches_decides_and_what_is_behind_it_is_not_asked() {
    let policy = policy([
        Rule::new("other").target("shop::payments").operation("PAY"),
        Rule::new("dry").target("shop").condition(Condition::is("order", ["dry*"])).ignored(),
        Rule::new("big")
            .span("place_*")
            .condition(Condition::at_least("order", 100.0))
            .operation("BIG"),
        Rule::new("all").target("shop").level(Level::Info).operation("ORDER"),
        Rule::new("late").span("place_order").operation("NEVER"),
    ]);
    let decision = policy.classify(&HANDLER);
    assert_eq!(decision, Decision::Dynamic([1, 2, 3].into()));
    let Decision::Dynamic(candidates) = decision else { return };
    let choose = |order| policy.choose(&candidates, values(&[("order", order)]), false);
    assert_eq!(choose(Str("dry run")), Choice::Ignored(1));
    assert_eq!(choose(U64(100)), Choice::Rule(2));
    assert_eq!(choose(U64(99)), Choice::Rule(3));
    // Unknown values hold back those behind them: order counts.
    assert_eq!(policy.choose(&candidates, values(&[]), false), Choice::NotYet);
    assert_eq!(policy.choose(&candidates, values(&[]), true), Choice::Rule(3));
    assert_eq!(
        policy.classify(&CallsiteFacts { level: Level::Debug, ..HANDLER }),
        Decision::Dynamic([1, 2, 4].into())
    );
    assert_eq!(
        policy.classify(&CallsiteFacts { target: "shops", name: "x", ..HANDLER }),
        Decision::Never
    );
}

#[test]
fn a_callsite_that_lacks_a_field_needs_no_look_at_values() {
    let policy = policy([
        Rule::new("a").condition(Condition::recorded("absent")).operation("A"),
        Rule::new("b").operation_from(OperationFrom::fields(["absent"]).value("x", "B")),
        Rule::new("c").target("shop").ignored(),
        Rule::new("d").span("place_order").operation("D"),
    ]);
    assert_eq!(policy.classify(&HANDLER), Decision::Ignored(2));
}

#[test]
fn spans_that_say_who_acts_around_others_are_known_by_their_fields() {
    let user = Origin::fields(["user.id", "enduser.id"]).enclosing(true);
    let policy = policy([
        Rule::new("a").span("x").operation("A").identity(Identity::User, user),
        Rule::new("b")
            .span("y")
            .operation("B")
            .identity(Identity::Session, Origin::fields(["order"])),
    ]);
    assert_eq!(*policy.carries(&HANDLER), [1]);
    assert!(policy.carries(&REQUEST).is_empty());
}

#[test]
fn the_values_of_one_case_that_come_later_count() {
    let outcome = Outcome::new()
        .field(Condition::is("state", ["failed"]), Status::Failure)
        .field(Condition::recorded("state"), Status::Success);
    let by = |state| outcome.by_fields(values(&[("state", Str(state))]));
    let known = Outcome::weigh(by("running"), by("failed"));
    assert_eq!(known.map(|known| known.status), Some(Status::Failure));
    // A later value takes back what an earlier one said of the same field: the
    // span is asked for all of its values again.
    assert_eq!(by("done").map(|known| known.status), Some(Status::Success));
}

#[test]
fn a_policy_is_the_same_however_it_is_written() {
    let text = r#"
        expect_operations = ["store", "ORDER"]

        [[rule]]
        name = "orders"
        target = "shop"
        level = "INFO"
        fields = ["b", "a"]
        where = { dry_run = { not = [true] }, amount = { at_least = 10 }, kind = ["x", "y"] }
        operation = { from = "kind", map = { x = "store", y = "ORDER" } }
        user = { fields = ["customer"], enclosing = true }
        actor = { otherwise = "system", prefix = "service:" }
        outcome = [
            { field = "state", is = "failed", status = "failure", error = "reason" },
            { event = "done", status = "success" },
        ]
        otherwise = "unknown"
        detail = "metadata"
        collapse = true
        durability = "durable"
        intent = true
        redact = { note = "truncate:20", "*.ssn" = "drop" }

        [redact]
        names = { address = "hash" }
        detectors = { email = "keep" }
    "#;
    let read = Policy::from_toml(text, "p").unwrap();
    let built = policy([Rule::new("orders")
        .target("shop")
        .level(Level::Info)
        .field("a")
        .field("b")
        .condition(Condition::is("kind", ["y", "x"]))
        .condition(Condition::not("dry_run", ["true"]))
        .condition(Condition::at_least("amount", 10.0))
        .operation_from(
            OperationFrom::fields(["kind"]).value("y", "ORDER").value("x", Operation::Store),
        )
        .identity(Identity::Actor, Origin::fixed("system").prefix("service:"))
        .identity(Identity::User, Origin::fields(["customer"]).enclosing(true))
        .outcome(
            Outcome::new()
                .field(Condition::is("state", ["failed"]), Status::Failure)
                .error_from("reason")
                .event(EventPattern::new().message("done"), Status::Success)
                .otherwise(Status::Unknown),
        )
        .detail(Detail::Metadata)
        .collapse()
        .durable()
        .intent()
        .redact("*.ssn", Action::Drop)
        .redact("note", Action::Truncate(20))])
    .expect_operations(["ORDER", "STORE"])
    .redaction(
        Redaction::new()
            .name("address", Action::Hash)
            .detector(crate::redaction::Detector::Email, Action::Keep),
    );
    assert_eq!(read.canonical(), built.canonical());
    assert_eq!(read.digest(), built.digest());
    assert_eq!(read.digest().len(), 64);
    let changed = Policy::from_toml(&text.replace("at_least = 10", "at_least = 11"), "p").unwrap();
    assert_ne!(changed.digest(), read.digest());
}

#[test]
fn long_numbers_are_compared_to_the_last_digit() {
    let text = "[[rule]]\noperation = \"A\"\nwhere = { id = [9007199254740993, 0xFF, 1.0] }";
    let canonical = Policy::from_toml(text, "p").unwrap().canonical();
    assert!(canonical.contains(r#"["1","255","9007199254740993"]"#), "{canonical}");
}

#[test]
fn detail_and_rules_decide_what_of_an_event_is_kept() {
    let key = HashKey::new([7; 32]).unwrap();
    let hashed = key.hashed("who owes us money");
    let rule = |detail| {
        Rule::new("r").target("t").operation("X").detail(detail).redact("note", Action::Drop)
    };
    let event = AuditEvent::builder("SEARCH")
        .user_id("alice")
        .error("refused")
        .metadata("query", "who owes us money")
        .metadata("note", "n")
        .metadata("count", 3)
        .build();
    let kept = |detail| {
        let policy = policy([rule(detail)]).redaction(Redaction::new().hash_key(key.clone()));
        let rules = policy.hidden_by(&policy.rules()[0]);
        let mut scratch = RowScratch::default();
        Redactor::default().apply(&scratch.row(&event, 0), &rules).to_event(Sequence(0))
    };
    let metadata = |event: &AuditEvent| serde_json::to_string(&event.metadata).unwrap();
    assert_eq!(metadata(&kept(Detail::Full)), r#"{"query":"who owes us money","count":3}"#);
    assert_eq!(metadata(&kept(Detail::Metadata)), format!(r#"{{"query":"{hashed}","count":3}}"#));
    let none = kept(Detail::None);
    assert_eq!(metadata(&none), "{}");
    assert_eq!(
        (none.user_id.as_deref(), none.error_message.as_deref()),
        (Some("alice"), Some("refused"))
    );
}

#[test]
fn coverage_says_what_never_came_and_what_may_have_been_missed() {
    let policy =
        policy([Rule::new("a").span("a").operation("A"), Rule::new("b").span("b").operation("B")])
            .expect_operations(["A", "STORE"]);
    let counts = Counts::new(&policy);
    counts.note_match(0);
    counts.note_event("A", false);
    counts.note_event("A", true);
    for facts in [HANDLER, RIG_CHAT, OPENDAL_WRITE, OPENDAL_WRITE] {
        counts.note_unmatched(&facts);
    }
    let coverage = counts.report(&policy, vec!["src/a.rs:1".to_owned()]);
    assert_eq!(coverage.rules_unmatched, ["b"]);
    assert_eq!(coverage.operations_missing, [Operation::Store]);
    assert_eq!(coverage.callsites_disabled, ["src/a.rs:1"]);
    assert_eq!(
        coverage.callsites_unmatched,
        ["chat in rig::completions", "write in opendal_layer_tracing"]
    );
    assert_eq!(coverage.share_without_actor(), Some(0.5));
    assert!(!coverage.is_complete());
}

#[test]
fn an_expected_operation_counts_however_many_others_came_before_it() {
    let policy = policy([Rule::new("a").span("a").operation("A")]).expect_operations(["A", "B"]);
    let counts = Counts::new(&policy);
    // Names of operations may come from input.
    (0..10_000).for_each(|number| counts.note_event(&format!("N{number}"), false));
    counts.note_event("A", false);
    let coverage = counts.report(&policy, Vec::new());
    assert_eq!(coverage.operations_missing, [Operation::from("B")]);
    assert_eq!(coverage.events, 10_001);
}

#[test]
fn values_of_every_kind_choose() {
    let policy = policy([Rule::new("a").condition(Condition::is("b", ["true"])).operation("A")]);
    let facts = CallsiteFacts { fields: &["b"], ..HANDLER };
    let Decision::Dynamic(candidates) = policy.classify(&facts) else { panic!() };
    assert_eq!(policy.choose(&candidates, values(&[("b", Bool(true))]), false), Choice::Rule(0));
    assert_eq!(policy.choose(&candidates, values(&[("b", Bool(false))]), false), Choice::None);
}

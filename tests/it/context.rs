//! Whose context: what operations take over from the spans around them.

use tracing::field::Empty;
use tracing::{Span, info, info_span};
use tracing_audit::{Actor, AuditEvent};

use crate::trail::{only, trail};

fn user(event: &AuditEvent) -> Option<&str> {
    event.user_id.as_deref()
}

#[test]
fn identity_comes_from_the_nearest_span_that_carries_it_and_metadata_never() {
    let (audit, _default) = trail();
    let outer = info_span!(
        "outer",
        audit.user_id = "outer",
        audit.session_id = "s1",
        audit.org_id = "o1",
        audit.resource = "r1",
        audit.source = "10.0.0.1",
        secret = "metadata",
    );
    let _outer = outer.entered();
    let _inner = info_span!("inner", audit.user_id = "inner", audit.org_id = "o2").entered();
    let _unaudited = info_span!("unaudited", plain = 1).entered();
    drop(info_span!("op", audit.operation = "NESTED", own = 1));
    info!(audit.operation = "STATED");
    for operation in ["NESTED", "STATED"] {
        let event = only(&audit, operation);
        assert_eq!(user(&event), Some("inner"));
        assert_eq!(event.actor, Actor::User("inner".into()));
        assert_eq!(event.session_id.as_deref(), Some("s1"));
        assert_eq!(event.org_id.as_deref(), Some("o2"));
        assert_eq!(event.resource.as_deref(), Some("r1"));
        assert_eq!(event.source.as_deref(), Some("10.0.0.1"));
        assert_eq!(event.metadata.get("secret"), None);
        assert_eq!(event.span.unwrap().parent, None, "context spans are no events");
    }
    assert_eq!(only(&audit, "NESTED").metadata.len(), 1);
}

#[test]
fn open_then_authenticate_then_record() {
    let (audit, _default) = trail();
    let connection = info_span!("connection", audit.user_id = Empty, audit.session_id = Empty);
    let _connection = connection.clone().entered();
    let request = info_span!("request", audit.operation = "REQUEST").entered();
    let inner = info_span!("op", audit.operation = "INNER").entered();
    connection.record("audit.user_id", "alice");
    connection.record("audit.session_id", "s1");
    drop(inner);
    info!(audit.operation = "STATED");
    drop(request);
    drop(info_span!("op", audit.operation = "AFTER"));
    for operation in ["REQUEST", "INNER", "STATED", "AFTER"] {
        let event = only(&audit, operation);
        assert_eq!((user(&event), event.session_id.as_deref()), (Some("alice"), Some("s1")));
    }
}

#[test]
fn a_connection_that_changes_its_user_cannot_rewrite_who_began() {
    let (audit, _default) = trail();
    let connection = info_span!("connection", audit.user_id = "alice");
    let _connection = connection.clone().entered();
    let began_as_alice = info_span!("op", audit.operation = "BEFORE");
    connection.record("audit.user_id", "mallory");
    drop(info_span!("op", audit.operation = "AFTER"));
    info!(audit.operation = "STATED");
    drop(began_as_alice);
    assert_eq!(user(&only(&audit, "BEFORE")), Some("alice"));
    assert_eq!(user(&only(&audit, "AFTER")), Some("mallory"));
    assert_eq!(user(&only(&audit, "STATED")), Some("mallory"));
}

#[test]
fn only_the_first_late_user_fills_what_was_absent() {
    let (audit, _default) = trail();
    let connection = info_span!("connection", audit.user_id = Empty);
    let _connection = connection.clone().entered();
    let op = info_span!("op", audit.operation = "ANONYMOUS_AT_FIRST");
    connection.record("audit.user_id", "alice");
    connection.record("audit.user_id", "mallory");
    drop(op);
    assert_eq!(user(&only(&audit, "ANONYMOUS_AT_FIRST")), Some("alice"));
}

#[test]
fn an_actor_that_is_a_user_names_the_user() {
    let (audit, _default) = trail();
    drop(info_span!("op", audit.operation = "SPAN", audit.actor = "user:alice"));
    info!(audit.operation = "STATED", audit.actor = "user:alice");
    drop(info_span!("op", audit.operation = "KEY", audit.actor = "api_key:k1"));
    for (operation, expected) in [("SPAN", Some("alice")), ("STATED", Some("alice")), ("KEY", None)]
    {
        assert_eq!(user(&only(&audit, operation)), expected, "{operation}");
    }
    assert_eq!(audit.query().user("alice").count().unwrap(), 2);
}

#[test]
fn of_late_values_the_first_fills_what_is_absent_and_nothing_else() {
    let (audit, _default) = trail();
    let outer = info_span!("outer", audit.session_id = Empty);
    let _outer = outer.clone().entered();
    let inner = info_span!("inner", audit.session_id = Empty);
    let _inner = inner.clone().entered();
    let absent = info_span!("op", audit.operation = "ABSENT");
    let own = info_span!("op", audit.operation = "OWN", audit.session_id = "own");
    outer.record("audit.session_id", "first");
    inner.record("audit.session_id", "second");
    drop((absent, own));
    assert_eq!(only(&audit, "ABSENT").session_id.as_deref(), Some("first"));
    assert_eq!(only(&audit, "OWN").session_id.as_deref(), Some("own"));
}

#[test]
fn user_and_actor_are_one_group() {
    let (audit, _default) = trail();
    let _outer = info_span!("outer", audit.user_id = "alice", audit.session_id = "s1").entered();
    drop(info_span!("op", audit.operation = "SYSTEM", audit.actor = "system"));
    drop(info_span!(
        "op",
        audit.operation = "BEHALF",
        audit.actor = "api_key:k",
        audit.user_id = "bob"
    ));
    let system = only(&audit, "SYSTEM");
    assert_eq!((&system.actor, user(&system)), (&Actor::System, None));
    assert_eq!(system.session_id.as_deref(), Some("s1"), "the rest is inherited");
    let behalf = only(&audit, "BEHALF");
    assert_eq!((&behalf.actor, user(&behalf)), (&Actor::ApiKey("k".into()), Some("bob")));
    let _job = info_span!("job", audit.actor = "service:cron").entered();
    let _plain = info_span!("plain").entered();
    drop(info_span!("op", audit.operation = "BY_JOB"));
    let by_job = only(&audit, "BY_JOB");
    assert_eq!((&by_job.actor, user(&by_job)), (&Actor::Service("cron".into()), None));
}

#[test]
fn late_user_and_actor_of_different_spans_are_not_mixed() {
    let (audit, _default) = trail();
    let connection = info_span!("connection", audit.actor = Empty).entered();
    let request = info_span!("request", audit.user_id = Empty).entered();
    let op = info_span!("op", audit.operation = "MIXED");
    request.record("audit.user_id", "alice");
    connection.record("audit.actor", "system");
    drop(op);
    let event = only(&audit, "MIXED");
    assert_eq!((&event.actor, user(&event)), (&Actor::User("alice".into()), Some("alice")));
}

#[test]
fn late_user_and_actor_of_one_span_belong_together() {
    let (audit, _default) = trail();
    let job = info_span!("job", audit.actor = Empty, audit.user_id = Empty).entered();
    let op = info_span!("op", audit.operation = "TOGETHER");
    job.record("audit.user_id", "alice");
    job.record("audit.actor", "system");
    drop(op);
    let event = only(&audit, "TOGETHER");
    assert_eq!((&event.actor, user(&event)), (&Actor::System, Some("alice")));
}

#[test]
fn explicit_parents_and_roots() {
    let (audit, _default) = trail();
    let elsewhere = info_span!("elsewhere", audit.operation = "ELSEWHERE", audit.user_id = "bob");
    let _here = info_span!("here", audit.operation = "HERE", audit.user_id = "alice").entered();
    drop(info_span!(parent: &elsewhere, "op", audit.operation = "EXPLICIT"));
    info!(parent: &elsewhere, audit.operation = "EXPLICIT_STATEMENT");
    drop(info_span!(parent: None, "op", audit.operation = "ROOT"));
    info!(parent: None, audit.operation = "ROOT_STATEMENT");
    drop(info_span!(parent: &Span::none(), "op", audit.operation = "DISABLED_PARENT"));
    drop(elsewhere);
    let elsewhere = only(&audit, "ELSEWHERE").event_id;
    for operation in ["EXPLICIT", "EXPLICIT_STATEMENT"] {
        let event = only(&audit, operation);
        assert_eq!(user(&event), Some("bob"));
        assert_eq!(event.span.unwrap().parent, Some(elsewhere));
    }
    for operation in ["ROOT", "ROOT_STATEMENT", "DISABLED_PARENT"] {
        let event = only(&audit, operation);
        assert!(event.is_anonymous() && event.user_id.is_none());
        assert_eq!(event.span.unwrap().parent, None);
    }
}

#[test]
fn parents_are_events_across_spans_that_are_none() {
    let (audit, _default) = trail();
    let outer = info_span!("outer", audit.operation = "OUTER").entered();
    let _context = info_span!("context", audit.session_id = "s").entered();
    let _plain = info_span!("plain").entered();
    drop(info_span!("op", audit.operation = "INNER"));
    info!(audit.operation = "STATED");
    drop((_plain, _context, outer));
    let outer = only(&audit, "OUTER");
    assert_eq!(outer.span.as_ref().unwrap().parent, None);
    for operation in ["INNER", "STATED"] {
        assert_eq!(only(&audit, operation).span.unwrap().parent, Some(outer.event_id));
    }
    assert_eq!(audit.query().trail_of(outer.event_id).run().unwrap().len(), 3);
}

#[test]
fn what_is_recorded_again_replaces_and_nothing_clears() {
    let (audit, _default) = trail();
    let span = info_span!(
        "op",
        audit.operation = "REPLACED",
        audit.user_id = "alice",
        audit.session_id = "s1",
        size = 1
    );
    span.record("audit.user_id", "bob");
    span.record("size", 2);
    span.record("audit.session_id", Empty);
    span.record("audit.session_id", None::<&str>);
    span.record("undeclared", 1);
    drop(span);
    let event = only(&audit, "REPLACED");
    assert_eq!((user(&event), event.session_id.as_deref()), (Some("bob"), Some("s1")));
    assert_eq!(event.metadata.iter().count(), 1);
    assert_eq!(event.metadata.get("size"), Some(&2.into()));
}

#[test]
fn a_late_user_of_a_trail_elsewhere_is_not_taken() {
    let (audit, _default) = trail();
    let other = info_span!("other connection", audit.user_id = Empty);
    let op = info_span!("op", audit.operation = "ALONE");
    other.record("audit.user_id", "mallory");
    drop(op);
    assert!(only(&audit, "ALONE").is_anonymous());
}

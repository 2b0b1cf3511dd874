//! Misuse is told, once, and harms nothing; links between operations.

use tracing::{Level, event, info, info_span};
use tracing_audit::event::limits::{LINKS_CUT_KEY, LINKS_MAX};
use tracing_audit::{AuditLayer, Finding};

use crate::trail::{Told, events, only, told_trail, trail, trail_of};

#[test]
fn an_unknown_audit_field_is_told_once_with_its_place() {
    let (audit, _default, told) = told_trail();
    for _ in 0..3 {
        drop(info_span!("op", audit.operation = "KEPT", audit.usr_id = "alice", audit.x = 1));
        tracing::callsite::rebuild_interest_cache();
    }
    assert_eq!(events(&audit).len(), 3);
    assert_eq!(told.count("audit.usr_id, audit.x"), 1, "{:?}", told.texts());
    assert!(events(&audit).iter().all(|event| event.metadata.is_empty()));
}

#[test]
fn a_misspelt_operation_is_told_also_in_events() {
    let (audit, _default, told) = told_trail();
    for _ in 0..3 {
        info!(audit.opertion = "STORE");
        drop(info_span!("op", audit.oper = "STORE"));
        tracing::callsite::rebuild_interest_cache();
    }
    assert_eq!(events(&audit).len(), 0);
    audit.flush().unwrap();
    assert_eq!(told.count("audit.oper "), 1, "{:?}", told.texts());
    assert_eq!(told.count("audit.opertion"), 1, "{:?}", told.texts());
}

#[test]
fn an_ignored_target_is_not_audited_nor_are_modules_below_it() {
    let told = Told::default();
    let builder = AuditLayer::builder().ignored_target("exporter").ignored_target("other::part");
    let (audit, _default) = trail_of(told.listen(builder));
    drop(info_span!(target: "exporter", "op", audit.operation = "IGNORED"));
    drop(info_span!(target: "exporter::inner", "op", audit.operation = "IGNORED", audit.odd = 1));
    event!(target: "other::part", Level::INFO, audit.operation = "IGNORED");
    drop(info_span!(target: "exporters", "op", audit.operation = "KEPT"));
    event!(target: "other", Level::INFO, audit.operation = "KEPT");
    assert_eq!(audit.query().operation("IGNORED").count().unwrap(), 0);
    assert_eq!(audit.query().operation("KEPT").count().unwrap(), 2);
    assert_eq!(told.count("audit.odd"), 0);
}

#[test]
fn what_it_follows_from_becomes_links() {
    let (audit, _default) = trail();
    let cause = info_span!("op", audit.operation = "CAUSE");
    let other = cause.in_scope(|| info_span!("op", audit.operation = "OTHER"));
    let context = other.in_scope(|| info_span!("context", audit.session_id = "s"));
    let plain = info_span!("plain");
    let effect = info_span!("op", audit.operation = "EFFECT");
    for span in [&cause, &cause, &context, &plain] {
        effect.follows_from(span);
    }
    drop((plain, context, other, cause, effect));
    let (cause, other) = (only(&audit, "CAUSE").event_id, only(&audit, "OTHER").event_id);
    let effect = only(&audit, "EFFECT").span.unwrap();
    assert_eq!((effect.links, effect.parent), (vec![cause, other], None));
}

#[test]
fn links_that_do_not_fit_are_counted_and_those_given_twice_are_not() {
    let (audit, _default) = trail();
    let causes: Vec<_> =
        (0..LINKS_MAX + 2).map(|_| info_span!("op", audit.operation = "CAUSE")).collect();
    let effect = info_span!("op", audit.operation = "EFFECT");
    causes.iter().chain(&causes[..5]).for_each(|cause| {
        effect.follows_from(cause);
    });
    drop(effect);
    let effect = only(&audit, "EFFECT");
    assert_eq!(effect.span.unwrap().links.len(), LINKS_MAX);
    assert_eq!(effect.metadata.get(LINKS_CUT_KEY), Some(&serde_json::json!(2)));
}

#[test]
fn a_hook_that_panics_is_not_called_again_and_the_trail_goes_on() {
    let calls = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(0));
    let counted = calls.clone();
    let (audit, _default) = trail_of(AuditLayer::builder().on_error(move |_| {
        counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        panic!("on purpose");
    }));
    drop(info_span!("op", audit.operation = "FIRST", audit.status = "odd"));
    audit.flush().unwrap();
    drop(info_span!("op", audit.operation = "SECOND", audit.status = "odd"));
    assert_eq!(events(&audit).len(), 2);
    assert_eq!(calls.load(std::sync::atomic::Ordering::SeqCst), 1);
}

#[test]
fn the_self_check_names_fields_that_mean_nothing_also_where_there_is_no_hook() {
    let (audit, _default) = trail();
    for _ in 0..2 {
        drop(info_span!("op", audit.operation = "KEPT", audit.user_idd = "alice", audit.odd = 1));
    }
    info!(audit.operatoin = "STORE");
    let findings = audit.self_check();
    let names_of = |name: &str| {
        let named = findings.iter().filter_map(|finding| match finding {
            Finding::UnknownFields { names, location } => Some((names, location)),
            _ => None,
        });
        let named: Vec<_> = named.filter(|(names, _)| names.iter().any(|n| n == name)).collect();
        let [(names, location)] = named[..] else { panic!("{name}: {findings:?}") };
        assert!(location.starts_with("tests/it/misuse.rs:"), "{location}");
        names.clone()
    };
    assert_eq!(names_of("audit.user_idd"), ["audit.user_idd", "audit.odd"]);
    assert_eq!(names_of("audit.operatoin"), ["audit.operatoin"]);
    let text = findings.iter().map(Finding::to_string).collect::<String>();
    assert!(text.contains("audit.user_idd, audit.odd at tests/it/misuse.rs:"), "{text}");
}

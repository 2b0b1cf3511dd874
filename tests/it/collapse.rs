//! Operations nested in a batch become a part of it.

use serde_json::json;
use tracing::field::Empty;
use tracing::{error, info, info_span, instrument};
use tracing_audit::event::limits::{COLLAPSED_FAILURES_KEY, COLLAPSED_KEY};
use tracing_audit::{Audit, AuditLayer, Status, StatusSource, list};

use crate::trail::{events, only, trail_of};

#[instrument(err, skip_all, fields(audit.operation = "STORE", audit.entry_ids = id))]
fn store(id: &str) -> Result<(), String> {
    if id.contains("bad") { Err("refused".to_owned()) } else { Ok(()) }
}

#[instrument(skip_all, fields(audit.operation = "IMPORT", audit.user_id = "alice"))]
fn import(ids: &[&str]) {
    for id in ids {
        let _ = store(id);
    }
}

fn import_trail() -> (Audit, tracing::dispatcher::DefaultGuard) {
    trail_of(AuditLayer::builder().collapse("IMPORT"))
}

#[test]
fn a_batch_import_is_one_entry_with_count_failures_and_ids() {
    let (audit, _default) = import_trail();
    import(&["a", "bad", "b", "c"]);
    let _ = store("alone");
    assert_eq!(events(&audit).len(), 2);
    let import = only(&audit, "IMPORT");
    assert_eq!(import.entry_ids, ["a", "bad", "b", "c"]);
    assert_eq!(import.metadata.get(COLLAPSED_KEY), Some(&json!(4)));
    assert_eq!(import.metadata.get(COLLAPSED_FAILURES_KEY), Some(&json!(1)));
    assert_eq!(import.status, Status::Success, "whether it is one is for the outer to say");
    assert_eq!(only(&audit, "STORE").entry_ids, ["alone"]);
    assert_eq!(audit.query().entry_id("b").count().unwrap(), 1);
}

#[test]
fn a_batch_that_states_its_success_at_the_end_keeps_what_it_took_in() {
    let (audit, _default) = import_trail();
    let span = info_span!("import", audit.operation = "IMPORT", audit.status = Empty);
    span.in_scope(|| {
        let _ = store("bad");
        span.record("audit.status", "SUCCESS");
    });
    drop(span);
    let import = only(&audit, "IMPORT");
    assert_eq!((import.status, import.status_source), (Status::Success, StatusSource::Explicit));
    assert_eq!(import.metadata.get(COLLAPSED_FAILURES_KEY), Some(&json!(1)));
    assert_eq!(import.entry_ids, ["bad"]);
}

#[test]
fn without_failures_none_are_mentioned_and_other_operations_do_not_collapse() {
    let (audit, _default) = import_trail();
    import(&["a"]);
    info_span!("op", audit.operation = "RECALL").in_scope(|| store("b")).unwrap();
    assert_eq!(only(&audit, "IMPORT").metadata.get(COLLAPSED_FAILURES_KEY), None);
    assert_eq!(only(&audit, "RECALL").metadata.get(COLLAPSED_KEY), None);
    assert_eq!(events(&audit).len(), 3);
}

#[test]
fn two_levels_collapse_into_the_outermost_or_the_nearest() {
    let (audit, _default) = import_trail();
    info_span!("op", audit.operation = "IMPORT", audit.entry_ids = "outer").in_scope(|| {
        info_span!("op", audit.operation = "BULK_STORE", audit.entry_ids = list(&["x", "y"]))
            .in_scope(|| {
                info_span!("plain").in_scope(|| drop((store("bad"), store("z"))));
            });
    });
    let outer = only(&audit, "IMPORT");
    assert_eq!(events(&audit).len(), 1);
    assert_eq!(outer.entry_ids, ["outer", "bad", "z", "x", "y"]);
    assert_eq!(outer.metadata.get(COLLAPSED_KEY), Some(&json!(3)));
    assert_eq!(outer.metadata.get(COLLAPSED_FAILURES_KEY), Some(&json!(1)));

    let (audit, _default) = import_trail();
    info_span!("op", audit.operation = "IMPORT", level = 1).in_scope(|| import(&["a", "bad"]));
    let both = audit.query().operation("IMPORT").run().unwrap().events;
    assert_eq!(both.len(), 1);
    assert_eq!(both[0].metadata.get(COLLAPSED_KEY), Some(&json!(3)));
    assert_eq!(both[0].metadata.get(COLLAPSED_FAILURES_KEY), Some(&json!(1)));
    assert_eq!(both[0].entry_ids, ["a", "bad"]);
}

#[test]
fn what_outlives_the_batch_is_an_entry_of_its_own() {
    let (audit, _default) = import_trail();
    #[instrument(err, skip_all, fields(audit.operation = "IMPORT"))]
    fn fails_early(child: &mut Option<tracing::Span>) -> Result<(), String> {
        *child = Some(info_span!("op", audit.operation = "STORE", audit.entry_ids = "late"));
        Err("gave up".to_owned())
    }
    let mut child = None;
    let _ = fails_early(&mut child);
    drop(child);
    assert_eq!(only(&audit, "IMPORT").metadata.get(COLLAPSED_KEY), None);
    assert_eq!(only(&audit, "STORE").entry_ids, ["late"]);
}

#[test]
fn statements_inside_stand_below_the_batch() {
    let (audit, _default) = import_trail();
    info_span!("op", audit.operation = "IMPORT").in_scope(|| {
        info_span!("op", audit.operation = "STORE").in_scope(|| {
            info!(audit.operation = "ACCESS_GRANTED");
            error!("unrelated");
        });
    });
    let import = only(&audit, "IMPORT");
    assert_eq!(only(&audit, "ACCESS_GRANTED").span.unwrap().parent, Some(import.event_id));
    assert_eq!(audit.query().trail_of(import.event_id).count().unwrap(), 2);
}

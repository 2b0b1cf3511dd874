//! Errors, scopes, times and trails, one by one.

use std::future::IntoFuture;

use chrono::{DateTime, Utc};
use serde_json::json;

use super::{Field, Order, Query, View};
use crate::buffer::samples::push;
use crate::buffer::{Buffer, BufferConfig};
use crate::event::limits::{FIELD_BYTES_MAX, bounded};
use crate::event::packed::{PackedMetadata, ValueRef, write_field};
use crate::event::row::RowScratch;
use crate::event::{Actor, AuditEvent, EventId, Kind, SpanInfo, Status, within};

fn buffer_of(events: impl IntoIterator<Item = impl Into<AuditEvent>>) -> Buffer {
    let mut buffer = Buffer::new(BufferConfig { segment_events_max: 3, ..Default::default() });
    events.into_iter().for_each(|event| push(&mut buffer, &event.into()));
    buffer
}

fn view_of(events: impl IntoIterator<Item = impl Into<AuditEvent>>) -> View {
    View::new(buffer_of(events).publish())
}

fn stores(count: usize) -> Vec<AuditEvent> {
    (0..count).map(|_| AuditEvent::builder("store").user_id("u").build()).collect()
}

fn refused(query: &Query) -> String {
    let error = query.run().unwrap_err();
    assert!(error.is_invalid_input());
    assert_eq!(query.snapshot().unwrap_err().to_string(), error.to_string());
    assert_eq!(query.ids().unwrap_err().to_string(), error.to_string());
    error.to_string()
}

#[test]
fn nonsense_is_refused_with_advice() {
    let view = view_of(stores(1));
    let time: DateTime<Utc> = "2025-01-15T10:30:45Z".parse().unwrap();
    let later = time + chrono::TimeDelta::seconds(1);
    assert!(refused(&view.query().limit(0)).contains("at least 1"));
    let backwards = view.query().since(later).until(time);
    assert!(refused(&backwards).contains("swap"));
    assert!(backwards.count().is_err() && backwards.group_by(Field::User).is_err());
    assert_eq!(view.query().since(time).until(time).count().unwrap(), 0);
    let (less, more) = (std::time::Duration::ZERO, std::time::Duration::from_secs(1));
    assert!(refused(&view.query().duration_min(more).duration_max(less)).contains("swap"));
}

#[test]
fn in_many_segments_a_text_is_found_wherever_it_is() {
    let user = |number: usize| match number {
        0 | 1 | 100 | 199 => "rare",
        number if number % 2 == 0 => "often",
        _ => "other",
    };
    let event = |number| AuditEvent::builder("store").user_id(user(number)).session_id("s").build();
    let events: Vec<_> = (0..200).map(event).collect();
    let view = view_of(events.clone());
    assert!(view.held().segments.iter().count() > 60);
    for wanted in ["rare", "often", "nobody"] {
        for order in [Order::OldestFirst, Order::NewestFirst] {
            let mut expected: Vec<_> = events
                .iter()
                .filter(|event| event.user_id.as_deref() == Some(wanted))
                .map(|event| event.event_id)
                .collect();
            if order == Order::NewestFirst {
                expected.reverse();
            }
            let query = || view.query().user(wanted).session("s").order(order);
            assert_eq!(query().ids().unwrap(), expected, "{wanted} {order:?}");
            assert_eq!(view.query().user(wanted).order(order).ids().unwrap(), expected);
            let mut paged = Vec::new();
            let mut page = query().limit(3).run().unwrap();
            loop {
                paged.extend(page.events.iter().map(|event| event.event_id));
                let Some(next) = page.next else { break };
                page = query().limit(3).after(next).run().unwrap();
            }
            assert_eq!(paged, expected, "{wanted} {order:?}");
        }
    }
}

#[test]
fn a_cursor_belongs_to_one_query_and_one_log() {
    let view = view_of(stores(5));
    let query = || view.query().user("u").limit(2);
    let cursor = query().run().unwrap().next.unwrap();
    assert_eq!(query().after(cursor.clone()).limit(3).run().unwrap().len(), 3);
    let other = "other filters or another order";
    assert!(refused(&view.query().limit(2).after(cursor.clone())).contains(other));
    assert!(refused(&query().order(Order::OldestFirst).after(cursor.clone())).contains(other));
    assert!(refused(&query().scoped_to_org("o").after(cursor.clone())).contains(other));
    let foreign = view_of(stores(5)).query().user("u").after(cursor);
    assert!(refused(&foreign).contains("another audit log"));
}

#[test]
fn times_are_those_of_the_begin_and_the_end_is_open() {
    let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
    let event = AuditEvent::builder("store").timestamp(at("2025-01-15T10:30:45.000001Z")).build();
    let view = view_of([event]);
    let count =
        |from: &str, until: &str| view.query().since(at(from)).until(at(until)).count().unwrap();
    assert_eq!(count("2025-01-15T10:30:45.000001Z", "2025-01-15T10:30:45.000002Z"), 1);
    assert_eq!(count("2025-01-15T10:30:45.000001001Z", "2025-01-15T10:30:46Z"), 0);
    assert_eq!(count("2025-01-15T10:30:45Z", "2025-01-15T10:30:45.000001Z"), 0);
    assert_eq!(count("2025-01-15T10:30:45Z", "2025-01-15T10:30:45.000001001Z"), 1);
}

#[test]
fn an_organisation_scope_cannot_be_widened() {
    let of = |org: &str| AuditEvent::builder("store").user_id(org).org_id(org);
    let view = view_of([of("a"), of("b"), AuditEvent::builder("store")]).scoped_to_org("a");
    assert_eq!(view.query().run().unwrap().events[0].user_id.as_deref(), Some("a"));
    assert_eq!(view.query().count().unwrap(), 1);
    assert_eq!(view.query().org("b").count().unwrap(), 0);
    assert_eq!(view.query().org("a").every_kind().count().unwrap(), 1);
    assert_eq!(view.query().group_by(Field::Org).unwrap(), [("a".to_owned(), 1)]);
}

#[test]
fn log_entries_appear_when_they_are_asked_for() {
    let mut log = AuditEvent::builder("gap").build();
    log.kind = Kind::Log;
    let view = view_of([log, AuditEvent::builder("store").build()]);
    assert_eq!(view.query().count().unwrap(), 1);
    assert_eq!(view.query().kind(Kind::Log).run().unwrap().events[0].kind, Kind::Log);
    assert_eq!(view.query().every_kind().count().unwrap(), 2);
}

fn spanned(id: u128, parent: Option<u128>) -> AuditEvent {
    let mut event = AuditEvent::builder("store").build();
    event.event_id = EventId::from_u128(id);
    event.span = Some(SpanInfo {
        name: "s".into(),
        target: "t".into(),
        parent: parent.map(EventId::from_u128),
        trace_id: None,
        span_id: None,
        links: vec![],
    });
    event
}

#[test]
fn a_trail_has_all_descendants_also_those_that_outlived_it() {
    let view = view_of([
        spanned(4, Some(3)),
        spanned(9, Some(8)),
        spanned(3, Some(2)),
        spanned(2, Some(1)),
        spanned(1, None),
        spanned(7, Some(6)),
        spanned(6, Some(5)),
        spanned(5, Some(2)),
    ]);
    let trail = |id: u128| {
        let query = view.query().trail_of(EventId::from_u128(id)).order(Order::OldestFirst);
        query.ids().unwrap().into_iter().map(EventId::as_u128).collect::<Vec<_>>()
    };
    assert_eq!(trail(1), [4, 3, 2, 1, 7, 6, 5]);
    assert_eq!(trail(5), [7, 6, 5]);
    assert_eq!(trail(4), [4]);
    assert_eq!(trail(100), [0_u128; 0]);
}

#[test]
fn what_was_cut_when_it_was_recorded_is_found() {
    let long = "x".repeat(10_000);
    let values = [json!([long, 1]), json!({"k": long}), json!(long)];
    let event = AuditEvent::builder("store").user_id(&long).entry_ids([&long]);
    let event = event.actor(Actor::Service(long.clone())).metadata(&long, 1);
    let event = (0..)
        .zip(&values)
        .fold(event, |event, (key, value)| event.metadata(format!("k{key}"), value.clone()));
    let view = view_of([within(event.build())]);
    assert_eq!(view.query().user(&long).entry_id(&long).count().unwrap(), 1);
    assert_eq!(view.query().actor(Actor::Service(long.clone())).count().unwrap(), 1);
    assert_eq!(view.query().metadata(&long, 1).count().unwrap(), 1);
    for (key, value) in (0..).zip(values) {
        assert_eq!(view.query().metadata(format!("k{key}"), value).count().unwrap(), 1, "{key}");
    }
}

/// Of a span, the text of an actor is cut as a whole.
#[test]
fn an_actor_that_was_cut_as_a_whole_is_found() {
    let user = format!("user:{}", "x".repeat(FIELD_BYTES_MAX - 2));
    let cut = bounded(&user).into_owned();
    let view = view_of([AuditEvent::builder("store").actor(cut.as_str())]);
    assert_eq!(view.query().actor(user.as_str()).count().unwrap(), 1);
}

#[test]
fn filters_with_several_values_add_up_and_none_matches_nothing() {
    let view = view_of(["store", "recall", "forget"].map(AuditEvent::builder));
    assert_eq!(view.query().operation("store").operation("Recall").count().unwrap(), 2);
    assert_eq!(view.query().operations([] as [&str; 0]).count().unwrap(), 0);
    assert_eq!(view.query().statuses([]).count().unwrap(), 0);
    assert_eq!(view.query().entry_ids([] as [&str; 0]).count().unwrap(), 0);
    let both = view.query().status(Status::Success).status(Status::Failure);
    assert_eq!(both.count().unwrap(), 3);
}

#[test]
fn metadata_is_found_inside_objects() {
    let view = view_of([AuditEvent::builder("store")
        .metadata("cascade", json!({"chunks": {"deleted": 12}}))
        .metadata("gen_ai.operation.name", "x")]);
    let count = |key: &str, value| view.query().metadata(key, value).count().unwrap();
    assert_eq!(count("cascade.chunks.deleted", json!(12.0)), 1);
    assert_eq!(count("cascade.chunks", json!({"deleted": 12})), 1);
    assert_eq!(count("gen_ai.operation.name", json!("x")), 1);
    assert_eq!(count("cascade.chunks.deleted", json!(13)), 0);
}

#[test]
fn of_a_key_that_was_given_twice_the_last_value_counts() {
    let event = AuditEvent::builder("store").build();
    let mut scratch = RowScratch::default();
    let mut row = scratch.row(&event, 0);
    let mut packed = Vec::new();
    write_field(&mut packed, "k", ValueRef::I64(1));
    write_field(&mut packed, "k", ValueRef::I64(2));
    row.metadata = PackedMetadata(&packed);
    let mut buffer = Buffer::new(BufferConfig::default());
    buffer.push(&row, 1);
    let view = View::new(buffer.publish());
    assert_eq!(view.query().run().unwrap().events[0].metadata.get("k"), Some(&json!(2)));
    assert_eq!(view.query().metadata("k", 2).count().unwrap(), 1);
    assert_eq!(view.query().metadata("k", 1).count().unwrap(), 0);
}

#[test]
fn awaiting_a_query_runs_it() {
    let view = view_of(stores(2));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let page = runtime.block_on(async { view.query().limit(1).await }).unwrap();
    assert_eq!((page.len(), page.next.is_some()), (1, true));
    assert!(runtime.block_on(view.query().limit(0).into_future()).is_err());
}

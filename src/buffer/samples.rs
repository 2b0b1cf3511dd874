//! Random events over small alphabets, so that they meet each other.

use std::time::Duration;

use proptest::collection::vec;
use proptest::option::{of, weighted};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::json;

use super::{Buffer, Segment, SegmentScratch};
use crate::event::row::{RowScratch, time_from_us};
use crate::event::{
    Actor, AuditEvent, EventId, Kind, SpanId, SpanInfo, Status, StatusSource, TraceId,
};

/// All samples began this long after the epoch, or up to [`SPAN_US`] later.
pub(crate) const START_US: i64 = 1_700_000_000_000_000;
pub(crate) const SPAN_US: i64 = 100;
pub(crate) const USERS: [&str; 4] = ["ann", "bob", "", "anonymous"];
pub(crate) const ACTORS: [&str; 5] = ["system", "api_key:k", "user:ann", "user:bob", "anonymous"];
pub(crate) const OPERATIONS: [&str; 4] = ["STORE", "RECALL", "FORGET", "RENAME"];
pub(crate) const ENTRY_IDS: [&str; 6] = ["e0", "e1", "e2", "e3", "e4", ""];
pub(crate) const KEYS: [&str; 5] = ["k", "k.x", "o", "o.p", "q"];
pub(crate) const EVENT_IDS: u128 = 40;

/// Appends the event as the worker would.
pub(crate) fn push(buffer: &mut Buffer, event: &AuditEvent) {
    push_taking(buffer, event, 1);
}

/// Appends an event that takes so many entries.
pub(crate) fn push_taking(buffer: &mut Buffer, event: &AuditEvent, places: u64) {
    buffer.push(&RowScratch::default().row(event, START_US), places);
}

/// All events of a segment.
pub(crate) fn events_of(segment: &Segment) -> Vec<AuditEvent> {
    let mut scratch = SegmentScratch::default();
    let event = |index| Some(segment.row(index, &mut scratch)?.to_event(segment.sequence(index)));
    let events: Vec<_> = (0..segment.len()).filter_map(event).collect();
    assert_eq!(events.len(), segment.events());
    events
}

pub(crate) fn event() -> impl Strategy<Value = AuditEvent> {
    (identity(), subject(), outcome(), metadata(), span()).prop_map(
        |(identity, subject, outcome, metadata, span)| {
            let mut event = AuditEvent::builder(subject.0).entry_ids(subject.3).build();
            (event.user_id, event.session_id, event.org_id) =
                (own(identity.0), own(identity.2), own(identity.3));
            event.actor = match (identity.1, &event.user_id) {
                (Some(actor), _) => Actor::from(actor),
                (None, Some(user)) => Actor::User(user.clone()),
                (None, None) => Actor::Anonymous,
            };
            (event.resource, event.source) = (own(subject.1), own(subject.2));
            event.kind = if outcome.0 == 0 { Kind::Log } else { Kind::Event };
            (event.status, event.status_source) = (outcome.1, outcome.2);
            event.error_message = own(outcome.3);
            (event.duration, event.busy) = (outcome.4, outcome.5);
            event.timestamp = time_from_us(START_US + outcome.6);
            event.recorded_at = Some(time_from_us(START_US + outcome.7));
            metadata.into_iter().for_each(|(key, value)| event.metadata.insert(key, value));
            (event.event_id, event.span) = span;
            event
        },
    )
}

type Text = Option<&'static str>;

fn own(text: Text) -> Option<String> {
    text.map(str::to_owned)
}

fn identity() -> impl Strategy<Value = (Text, Text, Text, Text)> {
    (
        of(select(&USERS[..])),
        weighted(0.3, select(&ACTORS[..])),
        of(select(&["s1", "s2"][..])),
        of(select(&["o1", "o2"][..])),
    )
}

fn subject() -> impl Strategy<Value = (&'static str, Text, Text, Vec<&'static str>)> {
    (
        select(&OPERATIONS[..]),
        of(select(&["r1", "r2"][..])),
        of(select(&["n1", "n2"][..])),
        vec(select(&ENTRY_IDS[..]), 0..4),
    )
}

type Outcome = (u8, Status, StatusSource, Text, Option<Duration>, Option<Duration>, i64, i64);

fn outcome() -> impl Strategy<Value = Outcome> {
    (
        0..6_u8,
        select(Status::ALL),
        select(StatusSource::ALL),
        of(select(&["connection timeout", "time is up", "refused", ""][..])),
        of(duration()),
        of(duration()),
        0..SPAN_US,
        0..SPAN_US,
    )
}

pub(crate) fn duration() -> impl Strategy<Value = Duration> {
    prop_oneof![
        9 => (0..20_u64).prop_map(Duration::from_nanos),
        1 => Just(Duration::from_nanos(u64::MAX)),
    ]
}

/// Values that are equal or not in every way there is.
pub(crate) fn value() -> impl Strategy<Value = serde_json::Value> {
    select(vec![
        json!(null),
        json!(true),
        json!(1),
        json!(1.0),
        json!(-1),
        json!("1"),
        json!("x"),
        json!(u64::MAX),
        json!([1, "x"]),
        json!({"p": 1}),
        json!({"p": {"q": "x"}, "p.q": 1}),
    ])
}

fn metadata() -> impl Strategy<Value = Vec<(&'static str, serde_json::Value)>> {
    vec((select(&KEYS[..]), value()), 0..4)
}

pub(crate) fn event_id() -> impl Strategy<Value = EventId> {
    (0..EVENT_IDS).prop_map(EventId::from_u128)
}

fn span() -> impl Strategy<Value = (EventId, Option<SpanInfo>)> {
    let info = (select(&["a", "b"][..]), select(&["t", "t::u"][..]), of(event_id()));
    let trace = (of(1..3_u8), of(1..3_u8));
    (event_id(), of((info, trace, vec(event_id(), 0..2)))).prop_map(|(id, info)| {
        let info = info.map(|((name, target, parent), (trace_id, span_id), links)| SpanInfo {
            name: name.into(),
            target: target.into(),
            parent,
            trace_id: trace_id.and_then(|byte| TraceId::from_bytes([byte; 16])),
            span_id: span_id.and_then(|byte| SpanId::from_bytes([byte; 8])),
            links,
        });
        (id, info)
    })
}

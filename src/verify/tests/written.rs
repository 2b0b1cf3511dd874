//! What the writer writes is what the verifier accepts, whatever an event was
//! made of.

use std::time::Duration;

use chrono::{DateTime, Utc};
use proptest::prelude::*;
use serde_json::Value;

use crate::event::encode::encode;
use crate::event::encode::split::Split;
use crate::event::row::RowScratch;
use crate::event::{
    Actor, AuditEvent, EventId, Operation, Sequence, SpanInfo, Status, StatusSource, within,
};
use crate::verify::canonical::check;

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        "[ \n\u{3000}\u{85}]{0,3}[a-zA-Zé]{0,3}[ \n\u{3000}\u{85}]{0,3}",
        any::<String>(),
        // What is cut may end in anything.
        (120..135_usize).prop_map(|at| format!("{} {}", "x".repeat(at), "y".repeat(10))),
        (0..3_usize).prop_map(|by| "\u{1}é".repeat(3_000 * by)),
    ]
}

fn operation() -> impl Strategy<Value = Operation> {
    let custom = |text: String| Operation::Custom(text.into());
    prop_oneof![text().prop_map(custom), text().prop_map(|text| Operation::from(text.as_str()))]
}

fn actor() -> impl Strategy<Value = Actor> {
    prop_oneof![
        text().prop_map(Actor::User),
        text().prop_map(Actor::ApiKey),
        text().prop_map(Actor::Other),
        Just(Actor::System),
    ]
}

fn time() -> impl Strategy<Value = DateTime<Utc>> {
    let any_second = (any::<i64>(), 0..2_000_000_000_u32)
        .prop_map(|(second, ns)| DateTime::from_timestamp(second >> 20, ns).unwrap_or_default());
    let end = 253_402_300_800_i64;
    prop_oneof![
        any_second,
        (-2..2_i64).prop_map(move |by| DateTime::from_timestamp(end + by, 999_999_999).unwrap()),
        (-2..2_i64).prop_map(|by| DateTime::from_timestamp(by - 62_167_219_200, 1).unwrap()),
        Just(DateTime::<Utc>::MIN_UTC),
        Just(DateTime::<Utc>::MAX_UTC),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        text().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (0..40_usize).prop_map(|depth| (0..depth).fold(Value::Null, |inner, _| vec![inner].into())),
        prop::collection::vec(text(), 0..4).prop_map(Value::from),
    ]
}

fn event() -> impl Strategy<Value = AuditEvent> {
    let texts = prop::collection::vec(prop::option::of(text()), 6);
    let lists = (
        prop::collection::vec(text(), 0..4),
        prop::collection::vec((text(), value()), 0..6),
        prop::option::of((text(), text())),
    );
    let status = (prop::sample::select(Status::ALL), prop::sample::select(StatusSource::ALL));
    (operation(), actor(), (time(), time()), texts, lists, status, any::<u64>()).prop_map(
        |(operation, actor, times, texts, (ids, fields, span), status, seconds)| {
            let builder = AuditEvent::builder("x");
            let mut event = fields
                .into_iter()
                .fold(builder, |event, (key, value)| event.metadata(key, value))
                .build();
            (event.operation, event.actor) = (operation, actor);
            (event.timestamp, event.recorded_at) = (times.0, Some(times.1));
            (event.status, event.status_source) = status;
            event.duration = Some(Duration::from_secs(seconds));
            event.entry_ids = ids;
            event.part = "2/3".parse().ok();
            event.span = span.map(|(name, target)| SpanInfo {
                name,
                target,
                parent: Some(EventId::from_u128(5)),
                trace_id: None,
                span_id: None,
                links: vec![EventId::from_u128(6)],
            });
            let places = [
                &mut event.user_id,
                &mut event.session_id,
                &mut event.org_id,
                &mut event.resource,
                &mut event.source,
                &mut event.error_message,
            ];
            for (place, text) in places.into_iter().zip(texts) {
                *place = text;
            }
            event
        },
    )
}

proptest! {
    #![proptest_config(crate::soak::cases(128))]

    #[test]
    fn whatever_is_recorded_by_hand_is_written_as_it_has_to_be(
        event in event(),
        recorded_us in any::<i64>(),
    ) {
        let split = Split::new(within(event));
        let mut scratch = RowScratch::default();
        let row = scratch.row(&split.event, recorded_us);
        for row in split.rows(row) {
            let mut entry = Vec::new();
            encode(&row, Sequence(7), &mut entry);
            let checked = check(&entry, 7).map(drop);
            prop_assert_eq!(checked, Ok(()), "{}", String::from_utf8_lossy(&entry));
            let mut read: AuditEvent = serde_json::from_slice(&entry).unwrap();
            let given = row.to_event(Sequence(7));
            // Years of nanoseconds are rounded.
            read.duration = given.duration;
            prop_assert_eq!(read, given);
        }
    }
}

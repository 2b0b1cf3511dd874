//! The bytes are serde's, and never too many.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::fit::fit;
use super::{Encoder, encode};
use crate::event::limits::{EVENT_BYTES_MAX, FIELD_BYTES_MAX};
use crate::event::packed::{PackedMetadata, ValueRef, write_field};
use crate::event::row::{Row, RowScratch, RowSpan};
use crate::event::{AuditEvent, EventId, Kind, Sequence, SpanId, Status, StatusSource, TraceId};

fn encoded(row: &Row<'_>, sequence: u64) -> String {
    let mut bytes = Vec::new();
    encode(row, Sequence(sequence), &mut bytes);
    String::from_utf8(bytes).unwrap()
}

fn by_serde(row: &Row<'_>, sequence: u64) -> String {
    serde_json::to_string(&row.to_event(Sequence(sequence))).unwrap()
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-z0-9_:-]{0,40}",
        2 => "\\PC{0,20}",
        1 => any::<String>(),
        1 => (0..40_usize).prop_map(|n| "\u{1}\"\\\n é".repeat(n)),
    ]
}

fn nested() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(20, 40, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((text(), inner), 0..4)
                .prop_map(|fields| fields.into_iter().collect()),
        ]
    })
}

#[derive(Debug, Clone)]
enum Field {
    Bool(bool),
    I64(i64),
    U64(u64),
    F64(f64),
    Str(String),
    Json(String),
}

fn field() -> impl Strategy<Value = Field> {
    let boundary = prop_oneof![Just(0_i64), Just(1), Just(-1)].prop_map(|by| (1_i64 << 53) + by);
    prop_oneof![
        any::<bool>().prop_map(Field::Bool),
        any::<i64>().prop_map(Field::I64),
        boundary.clone().prop_map(Field::I64),
        boundary.clone().prop_map(|number| Field::I64(-number)),
        boundary.prop_map(|number| Field::U64(number as u64)),
        any::<u64>().prop_map(Field::U64),
        (0..1_000_u64).prop_map(Field::U64),
        any::<f64>().prop_map(Field::F64),
        prop_oneof![Just(f64::NAN), Just(f64::INFINITY), Just(-0.0)].prop_map(Field::F64),
        decimal().prop_map(Field::F64),
        text().prop_map(Field::Str),
        Just(Field::Str("x".repeat(FIELD_BYTES_MAX + 1))),
        nested().prop_map(|value| Field::Json(value.to_string())),
        Just(Field::Json("[1,".into())),
    ]
}

/// Numbers of few digits, and their neighbours, of which some are written with
/// an exponent.
fn decimal() -> impl Strategy<Value = f64> {
    let number = (any::<i64>(), 0..63_u32, -12..4_i32, -1..=1_i64);
    number.prop_map(|(digits, bits, exponent, step)| {
        let number: f64 = format!("{}e{exponent}", digits >> bits).parse().unwrap();
        f64::from_bits(number.to_bits().saturating_add_signed(step))
    })
}

fn metadata() -> impl Strategy<Value = Vec<u8>> {
    let key = prop_oneof![3 => "[a-c]{0,2}", 1 => text()];
    prop::collection::vec((key, field()), 0..8).prop_map(|fields| {
        let mut bytes = Vec::new();
        for (key, field) in fields {
            let value = match &field {
                Field::Bool(value) => ValueRef::Bool(*value),
                Field::I64(value) => ValueRef::I64(*value),
                Field::U64(value) => ValueRef::U64(*value),
                Field::F64(value) => ValueRef::F64(*value),
                Field::Str(text) => ValueRef::Str(text),
                Field::Json(text) => ValueRef::Json(text),
            };
            write_field(&mut bytes, &key, value);
        }
        bytes
    })
}

fn event() -> impl Strategy<Value = AuditEvent> {
    let identity = (
        prop_oneof![Just("STORE".to_owned()), text()],
        prop::option::of(text()),
        prop::collection::vec(prop::option::of(text()), 6),
        prop::collection::vec(text(), 0..5),
    );
    let outcome =
        (prop::sample::select(Status::ALL), prop::sample::select(StatusSource::ALL), any::<bool>());
    (identity, outcome).prop_map(|((operation, actor, texts, ids), (status, source, is_log))| {
        let mut builder = AuditEvent::builder(operation.as_str()).entry_ids(ids).status(status);
        if let Some(actor) = actor {
            builder = builder.actor(actor);
        }
        let mut event = builder.build();
        event.status_source = source;
        event.kind = if is_log { Kind::Log } else { Kind::Event };
        let mut texts = texts.into_iter().flatten();
        event.user_id = texts.next();
        event.session_id = texts.next();
        event.org_id = texts.next();
        event.resource = texts.next();
        event.source = texts.next();
        event.error_message = texts.next();
        event
    })
}

fn time_us() -> impl Strategy<Value = i64> {
    prop_oneof![
        0..4_102_444_800_000_000_i64,
        any::<i64>(),
        -1_000_000..1_000_000_i64,
        253_402_300_799_000_000..253_402_300_801_000_000_i64,
    ]
}

fn duration_ns() -> impl Strategy<Value = Option<u64>> {
    let near = |at: u64| at.saturating_sub(20)..at.saturating_add(20);
    prop::option::of(prop_oneof![
        near(0),
        near(1_000_000),
        near(1_000_000_000_000_000),
        0..10_000_000_000_u64,
        (0..10_000_u64).prop_map(|ms| ms * 1_000_000),
        any::<u64>(),
    ])
}

proptest! {
    #![proptest_config(crate::soak::cases(256))]

    #[test]
    fn the_bytes_are_those_of_serde(
        event in event(),
        metadata in metadata(),
        times in (time_us(), time_us()),
        durations in (duration_ns(), duration_ns()),
        ids in prop::collection::vec(any::<u128>().prop_map(EventId::from_u128), 1..5),
        span in prop::option::of((text(), text(), any::<bool>())),
        sequence in any::<u64>(),
    ) {
        let mut scratch = RowScratch::default();
        let (links, parent) = ids.split_first().map(|(first, rest)| (rest, *first)).unwrap();
        let row = Row {
            event_id: parent,
            timestamp_us: times.0,
            recorded_us: times.1,
            duration_ns: durations.0,
            busy_ns: durations.1,
            metadata: PackedMetadata(&metadata),
            span: span.as_ref().map(|(name, target, has_parent)| RowSpan {
                name,
                target,
                parent: has_parent.then_some(parent),
                trace_id: TraceId::from_bytes(times.0.unsigned_abs().to_be_bytes().repeat(2).try_into().unwrap_or_default()),
                span_id: SpanId::from_bytes(times.1.to_be_bytes()),
                links,
            }),
            ..scratch.row(&event, 0)
        };
        prop_assert_eq!(encoded(&row, sequence), by_serde(&row, sequence));
    }

    #[test]
    fn what_an_encoder_remembers_changes_nothing(
        times in prop::collection::vec((time_us(), 0..2_500_000_i64), 1..8),
        ids in (any::<u128>(), prop::collection::vec((0..128_u32, 0..128_u32), 3)),
        statuses in prop::collection::vec(prop::sample::select(Status::ALL), 3),
    ) {
        let (event, mut scratch) = (AuditEvent::builder("store").build(), RowScratch::default());
        let mut encoder = Encoder::default();
        let id = |(one, other): (u32, u32)| EventId::from_u128(ids.0 ^ (1 << one) ^ (1 << other));
        for (time, later) in times {
            let each = [time, time.saturating_add(later), time];
            for ((timestamp_us, bits), status) in each.into_iter().zip(&ids.1).zip(&statuses) {
                let row = Row {
                    event_id: id(*bits),
                    timestamp_us,
                    status: *status,
                    ..scratch.row(&event, time.saturating_sub(later))
                };
                let mut bytes = Vec::new();
                encoder.encode(&row, Sequence(0), &mut bytes);
                prop_assert_eq!(String::from_utf8(bytes).unwrap(), encoded(&row, 0));
            }
        }
    }

    #[test]
    fn the_bytes_are_the_same_whatever_room_there_is_at_first(
        event in event(),
        least in 1..=7_usize,
    ) {
        let mut scratch = RowScratch::default();
        let row = scratch.row(&event, event.timestamp.timestamp_micros());
        let expected = by_serde(&row, 7);
        for room in (least..=expected.len() + 80).step_by(7) {
            let mut bytes = b"before".to_vec();
            Encoder::with_room(room).encode(&row, Sequence(7), &mut bytes);
            prop_assert!(bytes.strip_prefix(b"before") == Some(expected.as_bytes()), "{}", room);
        }
    }

    #[test]
    fn an_entry_is_whole_however_long_those_before_it_were(
        // Each length about as often as others of its number of digits.
        lengths in prop::collection::vec((0..5_u32, 1..10_usize), 1..40),
        spare in 0..3_usize,
    ) {
        let (mut encoder, mut scratch) = (Encoder::default(), RowScratch::default());
        let mut bytes = Vec::with_capacity(spare * 1_000);
        let mut expected = String::new();
        for (sequence, (digits, factor)) in (0..).zip(lengths) {
            let event = AuditEvent::builder("store")
                .error("\n".repeat(factor * 10_usize.pow(digits) / 10))
                .build();
            let row = scratch.row(&event, 0);
            encoder.encode(&row, Sequence(sequence), &mut bytes);
            expected += &by_serde(&row, sequence);
        }
        prop_assert!(bytes == expected.as_bytes());
    }

    #[test]
    fn no_entry_is_too_long_and_identity_stays(
        event in event(),
        sizes in prop::collection::vec(0..9_000_usize, 0..12),
        escaped in any::<bool>(),
        message in 0..9_000_usize,
    ) {
        let (mut event, message) = (event, message);
        let unit = if escaped { "\u{1}" } else { "x" };
        for (index, size) in sizes.into_iter().enumerate() {
            event.metadata.insert(index.to_string(), unit.repeat(size));
        }
        event.error_message = Some(unit.repeat(message));
        event.entry_ids.clear();
        event.recorded_at = Some(event.timestamp);
        let whole = event.clone();
        fit(&mut event, EVENT_BYTES_MAX);
        let mut scratch = RowScratch::default();
        let entry = encoded(&scratch.row(&event, 0), u64::MAX);
        prop_assert!(entry.len() <= EVENT_BYTES_MAX, "{}", entry.len());
        prop_assert_eq!(&event.actor, &whole.actor);
        prop_assert_eq!(&event.user_id, &whole.user_id);
        prop_assert_eq!(&event.org_id, &whole.org_id);
        if encoded(&scratch.row(&whole, 0), u64::MAX).len() + 128 < EVENT_BYTES_MAX {
            prop_assert_eq!(event, whole);
        }
    }
}

#[test]
fn the_last_field_goes_first_and_says_how_long_it_was() {
    let mut event = AuditEvent::builder("store").user_id("alice").build();
    for key in ["first", "second", "third", "fourth", "fifth"] {
        event.metadata.insert(key, "x".repeat(8_100));
    }
    event.metadata.insert("nested", json!(["y".repeat(3_000)]));
    fit(&mut event, EVENT_BYTES_MAX);
    let text = |key: &str| event.metadata.get(key).unwrap().as_str().unwrap().to_owned();
    assert_eq!(text("nested"), " …[cut from 3004 bytes]");
    assert_eq!(text("fifth"), " …[cut from 8100 bytes]");
    assert!(text("fourth").starts_with("xxx"), "only as much as has to go");
    assert!(text("fourth").ends_with("[cut from 8100 bytes]"));
    assert_eq!(text("first").len(), 8_100);
    assert_eq!(event.user_id.as_deref(), Some("alice"));
}

#[test]
fn a_cut_keeps_the_length_that_an_earlier_one_told() {
    let mut event = AuditEvent::builder("store").build();
    for key in ["a", "b", "c", "d", "e"] {
        event.metadata.insert(key, "x".repeat(20_000));
    }
    fit(&mut event, EVENT_BYTES_MAX);
    let last = event.metadata.get("e").unwrap().as_str().unwrap();
    assert!(last.ends_with("[cut from 20000 bytes]") && last.matches("cut").count() == 1, "{last}");
}

#[test]
fn what_does_not_fit_at_all_is_counted() {
    let mut event = AuditEvent::builder("store").entry_ids(["a"]).error("x".repeat(8_000)).build();
    for key in 0..2_000 {
        event.metadata.insert(format!("{key:020}"), true);
    }
    fit(&mut event, EVENT_BYTES_MAX);
    let dropped = event.metadata.get("audit.metadata_cut").unwrap().as_u64().unwrap();
    assert_eq!(event.metadata.iter().count() as u64 - 1 + dropped, 2_000);
    assert_eq!(event.entry_ids, ["a"], "not its business");
}

#[test]
fn identity_that_no_frame_could_hold_is_cut_and_marked() {
    let long = "\u{1}".repeat(FIELD_BYTES_MAX);
    let mut event = AuditEvent::builder("store").user_id(&long).session_id(&long).org_id(&long);
    event = event.resource(&long).source(&long).metadata("secret", &*long);
    let mut event = event.build();
    fit(&mut event, EVENT_BYTES_MAX);
    let entry = serde_json::to_vec(&event).unwrap();
    assert!(entry.len() < 65_000, "{}", entry.len());
    assert!(event.user_id.unwrap().ends_with("[cut from 8192 bytes]"));
}

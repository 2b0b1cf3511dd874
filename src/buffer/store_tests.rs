//! What the buffer promises its readers.

use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;

use super::head::Head;
use super::rotation::{Keep, Rotation, RotationPolicy};
use super::samples::{START_US, event, events_of, push, push_taking};
use super::{Buffer, BufferConfig, Segment, SegmentScratch, Snapshot};
use crate::event::packed::{PackedMetadata, ValueRef, write_field};
use crate::event::row::{RowScratch, time_from_us};
use crate::event::{AuditEvent, Sequence};

fn buffer(segment_events_max: usize) -> Buffer {
    Buffer::new(BufferConfig { segment_events_max, ..BufferConfig::default() })
}

fn sample() -> AuditEvent {
    let mut event = AuditEvent::builder("store").user_id("u").build();
    event.recorded_at = Some(time_from_us(START_US));
    event
}

fn held(snapshot: &Snapshot) -> Vec<AuditEvent> {
    snapshot.segments.iter().flat_map(|segment| events_of(segment)).collect()
}

fn pushed_again(buffer: &Buffer, segment: &Segment) -> Arc<Segment> {
    let (mut head, mut scratch) = (Head::new(), SegmentScratch::default());
    for index in 0..segment.len() {
        match segment.row(index, &mut scratch) {
            Some(row) => head.push(&buffer.hasher, &row),
            None => head.take_place(&buffer.hasher),
        }
    }
    head.freeze(segment.base())
}

fn assert_contiguous(snapshot: &Snapshot) {
    let mut next = snapshot.first_sequence;
    for segment in snapshot.segments.iter() {
        assert_eq!(segment.base(), next);
        assert!(segment.len() > 0);
        next = segment.end();
    }
    assert_eq!(next, snapshot.next_sequence);
}

proptest! {
    #[test]
    fn every_event_comes_back_exactly_once_and_as_it_was(
        events in vec((event(), prop::bool::weighted(0.3)), 0..200),
        segment_events_max in 1..60_usize,
    ) {
        let mut buffer = buffer(segment_events_max);
        let mut model = Vec::new();
        for (mut event, publish) in events {
            event.sequence = Some(buffer.next_sequence());
            push(&mut buffer, &event);
            model.push(event);
            if publish {
                let snapshot = buffer.publish();
                assert_contiguous(&snapshot);
                prop_assert_eq!(held(&snapshot), model.clone());
            }
        }
        let snapshot = buffer.publish();
        prop_assert_eq!(held(&snapshot), model);
        prop_assert!(snapshot.segments.iter().all(|segment| segment.len() <= segment_events_max));
    }

    #[test]
    fn merged_pieces_are_what_pushing_their_events_gives(
        events in vec((event(), 1..4_u64, prop::bool::weighted(0.3)), 0..120),
        agreeing: bool,
    ) {
        let mut buffer = buffer(64);
        for (mut event, mut places, publish) in events {
            if agreeing {
                (event, places) = (AuditEvent { metadata: event.metadata, ..sample() }, 1);
            }
            push_taking(&mut buffer, &event, places);
            if publish {
                buffer.publish();
            }
        }
        for segment in buffer.publish().segments.iter() {
            prop_assert_eq!(format!("{segment:?}"), format!("{:?}", pushed_again(&buffer, segment)));
        }
    }

    #[test]
    fn any_policy_keeps_its_promises(
        events in vec(event(), 1..200),
        events_max in prop::option::of(1..50_u64),
        bytes_max in prop::option::of(1..200_000_u64),
        age_max_us in prop::option::of(1..200_u64),
        enabled: bool,
        publish_every in 1..20_usize,
    ) {
        let policy = RotationPolicy {
            enabled,
            events_max,
            bytes_max,
            age_max: age_max_us.map(std::time::Duration::from_micros),
            daily_at_utc: None,
        };
        let mut buffer = Buffer::new(BufferConfig::from(&policy));
        let mut model: Vec<AuditEvent> = Vec::new();
        for (at, mut event) in events.into_iter().enumerate() {
            let now_us = START_US + 3 * at as i64;
            event.recorded_at = Some(time_from_us(now_us));
            event.sequence = Some(buffer.next_sequence());
            push(&mut buffer, &event);
            model.push(event);
            while let Some(rotation) = buffer.rotation_due(now_us, &policy) {
                let leaving = buffer.begin_release(rotation);
                prop_assert!(!leaving.is_empty(), "a rotation that is due releases something");
                let leaving: Vec<_> = leaving.iter().flat_map(|part| events_of(part)).collect();
                let rest = model.split_off(leaving.len());
                prop_assert_eq!(std::mem::replace(&mut model, rest), leaving.clone());
                prop_assert_eq!(buffer.finish_release(), leaving.len() as u64);
            }
            prop_assert_eq!(buffer.len(), model.len() as u64);
            if let (true, Some(max)) = (enabled, events_max) {
                prop_assert!(buffer.len() <= max);
                let others = bytes_max.is_some() || age_max_us.is_some();
                prop_assert!(others || !model.is_empty(), "the newest event stays");
            }
            if let (true, Some(age_us)) = (enabled, age_max_us) {
                let oldest = buffer.oldest_recorded_us().unwrap_or(now_us);
                prop_assert!(now_us - oldest <= (age_us + age_us.div_ceil(8)) as i64);
            }
            if !enabled && bytes_max.is_none() {
                prop_assert_eq!(buffer.len(), at as u64 + 1);
            }
            if at % publish_every == 0 {
                let snapshot = buffer.publish();
                assert_contiguous(&snapshot);
                prop_assert_eq!(held(&snapshot), model.clone());
            }
        }
    }
}

#[test]
fn a_key_given_twice_comes_back_twice() {
    let event = sample();
    let mut scratch = RowScratch::default();
    let mut row = scratch.row(&event, START_US);
    let mut packed = Vec::new();
    write_field(&mut packed, "k", ValueRef::F64(f64::NAN));
    write_field(&mut packed, "k", ValueRef::Str("x"));
    row.metadata = PackedMetadata(&packed);
    let mut buffer = buffer(10);
    buffer.push(&row, 1);
    let snapshot = buffer.publish();
    let mut scratch = SegmentScratch::default();
    let segments = snapshot.segments.to_vec();
    let back = segments[0].row(0, &mut scratch).unwrap();
    assert_eq!(back.metadata.0, packed);
}

#[test]
fn many_small_publications_leave_few_segments() {
    let mut buffer = buffer(65_535);
    let event = sample();
    for _ in 0..3_000 {
        push(&mut buffer, &event);
        buffer.publish();
    }
    let snapshot = buffer.publish();
    assert!(snapshot.segments.iter().count() <= 7 * 5, "{:?}", snapshot.segments);
    assert_eq!(snapshot.len(), 3_000);
}

#[test]
fn the_list_of_many_segments_is_that_of_the_buffer_after_every_change() {
    let mut buffer = buffer(2);
    let (mut model, mut first) = (Vec::new(), 0);
    for number in 0..400 {
        let mut event = AuditEvent::builder("store").user_id(format!("u{number}")).build();
        (event.recorded_at, event.sequence) =
            (Some(time_from_us(START_US)), Some(buffer.next_sequence()));
        push(&mut buffer, &event);
        model.push(event);
        if number % 150 == 149 {
            let keep = Keep::Events(100);
            buffer.begin_release(Rotation { keep, ..Rotation::REQUESTED });
            first += buffer.finish_release() as usize;
        }
        let snapshot = buffer.publish();
        assert_contiguous(&snapshot);
        assert_eq!(held(&snapshot), model[first..]);
    }
    assert!(first > 150 && buffer.publish().segments.iter().count() > 50);
}

#[test]
fn publishing_nothing_new_gives_the_same_snapshot() {
    let mut buffer = buffer(10);
    push(&mut buffer, &sample());
    let first = buffer.publish();
    assert!(Arc::ptr_eq(&first, &buffer.publish()));
    push(&mut buffer, &sample());
    assert!(!Arc::ptr_eq(&first, &buffer.publish()));
}

#[test]
fn what_leaves_stays_visible_until_it_is_gone_and_is_not_merged() {
    let mut buffer = buffer(100);
    let event = sample();
    for _ in 0..5 {
        push(&mut buffer, &event);
        buffer.publish();
    }
    let leaving = buffer.begin_release(Rotation::REQUESTED);
    assert_eq!(leaving.iter().map(|segment| segment.len()).sum::<usize>(), 5);
    assert!(buffer.begin_release(Rotation::REQUESTED).is_empty(), "one at a time");
    for _ in 0..40 {
        push(&mut buffer, &event);
        buffer.publish();
    }
    let during = buffer.publish();
    assert_eq!(during.len(), 45);
    for (kept, left) in during.segments.iter().zip(&leaving) {
        assert!(Arc::ptr_eq(kept, left));
    }
    assert_eq!(buffer.finish_release(), 5);
    assert_eq!((buffer.len(), buffer.publish().first_sequence), (40, 5));
    assert_eq!(buffer.finish_release(), 0);
    assert_eq!(during.len(), 45, "a snapshot does not change");
}

#[test]
fn releasing_frees_memory_and_sequences_go_on() {
    let mut buffer = buffer(1_000);
    let event = sample();
    for _ in 0..5_000 {
        push(&mut buffer, &event);
    }
    let full = buffer.bytes();
    let weak = Arc::downgrade(&buffer.begin_release(Rotation::REQUESTED)[0]);
    assert_eq!(buffer.finish_release(), 5_000);
    assert!(weak.upgrade().is_none());
    assert!(buffer.bytes() < full);
    assert_eq!((buffer.len(), buffer.oldest_recorded_us()), (0, None));
    push(&mut buffer, &event);
    assert_eq!(buffer.publish().segments.to_vec()[0].sequence(0), Sequence(5_000));
}

#[test]
fn no_segment_holds_events_of_two_days() {
    let policy = RotationPolicy {
        enabled: true,
        events_max: None,
        bytes_max: None,
        age_max: None,
        daily_at_utc: chrono::NaiveTime::from_hms_opt(2, 0, 0),
    };
    let mut buffer = Buffer::new(BufferConfig::from(&policy));
    let mut event = sample();
    for time in ["01:59:59.999999", "02:00:00", "02:00:01"] {
        event.recorded_at = Some(format!("2025-01-31T{time}Z").parse().unwrap());
        push(&mut buffer, &event);
    }
    let now_us = event.recorded_at.unwrap().timestamp_micros();
    let rotation = buffer.rotation_due(now_us, &policy).unwrap();
    let leaving = buffer.begin_release(rotation);
    assert_eq!(leaving.iter().map(|segment| segment.len()).sum::<usize>(), 1);
    buffer.finish_release();
    assert_eq!(buffer.rotation_due(now_us, &policy), None);
}

#[test]
fn a_head_with_much_text_is_frozen_early() {
    let mut buffer =
        Buffer::new(BufferConfig { segment_bytes_max: 10_000, ..BufferConfig::default() });
    for number in 0..10 {
        let mut event = sample();
        event.metadata.insert("text", format!("{number}").repeat(5_000));
        push(&mut buffer, &event);
    }
    assert!(buffer.publish().segments.to_vec().len() >= 5);
}

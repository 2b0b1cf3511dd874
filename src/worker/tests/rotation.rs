//! What leaves the buffer, and when.

use std::time::Duration;

use super::rig::Setup;
use crate::fs::faulty::Call;
use crate::worker::request::{Request, Rotated};

#[test]
fn without_a_directory_the_oldest_are_released_and_counted() {
    let mut rig = Setup { events_max: Some(8), exports: false, ..Setup::default() }.rig();
    rig.complete(20);
    rig.settle();
    let held = rig.held_ids();
    assert!((1..=8).contains(&held.len()), "{held:?}");
    assert_eq!(held, ((20 - held.len() as u64)..20).collect::<Vec<_>>());
    assert_eq!(rig.worker.rotated + held.len() as u64, 20);
    assert!(rig.worker.intake.losses.totals().is_empty());
}

#[test]
fn a4_without_rotation_nothing_is_released_by_count() {
    let mut rig = Setup { events_max: Some(8), enabled: false, ..Setup::default() }.rig();
    rig.complete(100);
    rig.settle();
    assert_eq!(rig.held_ids().len(), 100);
    assert!(rig.documents().is_empty());
}

#[test]
fn a4_without_rotation_the_byte_bound_still_holds() {
    let mut rig = Setup { bytes_max: Some(20_000), enabled: false, ..Setup::default() }.rig();
    for _ in 0..40 {
        rig.complete(50);
        rig.settle();
        assert!(rig.worker.trail.buffer.bytes() <= 20_000, "{}", rig.worker.trail.buffer.bytes());
    }
    let exported: usize = rig.documents().iter().map(|(_, ids)| ids.len()).sum();
    assert_eq!(exported + rig.held_ids().len(), 2_000);
    assert!(exported > 0);
}

#[test]
fn a3_a16_each_rotation_is_a_document_of_the_oldest() {
    let mut rig = Setup { events_max: Some(8), ..Setup::default() }.rig();
    rig.complete(9);
    rig.settle();
    let documents = rig.documents();
    assert_eq!(documents.len(), 1);
    assert_eq!(documents[0].0, "audit_2025_01_15_103045.json");
    let mut all = documents[0].1.clone();
    all.extend(rig.held_ids());
    assert_eq!(all, (0..9).collect::<Vec<_>>());
    assert!((1..=4).contains(&rig.held_ids().len()), "at most half of the bound stays");
}

#[test]
fn events_leave_when_they_are_old() {
    let mut rig = Setup { age_max: Some(Duration::from_secs(3_600)), ..Setup::default() }.rig();
    rig.complete(3);
    rig.settle();
    rig.clock.advance(Duration::from_secs(3_500));
    rig.complete(2);
    rig.settle();
    assert_eq!(rig.held_ids().len(), 5);
    rig.clock.advance(Duration::from_secs(200));
    rig.settle();
    assert_eq!(rig.held_ids(), [3, 4]);
    assert_eq!(rig.documents()[0].1, [0, 1, 2]);
}

#[test]
fn events_leave_at_the_time_of_the_day() {
    let mut rig = Setup { daily_at_utc: Some(chrono::NaiveTime::MIN), ..Setup::default() }.rig();
    rig.complete(3);
    rig.settle();
    rig.clock.advance(Duration::from_secs(13 * 3_600));
    rig.settle();
    assert_eq!(rig.held_ids().len(), 3, "23:30");
    rig.clock.advance(Duration::from_secs(3_600));
    rig.complete(1);
    rig.settle();
    assert_eq!(rig.held_ids(), [3], "00:30");
    assert_eq!(rig.documents()[0].1, [0, 1, 2]);
}

#[test]
fn a_rotation_by_hand_takes_everything() {
    let mut rig = Setup::default().rig();
    rig.complete(3);
    let rotated: Rotated = rig.ask(Request::Rotate).unwrap().unwrap();
    assert_eq!(rotated.events, 3);
    assert!(rotated.path.unwrap().ends_with("audit_2025_01_15_103045.json"));
    assert!(rig.held_ids().is_empty());
    let nothing: Rotated = rig.ask(Request::Rotate).unwrap().unwrap();
    assert_eq!(nothing, Rotated::default());
}

#[test]
fn a_rotation_by_hand_is_not_answered_by_one_that_was_under_way() {
    let mut rig = Setup { events_max: Some(8), ..Setup::default() }.rig();
    let _ = rig.fs.clone().failing(Call::Sync, 1);
    rig.complete(9);
    rig.settle();
    let (reply, mut answer) = tokio::sync::oneshot::channel();
    rig.send(Request::Rotate(reply));
    rig.settle();
    assert!(answer.try_recv().is_err(), "the count rotation waits for its retry");
    rig.clock.advance(Duration::from_secs(1));
    rig.settle();
    rig.settle();
    assert!(answer.try_recv().unwrap().unwrap().events > 0);
    assert!(rig.held_ids().is_empty());
}

#[test]
fn a_query_pages_on_while_events_leave() {
    let mut rig = Setup { events_max: Some(100), exports: false, ..Setup::default() }.rig();
    rig.complete(100);
    let before = rig.ask(Request::View).unwrap();
    rig.complete(100);
    let after = rig.ask(Request::View).unwrap();
    assert_eq!(before.next_sequence, 100);
    assert_eq!(before.first_sequence, 0, "a snapshot does not change any more");
    assert!(after.first_sequence > 0);
}

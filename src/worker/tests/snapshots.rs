//! The daily document that releases nothing.

use std::time::Duration;

use super::rig::Setup;
use crate::fs::faulty::Call;

const HOUR: Duration = Duration::from_secs(3_600);

#[test]
fn a25_at_midnight_a_document_is_written_and_nothing_released() {
    let mut rig = Setup { daily_snapshot: true, ..Setup::default() }.rig();
    rig.complete(2);
    rig.settle();
    rig.clock.advance(13 * HOUR);
    rig.settle();
    assert!(rig.documents().is_empty(), "23:30");
    rig.clock.advance(HOUR);
    rig.complete(1);
    rig.settle();
    assert_eq!(rig.documents(), [("audit_20250116.json".to_owned(), vec![0, 1])]);
    assert_eq!(rig.held_ids(), [0, 1, 2]);
}

#[test]
fn what_is_recorded_at_midnight_belongs_to_the_day_that_begins() {
    let mut rig =
        Setup { daily_snapshot: true, start: "2025-01-15T23:59:59.999998Z", ..Setup::default() }
            .rig();
    rig.complete(1);
    rig.settle();
    rig.complete(1);
    rig.settle();
    assert_eq!(rig.documents(), [("audit_20250116.json".to_owned(), vec![0])]);
}

#[test]
fn a25_missed_midnights_are_caught_up() {
    let mut rig = Setup { daily_snapshot: true, ..Setup::default() }.rig();
    rig.complete(1);
    rig.settle();
    rig.clock.advance(72 * HOUR);
    rig.settle();
    let names: Vec<_> = rig.documents().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["audit_20250116.json", "audit_20250117.json", "audit_20250118.json"]);
}

#[test]
fn a25_a_document_that_fails_is_tried_again() {
    let mut rig = Setup { daily_snapshot: true, ..Setup::default() }.rig();
    let _ = rig.fs.clone().always_failing(Call::Sync);
    rig.complete(1);
    rig.clock.advance(14 * HOUR);
    rig.settle();
    assert!(rig.documents().is_empty());
    rig.fs.repair();
    rig.clock.advance(Duration::from_secs(2));
    rig.settle();
    assert_eq!(rig.documents().len(), 1);
}

#[test]
fn a_clock_that_is_far_ahead_for_a_moment_costs_a_few_documents_and_no_later_ones() {
    let mut rig = Setup { daily_snapshot: true, ..Setup::default() }.rig();
    rig.complete(1);
    rig.settle();
    rig.clock.step_wall("2026-01-15T10:31:00Z".parse().unwrap());
    rig.settle();
    assert_eq!(rig.documents().len(), 7);
    rig.clock.step_wall("2025-01-15T10:32:00Z".parse().unwrap());
    rig.settle();
    rig.clock.advance(14 * HOUR);
    rig.settle();
    let names: Vec<_> = rig.documents().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), 8);
    assert!(names.contains(&"audit_20250116.json".to_owned()), "{names:?}");
}

#[test]
fn a_clock_that_passes_midnight_twice_has_one_document_of_it() {
    let mut rig = Setup { daily_snapshot: true, ..Setup::default() }.rig();
    rig.complete(1);
    rig.clock.advance(14 * HOUR);
    rig.settle();
    rig.clock.step_wall("2025-01-15T23:59:00Z".parse().unwrap());
    rig.settle();
    rig.clock.advance(HOUR);
    rig.settle();
    assert_eq!(rig.documents().len(), 1);
}

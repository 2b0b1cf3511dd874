//! Whether a log was closed: the mark at its end, and what opening says of it.

use super::rig::{Model, active, open};
use crate::fs::simulated::SimulatedFs;

/// A log of three entries that was closed.
fn closed_log() -> (SimulatedFs, Model) {
    let (fs, mut model) = (SimulatedFs::default(), Model::default());
    let (mut journal, _) = model.open(&fs).unwrap();
    (0..3).for_each(|_| model.append(&mut journal).unwrap());
    model.acknowledged = journal.close(0).unwrap().0;
    (fs, model)
}

#[test]
fn a_log_that_is_written_to_again_and_killed_was_not_closed() {
    let (fs, mut model) = closed_log();
    let (mut journal, report) = model.open(&fs).unwrap();
    assert!(report.was_closed);
    model.append(&mut journal).unwrap();
    model.sync(&mut journal).unwrap();
    drop(journal);
    assert!(!model.open(&fs).unwrap().1.was_closed);
}

#[test]
fn a_log_to_which_nothing_was_added_stays_closed_with_one_mark() {
    let (fs, mut model) = closed_log();
    let whole = fs.bytes(&active(&fs));
    drop(open(&fs).unwrap());
    open(&fs).unwrap().0.close(0).unwrap();
    assert_eq!(fs.bytes(&active(&fs)), whole);
    let (mut journal, report) = model.open(&fs).unwrap();
    assert!(report.was_closed);
    model.append(&mut journal).unwrap();
    journal.close(0).unwrap();
    assert!(open(&fs).unwrap().1.was_closed);
}

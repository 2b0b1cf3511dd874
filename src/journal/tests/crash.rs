//! Power cuts: at every step of a history, and at every step of recovery.

use super::rig::{HISTORY, Model, open, with_and_without_room};
use crate::fs::simulated::SimulatedFs;

/// Ways in which each power cut is resolved.
const SEEDS: u64 = 24;

fn steps_of_history() -> u64 {
    let fs = SimulatedFs::default();
    Model::default().run(&fs, HISTORY).unwrap();
    fs.disk().calls_total()
}

/// Runs the history up to a step. The disk is left with the power still on.
fn run_until(step: u64) -> (SimulatedFs, Model) {
    let (fs, mut model) = (SimulatedFs::default(), Model::default());
    fs.disk().crash_at = Some(step);
    let _ = model.run(&fs, HISTORY);
    (fs, model)
}

#[test]
fn a_history_without_a_crash_is_read_as_it_was_written() {
    with_and_without_room(|| {
        let (fs, mut model) = (SimulatedFs::default(), Model::default());
        model.run(&fs, HISTORY).unwrap();
        assert_eq!(model.appended.len(), 48);
        assert_eq!(model.acknowledged, 48);
        assert!(model.check(&fs).cuts.is_empty());
    });
}

#[test]
fn a_power_cut_at_any_step_loses_nothing_acknowledged_and_leaves_a_prefix() {
    with_and_without_room(|| {
        let steps = steps_of_history();
        let (mut cuts, mut kept_more) = (0, 0);
        for step in 1..=steps + 1 {
            let (fs, model) = run_until(step);
            for seed in 0..SEEDS {
                let (fs, mut model) = (fs.fork(), model.clone());
                let acknowledged = model.acknowledged;
                fs.disk().crash(seed);
                let report = model.check(&fs);
                cuts += report.cuts.len();
                kept_more += u64::from(report.size > acknowledged);
            }
        }
        assert!(steps > 60, "{steps} steps");
        assert!(cuts > 50, "{cuts} torn tails");
        assert!(kept_more > 50, "{kept_more} times more than acknowledged");
    });
}

/// What is acknowledged from here on survives a power cut.
fn goes_on(model: &mut Model, fs: &SimulatedFs) {
    let (mut journal, _) = model.open(fs).unwrap();
    (0..3).for_each(|_| model.append(&mut journal).unwrap());
    model.sync(&mut journal).unwrap();
    drop(journal);
    fs.disk().crash(0);
    model.check(fs);
}

#[test]
fn a_kill_at_any_step_loses_nothing_acknowledged_not_even_to_a_later_power_cut() {
    with_and_without_room(|| {
        for step in 1..=steps_of_history() {
            let (fs, mut model) = run_until(step);
            fs.disk().kill();
            goes_on(&mut model.clone(), &fs.fork());
            // What is announced on opening has to last, too.
            drop(model.open(&fs).unwrap());
            fs.disk().crash(0);
            model.check(&fs);
        }
    });
}

#[test]
fn a_large_group_with_many_holes_is_a_torn_tail() {
    with_and_without_room(|| {
        let (fs, mut model) = (SimulatedFs::default(), Model::default());
        let (mut journal, _) = model.open(&fs).unwrap();
        (0..400).for_each(|_| model.append(&mut journal).unwrap());
        // Written, and not synced.
        let at = fs.disk().calls_total() + 2;
        fs.disk().crash_at = Some(at);
        assert!(journal.sync(0).is_err());
        drop(journal);
        for seed in 2..200 {
            let (fs, mut model) = (fs.fork(), model.clone());
            fs.disk().crash(seed);
            model.check(&fs);
        }
    });
}

#[test]
fn a_crash_in_recovery_changes_nothing_about_its_result() {
    with_and_without_room(|| {
        let mut crashes = 0;
        for step in 1..=steps_of_history() {
            let (fs, model) = run_until(step);
            for seed in 1..SEEDS / 4 {
                let crashed = fs.fork();
                crashed.disk().crash(seed);
                let whole = crashed.fork();
                let expected = model.clone().open(&whole).unwrap().1;
                for again in 1..=whole.disk().calls_total() {
                    let fs = crashed.fork();
                    fs.disk().crash_at = Some(again);
                    let _ = model.clone().open(&fs);
                    let killed = fs.fork();
                    killed.disk().kill();
                    let (journal, report) = open(&killed).unwrap();
                    drop(journal);
                    assert_eq!(
                        report.cuts, expected.cuts,
                        "killed: step {step} seed {seed} {again}"
                    );
                    killed.disk().crash(0);
                    assert_eq!(open(&killed).unwrap().1.cuts, expected.cuts);
                    goes_on(&mut model.clone(), &killed);
                    fs.disk().crash(seed + again);
                    let mut model = model.clone();
                    let (journal, report) = model.open(&fs).unwrap();
                    drop(journal);
                    assert_eq!(report.cuts, expected.cuts, "step {step} seed {seed} again {again}");
                    assert_eq!(report.size, expected.size);
                    model.check(&fs);
                    crashes += 1;
                }
            }
        }
        assert!(crashes > 500, "{crashes}");
    });
}

#[test]
fn without_syncing_the_same_cuts_lose_entries() {
    with_and_without_room(|| {
        // Shows that the tests above can fail.
        let lost = (1..=steps_of_history()).filter(|step| {
            let (fs, mut model) = (SimulatedFs::default(), Model::default());
            fs.disk().syncs_lie = true;
            fs.disk().crash_at = Some(*step);
            let _ = model.run(&fs, HISTORY);
            fs.disk().crash(0);
            fs.disk().syncs_lie = false;
            let opened = std::panic::catch_unwind(move || model.check(&fs));
            opened.is_err()
        });
        assert!(lost.count() > 10);
    });
}

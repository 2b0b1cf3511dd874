//! Power cuts and kills at every step of a history: nothing acknowledged or
//! signed is lost, and whatever is found is consistent in itself.

use super::rig::*;
use crate::error::Result;
use crate::fs::simulated::SimulatedFs;

const SEEDS: u64 = 6;

#[derive(Debug, Clone, Copy)]
enum Deed {
    Append(u64),
    Sync,
    Checkpoint,
    Seal,
    Reopen,
    Abandon,
}

/// Over the borders of tiles and segments, opened in every way.
const HISTORY: &[Deed] = &[
    Deed::Append(3),
    Deed::Checkpoint,
    Deed::Append(200),
    Deed::Sync,
    Deed::Append(100),
    Deed::Checkpoint,
    Deed::Seal,
    Deed::Append(300),
    Deed::Checkpoint,
    Deed::Reopen,
    Deed::Append(20),
    Deed::Sync,
    Deed::Seal,
    Deed::Append(5),
    Deed::Abandon,
    Deed::Append(260),
    Deed::Checkpoint,
];

fn run(model: &mut Model, fs: &SimulatedFs) -> Result<()> {
    let mut ledger = model.open(fs)?;
    for deed in HISTORY {
        match *deed {
            Deed::Append(count) => (0..count).try_for_each(|_| model.append(&mut ledger))?,
            Deed::Sync => model.sync(&mut ledger)?,
            Deed::Checkpoint => model.checkpoint(&mut ledger)?,
            Deed::Seal => model.seal(&mut ledger)?,
            Deed::Reopen => {
                model.close(ledger)?;
                ledger = model.open(fs)?;
            }
            Deed::Abandon => {
                drop(ledger);
                ledger = model.open(fs)?;
            }
        }
    }
    Ok(())
}

fn steps() -> u64 {
    let fs = SimulatedFs::default();
    run(&mut Model::default(), &fs).unwrap();
    fs.disk().calls_total()
}

/// Runs the history up to a step. The disk is left with the power still on.
fn run_until(step: u64) -> (SimulatedFs, Model) {
    let (fs, mut model) = (SimulatedFs::default(), Model::default());
    fs.disk().crash_at = Some(step);
    let _ = run(&mut model, &fs);
    (fs, model)
}

#[test]
fn a_history_without_a_crash_is_what_it_should_be() {
    let (fs, mut model) = (SimulatedFs::default(), Model::default());
    run(&mut model, &fs).unwrap();
    assert_eq!((model.acknowledged, model.signed), (883, 883));
    model.check(&fs);
}

#[test]
fn a_power_cut_at_any_step_leaves_a_log_with_its_tree_and_its_checkpoints() {
    let steps = steps();
    assert!(steps > 100, "{steps}");
    for step in 1..=steps + 1 {
        let (fs, model) = run_until(step);
        for seed in 0..SEEDS {
            let (fs, mut model) = (fs.fork(), model.clone());
            fs.disk().crash(seed);
            model.check(&fs);
        }
    }
}

#[test]
fn a_kill_at_any_step_and_a_power_cut_later_do_so_too() {
    for step in 1..=steps() {
        let (fs, mut model) = run_until(step);
        fs.disk().kill();
        model.check(&fs);
        let mut ledger = model.open(&fs).unwrap();
        (0..300).for_each(|_| model.append(&mut ledger).unwrap());
        model.seal(&mut ledger).unwrap();
        model.checkpoint(&mut ledger).unwrap();
        drop(ledger);
        fs.disk().crash(step % SEEDS);
        // Sealing has made the tiles durable, those of the killed one too.
        let (ledger, opened) = open(&fs).unwrap();
        assert_eq!(opened.rebuilt_tiles, 0, "step {step}");
        drop(ledger);
        model.check(&fs);
    }
}

#[test]
fn a_crash_while_opening_changes_nothing_about_the_result() {
    let steps = steps();
    for step in (1..=steps).step_by(3) {
        let (fs, model) = run_until(step);
        fs.disk().crash(step % SEEDS);
        let whole = fs.fork();
        drop(model.clone().open(&whole).unwrap());
        for again in 1..=whole.disk().calls_total() {
            let fs = fs.fork();
            fs.disk().crash_at = Some(again);
            let _ = model.clone().open(&fs);
            fs.disk().crash(again % SEEDS);
            model.clone().check(&fs);
        }
    }
}

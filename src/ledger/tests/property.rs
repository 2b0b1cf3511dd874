//! Random histories against a plain model: entries, roots and checkpoints are
//! always those of a prefix of what was appended, and nothing acknowledged or
//! signed is missing from it.

use proptest::prelude::*;

use super::rig::*;
use crate::error::Result;
use crate::fs::simulated::{Call, SimulatedFs};
use crate::ledger::Ledger;

#[derive(Debug, Clone)]
enum Step {
    Append(u64),
    Sync,
    Checkpoint,
    Seal,
    Close,
    Kill,
    Crash(u64),
    CrashAfter(u64, u64),
    Fail(Call, u64),
    Rotate,
    LoseTree,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let call = prop::sample::select(vec![
        Call::Write,
        Call::Truncate,
        Call::Rename,
        Call::Remove,
        Call::SyncDirectory,
        Call::Create,
    ]);
    let step = prop_oneof![
        8 => (1..200_u64).prop_map(Step::Append),
        4 => Just(Step::Sync),
        5 => Just(Step::Checkpoint),
        3 => Just(Step::Seal),
        1 => Just(Step::Close),
        1 => Just(Step::Kill),
        1 => any::<u64>().prop_map(Step::Crash),
        2 => (1..25_u64, any::<u64>()).prop_map(|(after, seed)| Step::CrashAfter(after, seed)),
        2 => (call, 1..6_u64).prop_map(|(call, nth)| Step::Fail(call, nth)),
        1 => Just(Step::Rotate),
        1 => Just(Step::LoseTree),
    ];
    prop::collection::vec(step, 1..30)
}

struct World {
    fs: SimulatedFs,
    model: Model,
    ledger: Option<Ledger>,
    /// How the power will be cut that is going to fail.
    seed: Option<u64>,
}

impl World {
    fn run(&mut self, step: &Step) {
        match *step {
            Step::Append(count) => {
                self.with(|model, ledger| (0..count).try_for_each(|_| model.append(ledger)))
            }
            Step::Sync => self.with(Model::sync),
            Step::Checkpoint => self.with(Model::checkpoint),
            Step::Seal => self.with(Model::seal),
            Step::Rotate => self.with(|model, ledger| {
                ledger.prepare_key(None, 0)?;
                model.append(ledger)?;
                let rotated = ledger.rotate_key(0).map(drop);
                model.checkpoint(ledger)?;
                rotated
            }),
            Step::Close => {
                let Some(ledger) = self.ledger.take() else { return };
                let closed = self.model.close(ledger);
                self.after(closed);
            }
            Step::Kill => {
                self.ledger = None;
                self.fs.disk().kill();
                self.open();
            }
            Step::Crash(seed) => self.crash(seed),
            Step::CrashAfter(after, seed) => {
                let at = self.fs.disk().calls_total() + after;
                self.fs.disk().crash_at = Some(at);
                self.seed = Some(seed);
            }
            Step::Fail(call, nth) => {
                let mut disk = self.fs.disk();
                let nth = disk.calls.get(&call).unwrap_or(&0) + nth;
                disk.faults.clear();
                disk.faults.push((call, nth, std::io::ErrorKind::Other));
            }
            Step::LoseTree => {
                self.ledger = None;
                self.fs.disk().kill();
                self.fs.remove_tree(&directory().join("tree"));
                self.open();
            }
        }
    }

    fn with(&mut self, run: impl FnOnce(&mut Model, &mut Ledger) -> Result<()>) {
        let Some(ledger) = &mut self.ledger else { return };
        let result = run(&mut self.model, ledger);
        self.after(result);
    }

    /// After an error: a poisoned log is opened again; after a power cut, too.
    fn after(&mut self, result: Result<()>) {
        if self.fs.disk().has_crashed() {
            let seed = self.seed.take().unwrap_or(0);
            self.crash(seed);
        } else if self.ledger.as_ref().is_none_or(Ledger::is_poisoned) {
            self.open();
        }
        drop(result);
    }

    fn crash(&mut self, seed: u64) {
        self.ledger = None;
        self.fs.disk().crash(seed);
        self.open();
    }

    fn open(&mut self) {
        self.ledger = None;
        match self.model.open(&self.fs) {
            Ok(ledger) => self.ledger = Some(ledger),
            Err(error) => {
                let mut disk = self.fs.disk();
                let is_planned = disk.has_crashed() || !disk.faults.is_empty();
                disk.faults.clear();
                drop(disk);
                assert!(is_planned, "{error}");
                self.after(Err(error));
            }
        }
    }
}

proptest! {
    #![proptest_config(crate::soak::cases(200))]

    #[test]
    fn whatever_happens_the_log_is_a_prefix_with_its_tree(steps in steps()) {
        let fs = SimulatedFs::default();
        let mut world = World { fs, model: Model::default(), ledger: None, seed: None };
        world.open();
        for step in &steps {
            world.run(step);
        }
        world.crash(0);
        world.ledger = None;
        world.fs.disk().kill();
        world.model.check(&world.fs);
    }
}

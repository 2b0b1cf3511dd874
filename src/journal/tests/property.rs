//! Random histories against a plain model: whatever happens, everything
//! acknowledged is there, a prefix of what was appended, and nothing else.

use proptest::prelude::*;

use super::rig::{Model, read, with_and_without_room};
use crate::fs::simulated::{Call, SimulatedFs};
use crate::journal::Journal;

#[derive(Debug, Clone)]
enum Step {
    Append(usize),
    Sync,
    /// Syncs, and looks for the outcome later.
    Begin,
    Seal,
    Close,
    Kill,
    Crash(u64),
    CrashAfter(u64, u64),
    Fail(Call, u64),
    ShortWrites(bool),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let call = prop::sample::select(vec![
        Call::Write,
        Call::Sync,
        Call::Truncate,
        Call::Rename,
        Call::Remove,
        Call::SyncDirectory,
        Call::Create,
    ]);
    let step = prop_oneof![
        6 => (1..12_usize).prop_map(Step::Append),
        5 => Just(Step::Sync),
        2 => Just(Step::Begin),
        2 => Just(Step::Seal),
        1 => Just(Step::Close),
        1 => Just(Step::Kill),
        1 => any::<u64>().prop_map(Step::Crash),
        2 => (1..12_u64, any::<u64>()).prop_map(|(after, seed)| Step::CrashAfter(after, seed)),
        2 => (call, 1..6_u64).prop_map(|(call, nth)| Step::Fail(call, nth)),
        1 => any::<bool>().prop_map(Step::ShortWrites),
    ];
    prop::collection::vec(step, 1..40)
}

struct World {
    fs: SimulatedFs,
    model: Model,
    journal: Option<Journal>,
    /// How the power will be cut that is going to fail.
    seed: Option<u64>,
}

impl World {
    fn run(&mut self, step: &Step) {
        match *step {
            Step::Append(count) => {
                for _ in 0..count {
                    let result = self.journal.as_mut().map(|j| self.model.append(j));
                    self.after(result.unwrap_or(Ok(())));
                }
            }
            Step::Sync => {
                let result = self.journal.as_mut().map(|j| self.model.sync(j));
                self.after(result.unwrap_or(Ok(())));
            }
            Step::Begin => {
                let Some(journal) = &mut self.journal else { return };
                let result = journal.begin_sync(0);
                self.model.acknowledged = journal.synced_size().0;
                self.after(result.map(drop));
            }
            Step::Seal => {
                let Some(journal) = &mut self.journal else { return };
                let result = journal.seal(0).map(drop);
                self.model.acknowledged = journal.synced_size().0;
                self.after(result);
            }
            Step::Close => {
                let Some(journal) = self.journal.take() else { return };
                if let Ok(synced) = journal.close(0) {
                    self.model.acknowledged = synced.0;
                }
                self.open();
            }
            Step::Kill => {
                self.journal = None;
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
                // Two at once: after a failed sync, either marking the log or
                // cutting it back has to work.
                if disk.faults.len() == 2 {
                    disk.faults.remove(0);
                }
                disk.faults.push((call, nth, std::io::ErrorKind::Other));
            }
            Step::ShortWrites(are_short) => self.fs.disk().writes_are_short = are_short,
        }
    }

    /// After an error: a poisoned log is opened again; after a power cut, too.
    fn after(&mut self, result: crate::journal::Result<()>) {
        if result.is_ok() {
            return;
        }
        if self.fs.disk().has_crashed() {
            let seed = self.seed.take().unwrap_or(0);
            self.crash(seed);
        } else if self.journal.as_ref().is_none_or(Journal::is_poisoned) {
            self.open();
        }
    }

    fn crash(&mut self, seed: u64) {
        self.journal = None;
        self.fs.disk().crash(seed);
        self.open();
        self.check();
    }

    fn open(&mut self) {
        self.journal = None;
        let opened = self.model.open(&self.fs);
        match opened {
            Ok((journal, _)) => self.journal = Some(journal),
            Err(error) => {
                assert!(error.corruption().is_none(), "{error}");
                self.fs.disk().faults.clear();
                self.after(Err(error));
            }
        }
    }

    /// Beside the writer, which may have entries that nobody can read yet.
    fn check(&self) {
        let read = read(&self.fs).unwrap();
        assert!(read.len() as u64 >= self.model.acknowledged);
        assert_eq!(read, self.model.appended[..read.len()]);
    }
}

proptest! {
    #![proptest_config(crate::soak::cases(400))]

    #[test]
    fn everything_acknowledged_is_there_and_nothing_else(steps in steps()) {
        with_and_without_room(|| {
            let fs = SimulatedFs::default();
            let mut world = World { fs, model: Model::default(), journal: None, seed: None };
            world.open();
            for step in &steps {
                world.run(step);
            }
            world.crash(0);
            world.model.clone().check(&{
                world.journal = None;
                world.fs.fork()
            });
        });
    }
}

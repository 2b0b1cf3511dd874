//! Random histories with power cuts against the promises: nothing acknowledged
//! is lost, what is found is what was appended, sums add up.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::journal_rig::{Disk, event, events, gaps};
use super::rig::Rig;
use crate::clock::ManualClock;
use crate::event::{AuditEvent, EventId};
use crate::fs::simulated::Call;
use crate::worker::request::Request;

#[derive(Debug, Clone)]
enum Step {
    Complete(u64),
    Record(u64),
    Begin,
    Turn,
    Advance(u64),
    /// The machine stops after so many calls.
    Stop(u64),
    Fault(Call, u64, std::io::ErrorKind),
    Fill(usize),
    Empty,
    /// The power is cut and comes back.
    Cut(u64),
    Kill,
    Close,
}

fn step() -> impl Strategy<Value = Step> {
    use std::io::ErrorKind::{Other, StorageFull};
    let call = prop::sample::select(vec![
        Call::Write,
        Call::Sync,
        Call::Create,
        Call::Rename,
        Call::SyncDirectory,
        Call::Truncate,
    ]);
    prop_oneof![
        6 => (1..30_u64).prop_map(Step::Complete),
        6 => (1..5_u64).prop_map(Step::Record),
        2 => Just(Step::Begin),
        4 => Just(Step::Turn),
        6 => (1..40_u64).prop_map(Step::Advance),
        1 => (100..3_000_u64).prop_map(Step::Advance),
        2 => (1..30_u64).prop_map(Step::Stop),
        1 => (call, 1..3_u64, prop::sample::select(vec![Other, StorageFull]))
            .prop_map(|(call, nth, kind)| Step::Fault(call, nth, kind)),
        1 => (0..30_000_usize).prop_map(Step::Fill),
        2 => Just(Step::Empty),
        2 => (0..20_u64).prop_map(Step::Cut),
        1 => Just(Step::Kill),
        1 => Just(Step::Close),
    ]
}

struct World {
    disk: Disk,
    clock: Arc<ManualClock>,
    rig: Option<Rig>,
    next: u64,
    acknowledged: BTreeMap<EventId, u64>,
}

impl World {
    fn run(&mut self, step: Step) {
        let Some(rig) = &mut self.rig else { return };
        match step {
            Step::Complete(count) => rig.complete(count),
            Step::Record(count) => self.record(count),
            Step::Begin => {
                let begun = rig.ask(|reply| Request::Begin(event(self.next), reply));
                self.next += 1;
                if let Some(Ok(begun)) = begun {
                    self.acknowledged.insert(begun.event_id, begun.sequence.0);
                }
            }
            Step::Turn => rig.settle(),
            Step::Advance(ms) => rig.pass(ms),
            Step::Stop(calls) => {
                let mut disk = self.disk.fs.disk();
                disk.crash_at = Some(disk.calls_total() + calls);
            }
            Step::Fault(call, nth, kind) => {
                let mut disk = self.disk.fs.disk();
                let at = disk.calls.get(&call).copied().unwrap_or_default() + nth;
                disk.faults.push((call, at, kind));
            }
            Step::Fill(bytes) => self.disk.fill(bytes),
            Step::Empty => self.disk.empty(),
            Step::Cut(seed) => self.end(|disk| disk.fs.disk().crash(seed)),
            Step::Kill if self.disk.fs.disk().has_crashed() => {
                self.end(|disk| disk.fs.disk().crash(2))
            }
            Step::Kill => self.end(|disk| disk.fs.disk().kill()),
            Step::Close => {
                rig.ask(Request::shutdown);
                let seed = self.next;
                self.end(|disk| {
                    let mut disk = disk.fs.disk();
                    if disk.has_crashed() { disk.crash(seed) } else { disk.kill() }
                });
            }
        }
        self.check();
    }

    fn record(&mut self, count: u64) {
        let Some(rig) = &mut self.rig else { return };
        let mut replies = Vec::new();
        for _ in 0..count {
            let event = event(self.next);
            replies.push((event.event_id, rig.begin_to_ask(|reply| Request::Record(event, reply))));
            self.next += 1;
        }
        rig.settle();
        for (id, mut reply) in replies {
            if let Ok(stored) = reply.try_recv().unwrap() {
                self.acknowledged.insert(id, stored.sequence.0);
            }
        }
    }

    /// Ends the process, and begins another when there is room.
    fn end(&mut self, how: impl FnOnce(&Disk)) {
        drop(self.rig.take());
        how(&self.disk);
        self.disk.empty();
        let rig = self.disk.rig(Some(&self.clock));
        self.rig = Some(rig);
        self.check_log();
    }

    /// Nothing acknowledged is lost, and the buffer holds what is in the log.
    fn check_log(&mut self) {
        let entries = self.disk.entries();
        for (id, sequence) in &self.acknowledged {
            let entry = entries.get(*sequence as usize);
            assert_eq!(entry.map(|entry| entry.event_id), Some(*id), "lost: {sequence}");
        }
        let Some(rig) = &mut self.rig else { return };
        let held: Vec<AuditEvent> = rig.held();
        let from = held[0].sequence.unwrap().0 as usize;
        assert_eq!(held, entries[from..]);
    }

    fn check(&mut self) {
        let Some(rig) = &mut self.rig else { return };
        if let Some(size) = rig.worker.trail.keeper.size() {
            assert_eq!(size, rig.worker.trail.buffer.next_sequence());
        }
    }
}

proptest! {
    #![proptest_config(crate::soak::cases(96))]

    #[test]
    fn nothing_acknowledged_is_lost(steps in prop::collection::vec(step(), 1..50)) {
        let disk = Disk::default();
        let rig = disk.rig(None);
        let clock = rig.clock.clone();
        let mut world = World {
            disk,
            clock,
            rig: Some(rig),
            next: 1_000_000,
            acknowledged: BTreeMap::new(),
        };
        for step in steps {
            world.run(step);
        }
        world.run(Step::Cut(0));
    }

    #[test]
    fn what_completes_is_written_or_stands_in_a_gap(
        floods in prop::collection::vec((1..150_u64, 0..60_u64, any::<bool>(), 0..60_000_usize), 1..25),
    ) {
        let disk = Disk::default();
        let mut rig = disk.rig(None);
        for (count, ms, is_full, bytes) in floods {
            if is_full { disk.fill(bytes) } else { disk.empty() }
            rig.complete(count);
            rig.pass(ms);
        }
        rig.settle();
        let lost: u64 = rig.worker.intake.losses.totals().values().sum();
        prop_assert_eq!(rig.worker.trail.recorded + lost, rig.completed());
        disk.empty();
        rig.pass(500);
        rig.clock.advance(Duration::from_millis(1));
        rig.ask(Request::shutdown).unwrap();
        let entries = disk.entries();
        prop_assert_eq!(events(&entries) + gaps(&entries), rig.completed());
    }
}

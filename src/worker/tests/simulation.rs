//! Random histories against the one promise: every completed operation is in
//! the buffer, in a document, or counted as lost, once and in order.

use std::time::Duration;

use proptest::prelude::*;

use super::rig::{Rig, Setup};
use crate::event::Kind;
use crate::fs::faulty::Call;
use crate::worker::request::Request;

#[derive(Debug, Clone)]
enum Step {
    Complete(u64),
    Turn,
    Advance(u64),
    Rotate,
    Fail(Call),
    Repair,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1..40_u64).prop_map(Step::Complete),
        4 => Just(Step::Turn),
        2 => (1..5_000_u64).prop_map(Step::Advance),
        1 => Just(Step::Rotate),
        1 => prop_oneof![
            Just(Call::CreateNew), Just(Call::Write), Just(Call::Sync), Just(Call::SyncDirectory),
        ].prop_map(Step::Fail),
        2 => Just(Step::Repair),
    ]
}

fn check(rig: &mut Rig, events_max: u64) {
    let held = rig.held();
    let sequences: Vec<_> = held.iter().map(|event| event.sequence.unwrap().0).collect();
    assert!(sequences.windows(2).all(|pair| pair[1] == pair[0] + 1), "{sequences:?}");
    let mut kept: Vec<u64> = rig.documents().into_iter().flat_map(|(_, ids)| ids).collect();
    let ids = rig.held_ids();
    let exporter = rig.worker.exporter.as_ref().unwrap();
    if !exporter.is_busy() {
        assert!(held.len() as u64 <= events_max.max(1), "{} of {events_max}", held.len());
    }
    kept.extend(&ids);
    assert!(kept.windows(2).all(|pair| pair[0] < pair[1]), "once and in order: {kept:?}");
    let lost: u64 = rig.worker.intake.losses.totals().values().sum();
    assert_eq!(kept.len() as u64 + lost, rig.completed());
    let gaps: u64 = held
        .iter()
        .filter(|event| event.kind == Kind::Log)
        .filter_map(|event| event.metadata.get("count")?.as_u64())
        .sum();
    assert!(gaps <= lost);
}

proptest! {
    #![proptest_config(crate::soak::cases(64))]

    #[test]
    fn every_completed_operation_is_accounted_for(
        events_max in 1..60_u64,
        backlog in 60..200_u64,
        queue in 10..80_usize,
        steps in proptest::collection::vec(step(), 1..60),
    ) {
        let mut rig = Setup {
            events_max: Some(events_max),
            backlog_events_max: backlog,
            queue_events_max: queue,
            ..Setup::default()
        }.rig();
        for step in steps {
            match step {
                Step::Complete(count) => rig.complete(count),
                Step::Turn => {
                    rig.settle();
                    check(&mut rig, events_max);
                }
                Step::Advance(ms) => rig.clock.advance(Duration::from_millis(ms)),
                Step::Rotate => drop(rig.ask(Request::Rotate)),
                Step::Fail(call) => drop(rig.fs.clone().always_failing(call)),
                Step::Repair => rig.fs.repair(),
            }
        }
        rig.settle();
        check(&mut rig, events_max);
    }
}

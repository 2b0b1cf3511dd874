//! Events whose entry ids take several entries of the journal.

use std::path::PathBuf;
use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;

use super::journal_rig::{Disk, event, events, facts, gaps, long_event};
use super::rig::{Rig, Setup};
use crate::channel::LossReason;
use crate::error::ErrorKind;
use crate::event::limits::PARTS_MISSING_KEY;
use crate::event::{AuditEvent, Kind, Part, Sequence};
use crate::verify::{FindingKind, Severity, Verification};
use crate::worker::request::Request;

/// Length of the frame's part before an entry.
const FRAME_HEADER_BYTES: usize = 16;

fn record(rig: &mut Rig, event: &AuditEvent) -> crate::Result<crate::worker::Stored> {
    let event = Box::new(event.clone());
    rig.ask(|reply| Request::Record(event, reply)).unwrap()
}

/// The events of the program that readers see.
fn held(rig: &mut Rig) -> Vec<AuditEvent> {
    let mut held = rig.held();
    held.retain(|event| event.kind == Kind::Event);
    held
}

fn parts(entries: &[AuditEvent]) -> Vec<String> {
    entries.iter().filter_map(|entry| entry.part).map(|part| part.to_string()).collect()
}

fn open_segment(disk: &Disk) -> PathBuf {
    let directory =
        PathBuf::from(format!("/audit/log-{}/segments", crate::journal::LogId([7; 16])));
    let names = disk.fs.names(&directory);
    let open = names.iter().find(|name| name.ends_with(".open")).unwrap();
    directory.join(open)
}

/// Cuts the open segment right behind the entry with this sequence.
fn cut_behind(disk: &Disk, sequence: u64) {
    let path = open_segment(disk);
    let bytes = disk.fs.bytes(&path);
    let entry = format!("{{\"sequence\":{sequence},");
    let at = memchr::memmem::find(&bytes, entry.as_bytes()).unwrap();
    let length = bytes[at - FRAME_HEADER_BYTES..at - 12].try_into().unwrap();
    disk.fs.tamper(&path, &bytes[..at + u32::from_le_bytes(length) as usize]);
}

fn findings(disk: &Disk, kind: FindingKind) -> Vec<Severity> {
    let verdict = Verification::of("/audit").on(Arc::new(disk.fs.clone())).run();
    let findings = verdict.logs.iter().flat_map(|log| &log.findings);
    findings.filter(|finding| finding.kind == kind).map(|finding| finding.severity).collect()
}

#[test]
fn a_long_event_is_several_entries_and_one_event() {
    let disk = Disk { segment_bytes_max: u64::MAX, ..Disk::default() };
    let mut rig = disk.rig(None);
    let long = long_event(1, 3_000);
    let stored = record(&mut rig, &long).unwrap();
    assert_eq!((stored.sequence, stored.entries), (Sequence(1), 4));
    assert_eq!(parts(&disk.entries()), ["1/4", "2/4", "3/4", "4/4"]);
    let after = rig.record(2).unwrap().unwrap();
    assert_eq!(after.sequence, Sequence(5));
    let seen = held(&mut rig);
    assert_eq!(seen.len(), 2);
    assert_eq!((&seen[0].entry_ids, seen[0].sequence), (&long.entry_ids, Some(Sequence(1))));
    assert_eq!((&seen[0].metadata, seen[0].part), (&long.metadata, None));
    assert_eq!(rig.worker.published.statistics.lock().unwrap().statistics().total_events, 2);
    assert_eq!(rig.worker.trail.recorded, 2);
    assert_eq!(rig.worker.trail.buffer.len(), 3, "and an opening");
    rig.check_sums(2);

    drop(rig);
    let mut rig = disk.rig(None);
    assert_eq!(held(&mut rig), seen, "a restart changes nothing");
    assert_eq!(rig.worker.published.statistics.lock().unwrap().statistics().total_events, 2);
    rig.ask(Request::shutdown).unwrap();
    assert_eq!(findings(&disk, FindingKind::Part), []);
}

#[test]
fn what_a_crash_leaves_of_an_event_says_so() {
    for kept in 1..4 {
        let disk = Disk { segment_bytes_max: u64::MAX, ..Disk::default() };
        let mut rig = disk.rig(None);
        let long = long_event(1, 3_000);
        let stored = record(&mut rig, &long).unwrap();
        drop(rig);
        let last = stored.sequence.0 + kept - 1;
        cut_behind(&disk, last);

        let mut rig = disk.rig(None);
        let entries = disk.entries();
        let unfinished = entries[last as usize + 1].metadata.get("unfinished").unwrap();
        assert_eq!(unfinished["part"], format!("{kept}/4"));
        assert_eq!(unfinished["sequence"], last);
        assert_eq!(unfinished["event_id"], long.event_id.to_string());
        let seen = held(&mut rig);
        let [seen] = &seen[..] else { panic!("{} events", seen.len()) };
        assert_eq!(seen.metadata.get(PARTS_MISSING_KEY).unwrap().as_u64(), Some(4 - kept));
        assert!(long.entry_ids.starts_with(&seen.entry_ids));
        assert!(seen.entry_ids.len() < long.entry_ids.len());
        rig.check_sums(0);
        rig.ask(Request::shutdown).unwrap();
        assert_eq!(findings(&disk, FindingKind::Part), [Severity::Notice]);
    }
}

#[test]
fn an_intent_that_takes_several_entries_is_recovered_whole() {
    let disk = Disk::default();
    let mut rig = disk.rig(None);
    let long = long_event(1, 3_000);
    rig.ask(|reply| Request::Begin(long.clone(), reply)).unwrap().unwrap();
    drop(rig);
    let mut rig = disk.rig(None);
    let seen = held(&mut rig);
    let [seen] = &seen[..] else { panic!("{} events", seen.len()) };
    assert_eq!((seen.event_id, &seen.entry_ids), (long.event_id, &long.entry_ids));
    assert_eq!(parts(&disk.entries()).len(), 8, "of the intent, and of what became of it");
    rig.check_sums(1);
}

#[test]
fn on_a_full_disk_a_long_event_waits_whole_or_is_lost_whole() {
    let disk = Disk::default();
    let mut rig = disk.rig(None);
    rig.record(0).unwrap().unwrap();
    disk.fill(0);
    let refused = record(&mut rig, &long_event(1, 3_000)).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Full);
    for id in 2..9 {
        assert!(record(&mut rig, &long_event(id, 3_000)).is_err());
    }
    disk.empty();
    rig.pass(300);
    let last = record(&mut rig, &long_event(9, 3_000)).unwrap();
    rig.ask(Request::shutdown).unwrap();
    let entries = disk.entries();
    assert_eq!(entries[last.sequence.0 as usize].part, Part::new(1, 4));
    let of_parts = parts(&entries);
    let whole = ["1/4", "2/4", "3/4", "4/4"].map(str::to_owned);
    assert!(of_parts.chunks(4).all(|parts| parts == whole), "{of_parts:?}");
    assert_eq!(findings(&disk, FindingKind::Part), []);
}

#[test]
fn a_panic_behind_the_journal_loses_no_part() {
    let disk = Disk::default();
    let mut rig = disk.rig(None);
    rig.record(0).unwrap().unwrap();
    rig.worker.trail.panics_behind_journal = true;
    let long = long_event(1, 3_000);
    let reply = rig.begin_to_ask(|reply| Request::Record(long.clone(), reply));
    let turn = std::panic::AssertUnwindSafe(|| rig.worker.turn());
    assert!(std::panic::catch_unwind(turn).is_err());
    rig.worker.recover();
    drop(reply);
    let seen = held(&mut rig);
    assert_eq!(seen.last().unwrap().entry_ids, long.entry_ids);
    assert!(!rig.worker.intake.losses.totals().contains_key(&LossReason::WorkerPanic));
    rig.check_sums(2);
}

#[derive(Debug, Clone)]
enum Step {
    Record,
    Long(u64),
    Spans(u64),
    Pass(u64),
    Close,
    Kill,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => Just(Step::Record),
        3 => prop_oneof![600..900_u64, 1_000..5_000_u64].prop_map(Step::Long),
        2 => (0..9_u64).prop_map(Step::Spans),
        2 => (0..40_u64).prop_map(Step::Pass),
        1 => Just(Step::Close),
        1 => Just(Step::Kill),
    ]
}

/// A worker on the disk whose buffer holds so many events.
fn bounded(disk: &Disk, events_max: u64) -> Rig {
    let setup = Setup { exports: false, events_max: Some(events_max), ..Setup::default() };
    Setup { journal: Some(disk.clone()), ..setup }.rig()
}

/// The newest events are what the buffer holds, and no more than it may.
fn check(rig: &mut Rig, model: &[AuditEvent], events_max: u64) {
    let held = held(rig);
    let newest = &model[model.len() - held.len()..];
    for (held, expected) in held.iter().zip(newest) {
        assert_eq!((held.event_id, &held.entry_ids), (expected.event_id, &expected.entry_ids));
    }
    assert!(rig.worker.trail.buffer.len() <= events_max);
    assert_eq!(rig.worker.trail.keeper.size(), Some(rig.worker.trail.buffer.next_sequence()));
}

proptest! {
    #![proptest_config(crate::soak::cases(24))]

    #[test]
    fn the_buffer_holds_the_newest_events_whatever_they_take(
        steps in vec(step(), 1..25),
        events_max in 4..12_u64,
    ) {
        let disk = Disk { segment_bytes_max: 100_000, ..Disk::default() };
        let mut rig = bounded(&disk, events_max);
        let mut model: Vec<AuditEvent> = Vec::new();
        for step in steps {
            match step {
                Step::Record => model.push(*event(model.len() as u64)),
                Step::Long(ids) => model.push(*long_event(model.len() as u64, ids)),
                Step::Spans(_) | Step::Pass(_) | Step::Close | Step::Kill => {}
            }
            match step {
                Step::Record | Step::Long(_) => {
                    let stored = record(&mut rig, model.last().unwrap()).unwrap();
                    prop_assert_eq!(stored.entries > 1, matches!(step, Step::Long(ids) if ids > 950));
                }
                Step::Spans(number) => {
                    rig.complete(number);
                    rig.settle();
                    let spans = held(&mut rig);
                    let known = model.last().map(|event| event.event_id);
                    let new = spans.rsplit(|event| Some(event.event_id) == known).next();
                    let new = new.unwrap_or_default();
                    prop_assume!(new.len() as u64 == number);
                    model.extend(new.iter().cloned());
                }
                Step::Pass(ms) => rig.pass(ms),
                Step::Close | Step::Kill => {
                    rig.pass(30);
                    if matches!(step, Step::Close) {
                        rig.ask(Request::shutdown).unwrap();
                    }
                    drop(rig);
                    rig = bounded(&disk, events_max);
                }
            }
            check(&mut rig, &model, events_max);
        }
        rig.ask(Request::shutdown).unwrap();
        let entries = disk.entries();
        prop_assert_eq!(gaps(&entries), 0);
        let parts = entries.iter().filter(|entry| entry.part.is_some_and(|part| part.number > 1));
        prop_assert_eq!(events(&entries) - parts.count() as u64, model.len() as u64);
        let facts = facts(&entries);
        prop_assert_eq!(facts.last(), Some(&"CLOSE"));
        prop_assert_eq!(findings(&disk, FindingKind::Part), []);
    }
}

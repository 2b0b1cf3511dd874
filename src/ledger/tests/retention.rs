//! Removing the oldest segments.

use std::sync::Arc;

use super::rig::*;
use crate::error::ErrorKind;
use crate::event::Sequence;
use crate::fs::simulated::{Call, SimulatedFs};
use crate::history::EventIndexer;
use crate::journal::{self, LogReader};
use crate::ledger::{
    Ledger, LedgerConfig, PruneDecision, PrunePlan, Retention, read_hold, release_hold, set_hold,
};
use crate::proof::{InclusionProof, leaf_hash};

const DAY_US: i64 = 24 * 60 * 60 * 1_000_000;

/// Entries of number `n` are recorded on day `n`.
fn recorded_us(entry: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(entry).ok()?;
    let number = text.strip_prefix("{\"n\":")?.split(',').next()?;
    Some(number.parse::<i64>().ok()? * DAY_US)
}

fn config_with(age_max: u64) -> LedgerConfig {
    let retention = Retention { age_max: Some(days(age_max)), ..Retention::default() };
    LedgerConfig { retention, ..config() }
}

/// Segments of 300 entries, each of one day, and 300 in the last one.
fn log() -> SimulatedFs {
    let fs = SimulatedFs::default();
    closed(&fs, &[300, 300, 300]);
    let (mut ledger, _) = open(&fs).unwrap();
    append(&mut ledger, 300);
    ledger.close(0).unwrap();
    fs
}

fn open_for(fs: &SimulatedFs, age_max: u64) -> Ledger {
    open_with(fs, config_with(age_max)).unwrap().0
}

fn plan(ledger: &Ledger, day: i64) -> Option<PrunePlan> {
    match ledger.plan_prune(day * DAY_US, recorded_us).unwrap() {
        PruneDecision::Due(plan) => Some(plan),
        PruneDecision::Nothing => None,
        PruneDecision::Held(reason) => panic!("held: {reason}"),
    }
}

fn carry_out(ledger: &mut Ledger, plan: &PrunePlan) -> crate::error::Result<()> {
    let told = ledger.append(&entry(ledger.size()))?;
    ledger.prune(plan, told.sequence, 0)
}

fn segments(fs: &SimulatedFs) -> Vec<u64> {
    let log = LogReader::open(Arc::new(fs.clone()), &directory()).unwrap();
    log.segments().iter().map(|segment| segment.first.0).collect()
}

#[test]
fn nothing_is_removed_unless_it_is_set() {
    let fs = log();
    let (ledger, _) = open(&fs).unwrap();
    assert_eq!(plan(&ledger, 100_000), None);
    drop(ledger);
    let short = open_with(&fs, config_with(100)).unwrap_err();
    assert!(short.is_invalid_input());
    says(&short, &["180 days", "explicitly"]);
}

#[test]
fn what_may_be_in_the_middle_of_being_packed_stays() {
    let fs = log();
    let config = LedgerConfig { waits_for_packing: true, ..config_with(180) };
    let (ledger, _) = open_with(&fs, config).unwrap();
    assert_eq!(plan(&ledger, 100_000), None);
    for first in [0, 300] {
        journal::pack(&fs, &directory(), Sequence(first), &EventIndexer).unwrap();
    }
    assert_eq!(plan(&ledger, 100_000), None, "both forms are there");
    journal::remove_raw(&fs, &directory(), Sequence(0)).unwrap();
    assert_eq!(plan(&ledger, 100_000).unwrap().segments, [0]);
}

#[test]
fn whole_segments_go_when_the_next_one_is_old_enough() {
    let fs = log();
    let mut ledger = open_for(&fs, 200);
    assert_eq!(plan(&ledger, 499), None);
    let due = plan(&ledger, 500).unwrap();
    assert_eq!((due.from, due.first, &due.segments[..]), (0, 300, &[0][..]));
    let path = directory().join(format!("segments/{:020}.seg", 0));
    assert_eq!(due.bytes, fs.bytes(&path).len() as u64);
    let due = plan(&ledger, 1099).unwrap();
    assert_eq!(due.segments, [0, 300]);
    carry_out(&mut ledger, &due).unwrap();
    assert_eq!(segments(&fs), [600, 900]);
    assert_eq!(plan(&ledger, 1099), None);
    // The open segment stays, however old.
    let due = plan(&ledger, 100_000).unwrap();
    assert_eq!(due.segments, [600]);
    carry_out(&mut ledger, &due).unwrap();
    assert_eq!(segments(&fs), [900]);
    ledger.close(0).unwrap();
    let (_, opened) = open(&fs).unwrap();
    assert_eq!((opened.report.first, opened.size), (900, 1202));
}

#[test]
fn what_a_clock_that_is_behind_follows_is_no_older_for_it() {
    let fs = log();
    let mut ledger = open_for(&fs, 200);
    let due = plan(&ledger, 500).unwrap();
    carry_out(&mut ledger, &due).unwrap();
    ledger.close(0).unwrap();
    assert_eq!(segments(&fs), [300, 600, 900]);
    let ledger = open_for(&fs, 500);
    let recorded_us = |entry: &[u8]| recorded_us(entry).map(|us| us % (600 * DAY_US));
    let plan = |day: i64| ledger.plan_prune(day * DAY_US, recorded_us).unwrap();
    assert_eq!(plan(799), PruneDecision::Nothing, "of day 300 at least");
    assert!(matches!(plan(800), PruneDecision::Due(plan) if plan.segments == [300, 600]));
}

#[test]
fn what_is_followed_by_an_entry_of_unknown_time_stays() {
    let fs = log();
    let ledger = open_for(&fs, 200);
    let without =
        |day: i64| move |entry: &[u8]| recorded_us(entry).filter(|us| *us != day * DAY_US);
    let plan = |day: i64| ledger.plan_prune(100_000 * DAY_US, without(day)).unwrap();
    assert_eq!(plan(300), PruneDecision::Nothing);
    assert!(matches!(plan(600), PruneDecision::Due(plan) if plan.segments == [0]));
}

#[test]
fn size_removes_what_has_reached_the_least_age() {
    let fs = log();
    let retention = Retention { bytes_max: Some(0), ..Retention::default() };
    let (ledger, _) = open_with(&fs, LedgerConfig { retention, ..config() }).unwrap();
    assert_eq!(plan(&ledger, 479), None);
    assert_eq!(plan(&ledger, 480).unwrap().segments, [0]);
    drop(ledger);
    let all: u64 = files_below(&fs, &directory().join("segments"))
        .iter()
        .map(|path| fs.bytes(path).len() as u64)
        .sum();
    let retention = Retention { bytes_max: Some(all), ..Retention::default() };
    let (ledger, _) = open_with(&fs, LedgerConfig { retention, ..config() }).unwrap();
    assert_eq!(plan(&ledger, 100_000), None, "it is small enough");
    drop(ledger);
    // No more goes than has to, however old it is.
    let oldest = fs.bytes(&directory().join(format!("segments/{:020}.seg", 0))).len() as u64;
    for (bytes_max, segments) in
        [(all - 1, &[0][..]), (all - oldest, &[0]), (all - oldest - 1, &[0, 300])]
    {
        let retention = Retention { bytes_max: Some(bytes_max), ..Retention::default() };
        let (ledger, _) = open_with(&fs, LedgerConfig { retention, ..config() }).unwrap();
        assert_eq!(plan(&ledger, 100_000).unwrap().segments, segments);
    }
}

#[test]
fn proofs_hold_for_what_is_left_and_for_what_others_kept() {
    let fs = log();
    let before = reader(&fs).checkpoint().unwrap().unwrap().checkpoint().head();
    let mut ledger = open_for(&fs, 200);
    let due = plan(&ledger, 1099).unwrap();
    carry_out(&mut ledger, &due).unwrap();
    ledger.checkpoint(0).unwrap();
    let size = ledger.size();
    drop(ledger);
    // Also after it was opened again, uncleanly.
    let mut ledger = open_for(&fs, 200);
    append(&mut ledger, 300);
    let after = ledger.checkpoint(0).unwrap().unwrap().checkpoint().head();
    assert_eq!(after, head(size + 300));
    let reader = reader(&fs);
    reader.consistency(before.size, after.size).unwrap().verify(&before, &after).unwrap();
    for kept in [0, 299, 300, 599, 600, 899, 900, 1199, size + 299] {
        let proof = reader.inclusion(Sequence(kept), after.size).unwrap();
        proof.verify(&leaf_hash(&entry(kept)), &after).unwrap();
        let model = InclusionProof::of(kept, after.size, &mut hashes(after.size)).unwrap();
        assert_eq!(proof, model);
        assert_eq!(reader.leaf(Sequence(kept)).unwrap(), leaf_hash(&entry(kept)));
    }
}

#[test]
fn a_pruned_log_is_read_from_its_first_entry_on() {
    let fs = log();
    let mut ledger = open_for(&fs, 200);
    let due = plan(&ledger, 1099).unwrap();
    carry_out(&mut ledger, &due).unwrap();
    let log = LogReader::open(Arc::new(fs.clone()), &directory()).unwrap();
    for from in [0, 300, 600, 601] {
        let mut entries = log.entries_from(Sequence(from));
        let (sequence, _) = entries.next_entry().unwrap().unwrap();
        assert_eq!(sequence.0, from.max(600));
    }
}

#[test]
fn damaged_tiles_of_what_was_pruned_are_an_error() {
    let fs = log();
    let mut ledger = open_for(&fs, 200);
    let due = plan(&ledger, 1099).unwrap();
    carry_out(&mut ledger, &due).unwrap();
    ledger.close(0).unwrap();
    let path = directory().join("tree/00");
    let bytes = fs.bytes(&path);
    for damage in [bytes[..8192].to_vec(), [&[bytes[0] ^ 1], &bytes[1..]].concat()] {
        let fs = fs.fork();
        fs.tamper(&path, &damage);
        let error = open(&fs).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Damaged);
        says(&error, &["were pruned", "from a copy"]);
    }
    // What is still there to be hashed is made again.
    fs.tamper(&path, &[&bytes[..3 * 8192], &[0; 8192][..]].concat());
    assert_eq!(open(&fs).unwrap().1.rebuilt_tiles, 1);
}

#[test]
fn entries_that_are_in_no_full_tile_yet_stay() {
    let fs = SimulatedFs::default();
    closed(&fs, &[300]);
    let mut ledger = open_for(&fs, 180);
    append(&mut ledger, 10);
    ledger.sync(0).unwrap();
    assert_eq!(plan(&ledger, 100_000), None, "tile 1 needs entries from 256 on");
    append(&mut ledger, 202);
    ledger.sync(0).unwrap();
    let due = plan(&ledger, 100_000).unwrap();
    carry_out(&mut ledger, &due).unwrap();
    drop(ledger);
    let (mut ledger, opened) = open(&fs).unwrap();
    assert_eq!((opened.report.first, opened.size, opened.rebuilt_tiles), (300, 513, 0));
    append(&mut ledger, 1);
    assert_eq!(ledger.checkpoint(0).unwrap().unwrap().checkpoint().head(), head(514));
}

#[test]
fn a_hold_refuses_until_it_is_released() {
    let fs = log();
    let mut ledger = open_for(&fs, 200);
    let due = plan(&ledger, 1099).unwrap();
    assert!(set_hold(&fs, &directory(), "").unwrap_err().is_invalid_input());
    assert!(set_hold(&fs, &directory(), "two\nlines").unwrap_err().is_invalid_input());
    set_hold(&fs, &directory(), "case 17/2026").unwrap();
    assert_eq!(read_hold(&fs, &directory()).unwrap().unwrap(), "case 17/2026");
    let held = ledger.plan_prune(1099 * DAY_US, recorded_us).unwrap();
    assert_eq!(held, PruneDecision::Held("case 17/2026".into()));
    let error = carry_out(&mut ledger, &due).unwrap_err();
    says(&error, &["on hold (case 17/2026)", "release"]);
    assert_eq!(segments(&fs).len(), 4);
    fs.tamper(&directory().join("hold"), b"");
    assert!(carry_out(&mut ledger, &due).is_err(), "an empty file holds too");
    release_hold(&fs, &directory()).unwrap();
    release_hold(&fs, &directory()).unwrap();
    carry_out(&mut ledger, &due).unwrap();
    assert_eq!(segments(&fs), [600, 900]);
}

#[test]
fn a_hold_that_is_set_while_segments_go_keeps_those_that_are_left() {
    let fs = log();
    let mut ledger = open_for(&fs, 200);
    let due = plan(&ledger, 1099).unwrap();
    assert_eq!(due.segments, [0, 300]);
    let nth = fs.disk().calls.get(&Call::Remove).unwrap_or(&0) + 1;
    fs.disk().appears = Some((Call::Remove, nth, directory().join("hold")));
    says(&carry_out(&mut ledger, &due).unwrap_err(), &["on hold", "release"]);
    assert_eq!(segments(&fs), [300, 600, 900], "the first was going already");
    release_hold(&fs, &directory()).unwrap();
    let due = plan(&ledger, 1099).unwrap();
    assert_eq!((due.from, &due.segments[..]), (300, &[300][..]));
    carry_out(&mut ledger, &due).unwrap();
    assert_eq!(segments(&fs), [600, 900]);
}

#[test]
fn nothing_goes_before_an_entry_that_tells_is_durable() {
    let fs = log();
    let mut ledger = open_for(&fs, 200);
    append(&mut ledger, 1);
    let due = plan(&ledger, 1099).unwrap();
    // One from before the plan, and one that was never appended.
    for told in [1200, 1201] {
        assert!(ledger.prune(&due, Sequence(told), 0).unwrap_err().is_invalid_input());
    }
    let nth = fs.disk().calls[&Call::Write] + 1;
    fs.disk().faults.push((Call::Write, nth, std::io::ErrorKind::StorageFull));
    assert_eq!(carry_out(&mut ledger, &due).unwrap_err().kind(), ErrorKind::Full);
    assert_eq!(segments(&fs).len(), 4);
}

#[test]
fn a_crash_at_any_step_leaves_no_hole_and_the_next_plan_goes_on() {
    let fs = log();
    let mut ends = std::collections::BTreeSet::new();
    for step in 1.. {
        let fs = fs.fork();
        let mut ledger = open_for(&fs, 200);
        let due = plan(&ledger, 100_000).unwrap();
        let at = fs.disk().calls_total() + step;
        fs.disk().crash_at = Some(at);
        let _ = carry_out(&mut ledger, &due);
        drop(ledger);
        if !fs.disk().has_crashed() {
            break;
        }
        for seed in 0..6 {
            let fs = fs.fork();
            fs.disk().crash(seed);
            let (mut ledger, opened) = open_with(&fs, config_with(200)).unwrap();
            let first = opened.report.first;
            assert!([0, 300, 600, 900].contains(&first));
            assert!(first == 0 || opened.size == 1201, "removed, and not told of");
            let log = LogReader::open(Arc::new(fs.clone()), &directory()).unwrap();
            let mut entries = log.entries_from(Sequence(0));
            let mut count = first;
            while let Some((sequence, bytes)) = entries.next_entry().unwrap() {
                assert_eq!((sequence.0, bytes), (count, &entry(count)[..]));
                count += 1;
            }
            assert_eq!(count, opened.size);
            if let Some(due) = plan(&ledger, 100_000) {
                carry_out(&mut ledger, &due).unwrap();
            }
            assert_eq!(segments(&fs), [900]);
            ends.insert(first);
        }
    }
    assert_eq!(ends.len(), 4, "{ends:?}");
}

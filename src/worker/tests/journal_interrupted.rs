//! What a log does now and then (another key, another segment), interrupted by
//! a fault at each call in turn; and what health says then.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::journal_rig::{Disk, events, facts};
use super::rig::Rig;
use crate::error::ErrorKind;
use crate::fs::simulated::Call;
use crate::proof::{SignedCheckpoint, VerifierKey};
use crate::verify::{Severity, Verification};
use crate::worker::request::Request;

type Calls = BTreeMap<Call, u64>;

fn calls(disk: &Disk) -> Calls {
    disk.fs.disk().calls.clone()
}

/// Every call that was made since, as its kind and its number from then on.
fn since(disk: &Disk, before: &Calls) -> Vec<(Call, u64)> {
    let made = calls(disk).into_iter().map(|(call, count)| (call, count - at(before, call)));
    made.flat_map(|(call, count)| (1..=count).map(move |nth| (call, nth))).collect()
}

fn at(calls: &Calls, call: Call) -> u64 {
    calls.get(&call).copied().unwrap_or_default()
}

fn fail(disk: &Disk, (call, nth): (Call, u64)) {
    let number = at(&calls(disk), call) + nth;
    disk.fs.disk().faults.push((call, number, std::io::ErrorKind::Other));
}

/// A worker that recorded something, and the key it began with.
fn begun() -> (Disk, Rig, VerifierKey) {
    let disk = Disk::default();
    let mut rig = disk.rig(None);
    rig.record(1).unwrap().unwrap();
    rig.pass(20);
    let key = rig.journal_totals().verifier_key.parse().unwrap();
    (disk, rig, key)
}

fn change_key(rig: &mut Rig) -> crate::Result<()> {
    rig.ask(|reply| Request::RotateKey(None, reply)).unwrap().map(drop)
}

/// The key that health names has signed the newest checkpoint.
fn assert_signs(disk: &Disk, rig: &Rig, case: &str) {
    let state = rig.journal_totals();
    let text = disk.fs.bytes(&state.directory.join("checkpoint"));
    let key = state.verifier_key.parse().unwrap();
    let opened = SignedCheckpoint::open(text, &state.origin, &[key]);
    assert!(opened.is_ok(), "{case}: {opened:?}");
}

/// The log as somebody finds it who knows the first key alone.
fn assert_verifies(disk: &Disk, key: &VerifierKey, case: &str) {
    let fs = Arc::new(disk.fs.clone());
    let verdict = Verification::of("/audit").on(fs).key(key.clone()).run();
    let findings = verdict.logs.iter().flat_map(|log| &log.findings).chain(&verdict.findings);
    let worst = findings.max_by_key(|finding| finding.severity);
    assert!(worst.is_none_or(|worst| worst.severity == Severity::Notice), "{case}: {verdict:#?}");
}

#[test]
fn a_change_of_keys_that_is_interrupted_is_told_and_health_names_the_key_in_use() {
    let (disk, mut rig, _) = begun();
    let before = calls(&disk);
    change_key(&mut rig).unwrap();
    let (mut refused, mut half_done, mut poisoned) = (0, 0, 0);
    for fault in since(&disk, &before) {
        let case = format!("{fault:?}");
        let (disk, mut rig, first) = begun();
        fail(&disk, fault);
        let changed = change_key(&mut rig);
        let state = rig.journal_totals();
        let is_new = *state.verifier_key != *first.to_string();
        assert!(changed.is_err() || is_new, "{case}");
        refused += u64::from(changed.is_err());
        half_done += u64::from(changed.is_err() && is_new);
        poisoned += u64::from(state.is_poisoned);
        if state.is_poisoned {
            assert_eq!(rig.record(2).unwrap().unwrap_err().kind(), ErrorKind::Poisoned, "{case}");
            let clock = rig.clock.clone();
            drop(rig);
            disk.fs.disk().kill();
            rig = disk.rig(Some(&clock));
        }
        rig.record(3).unwrap().unwrap_or_else(|error| panic!("{case}: {error}"));
        rig.pass(1_100);
        assert_signs(&disk, &rig, &case);
        if !state.is_poisoned {
            assert_eq!(rig.journal_totals().verifier_key, state.verifier_key, "{case}: told late");
        }
        change_key(&mut rig).unwrap_or_else(|error| panic!("{case}: {error}"));
        assert_signs(&disk, &rig, &case);
        rig.ask(Request::shutdown).unwrap();
        assert_verifies(&disk, &first, &case);
    }
    assert!(refused > 5 && half_done > 0 && poisoned > 0, "{refused} {half_done} {poisoned}");
}

/// Records until segments were sealed; how many events that is.
fn seal_some(rig: &mut Rig) -> u64 {
    for _ in 0..6 {
        rig.complete(20);
        rig.pass(20);
    }
    120
}

#[test]
fn a_seal_that_is_interrupted_is_told_and_done_again() {
    let (disk, mut rig, _) = begun();
    let before = calls(&disk);
    seal_some(&mut rig);
    assert!(facts(&disk.entries()).contains(&"SEAL"));
    let mut poisoned = 0;
    for fault in since(&disk, &before) {
        let case = format!("{fault:?}");
        let (disk, mut rig, first) = begun();
        fail(&disk, fault);
        let recorded = 1 + seal_some(&mut rig);
        rig.pass(300);
        let state = rig.journal_totals();
        let told = rig.told.lock().unwrap().len();
        if state.is_poisoned {
            poisoned += 1;
            assert!(told == 1 && state.trouble.is_some(), "{case}: {told} {state:?}");
            let clock = rig.clock.clone();
            drop(rig);
            disk.fs.disk().kill();
            rig = disk.rig(Some(&clock));
        } else {
            assert!(state.trouble.is_none() && told <= 1, "{case}: {told} {state:?}");
            rig.check_sums(1);
            assert_eq!(events(&disk.entries()), recorded, "{case}");
        }
        seal_some(&mut rig);
        assert!(facts(&disk.entries()).contains(&"SEAL"), "{case}");
        rig.ask(Request::shutdown).unwrap();
        assert_verifies(&disk, &first, &case);
    }
    assert!(poisoned > 0);
}

//! Disks that fail under the worker.

use std::time::Duration;

use super::journal_rig::{Disk, events, facts, gaps};
use crate::channel::LossReason;
use crate::error::ErrorKind;
use crate::fs::simulated::Call;
use crate::worker::FullDisk;
use crate::worker::request::Request;

/// Completes far more than may wait for a disk.
fn flood(rig: &mut super::rig::Rig) {
    for _ in 0..30 {
        rig.complete(100);
        rig.pass(50);
    }
}

#[test]
fn on_a_full_disk_what_waits_is_kept_and_what_is_too_much_is_said() {
    let disk = Disk::default();
    let mut rig = disk.rig(None);
    rig.complete(10);
    rig.pass(20);
    disk.fill(0);
    flood(&mut rig);
    let lost = rig.worker.intake.losses.totals()[&LossReason::JournalFull];
    assert!(lost > 0 && lost < 3_000, "{lost}");
    rig.check_sums(0);
    rig.worker.publish_totals();
    let state = rig.worker.published.totals().journal.unwrap();
    assert!(state.is_full && !state.is_poisoned && state.durable < state.size, "{state:?}");
    assert_eq!(rig.told.lock().unwrap().len(), 1, "told once: {:?}", rig.told);
    let refused = rig.record(1).unwrap().unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Full);

    disk.empty();
    rig.pass(300);
    let entries = disk.entries();
    assert_eq!(events(&entries) + gaps(&entries), 3_010);
    assert_eq!(gaps(&entries), lost);
    rig.record(2).unwrap().unwrap();
    rig.worker.publish_totals();
    let state = rig.worker.published.totals().journal.unwrap();
    assert!(!state.is_full && state.durable == state.size, "{state:?}");
}

#[test]
fn a_shutdown_on_a_full_disk_uses_the_reserve() {
    let disk = Disk::default();
    let mut rig = disk.rig(None);
    rig.complete(10);
    rig.pass(20);
    disk.fill(0);
    flood(&mut rig);
    let lost = rig.worker.intake.losses.totals()[&LossReason::JournalFull];
    rig.ask(Request::shutdown).unwrap();
    let entries = disk.entries();
    assert_eq!(facts(&entries).last(), Some(&"CLOSE"));
    assert_eq!(events(&entries) + gaps(&entries), 3_010);
    assert_eq!(gaps(&entries), lost);
    let state = rig.worker.published.totals().journal.unwrap();
    assert!(state.is_closed, "{state:?}");
}

#[test]
fn by_policy_a_full_disk_ends_the_log() {
    let disk = Disk { full_disk: FullDisk::Poison, ..Disk::default() };
    let mut rig = disk.rig(None);
    rig.complete(10);
    rig.pass(20);
    disk.fill(0);
    // More than fits into the room that was written ahead.
    rig.complete(100);
    rig.pass(20);
    let entries = disk.entries();
    assert_eq!(facts(&entries).last(), Some(&"CLOSE"));
    assert_eq!(events(&entries), 110, "what waited is in it");
    let refused = rig.record(1).unwrap().unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Poisoned);
    assert!(refused.to_string().contains("make room"), "{refused}");
    rig.complete(5);
    rig.settle();
    assert_eq!(rig.worker.intake.losses.totals()[&LossReason::JournalPoisoned], 5);
    rig.check_sums(0);
}

#[test]
fn who_waits_for_a_checkpoint_is_told_that_none_will_be_signed_any_more() {
    let disk = Disk::default();
    let mut rig = disk.rig(None);
    let last = rig.record(1).unwrap().unwrap().sequence;
    let mut asked = rig.begin_to_ask(|reply| Request::Checkpoint(last, reply));
    rig.settle();
    assert!(asked.try_recv().is_err(), "it is not due");
    let next = disk.fs.disk().calls[&Call::Sync] + 1;
    disk.fs.disk().faults.push((Call::Sync, next, std::io::ErrorKind::Other));
    rig.record(2).unwrap().unwrap_err();
    assert_eq!(asked.try_recv().unwrap().unwrap_err().kind(), ErrorKind::Poisoned);
    let later = rig.ask(|reply| Request::Checkpoint(last, reply)).unwrap();
    assert_eq!(later.unwrap_err().kind(), ErrorKind::Poisoned);
    let signed = rig.ask(|reply| Request::Checkpoint(crate::event::Sequence(0), reply)).unwrap();
    assert!(signed.is_ok(), "what was signed stays so");
}

#[test]
fn a_failed_sync_poisons_and_nothing_is_acknowledged_any_more() {
    let disk = Disk::default();
    let mut rig = disk.rig(None);
    rig.record(1).unwrap().unwrap();
    let next = disk.fs.disk().calls[&Call::Sync] + 1;
    disk.fs.disk().faults.push((Call::Sync, next, std::io::ErrorKind::Other));
    let refused = rig.record(2).unwrap().unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Poisoned);
    let begun = rig.ask(|reply| Request::Begin(super::journal_rig::event(3), reply)).unwrap();
    assert_eq!(begun.unwrap_err().kind(), ErrorKind::Poisoned);
    rig.complete(4);
    rig.settle();
    assert_eq!(rig.worker.intake.losses.totals()[&LossReason::JournalPoisoned], 4);
    rig.worker.publish_totals();
    let state = rig.worker.published.totals().journal.unwrap();
    assert!(state.is_poisoned && state.trouble.unwrap().contains("open it again"));
    assert_eq!(rig.told.lock().unwrap().len(), 1);
    let clock = rig.clock.clone();
    drop(rig);
    let mut rig = disk.rig(Some(&clock));
    rig.record(4).unwrap().unwrap();
    let entries = disk.entries();
    assert!(entries.iter().any(|entry| entry.entry_ids == ["1"]));
}

#[test]
fn a_failed_write_is_tried_again() {
    let disk = Disk::default();
    let mut rig = disk.rig(None);
    rig.complete(3);
    let next = disk.fs.disk().calls[&Call::Write] + 1;
    disk.fs.disk().faults.push((Call::Write, next, std::io::ErrorKind::Other));
    rig.pass(15);
    rig.worker.publish_totals();
    let state = rig.worker.published.totals().journal.unwrap();
    assert!(state.trouble.is_some() && !state.is_full && !state.is_poisoned, "{state:?}");
    rig.pass(300);
    assert_eq!(events(&disk.entries()), 3);
    rig.worker.publish_totals();
    assert!(rig.worker.published.totals().journal.unwrap().trouble.is_none());
    rig.clock.advance(Duration::from_millis(1));
    rig.check_sums(0);
}

#[test]
fn a_log_that_cannot_be_begun_is_an_error() {
    let disk = Disk::default();
    disk.fs.disk().capacity = Some(300_000);
    drop(disk.rig(None));
    disk.fs.disk().kill();
    disk.fill(0);
    let error = disk.try_rig(None).map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Full, "{error}");
}

//! Many callers that wait for the disk, a half at a time.

use std::time::Duration;

use tokio::sync::oneshot::Receiver;
use tokio::sync::oneshot::error::TryRecvError;

use super::journal_rig::{Disk, event};
use super::rig::Rig;
use crate::error::{ErrorKind, Result};
use crate::fs::simulated::Call;
use crate::worker::Stored;
use crate::worker::request::Request;

type Waiting = Vec<Receiver<Result<Stored>>>;

fn ask(rig: &mut Rig, ids: std::ops::Range<u64>) -> Waiting {
    ids.map(|id| rig.begin_to_ask(|reply| Request::Record(event(id), reply))).collect()
}

fn still_wait(waiting: &mut Waiting) -> bool {
    waiting.iter_mut().all(|reply| matches!(reply.try_recv(), Err(TryRecvError::Empty)))
}

fn syncs(disk: &Disk) -> u64 {
    disk.fs.disk().calls[&Call::Sync]
}

/// A worker that has found that many call, and a half of them on its way to the
/// disk.
fn with_half_in_flight(disk: &Disk) -> (Rig, Waiting) {
    let mut rig = disk.rig(None);
    let mut all = ask(&mut rig, 0..6);
    rig.settle();
    assert!(all.iter_mut().all(|reply| reply.try_recv().unwrap().is_ok()));
    let mut half = ask(&mut rig, 6..12);
    rig.worker.turn();
    assert!(rig.worker.trail.keeper.has_callers_to_serve());
    assert!(still_wait(&mut half), "nothing is acknowledged before it is durable");
    (rig, half)
}

#[test]
fn one_half_is_answered_while_the_other_is_on_its_way() {
    let disk = Disk { segment_bytes_max: 1 << 20, ..Disk::default() };
    let (mut rig, half) = with_half_in_flight(&disk);
    let before = syncs(&disk);
    let mut other = ask(&mut rig, 12..18);
    rig.worker.turn();
    assert_eq!(syncs(&disk), before + 1);
    assert!(still_wait(&mut other));
    rig.settle();
    assert_eq!(syncs(&disk), before + 2, "one for each half");
    let entries = disk.entries();
    for mut reply in half.into_iter().chain(other) {
        let stored = reply.try_recv().unwrap().unwrap();
        assert_eq!(entries[stored.sequence.0 as usize].event_id, stored.event_id);
    }
    assert!(!rig.worker.trail.keeper.has_callers_to_serve());
    rig.check_sums(18);
}

#[test]
fn who_comes_alone_afterwards_is_not_kept_waiting() {
    let disk = Disk::default();
    let (mut rig, mut half) = with_half_in_flight(&disk);
    rig.settle();
    assert!(half.iter_mut().all(|reply| reply.try_recv().unwrap().is_ok()));
    for id in 12..16 {
        rig.record(id).unwrap().unwrap();
    }
    rig.check_sums(16);
}

#[test]
fn who_comes_while_a_sync_for_nobody_is_on_its_way_is_answered_at_once() {
    let disk = Disk::default();
    let (mut rig, _) = with_half_in_flight(&disk);
    rig.settle();
    rig.complete(1);
    // Due when it is appended, in the turn in which somebody comes.
    rig.clock.advance(Duration::from_millis(20));
    let before = syncs(&disk);
    rig.record(12).unwrap().unwrap();
    assert_eq!(syncs(&disk), before + 2, "the one on its way, and its own");
}

#[test]
fn a_sync_that_fails_on_the_way_acknowledges_nobody() {
    let disk = Disk::default();
    let (mut rig, half) = with_half_in_flight(&disk);
    let next = syncs(&disk) + 1;
    disk.fs.disk().faults.push((Call::Sync, next, std::io::ErrorKind::Other));
    let other = ask(&mut rig, 12..18);
    rig.settle();
    for mut reply in half.into_iter().chain(other) {
        assert_eq!(reply.try_recv().unwrap().unwrap_err().kind(), ErrorKind::Poisoned);
    }
    assert_eq!(rig.told.lock().unwrap().len(), 1);
}

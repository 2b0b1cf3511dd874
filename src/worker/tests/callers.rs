//! Several callers that wait for the disk.

use std::time::Duration;

use tokio::sync::oneshot::Receiver;

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

fn syncs(disk: &Disk) -> u64 {
    disk.fs.disk().calls[&Call::Sync]
}

fn answers(waiting: Waiting) -> Vec<Result<Stored>> {
    waiting.into_iter().map(|mut reply| reply.try_recv().unwrap()).collect()
}

#[test]
fn who_asked_together_shares_a_sync_and_is_told_the_right_place() {
    let disk = Disk { segment_bytes_max: 1 << 20, ..Disk::default() };
    let mut rig = disk.rig(None);
    rig.record(0).unwrap().unwrap();
    for round in 0..3 {
        let first = 1 + 12 * round;
        let before = syncs(&disk);
        let waiting = ask(&mut rig, first..first + 12);
        rig.worker.turn();
        assert_eq!(syncs(&disk), before + 1);
        let entries = disk.entries();
        let mut next = 0;
        for stored in answers(waiting) {
            let stored = stored.unwrap();
            assert!(stored.sequence.0 >= next, "in the order in which they asked");
            next = stored.sequence.0 + 1;
            assert_eq!(entries[stored.sequence.0 as usize].event_id, stored.event_id);
        }
    }
    rig.check_sums(37);
}

#[test]
fn who_comes_alone_after_many_is_answered_although_they_do_not_come() {
    let disk = Disk::default();
    let mut rig = disk.rig(None);
    let many = ask(&mut rig, 0..12);
    rig.settle();
    assert!(answers(many).into_iter().all(|answer| answer.is_ok()));
    for id in 12..16 {
        rig.record(id).unwrap().unwrap();
    }
    rig.check_sums(16);
}

#[test]
fn who_comes_while_a_sync_for_nobody_is_on_its_way_is_answered_at_once() {
    let disk = Disk::default();
    let mut rig = disk.rig(None);
    rig.record(0).unwrap().unwrap();
    rig.complete(1);
    // Due when it is appended, in the turn in which somebody comes.
    rig.clock.advance(Duration::from_millis(20));
    let before = syncs(&disk);
    rig.record(2).unwrap().unwrap();
    assert_eq!(syncs(&disk), before + 2, "the one on its way, and its own");
}

#[test]
fn a_sync_that_fails_acknowledges_nobody() {
    let disk = Disk::default();
    let mut rig = disk.rig(None);
    rig.record(0).unwrap().unwrap();
    let next = syncs(&disk) + 1;
    disk.fs.disk().faults.push((Call::Sync, next, std::io::ErrorKind::Other));
    let waiting = ask(&mut rig, 1..7);
    rig.settle();
    for answer in answers(waiting) {
        assert_eq!(answer.unwrap_err().kind(), ErrorKind::Poisoned);
    }
    assert_eq!(rig.told.lock().unwrap().len(), 1);
}

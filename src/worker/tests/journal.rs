//! The journal's part of a turn, when nothing fails.

use std::time::Duration;

use super::journal_rig::{Disk, event, events, facts};
use super::rig::Rig;
use crate::clock::Clock as _;
use crate::event::row::time_from_us;
use crate::event::{Kind, Status, StatusSource};
use crate::fs::JournalFs;
use crate::fs::simulated::Call;
use crate::ledger::Retention;
use crate::worker::request::Request;

fn syncs(disk: &Disk) -> u64 {
    disk.fs.disk().calls.get(&Call::Sync).copied().unwrap_or_default()
}

#[test]
fn what_is_captured_is_synced_within_the_group_time_and_not_before() {
    let disk = Disk::default();
    let mut rig = disk.rig(None);
    rig.complete(1);
    rig.pass(20);
    rig.complete(1);
    settle_syncs(&mut rig);
    let before = syncs(&disk);
    rig.complete(10);
    settle_syncs(&mut rig);
    assert_eq!(syncs(&disk), before, "it waits for others");
    let due = rig.worker.trail.keeper.until_due().unwrap();
    assert!(due <= Duration::from_millis(10) && !due.is_zero(), "{due:?}");
    rig.clock.advance(due);
    rig.settle();
    assert_eq!(syncs(&disk), before, "it was begun, and nobody waits for it");
    settle_syncs(&mut rig);
    assert_eq!(syncs(&disk), before + 1);
    assert_eq!(disk.entries().len(), 13);
    assert_eq!(rig.worker.trail.keeper.until_due().map(|due| due.is_zero()), Some(false));
}

/// Turns enough to begin a sync that is due and to see how it fared.
fn settle_syncs(rig: &mut Rig) {
    (0..3).for_each(|_| rig.settle());
}

#[test]
fn many_bytes_are_synced_at_once() {
    let disk = Disk::default();
    let mut rig = disk.rig(None);
    rig.pass(20);
    let before = syncs(&disk);
    for _ in 0..10 {
        rig.complete(150);
        rig.settle();
    }
    assert!(syncs(&disk) > before + 3, "1,500 entries of 300 bytes, 70,000 bytes a group");
    rig.check_sums(0);
}

#[test]
fn who_waits_is_answered_after_one_sync_for_all() {
    let disk = Disk { segment_bytes_max: 1 << 20, ..Disk::default() };
    let mut rig = disk.rig(None);
    rig.pass(20);
    let before = syncs(&disk);
    let waiting: Vec<_> =
        (0..64).map(|id| rig.begin_to_ask(|reply| Request::Record(event(id), reply))).collect();
    rig.settle();
    for mut reply in waiting {
        let stored = reply.try_recv().unwrap().unwrap();
        assert_eq!(disk.entries()[stored.sequence.0 as usize].event_id, stored.event_id);
    }
    assert_eq!(syncs(&disk), before + 1);
    rig.check_sums(64);
}

#[test]
fn a_checkpoint_is_signed_each_second_while_there_is_news() {
    let disk = Disk::default();
    let mut rig = disk.rig(None);
    let signed = |rig: &super::rig::Rig| {
        rig.worker.publish_totals();
        rig.worker.published.totals().journal.unwrap().checkpoint_size.unwrap()
    };
    assert_eq!(signed(&rig), 1, "over the entry that says that the log was opened");
    rig.complete(5);
    rig.pass(900);
    assert_eq!(signed(&rig), 1);
    let mut covered =
        rig.begin_to_ask(|reply| Request::Checkpoint(crate::event::Sequence(3), reply));
    rig.pass(200);
    assert_eq!(signed(&rig), 6);
    assert_eq!(covered.try_recv().unwrap().unwrap().checkpoint().head().size, 6);
    let before = disk.fs.disk().calls_total();
    rig.pass(5_000);
    assert_eq!(disk.fs.disk().calls_total(), before, "without news nothing is written");
}

#[test]
fn segments_are_sealed_and_the_log_says_so() {
    let disk = Disk::default();
    let mut rig = disk.rig(None);
    for _ in 0..20 {
        rig.complete(20);
        rig.pass(20);
    }
    let entries = disk.entries();
    let seals = facts(&entries).iter().filter(|fact| **fact == "SEAL").count();
    assert!(seals >= 3, "{seals}");
    rig.check_sums(0);
}

#[test]
fn a_step_of_the_wall_clock_is_an_entry_and_order_stays() {
    let disk = Disk::default();
    let mut rig = disk.rig(None);
    rig.complete(1);
    rig.pass(20);
    rig.clock.step_wall("2024-01-01T00:00:00Z".parse().unwrap());
    rig.complete(1);
    rig.pass(20);
    let entries = disk.entries();
    assert_eq!(facts(&entries), ["OPEN", "CLOCK"]);
    let clock = entries.iter().find(|entry| entry.operation.as_str() == "CLOCK").unwrap();
    let stepped = clock.metadata.get("stepped_us").unwrap().as_i64().unwrap();
    assert!(stepped < -365 * 86_400 * 1_000_000, "{stepped}");
    assert_eq!(entries[2].operation.as_str(), "CLOCK", "before what came after");
    assert!(entries[3].recorded_at < entries[1].recorded_at && entries[3].kind == Kind::Event);
}

#[test]
fn a_clock_that_is_far_ahead_for_a_moment_removes_nothing() {
    let day = Duration::from_secs(86_400);
    let retention = Retention { age_max: Some(200 * day), ..Retention::default() };
    let disk = Disk { retention, ..Disk::default() };
    let mut rig = disk.rig(None);
    for _ in 0..10 {
        rig.complete(100);
        rig.pass(20);
    }
    assert!(facts(&disk.entries()).contains(&"SEAL"));
    let right = rig.clock.wall_us();
    rig.clock.step_wall("2038-01-19T03:14:08Z".parse().unwrap());
    for _ in 0..59 {
        rig.clock.advance(Duration::from_secs(60));
        rig.settle();
    }
    assert!(rig.told.lock().unwrap().iter().any(|told| told.contains("removes nothing")));
    assert_eq!(events(&disk.entries()), 1_000, "all are there while the clock is wrong");
    rig.clock.step_wall(time_from_us(right));
    rig.clock.advance(Duration::from_secs(120));
    rig.settle();
    assert_eq!(events(&disk.entries()), 1_000, "and when it is right again");

    rig.clock.step_wall("2038-01-19T03:14:08Z".parse().unwrap());
    rig.settle();
    rig.clock.advance(Duration::from_secs(3_600));
    rig.settle();
    assert!(disk.first() > 0, "a clock that stays so is believed");
}

#[test]
fn an_unclean_end_is_said_and_what_was_begun_is_recovered() {
    let disk = Disk::default();
    let mut rig = disk.rig(None);
    let begun = |id: u64| move |reply| Request::Begin(event(id), reply);
    rig.ask(begun(1)).unwrap().unwrap();
    let open = rig.ask(begun(2)).unwrap().unwrap();
    let completed = event(3);
    let completion = crate::worker::Completion {
        event_id: completed.event_id,
        status: Status::Success,
        status_source: StatusSource::Explicit,
        error_message: None,
        duration: Duration::ZERO,
        entry_ids: Vec::new(),
        metadata: Default::default(),
    };
    rig.ask(|reply| Request::Begin(completed, reply)).unwrap().unwrap();
    rig.ask(|reply| Request::Complete(Box::new(completion), Some(reply))).unwrap().unwrap();
    let clock = rig.clock.clone();
    drop(rig);
    disk.fs.disk().kill();

    let mut rig = disk.rig(Some(&clock));
    let entries = disk.entries();
    let opening = entries.iter().rev().find(|entry| entry.operation.as_str() == "OPEN").unwrap();
    assert_eq!(opening.metadata.get("was_closed").unwrap(), false);
    let recovered: Vec<_> =
        entries.iter().filter(|entry| entry.status_source == StatusSource::Recovered).collect();
    assert_eq!(recovered.len(), 2);
    assert!(recovered.iter().all(|event| event.kind == Kind::Event
        && event.operation.as_str() == "RECORD"
        && event.status == Status::Unknown
        && event.metadata.is_empty()));
    assert!(recovered.iter().any(|event| event.event_id == open.event_id));
    assert!(rig.held().iter().any(|event| event.event_id == open.event_id));
    drop(rig);
    disk.fs.disk().kill();
    let again = disk.rig(Some(&clock));
    let entries = disk.entries();
    let count = entries.iter().filter(|e| e.status_source == StatusSource::Recovered).count();
    assert_eq!(count, 2, "once");
    drop(again);
}

#[test]
fn a_panic_between_journal_and_buffer_loses_nothing() {
    let disk = Disk::default();
    let mut rig = disk.rig(None);
    rig.complete(3);
    rig.settle();
    rig.worker.trail.panics_behind_journal = true;
    rig.complete(2);
    let turn = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| rig.worker.turn()));
    assert!(turn.is_err());
    assert_ne!(rig.worker.trail.keeper.size(), Some(rig.worker.trail.buffer.next_sequence()));
    rig.worker.recover();
    rig.settle();
    rig.check_sums(0);
    assert!(rig.worker.intake.losses.totals().is_empty());
    assert_eq!(rig.held_ids(), [0, 1, 2, 3, 4]);
    let statistics = rig.worker.published.statistics.lock().unwrap_or_else(|e| e.into_inner());
    assert_eq!(statistics.statistics().total_events, 5);
}

#[test]
fn the_buffer_gets_back_what_it_held_and_not_what_was_rotated_out() {
    let disk = Disk::default();
    let mut rig = disk.rig(None);
    rig.complete(10);
    rig.settle();
    rig.ask(Request::Rotate).unwrap().unwrap();
    rig.complete(3);
    rig.pass(20);
    assert_eq!(rig.held_ids(), [10, 11, 12]);
    let clock = rig.clock.clone();
    drop(rig);
    disk.fs.disk().kill();
    let mut rig = disk.rig(Some(&clock));
    assert_eq!(rig.held_ids(), [10, 11, 12]);
    let first = rig.held()[0].sequence.unwrap().0;
    assert_eq!(first, 11, "places are kept");
}

/// Opening a log of which a segment was deleted.
#[test]
fn a_log_without_one_of_its_segments_is_not_taken_up() {
    for removed in [0, 1] {
        let disk = Disk { segment_bytes_max: 8 * 1024, ..Disk::default() };
        let mut rig = disk.rig(None);
        for _ in 0..20 {
            rig.complete(10);
            rig.ask(Request::Sync).unwrap().unwrap();
        }
        rig.ask(Request::shutdown).unwrap();
        let directory = rig.journal_totals().directory.join("segments");
        drop(rig);
        let mut names = disk.fs.names(&directory);
        names.sort();
        assert!(names.len() > 3, "{names:?}");
        let before = disk.fs.disk().clone();
        disk.fs.remove_file(&directory.join(&names[removed])).unwrap();
        let error = disk.try_rig(None).err().unwrap();
        assert_eq!(error.kind(), crate::ErrorKind::Damaged);
        let said = error.to_string();
        assert!(said.contains(["were pruned", "a segment that begins with"][removed]), "{said}");
        *disk.fs.disk() = before;
        assert!(disk.try_rig(None).is_ok());
    }
}

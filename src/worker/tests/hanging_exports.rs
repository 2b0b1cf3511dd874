//! Documents that hang: nobody waits for them for ever, and they hold no more than
//! others.

use std::time::{Duration, Instant};

use super::rig::{Rig, Setup};
use crate::channel::LossReason;
use crate::fs::faulty::Call;
use crate::worker::EXPORT_HANGS_AFTER;
use crate::worker::request::Request;

const DEADLINE: Duration = Duration::from_secs(60);

fn hanging(setup: Setup) -> Rig {
    let rig = Setup { exports_on_threads: true, ..setup }.rig();
    rig.fs.hang(Call::Sync);
    rig
}

/// Takes turns until something is so.
#[expect(clippy::disallowed_methods, reason = "waits for another thread")]
fn wait_until(rig: &mut Rig, is_so: impl Fn(&mut Rig) -> bool) {
    let begun = Instant::now();
    while !is_so(rig) {
        assert!(begun.elapsed() < DEADLINE);
        rig.settle();
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn begun(rig: &Rig) -> usize {
    rig.fs.calls().iter().filter(|call| **call == Call::CreateNew).count()
}

fn lost(rig: &Rig) -> u64 {
    let losses = rig.worker.intake.losses.totals();
    losses.get(&LossReason::ExportFailed).copied().unwrap_or_default()
}

#[test]
fn a_shutdown_waits_for_a_hanging_export_no_longer_than_it_may() {
    let mut rig = hanging(Setup::default());
    rig.complete(3);
    let mut done = rig.begin_to_ask(|reply| Request::Shutdown(reply, 1_000_000_000));
    rig.settle();
    rig.clock.advance(Duration::from_millis(999));
    rig.settle();
    assert!(done.try_recv().is_err(), "there is time left");
    rig.clock.advance(Duration::from_millis(1));
    rig.settle();
    let counts = done.try_recv().unwrap();
    assert!(counts.is_export_left_behind && counts.path.is_none());
    assert!(counts.error.unwrap().contains("has not come to an end"));
    assert!(rig.told.lock().unwrap()[0].contains("has not come to an end"));

    rig.fs.repair();
    wait_until(&mut rig, |rig| rig.documents().len() == 1);
    assert_eq!(rig.documents()[0].1, [0, 1, 2], "its thread goes on");
    let again = rig.ask(Request::shutdown).unwrap();
    assert!(again.is_export_left_behind, "what was told stays");
}

#[cfg(feature = "journal")]
#[test]
fn a_hanging_export_does_not_keep_the_journal_open() {
    let disk = super::journal_rig::Disk::default();
    for events_max in [None, Some(8)] {
        let mut rig =
            hanging(Setup { events_max, journal: Some(disk.clone()), ..Setup::default() });
        rig.complete(9);
        rig.settle();
        let mut done = rig.begin_to_ask(|reply| Request::Shutdown(reply, 1_000_000_000));
        rig.settle();
        let entries = disk.entries();
        assert_ne!(super::journal_rig::facts(&entries).last(), Some(&"CLOSE"));
        rig.clock.advance(Duration::from_secs(1));
        rig.settle();
        assert!(done.try_recv().unwrap().is_export_left_behind);
        assert_eq!(super::journal_rig::facts(&disk.entries()).last(), Some(&"CLOSE"));
        assert!(rig.journal_totals().is_closed);
        rig.fs.repair();
    }
    let mut next = Setup { journal: Some(disk), ..Setup::default() }.rig();
    assert_eq!(next.held_ids().len(), 18, "no entry says that they were exported");
    let counts = next.ask(Request::shutdown).unwrap();
    assert!(counts.path.is_some() && next.documents()[0].1.len() == 18);
}

#[test]
fn a_hanging_export_holds_no_more_events_than_one_that_fails() {
    let mut rig =
        hanging(Setup { events_max: Some(8), backlog_events_max: 32, ..Setup::default() });
    rig.complete(40);
    rig.settle();
    assert_eq!((rig.held_ids().len(), lost(&rig)), (40, 0), "it may only be slow");
    rig.clock.advance(EXPORT_HANGS_AFTER);
    rig.settle();
    assert!(lost(&rig) > 0 && rig.told.lock().unwrap()[0].contains("has not come to an end"));
    for _ in 0..20 {
        rig.complete(40);
        rig.settle();
        rig.clock.advance(Duration::from_secs(60));
        rig.settle();
        assert!(rig.held_ids().len() <= 32 + 40);
        assert_eq!(rig.held_ids().len() as u64 + lost(&rig), rig.completed());
    }
    assert_eq!(begun(&rig), 1, "no second thread while one hangs");
    let health = rig.worker.exporter.as_ref().unwrap().health.clone();
    assert!(health.failures > 1 && health.last_error.unwrap().contains("has not come to an end"));

    rig.fs.repair();
    wait_until(&mut rig, |rig| rig.documents().len() == 1);
    wait_until(&mut rig, |rig| {
        let health = rig.worker.exporter.as_ref().unwrap().health.clone();
        if health.writing_since_ns.is_none() {
            // What failed since is tried again, or given up for what comes.
            rig.complete(9);
            rig.clock.advance(Duration::from_secs(60));
        }
        health.failures == 0
    });
    assert!(rig.documents().len() > 1);
}

#[test]
fn a_daily_document_that_fails_holds_no_more_events_than_a_rotation() {
    let setup = Setup { events_max: Some(8), backlog_events_max: 32, ..Setup::default() };
    let mut rig = Setup { daily_snapshot: true, ..setup }.rig();
    rig.complete(3);
    rig.settle();
    let _ = rig.fs.clone().always_failing(Call::Sync);
    rig.clock.advance(Duration::from_secs(24 * 3_600));
    rig.settle();
    for _ in 0..20 {
        rig.complete(40);
        rig.settle();
        rig.clock.advance(Duration::from_secs(60));
        rig.settle();
        assert!(rig.held_ids().len() <= 32 + 40, "{}", rig.held_ids().len());
    }
}

//! Documents that fail, and what becomes of their events.

use std::time::Duration;

use super::rig::{Rig, Setup};
use crate::channel::LossReason;
use crate::event::Kind;
use crate::fs::faulty::Call;
use crate::worker::request::Request;

fn full_rig() -> Rig {
    let rig = Setup { events_max: Some(8), backlog_events_max: 32, ..Setup::default() }.rig();
    let _ = rig.fs.clone().always_failing(Call::Sync);
    rig
}

#[test]
fn a_failed_export_keeps_its_events_says_so_and_is_tried_again() {
    let mut rig = full_rig();
    rig.complete(9);
    rig.settle();
    assert_eq!(rig.held_ids().len(), 9);
    assert!(rig.documents().is_empty());
    let health = rig.worker.exporter.as_ref().unwrap().health.clone();
    assert_eq!(health.failures, 1);
    assert!(health.last_error.unwrap().contains("injected"));
    assert!(rig.told.lock().unwrap()[0].contains("injected"));

    rig.fs.repair();
    rig.settle();
    assert!(rig.documents().is_empty(), "not before the wait is over");
    rig.clock.advance(Duration::from_secs(1));
    rig.settle();
    let mut all = rig.documents()[0].1.clone();
    assert!(!all.is_empty());
    all.extend(rig.held_ids());
    assert_eq!(all, (0..9).collect::<Vec<_>>());
    assert_eq!(rig.worker.exporter.as_ref().unwrap().health.failures, 0);
}

#[test]
fn waits_between_tries_grow_to_a_minute() {
    let mut rig = full_rig();
    rig.complete(9);
    rig.settle();
    for seconds in [1, 2, 4, 8, 16, 32, 60, 60] {
        let failures = rig.worker.exporter.as_ref().unwrap().health.failures;
        rig.clock.advance(Duration::from_millis(seconds * 1_000 - 1));
        rig.settle();
        assert_eq!(rig.worker.exporter.as_ref().unwrap().health.failures, failures, "{seconds}");
        rig.clock.advance(Duration::from_millis(1));
        rig.settle();
        assert_eq!(rig.worker.exporter.as_ref().unwrap().health.failures, failures + 1);
    }
}

#[test]
fn beyond_the_backlog_events_are_given_up_as_a_gap_in_the_trail() {
    let mut rig = full_rig();
    rig.complete(40);
    rig.settle();
    rig.settle();
    let lost = rig.worker.intake.losses.totals()[&LossReason::ExportFailed];
    let gaps: Vec<_> = rig.held().into_iter().filter(|event| event.kind == Kind::Log).collect();
    let counted = gaps.iter().map(|gap| gap.metadata.get("count").unwrap().as_u64().unwrap());
    assert_eq!(counted.sum::<u64>(), lost);
    assert_eq!(gaps[0].operation.as_str(), "GAP");
    assert_eq!(gaps[0].metadata.get("reason").unwrap(), "export_failed");
    assert_eq!(rig.held_ids().len() as u64 + lost, 40);
    assert!(lost > 0);
}

#[test]
fn a_backlog_that_is_just_full_gives_nothing_up() {
    let mut rig = full_rig();
    rig.complete(32);
    rig.settle();
    rig.settle();
    assert_eq!(rig.held_ids().len(), 32);
    assert!(rig.worker.intake.losses.totals().is_empty());
    rig.complete(1);
    rig.settle();
    rig.settle();
    assert!(rig.worker.intake.losses.totals()[&LossReason::ExportFailed] > 0);
}

#[test]
fn a_rotation_by_hand_waits_for_the_export() {
    let mut rig = full_rig();
    rig.complete(3);
    assert!(rig.ask(Request::Rotate).is_none());
    assert_eq!(rig.held_ids().len(), 3);
    rig.fs.repair();
    rig.clock.advance(Duration::from_secs(1));
    rig.settle();
    assert!(rig.held_ids().is_empty());
    assert_eq!(rig.documents()[0].1, [0, 1, 2]);
}

#[test]
fn shutdown_writes_a_last_document_and_releases_nothing() {
    let mut rig = Setup::default().rig();
    rig.complete(3);
    let counts = rig.ask(Request::shutdown).unwrap();
    assert!(counts.path.is_some() && counts.error.is_none());
    assert_eq!(rig.documents()[0].1, [0, 1, 2]);
    assert_eq!(rig.held_ids(), [0, 1, 2]);
    rig.complete(2);
    rig.settle();
    assert_eq!(rig.worker.intake.losses.totals()[&LossReason::AfterShutdown], 2);
}

#[test]
fn shutdown_says_why_the_last_document_failed() {
    let mut rig = full_rig();
    rig.complete(3);
    let counts = rig.ask(Request::shutdown).unwrap();
    assert!(counts.error.unwrap().contains("injected"));
    assert_eq!(counts.path, None);
}

#[test]
fn shutdown_tries_what_waits_once_more_and_ends() {
    let mut rig = full_rig();
    rig.complete(9);
    rig.settle();
    let counts = rig.ask(Request::shutdown).unwrap();
    assert!(counts.error.unwrap().contains("injected"));
    assert_eq!(counts.path, None);
    // The rotation, once more, and the last document.
    assert_eq!(rig.told.lock().unwrap().len(), 3);
    rig.clock.advance(Duration::from_secs(3_600));
    rig.settle();
    assert_eq!(rig.told.lock().unwrap().len(), 3, "nothing goes on");
    assert_eq!(rig.held_ids().len(), 9);
}

#[test]
fn shutdown_writes_what_a_rotation_could_not_and_answers_who_asked_for_that() {
    let mut rig = full_rig();
    rig.complete(3);
    let mut rotated = rig.begin_to_ask(Request::Rotate);
    rig.settle();
    rig.fs.repair();
    let counts = rig.ask(Request::shutdown).unwrap();
    assert_eq!(counts.error, None);
    assert_eq!(rig.documents()[0].1, [0, 1, 2]);
    assert!(rotated.try_recv().unwrap().is_ok());
    drop(counts);

    let mut rig = full_rig();
    rig.complete(3);
    let mut rotated = rig.begin_to_ask(Request::Rotate);
    rig.settle();
    drop(rig.ask(Request::shutdown));
    assert!(rotated.try_recv().unwrap().is_err());
}

#[cfg(feature = "journal")]
#[test]
fn shutdown_closes_the_journal_whatever_exports_do() {
    let disk = super::journal_rig::Disk::default();
    for daily_snapshot in [false, true] {
        let setup = Setup { events_max: Some(8), daily_snapshot, ..Setup::default() };
        let mut rig = Setup { journal: Some(disk.clone()), ..setup }.rig();
        let _ = rig.fs.clone().always_failing(Call::Sync);
        rig.complete(9);
        rig.settle();
        rig.clock.advance(Duration::from_secs(24 * 3_600));
        rig.settle();
        let counts = rig.ask(Request::shutdown).unwrap();
        assert!(counts.error.unwrap().contains("injected"));
        assert_eq!(super::journal_rig::facts(&disk.entries()).last(), Some(&"CLOSE"));
    }
}

/// What waited for an export when the process was killed is in a document of the
/// next run.
#[cfg(feature = "journal")]
#[test]
fn what_waited_for_an_export_is_exported_after_a_kill() {
    let disk = super::journal_rig::Disk::default();
    let rig = |backlog_events_max| {
        let setup = Setup { events_max: Some(8), backlog_events_max, ..Setup::default() };
        Setup { journal: Some(disk.clone()), ..setup }.rig()
    };
    let mut killed = rig(64);
    killed.complete(9);
    killed.settle();
    let mut all = killed.documents()[0].1.clone();
    assert!(!all.is_empty());
    let _ = killed.fs.clone().always_failing(Call::Sync);
    killed.complete(40);
    killed.settle();
    killed.ask(Request::Sync).unwrap().unwrap();
    assert!(killed.documents().len() == 1 && killed.worker.intake.losses.totals().is_empty());
    drop(killed);

    let mut next = rig(64);
    assert_eq!(next.held_ids().len() + all.len(), 49);
    next.settle();
    all.extend(next.documents().into_iter().flat_map(|(_, ids)| ids));
    all.extend(next.held_ids());
    assert_eq!(all, (0..49).collect::<Vec<_>>());
}

#[test]
fn what_a_document_of_an_earlier_run_holds_is_in_no_later_one() {
    let disk = super::journal_rig::Disk::default();
    let setup = || Setup { journal: Some(disk.clone()), ..Setup::default() };
    let mut first = setup().rig();
    first.complete(5);
    first.ask(Request::shutdown).unwrap();
    assert_eq!(first.documents()[0].1, [0, 1, 2, 3, 4]);
    drop(first);
    let mut next = setup().rig();
    assert_eq!(next.held_ids(), [0, 1, 2, 3, 4], "they are held again");
    next.complete(2);
    next.ask(Request::shutdown).unwrap();
    let documents = next.documents();
    assert_eq!((documents.len(), &documents[0].1[..]), (1, &[0, 1][..]));
}

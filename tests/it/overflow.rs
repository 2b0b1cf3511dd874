//! A full queue, a worker that panics, shutdown: everything that completed is
//! recorded or counted as lost, exactly, and the trail says so itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use tracing::dispatcher::DefaultGuard;
use tracing::{info, info_span};
use tracing_audit::clock::{Clock, SystemClock};
use tracing_audit::event::Kind;
use tracing_audit::{Audit, LossReason, OverflowPolicy, Status, StatusSource};

use crate::ruled::{self, RULED};
use crate::trail::{DEADLINE, only, trail_of};

const QUEUE: usize = 8;

/// A trail whose worker stands still until it is told to go on.
fn blocked(policy: OverflowPolicy) -> (Audit, DefaultGuard, Sender<()>) {
    let (go_on, wait): (_, Receiver<()>) = channel();
    let (stands, has_stopped) = channel();
    // The event that stops it waits as well.
    let builder = ruled::builder().queue_events_max(QUEUE + 1).overflow(policy);
    let (audit, default) = trail_of(builder.on_error(move |error| {
        // Callsites of other tests are told of here, too.
        if error.to_string().contains("tests/it/overflow.rs:") {
            let _ = stands.send(());
            let _ = wait.recv();
        }
    }));
    let stops = info_span!("op", audit.operation = "STOPS", audit.status = "odd");
    has_stopped.recv().unwrap();
    drop(stops);
    (audit, default, go_on)
}

/// Operations by turns: by policy, where there are policies, and said in code.
fn operate(times: usize) {
    for number in 0..times {
        if RULED == 1 && number % 2 == 0 {
            drop(info_span!(target: "ruled", "op", number));
        } else {
            drop(info_span!("op", audit.operation = "OP"));
        }
    }
}

/// What gap entries say was lost, by reason.
fn gaps(audit: &Audit, reason: LossReason) -> u64 {
    let entries = audit.query().kind(Kind::Log).operation("GAP").run().unwrap().events;
    let of_reason =
        entries.iter().filter(|gap| gap.metadata.get("reason").unwrap() == reason.as_str());
    of_reason.map(|gap| gap.metadata.get("count").unwrap().as_u64().unwrap()).sum()
}

/// Recorded and lost add up to `completed`, after a flush, everywhere.
#[track_caller]
fn assert_exact(audit: &Audit, completed: u64, reason: LossReason, lost: u64) {
    audit.flush().unwrap();
    let health = audit.health();
    assert_eq!(health.lost.get(&reason).copied().unwrap_or_default(), lost);
    assert_eq!(health.lost_events(), lost);
    assert_eq!(health.recorded_events + lost, completed);
    assert_eq!(audit.query().count().unwrap() + lost, completed);
    assert_eq!(gaps(audit, reason), lost);
    assert_eq!(audit.statistics().total_events + lost, completed);
}

#[test]
fn drop_loses_what_finds_the_queue_full_and_says_so() {
    let (audit, _default, go_on) = blocked(OverflowPolicy::Drop);
    let says = |what| audit.health().problems().iter().any(|problem| problem.contains(what));
    operate(QUEUE + 5);
    assert!(says("more than half full"));
    go_on.send(()).unwrap();
    assert_exact(&audit, 1 + QUEUE as u64 + 5, LossReason::Full, 5);
    assert!(!says("more than half full"));
    operate(3);
    assert_exact(&audit, 1 + QUEUE as u64 + 8, LossReason::Full, 5);
    let all = audit.query().every_kind().run().unwrap().events;
    let gap_entries = all.iter().filter(|entry| entry.operation.as_str() == "GAP").count();
    assert_eq!(gap_entries, 1);
    let sequences: Vec<_> = all.iter().rev().map(|entry| entry.sequence.unwrap().0).collect();
    assert_eq!(sequences, (0..all.len() as u64).collect::<Vec<_>>(), "no holes");
    assert!(says("5 events lost: full"));
}

#[test]
fn block_waits_once_per_stall() {
    const MORE: u32 = 600;
    let wait = Duration::from_millis(100);
    let (audit, _default, go_on) = blocked(OverflowPolicy::Block(wait));
    operate(QUEUE);
    let before = Instant::now();
    operate(1);
    assert!(before.elapsed() >= wait);
    let before = Instant::now();
    operate(MORE as usize);
    // A minute, if each of them waited; a machine that is slow is not as slow as that.
    assert!(before.elapsed() < wait * MORE, "waits again although it stalls");
    go_on.send(()).unwrap();
    let lost = u64::from(1 + MORE);
    assert_exact(&audit, 1 + QUEUE as u64 + lost, LossReason::Full, lost);
}

#[test]
fn block_forever_loses_nothing() {
    let (audit, _default, go_on) = blocked(OverflowPolicy::BlockForever);
    let dispatch = tracing::dispatcher::get_default(Clone::clone);
    let producer = std::thread::spawn(move || {
        tracing::dispatcher::with_default(&dispatch, || operate(QUEUE * 10));
    });
    std::thread::sleep(Duration::from_millis(20));
    assert!(!producer.is_finished(), "it has to wait");
    go_on.send(()).unwrap();
    producer.join().unwrap();
    assert_exact(&audit, 1 + QUEUE as u64 * 10, LossReason::Full, 0);
}

#[test]
fn a_flush_gets_through_while_the_queue_is_full() {
    let (audit, _default, go_on) = blocked(OverflowPolicy::Drop);
    operate(QUEUE * 2);
    let asking = audit.clone();
    let flush = std::thread::spawn(move || asking.flush());
    let asking = audit.clone();
    let record =
        std::thread::spawn(move || asking.record(tracing_audit::AuditEvent::builder("BY_HAND")));
    std::thread::sleep(Duration::from_millis(10));
    go_on.send(()).unwrap();
    flush.join().unwrap().unwrap();
    record.join().unwrap().unwrap();
    only(&audit, "BY_HAND");
    assert_exact(&audit, 1 + QUEUE as u64 * 2 + 1, LossReason::Full, QUEUE as u64);
}

#[test]
fn with_many_threads_everything_is_recorded_or_counted() {
    const THREADS: u64 = 4;
    const EACH: u64 = 2_000;
    let (audit, _default) =
        trail_of(ruled::builder().queue_events_max(16).overflow(OverflowPolicy::Drop));
    let dispatch = tracing::dispatcher::get_default(Clone::clone);
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                tracing::dispatcher::with_default(&dispatch, || operate(EACH as usize));
            });
        }
    });
    audit.flush().unwrap();
    let lost = audit.health().lost_events();
    assert_exact(&audit, THREADS * EACH, LossReason::Full, lost);
}

/// Panics on the worker's thread, as often as it is told to.
struct Panicking {
    clock: SystemClock,
    times: Arc<AtomicU32>,
}

impl Clock for Panicking {
    fn monotonic_ns(&self) -> u64 {
        self.clock.monotonic_ns()
    }

    fn wall_us(&self) -> i64 {
        let is_worker = std::thread::current().name() == Some("tracing-audit");
        let take = |left: u32| left.checked_sub(1);
        let order = Ordering::SeqCst;
        assert!(!is_worker || self.times.fetch_update(order, order, take).is_err(), "on purpose");
        self.clock.wall_us()
    }
}

fn panicking() -> (Audit, DefaultGuard, Arc<AtomicU32>) {
    let times = Arc::new(AtomicU32::new(0));
    let clock = Panicking { clock: SystemClock::new(), times: times.clone() };
    let (audit, default) = trail_of(ruled::builder().clock(clock));
    (audit, default, times)
}

#[test]
fn a_worker_that_panics_now_and_then_goes_on_and_loses_nothing() {
    let (audit, _default, times) = panicking();
    for round in 1..=5 {
        operate(10);
        times.store(2, Ordering::SeqCst);
        assert_exact(&audit, round * 10, LossReason::WorkerPanic, 0);
    }
    assert!(!audit.health().is_poisoned);
}

#[test]
fn a_worker_that_keeps_panicking_gives_up_and_counts_what_is_lost() {
    let (audit, _default, times) = panicking();
    operate(10);
    audit.flush().unwrap();
    times.store(3, Ordering::SeqCst);
    while times.load(Ordering::SeqCst) > 0 {
        std::thread::sleep(Duration::from_millis(1));
    }
    operate(7);
    audit.flush().unwrap();
    let health = audit.health();
    assert!(health.is_poisoned);
    assert!(health.problems().iter().any(|problem| problem.contains("given up")));
    assert_eq!((health.recorded_events, health.lost[&LossReason::WorkerPanic]), (10, 7));
    assert_eq!(audit.query().count().unwrap(), 10, "what was recorded can still be read");
    assert!(audit.record(tracing_audit::AuditEvent::builder("X")).unwrap_err().is_stopped());
    let report = audit.shutdown(DEADLINE);
    assert!(report.is_complete);
}

#[test]
fn shutdown_records_what_is_open_and_counts_what_ends_later() {
    let (audit, _default) = trail_of(ruled::builder());
    let connection = info_span!("connection", audit.user_id = tracing::field::Empty);
    let open = connection.in_scope(|| info_span!("op", audit.operation = "OPEN"));
    connection.record("audit.user_id", "alice");
    operate(3);
    let report = audit.shutdown(DEADLINE);
    assert!(report.is_complete);
    assert_eq!((report.recorded, report.open, report.pending), (4, 1, 0));
    assert!(report.lost.is_empty());
    let event = only(&audit, "OPEN");
    assert_eq!((event.status, event.status_source), (Status::Unknown, StatusSource::Open));
    assert_eq!(event.user_id.as_deref(), Some("alice"), "known by then");
    drop(open);
    operate(2);
    info!(audit.operation = "TOO_LATE");
    assert!(audit.record(tracing_audit::AuditEvent::builder("X")).unwrap_err().is_stopped());
    assert_exact(&audit, 8, LossReason::AfterShutdown, 4);
    assert!(audit.shutdown(DEADLINE).is_complete, "twice does no harm");
}

#[test]
fn a_shutdown_that_meets_its_deadline_says_what_is_pending() {
    let (audit, _default, go_on) = blocked(OverflowPolicy::Drop);
    operate(QUEUE + 2);
    let report = audit.shutdown(Duration::from_millis(10));
    assert!(!report.is_complete);
    assert_eq!(report.pending, 1 + QUEUE as u64);
    assert_eq!(report.lost[&LossReason::Full], 2);
    operate(1);
    go_on.send(()).unwrap();
    audit.flush().unwrap();
    let health = audit.health();
    assert_eq!(health.recorded_events, 1 + QUEUE as u64);
    assert_eq!(health.lost[&LossReason::AfterShutdown], 1);
}

#[test]
fn dropping_the_last_handle_waits_for_what_is_completed() {
    let directory = tempfile::tempdir().unwrap();
    let seen = Arc::new(AtomicU32::new(0));
    let counted = seen.clone();
    let (audit, default) = trail_of(ruled::builder().export_directory(directory.path()));
    audit
        .attach(tracing_audit::sink::callback(move |_| {
            counted.fetch_add(1, Ordering::SeqCst);
        }))
        .unwrap();
    operate(100);
    let document = || {
        let files = std::fs::read_dir(directory.path()).ok()?;
        let mut paths = files.filter_map(|file| Some(file.ok()?.path()));
        paths.find(|path| path.extension().is_some_and(|end| end == "json"))
    };
    let (other, started) = (audit.clone(), Instant::now());
    drop(other);
    drop(default);
    drop(audit);
    // Unless that takes too long, the worker has ended by then, and has written what it held.
    assert!(started.elapsed() >= Audit::DROP_FLUSH || document().is_some());
    let deadline = Instant::now() + DEADLINE;
    while document().is_none() || seen.load(Ordering::SeqCst) < 100 {
        assert!(Instant::now() < deadline, "{:?} {seen:?}", document());
        std::thread::sleep(Duration::from_millis(5));
    }
    let text = std::fs::read_to_string(document().unwrap()).unwrap();
    assert!(
        text.contains("\"total_events\":100") || text.contains("\"total_events\": 100"),
        "{text}"
    );
}

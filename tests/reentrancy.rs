//! Our own threads and our own reading trace audited spans themselves, under a
//! global subscriber, which nothing guards: no loop, no deadlock, all counted.
//! Said in code, and by a policy.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "only the library has gates for time and files")]

#[path = "it/ruled.rs"]
mod ruled;

use std::fmt;
use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use tracing::{info, info_span, instrument};
use tracing_audit::event::Kind;
use tracing_audit::sink::Sink;
use tracing_audit::{Audit, AuditEvent, ErrorKind, Finding, LossReason, list};
use tracing_subscriber::prelude::*;

use self::ruled::RULED;

/// For what is sure to come, on a machine that has much else to do.
const DEADLINE: Duration = Duration::from_secs(120);

static AUDIT: OnceLock<Audit> = OnceLock::new();

/// Operations that were traced where none is recorded.
static TRACED: AtomicU64 = AtomicU64::new(0);

fn note_traced(operations: u64) {
    TRACED.fetch_add(operations, Ordering::SeqCst);
}

fn trace_something() {
    note_traced(2 + RULED);
    drop(info_span!(target: "ruled", "helper", id = "helper"));
    info_span!("helper", audit.operation = "HELPER", audit.user_id = "helper")
        .in_scope(|| info!(audit.operation = "HELPER"));
}

/// A sink that traces for whatever it is given, with `#[instrument]` at that.
struct Traces;

impl Sink for Traces {
    #[instrument(err, skip_all, fields(audit.operation = "HELPER"))]
    fn write(&mut self, _: &AuditEvent) -> io::Result<()> {
        note_traced(1);
        trace_something();
        Err(io::Error::other("so that the hook is called"))
    }

    fn flush(&mut self) -> io::Result<()> {
        trace_something();
        Ok(())
    }
}

/// Opens an audited span while it is formatted, and logs a list.
struct Opens;

impl fmt::Debug for Opens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        note_traced(1 + RULED);
        info_span!("in Debug", audit.operation = "IN_DEBUG").in_scope(|| ());
        drop(info_span!(target: "ruled", "in Debug", id = "in_debug"));
        info!(logged = list(&["x", "y"]), "while formatting");
        f.write_str("opens")
    }
}

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What calls into the handle give on the worker's own thread.
#[derive(Clone, Default)]
struct OnWorker(Arc<Mutex<Vec<ErrorKind>>>);

impl OnWorker {
    fn call_back(&self) {
        let Some(audit) = AUDIT.get() else { return };
        let errors = [
            audit.flush().unwrap_err(),
            audit.view().unwrap_err(),
            audit.query().run().unwrap_err(),
            audit.record(AuditEvent::builder("HELPER")).unwrap_err(),
            audit.rotate().unwrap_err(),
        ];
        self.0.lock().unwrap().extend(errors.iter().map(tracing_audit::Error::kind));
        assert_eq!(audit.self_check(), [Finding::OnWorker]);
        let _ = (audit.health(), audit.statistics(), audit.query().snapshot().unwrap());
    }
}

/// Waits until the sink was given all of these events, and everything that it
/// traced meanwhile was counted.
fn wait_for_sink(audit: &Audit, events: u64) {
    let start = Instant::now();
    while audit.health().sink_failures < events {
        assert!(start.elapsed() < DEADLINE, "{:?}", audit.health());
        std::thread::sleep(Duration::from_millis(5));
    }
    // The hook is told of each failure by the worker, before it answers.
    audit.flush().unwrap();
}

#[test]
fn what_we_trace_ourselves_feeds_nobody() {
    let directory = tempfile::tempdir().unwrap();
    let (hook, written) = (OnWorker::default(), Written::default());
    let called = hook.clone();
    let (layer, audit) = ruled::builder()
        .export_directory(directory.path())
        .buffer_events_max(50)
        .on_error(move |_| {
            trace_something();
            called.call_back();
        })
        .build()
        .unwrap();
    let shown = written.clone();
    let fmt = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .with_writer(move || shown.clone())
        .with_filter(tracing_subscriber::filter::filter_fn(|metadata| metadata.is_event()));
    tracing_subscriber::registry().with(fmt).with(layer).init();
    AUDIT.set(audit.clone()).unwrap();
    audit.attach(Traces).unwrap();

    for number in 0..120 {
        info_span!("op", audit.operation = "OP", number).in_scope(|| ());
    }
    drop(info_span!("op", audit.operation = "HAS_DEBUG", value = ?Opens));
    drop(info_span!(target: "ruled", "op", id = "has_debug", value = ?Opens));
    drop(info_span!("op", audit.operation = "OP", audit.status = "odd"));
    let expected = 122 + RULED;
    wait_for_sink(&audit, expected);

    let ruled = audit.query().operation("RULED").run().unwrap().events;
    assert_eq!(ruled.len() as u64, RULED);
    assert!(ruled.iter().all(|event| event.entry_ids == ["has_debug"]), "{ruled:#?}");
    assert_eq!(audit.query().operations(["HELPER", "IN_DEBUG"]).count().unwrap(), 0);
    let event = audit.query().operation("HAS_DEBUG").run().unwrap().events.remove(0);
    assert_eq!(event.metadata.get("value").unwrap(), "opens");
    let lost = audit.health().lost;
    assert_eq!(lost.keys().collect::<Vec<_>>(), [&LossReason::Reentrant]);
    let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
    let neighbours_lists = text.matches("logged=[\"x\", \"y\"]").count();
    assert_eq!(neighbours_lists, text.matches("while formatting").count(), "{text}");
    assert!(neighbours_lists > 0);

    // For each event at least the span and event of its own, and those inside.
    let recorded = audit.health().recorded_events;
    assert_eq!(recorded, expected);
    assert!(lost[&LossReason::Reentrant] >= recorded * (3 + RULED), "{lost:?}");
    assert!(lost[&LossReason::Reentrant] <= recorded * 12, "{lost:?}");
    let kinds = hook.0.lock().unwrap().clone();
    assert!(!kinds.is_empty() && kinds.iter().all(|kind| *kind == ErrorKind::OnWorker));
    let gaps = audit.query().kind(Kind::Log).run().unwrap().events;
    assert!(gaps.iter().all(|gap| gap.metadata.get("reason").unwrap() == "reentrant"));
    assert!(audit.shutdown(DEADLINE).is_complete);
    let health = audit.health();
    let (recorded, failed) = (health.recorded_events, health.sink_failures);
    assert_eq!((recorded, failed), (expected, expected), "it feeds itself");
    assert_eq!(health.lost[&LossReason::Reentrant], TRACED.load(Ordering::SeqCst));
}

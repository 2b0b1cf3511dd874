<<<<<<< HEAD
//! Several threads that meet at a callsite nobody has hit before.
//!
//! `tracing` registers it for the first of them and lets the others go on
//! before that is done. A binary of its own: it needs a global subscriber and
//! callsites that are new.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use tracing_audit::{AuditLayer, Status};
use tracing_subscriber::prelude::*;

const THREADS: usize = 2;

/// A line each: what shares a place in the source can't be told apart.
#[rustfmt::skip]
mod functions {
    use tracing::instrument;

    pub(super) type Outcome = Result<(), &'static str>;

    fn end(fail: bool) -> Outcome { if fail { Err("refused") } else { Ok(()) } }

    #[instrument(err, fields(audit.operation = "STORE"))] fn a(fail: bool) -> Outcome { end(fail) }
    #[instrument(err, fields(audit.operation = "STORE"))] fn b(fail: bool) -> Outcome { end(fail) }
    #[instrument(err, fields(audit.operation = "STORE"))] fn c(fail: bool) -> Outcome { end(fail) }
    #[instrument(err, fields(audit.operation = "STORE"))] fn d(fail: bool) -> Outcome { end(fail) }
    #[instrument(err, fields(audit.operation = "STORE"))] fn e(fail: bool) -> Outcome { end(fail) }
    #[instrument(err, fields(audit.operation = "STORE"))] fn f(fail: bool) -> Outcome { end(fail) }
    #[instrument(err, fields(audit.operation = "STORE"))] fn g(fail: bool) -> Outcome { end(fail) }
    #[instrument(err, fields(audit.operation = "STORE"))] fn h(fail: bool) -> Outcome { end(fail) }
    #[instrument(err, fields(audit.operation = "STORE"))] fn i(fail: bool) -> Outcome { end(fail) }
    #[instrument(err, fields(audit.operation = "STORE"))] fn j(fail: bool) -> Outcome { end(fail) }

    pub(super) const ALL: [fn(bool) -> Outcome; 10] = [a, b, c, d, e, f, g, h, i, j];
}

/// Every function once on each thread, all threads at the same moment.
fn meet(fail: bool) {
    let arrived = AtomicUsize::new(0);
    let visit = || {
        for (round, function) in (1..).zip(functions::ALL) {
            arrived.fetch_add(1, SeqCst);
            while arrived.load(SeqCst) < THREADS * round {
                std::hint::spin_loop();
            }
            assert_eq!(function(fail).is_err(), fail);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(visit);
        }
    });
}

#[test]
fn nothing_is_lost_or_misjudged_where_threads_meet_at_a_new_callsite() {
    let (layer, audit) = AuditLayer::builder().build().unwrap();
    tracing_subscriber::registry().with(layer).init();
    let all = (THREADS * functions::ALL.len()) as u64;
    meet(false);
    assert_eq!(audit.query().count().unwrap(), all, "spans");
    meet(true);
    assert_eq!(audit.query().status(Status::Failure).count().unwrap(), all, "failures");
    assert_eq!(audit.query().status(Status::Success).count().unwrap(), all, "successes");
=======
//! Callsites that are first hit on a thread without a subscriber of its own,
//! under a global subscriber and on the way to one. Alone in its process.

use tracing::{Dispatch, dispatcher, info, info_span};
use tracing_audit::AuditLayer;
use tracing_subscriber::prelude::*;
use tracing_subscriber::{EnvFilter, fmt};

/// Operations at callsites of their own, each hit where the test says.
macro_rules! operations {
    ($($name:ident),*) => { $(fn $name() { drop(info_span!(stringify!($name), audit.operation = stringify!($name))); })* };
}

operations!(before, between, bare_thread, at_the_same_time);

#[test]
fn nothing_is_lost_under_a_global_subscriber() {
    before();
    let (layer, audit) = AuditLayer::builder().build().unwrap();
    let filtered = fmt::layer().with_filter(EnvFilter::new("off"));
    let dispatch = Dispatch::new(tracing_subscriber::registry().with(filtered).with(layer));
    between();
    dispatcher::set_global_default(dispatch).unwrap();
    std::thread::spawn(|| {
        bare_thread();
        info!(audit.operation = "STATED");
    })
    .join()
    .unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(at_the_same_time);
        }
    });
    before();
    let count = |operation: &str| audit.query().operation(operation).count().unwrap();
    assert_eq!((count("BARE_THREAD"), count("STATED"), count("BEFORE")), (1, 1, 1));
    assert_eq!(count("AT_THE_SAME_TIME"), 8);
    // What was hit between making the subscriber and setting it is mended by
    // the check, if it has to be.
    assert_eq!(audit.self_check(), []);
    let known = count("BETWEEN");
    between();
    assert_eq!(count("BETWEEN"), known + 1);
>>>>>>> d8582fc3d87d0d1d87f5b7bfc5dd79cca68b5bbb
}

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
}

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
}

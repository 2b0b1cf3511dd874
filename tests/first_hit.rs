//! Callsites that are first hit on a thread without a subscriber of its own,
//! under a global subscriber and on the way to one. Alone in its process.

#[path = "it/ruled.rs"]
mod ruled;

use std::sync::Barrier;
use std::time::Duration;

use tracing::subscriber::Interest;
use tracing::{Dispatch, Metadata, Subscriber, dispatcher, info, info_span};
use tracing_subscriber::prelude::*;
use tracing_subscriber::{EnvFilter, Layer, fmt};

use self::ruled::RULED;

/// Operations at callsites of their own, each hit where the test says: one said
/// in code, and one by policy.
macro_rules! operations {
    ($($name:ident),*) => { $(fn $name() {
        drop(info_span!(stringify!($name), audit.operation = stringify!($name)));
        drop(info_span!(target: "ruled", stringify!($name), id = stringify!($name)));
    })* };
}

operations!(before, between, bare_thread);

/// An array of functions, each with callsites of its own.
macro_rules! callsites {
    ($($number:literal)*) => { [$(|| {
        drop(info_span!("op", audit.operation = "AT_THE_SAME_TIME", number = $number));
        drop(info_span!(target: "ruled", "op", id = "at_the_same_time", number = $number));
    }),*] };
}

const TOGETHER: [fn(); 32] = callsites!(
    0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31
);
const THREADS: usize = 8;

/// Keeps callsites in the state of being registered for long.
struct Slow;

impl<S: Subscriber> Layer<S> for Slow {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if matches!(metadata.target(), "first_hit" | "ruled") {
            std::thread::sleep(Duration::from_millis(2));
        }
        Interest::sometimes()
    }
}

#[test]
fn nothing_is_lost_under_a_global_subscriber() {
    before();
    let (layer, audit) = ruled::builder().build().unwrap();
    let filtered = fmt::layer().with_filter(EnvFilter::new("off"));
    let stack = tracing_subscriber::registry().with(filtered).with(layer).with(Slow);
    let dispatch = Dispatch::new(stack);
    between();
    dispatcher::set_global_default(dispatch).unwrap();
    std::thread::spawn(|| {
        bare_thread();
        info!(audit.operation = "STATED");
    })
    .join()
    .unwrap();
    let barrier = Barrier::new(THREADS);
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for operation in TOGETHER {
                    barrier.wait();
                    operation();
                }
            });
        }
    });
    before();
    let count = |operation: &str| audit.query().operation(operation).count().unwrap();
    let ruled = |id: &str| audit.query().operation("RULED").entry_id(id).count().unwrap();
    assert_eq!((count("BARE_THREAD"), count("STATED"), count("BEFORE")), (1, 1, 1));
    assert_eq!((ruled("bare_thread"), ruled("before")), (RULED, RULED));
    let together = (THREADS * TOGETHER.len()) as u64;
    assert_eq!(count("AT_THE_SAME_TIME"), together);
    assert_eq!(ruled("at_the_same_time"), together * RULED);
    // What was hit between making the subscriber and setting it is mended by
    // the check, if it has to be.
    assert_eq!(audit.self_check(), []);
    let known = (count("BETWEEN"), ruled("between"));
    between();
    assert_eq!((count("BETWEEN"), ruled("between")), (known.0 + 1, known.1 + RULED));
}

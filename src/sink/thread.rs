//! The thread that feeds a sink.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::audit::Subscription;
use crate::error::{Error, ErrorKind, Result};

use super::Sink;

/// A sink at work.
pub(crate) struct SinkThread {
    counts: Arc<Counts>,
    /// Disconnected when the thread has ended.
    done: Receiver<()>,
}

#[derive(Default)]
struct Counts {
    lagged: AtomicU64,
    failures: AtomicU64,
}

impl SinkThread {
    /// Starts feeding `sink`, until the stream ends.
    pub(crate) fn start(
        subscription: Subscription,
        sink: impl Sink,
        problems: Sender<Error>,
    ) -> Result<Self> {
        let counts = Arc::new(Counts::default());
        let (running, done) = bounded(0);
        let feeder = Feeder { subscription, sink, problems, counts: counts.clone() };
        std::thread::Builder::new()
            .name("tracing-audit-sink".to_owned())
            .spawn(move || {
                crate::capture::suppress_on_this_thread();
                feeder.run();
                drop(running);
            })
            .map_err(|error| {
                Error::caused(ErrorKind::Io, "a sink's thread could not be started", error)
            })?;
        Ok(SinkThread { counts, done })
    }

    /// Events it was too slow for.
    pub(crate) fn lagged(&self) -> u64 {
        self.counts.lagged.load(Ordering::Relaxed)
    }

    /// Events it failed to write.
    pub(crate) fn failures(&self) -> u64 {
        self.counts.failures.load(Ordering::Relaxed)
    }

    /// Waits until it has written everything; whether that was in time.
    pub(crate) fn finish(&self, at_most: Duration) -> bool {
        self.done.recv_timeout(at_most) == Err(crossbeam_channel::RecvTimeoutError::Disconnected)
    }
}

struct Feeder<S> {
    subscription: Subscription,
    sink: S,
    problems: Sender<Error>,
    counts: Arc<Counts>,
}

impl<S: Sink> Feeder<S> {
    fn run(mut self) {
        while let Some(first) = self.subscription.recv_blocking() {
            let mut next = Some(first);
            while let Some(event) = next {
                // A sink that is always too slow never comes to the end of what waits.
                self.counts.lagged.store(self.subscription.lagged(), Ordering::Relaxed);
                self.guard("write an event", |sink| sink.write(&event));
                next = self.subscription.try_recv();
            }
            self.guard("flush", Sink::flush);
        }
        self.guard("flush", Sink::flush);
    }

    /// Runs the user's code; what goes wrong is counted and told.
    fn guard(&mut self, what: &str, run: impl FnOnce(&mut S) -> std::io::Result<()>) {
        let error = match catch_unwind(AssertUnwindSafe(|| run(&mut self.sink))) {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error,
            Err(_) => std::io::Error::other("it panicked"),
        };
        self.counts.failures.fetch_add(1, Ordering::Relaxed);
        let message = format!("a sink failed to {what}");
        // Without a worker there is nobody to tell.
        let _ = self.problems.send(Error::caused(ErrorKind::Degraded, message, error));
    }
}

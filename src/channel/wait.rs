//! Waiting for a reply on a thread that may or may not belong to an async
//! runtime: the smallest executor, for futures that another thread completes.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::clock::{Clock, SystemClock};
use crate::error::{Error, ErrorKind, Result};

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits for `future`, blocking this thread.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let waker = waker();
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        std::thread::park();
    }
}

/// Waits for `future` for at most `at_most`; `None` if that was too short.
pub(crate) fn block_on_for<F: Future>(future: F, at_most: Duration) -> Option<F::Output> {
    let clock = SystemClock::new();
    let mut future = pin!(future);
    let waker = waker();
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return Some(output);
        }
        let left = at_most.checked_sub(Duration::from_nanos(clock.monotonic_ns()))?;
        std::thread::park_timeout(left);
    }
}

/// Does what blocks on a thread of its own, so that the async runtime that
/// waits here goes on.
pub(crate) async fn on_own_thread<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T> {
    let (sender, receiver) = oneshot::channel();
    let run = move || {
        // Who waited may have given up.
        let _ = sender.send(work());
    };
    let started = std::thread::Builder::new().name(name.to_owned()).spawn(run);
    let failed = |why: String| Error::new(ErrorKind::Io, format!("a thread failed: {why}"));
    started.map_err(|error| failed(error.to_string()))?;
    receiver.await.map_err(|error| failed(error.to_string()))
}

fn waker() -> Waker {
    Waker::from(Arc::new(Unpark(std::thread::current())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_ends_the_wait_and_a_deadline_does_too() {
        let (sender, receiver) = oneshot::channel();
        let thread = std::thread::spawn(move || block_on(receiver));
        sender.send(5).unwrap();
        assert_eq!(thread.join().unwrap(), Ok(5));
        let (_sender, receiver) = oneshot::channel::<()>();
        assert!(block_on_for(receiver, Duration::from_millis(5)).is_none());
    }

    #[test]
    fn what_blocks_runs_elsewhere_and_its_panic_is_an_error() {
        let here = std::thread::current().id();
        let there = block_on(on_own_thread("there", || std::thread::current().id())).unwrap();
        assert_ne!(here, there);
        assert!(block_on(on_own_thread::<()>("there", || panic!("on purpose"))).is_err());
    }
}

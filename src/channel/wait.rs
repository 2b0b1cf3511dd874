//! Waiting for a reply on a thread that may or may not belong to an async
//! runtime: the smallest executor, for futures that another thread completes.
//!
//! One of the callers of a worker that answers at once need not be woken: [`Lookout`].
//!
//! Waking a thread takes the one who does it a few microseconds. Where many
//! wait for the same thing, who completes it wakes one of them only, and that
//! one the others, each two of them: see [`together`].

use std::cell::RefCell;
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::clock::{Clock, SystemClock};
use crate::error::{Error, ErrorKind, Result};

thread_local! {
    /// Who is woken on this thread, while that is held back.
    static HELD_BACK: RefCell<Option<Vec<Arc<Waiter>>>> = const { RefCell::new(None) };
}

/// For how long somebody looks: a thread that sleeps on a halted processor and answers
/// from cold caches has answered by then.
const LOOK_FOR_NS: u64 = 200_000;

/// What letting others go before takes at least where there is another thread that runs.
const OTHERS_RUN_NS: u64 = 5_000;

/// One of those who wait for the same thread, and who need not be woken.
///
/// Being woken can take longer than the answer itself, since the processor is halted
/// meanwhile. Who looks keeps it awake, and lets all other threads go before. As soon as
/// one of them does, the processor is not idle, and nobody has to keep it awake. Only one
/// looks: many would be in each other's way.
#[derive(Debug, Default)]
pub(crate) struct Lookout {
    is_taken: AtomicBool,
}

impl Lookout {
    /// As [`block_on`], of what another thread completes as soon as it is awake.
    pub(crate) fn block_on<F: Future>(&self, future: F) -> F::Output {
        /// Somebody else may look, also where `future` panics.
        struct Leave<'a>(&'a AtomicBool);

        impl Drop for Leave<'_> {
            fn drop(&mut self) {
                self.0.store(false, Ordering::Relaxed);
            }
        }

        let mut future = pin!(future);
        if !self.is_taken.swap(true, Ordering::Relaxed) {
            let _leave = Leave(&self.is_taken);
            let clock = SystemClock::new();
            let mut context = Context::from_waker(Waker::noop());
            let (mut before_ns, mut now_ns) = (0, 0);
            while now_ns < LOOK_FOR_NS && now_ns.saturating_sub(before_ns) < OTHERS_RUN_NS {
                std::thread::yield_now();
                if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
                    return output;
                }
                (before_ns, now_ns) = (now_ns, clock.monotonic_ns());
            }
        }
        block_on(future)
    }
}

/// Waits for `future`, blocking this thread.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let waiting = Waiting::new();
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut waiting.context()) {
            return output;
        }
        std::thread::park();
        waiting.0.wake_others();
    }
}

/// Waits for `future` for at most `at_most`; `None` if that was too short.
pub(crate) fn block_on_for<F: Future>(future: F, at_most: Duration) -> Option<F::Output> {
    let clock = SystemClock::new();
    let mut future = pin!(future);
    let waiting = Waiting::new();
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut waiting.context()) {
            return Some(output);
        }
        let left = at_most.checked_sub(Duration::from_nanos(clock.monotonic_ns()))?;
        std::thread::park_timeout(left);
        waiting.0.wake_others();
    }
}

/// Wakes the threads that `complete` completes something for when it has
/// returned: one of them, who wakes the others.
#[cfg(any(test, feature = "journal"))]
pub(crate) fn together<T>(complete: impl FnOnce() -> T) -> T {
    /// Also where `complete` panics.
    struct Release(Option<Vec<Arc<Waiter>>>);

    impl Drop for Release {
        fn drop(&mut self) {
            let held_back = HELD_BACK.try_with(|list| list.replace(self.0.take()));
            wake(held_back.ok().flatten().unwrap_or_default());
        }
    }

    let _release =
        Release(HELD_BACK.try_with(|list| list.replace(Some(Vec::new()))).ok().flatten());
    complete()
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

/// A thread that waits, until it leaves.
struct Waiting(Arc<Waiter>, Waker);

/// What others know of a thread that waits.
struct Waiter {
    thread: Thread,
    others: Mutex<Others>,
}

/// Who is to be woken by a thread that waits.
enum Others {
    These(Vec<Arc<Waiter>>),
    /// It does not wait any more, and wakes nobody.
    Left,
}

impl Waiting {
    fn new() -> Self {
        let others = Mutex::new(Others::These(Vec::new()));
        let waiter = Arc::new(Waiter { thread: std::thread::current(), others });
        Waiting(Arc::clone(&waiter), Waker::from(waiter))
    }

    fn context(&self) -> Context<'_> {
        Context::from_waker(&self.1)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.pass_on(Others::Left);
    }
}

impl Waiter {
    /// Wakes whom it was given, while it goes on waiting.
    fn wake_others(&self) {
        self.pass_on(Others::These(Vec::new()));
    }

    fn pass_on(&self, next: Others) {
        let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        let Others::These(mut these) = std::mem::replace(&mut *others, next) else { return };
        drop(others);
        let half = these.split_off(these.len() / 2);
        wake(half);
        wake(these);
    }

    /// Wakes it, and gives it others to be woken; those that it can't.
    fn wake_with(&self, mut more: Vec<Arc<Waiter>>) -> Vec<Arc<Waiter>> {
        let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *others {
            Others::These(these) => these.append(&mut more),
            Others::Left => return more,
        }
        drop(others);
        self.thread.unpark();
        more
    }
}

impl Wake for Waiter {
    fn wake(self: Arc<Self>) {
        let mut waiter = Some(self);
        let held_back = HELD_BACK.try_with(|list| {
            if let Some(list) = &mut *list.borrow_mut() {
                list.extend(waiter.take());
            }
        });
        // At the end of a thread there is no list.
        let _ = held_back;
        wake(waiter.into_iter().collect());
    }
}

/// Wakes the first who still waits, who wakes the others.
fn wake(mut waiters: Vec<Arc<Waiter>>) {
    while let Some(first) = waiters.pop() {
        waiters = first.wake_with(waiters);
    }
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
    fn who_looks_gets_a_reply_that_comes_at_once_and_one_that_comes_late() {
        let lookout = Arc::new(Lookout::default());
        let wait = |receiver: oneshot::Receiver<u64>| {
            let lookout = Arc::clone(&lookout);
            std::thread::spawn(move || lookout.block_on(receiver))
        };
        for pause_ns in [0, LOOK_FOR_NS / 4, LOOK_FOR_NS, 20 * LOOK_FOR_NS] {
            let pairs = (0..3).map(|_| oneshot::channel());
            let (senders, receivers): (Vec<_>, Vec<_>) = pairs.unzip();
            let threads: Vec<_> = receivers.into_iter().map(wait).collect();
            std::thread::sleep(Duration::from_nanos(pause_ns));
            senders.into_iter().for_each(|sender| sender.send(pause_ns).unwrap());
            assert!(threads.into_iter().all(|thread| thread.join().unwrap() == Ok(pause_ns)));
        }
        let (sender, receiver) = oneshot::channel();
        drop(sender);
        assert!(wait(receiver).join().unwrap().is_err());
        assert!(!lookout.is_taken.load(Ordering::Relaxed));
    }

    #[test]
    fn one_looks_while_others_sleep_and_the_next_may_when_it_has_left() {
        let lookout = Lookout::default();
        let is_taken = || lookout.is_taken.load(Ordering::Relaxed);
        let answer = lookout.block_on(std::future::poll_fn(|_| Poll::Ready(is_taken())));
        assert!(answer && !is_taken());
        let panics =
            || lookout.block_on(std::future::poll_fn(|_| -> Poll<()> { panic!("on purpose") }));
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(panics)).is_err());
        assert!(!is_taken());
        // Who comes while another looks is woken, give or take a token from before.
        let mut polls = 0;
        lookout.is_taken.store(true, Ordering::Relaxed);
        let (sender, mut receiver) = oneshot::channel();
        let answering = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(5));
            sender.send(()).unwrap();
        });
        let reply = lookout.block_on(std::future::poll_fn(|context| {
            polls += 1;
            std::pin::Pin::new(&mut receiver).poll(context)
        }));
        answering.join().unwrap();
        assert!(reply == Ok(()) && polls < 5 && is_taken(), "{polls}");
    }

    #[test]
    fn who_has_let_another_thread_run_looks_no_longer() {
        let mut looks = 0;
        let lookout = Lookout::default();
        lookout.block_on(std::future::poll_fn(|context| {
            if !context.waker().will_wake(Waker::noop()) {
                return Poll::Ready(());
            }
            looks += 1;
            std::thread::sleep(Duration::from_nanos(2 * OTHERS_RUN_NS));
            Poll::Pending
        }));
        assert_eq!(looks, 1);
    }

    #[test]
    fn who_is_answered_together_is_woken_although_some_have_left() {
        for waiters in [1, 2, 3, 17, 64] {
            let (senders, receivers): (Vec<_>, Vec<_>) =
                (0..waiters).map(|_| oneshot::channel::<usize>()).unzip();
            let threads: Vec<_> = receivers
                .into_iter()
                .enumerate()
                .map(|(number, receiver)| {
                    std::thread::spawn(move || match number % 3 {
                        1 => block_on_for(receiver, Duration::from_micros(number as u64))
                            .is_none_or(|reply| reply == Ok(number)),
                        _ => block_on(receiver) == Ok(number),
                    })
                })
                .collect();
            together(|| {
                for (number, sender) in senders.into_iter().enumerate() {
                    // Some have left.
                    let _ = sender.send(number);
                }
            });
            assert!(threads.into_iter().all(|thread| thread.join().unwrap()), "of {waiters}");
        }
    }

    #[test]
    fn a_panic_while_answering_keeps_nobody_waiting() {
        let (sender, receiver) = oneshot::channel();
        let thread = std::thread::spawn(move || block_on(receiver));
        let answering = || {
            together(|| {
                sender.send(1).unwrap();
                panic!("on purpose");
            });
        };
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(answering)).is_err());
        assert_eq!(thread.join().unwrap(), Ok(1));
        let (sender, receiver) = oneshot::channel();
        let thread = std::thread::spawn(move || block_on(receiver));
        sender.send(2).unwrap();
        assert_eq!(thread.join().unwrap(), Ok(2), "outside nothing is held back");
    }

    #[test]
    fn what_blocks_runs_elsewhere_and_its_panic_is_an_error() {
        let here = std::thread::current().id();
        let there = block_on(on_own_thread("there", || std::thread::current().id())).unwrap();
        assert_ne!(here, there);
        assert!(block_on(on_own_thread::<()>("there", || panic!("on purpose"))).is_err());
    }
}

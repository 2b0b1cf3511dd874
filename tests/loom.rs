//! The lock of open spans and the queue of the data lane, in every order in which
//! threads can meet in them. Their sources are compiled here with `loom`'s atomics.

#[allow(dead_code, reason = "what this test does not need")]
#[path = "../src/capture/lock.rs"]
mod lock;
#[allow(dead_code, reason = "what this test does not need")]
#[path = "../src/channel/ring.rs"]
mod ring;

mod lock_sync {
    pub(crate) use loom::sync::atomic::{AtomicBool, Ordering};

    pub(crate) fn wait(_: u32) {
        loom::thread::yield_now();
    }
}

mod ring_sync {
    pub(crate) use super::lock_sync::wait;
    pub(crate) use loom::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};
}

use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;

use lock::Lock;
use ring::Ring;

#[test]
fn one_thread_at_a_time_has_what_is_locked() {
    model(|| {
        let lock = Arc::new(Lock::<UnsafeCell<u32>>::default());
        let add = |lock: &Lock<UnsafeCell<u32>>| lock.lock().with_mut(unsafe_add);
        let other = {
            let lock = lock.clone();
            thread::spawn(move || add(&lock))
        };
        let tried = lock.try_lock().map(|locked| locked.with_mut(unsafe_add)).is_some();
        add(&lock);
        other.join().unwrap();
        let count = lock.lock().with(|count| *unsafe_ref(count));
        assert_eq!(count, 2 + u32::from(tried));
    });
}

#[expect(unsafe_code, reason = "loom looks whether somebody else is at it")]
fn unsafe_add(count: *mut u32) {
    // SAFETY: `loom` panics where this is not so.
    unsafe { *count += 1 }
}

#[expect(unsafe_code, reason = "loom looks whether somebody else is at it")]
fn unsafe_ref<'a>(count: *const u32) -> &'a u32 {
    // SAFETY: `loom` panics where this is not so.
    unsafe { &*count }
}

/// Every order with few interruptions, which is where mistakes show; all orders
/// would take minutes.
fn model(run: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(2);
    builder.max_branches = 100_000;
    builder.check(run);
}

fn value(value: u32) -> &'static mut u32 {
    Box::leak(Box::new(value))
}

fn push(ring: &Ring<u32>, pushed: u32) {
    let mut left = ring.push_at_once(value(pushed)).err();
    while let Some(unsent) = left {
        thread::yield_now();
        left = ring.push(unsent).err();
    }
}

fn pop(ring: &Ring<u32>) -> u32 {
    loop {
        match ring.pop() {
            Some(value) => return *value,
            None => thread::yield_now(),
        }
    }
}

#[test]
fn what_two_threads_put_in_comes_out_once() {
    model(|| {
        let ring = Arc::new(Ring::new(2));
        let producers: Vec<_> = (0..2)
            .map(|number| {
                let ring = ring.clone();
                thread::spawn(move || push(&ring, number))
            })
            .collect();
        let mut popped = [pop(&ring), pop(&ring)];
        producers.into_iter().for_each(|producer| producer.join().unwrap());
        popped.sort_unstable();
        assert_eq!((popped, ring.len()), ([0, 1], 0));
        assert!(ring.pop().is_none());
    });
}

#[test]
fn a_full_queue_takes_more_when_something_was_taken_out() {
    model(|| {
        let ring = Arc::new(Ring::new(1));
        push(&ring, 0);
        assert!(ring.push(value(9)).is_err());
        let producer = {
            let ring = ring.clone();
            thread::spawn(move || push(&ring, 1))
        };
        assert_eq!((pop(&ring), pop(&ring)), (0, 1));
        producer.join().unwrap();
    });
}

#[test]
fn what_happened_before_comes_out_before() {
    model(|| {
        let ring = Arc::new(Ring::new(2));
        let is_first_in = Arc::new(AtomicBool::new(false));
        let first = {
            let (ring, is_first_in) = (ring.clone(), is_first_in.clone());
            thread::spawn(move || {
                push(&ring, 0);
                is_first_in.store(true, Ordering::Release);
            })
        };
        let was_in = is_first_in.load(Ordering::Acquire);
        push(&ring, 1);
        let popped = [pop(&ring), pop(&ring)];
        first.join().unwrap();
        assert!(!was_in || popped == [0, 1]);
    });
}

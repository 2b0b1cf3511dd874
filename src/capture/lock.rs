//! A lock for what is held for a few instructions: taken by one locked operation
//! of the processor, and let go by a plain store, where a mutex of the standard
//! library takes two.
//!
//! Taken on callers' threads, several times for each audited span. No user code
//! runs under it, nothing waits under it, and no other lock is taken under it.
//! Whoever finds it held spins, then lets others run, and at last sleeps, so that
//! a holder that was interrupted comes to its end whatever its priority.

use std::cell::UnsafeCell;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

use super::lock_sync::{AtomicBool, Ordering, wait};

/// A value that one thread at a time can reach. Not poisoned by a panic.
#[derive(Default)]
pub(super) struct Lock<T> {
    is_held: AtomicBool,
    value: UnsafeCell<T>,
}

// SAFETY: `value` is reached only through a guard, of which there is one at a
// time, so that sharing the lock hands the value from thread to thread.
#[expect(unsafe_code, reason = "what a lock is for")]
unsafe impl<T: Send> Sync for Lock<T> {}

impl<T> Lock<T> {
    /// Takes the lock.
    #[inline(always)]
    pub(super) fn lock(&self) -> Locked<'_, T> {
        if !self.take() {
            self.wait();
        }
        Locked { lock: self, not_send: PhantomData }
    }

    /// Takes the lock, unless it is held.
    #[inline(always)]
    pub(super) fn try_lock(&self) -> Option<Locked<'_, T>> {
        self.take().then(|| Locked { lock: self, not_send: PhantomData })
    }

    #[inline(always)]
    fn take(&self) -> bool {
        self.is_held.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    #[cold]
    #[inline(never)]
    fn wait(&self) {
        let mut round = 0;
        loop {
            wait(round);
            round = round.saturating_add(1);
            if !self.is_held.load(Ordering::Relaxed) && self.take() {
                return;
            }
        }
    }
}

/// The lock is held until this is dropped.
pub(super) struct Locked<'a, T> {
    lock: &'a Lock<T>,
    /// Let go by the thread that took it.
    not_send: PhantomData<*const ()>,
}

impl<T> Drop for Locked<'_, T> {
    #[inline(always)]
    fn drop(&mut self) {
        self.lock.is_held.store(false, Ordering::Release);
    }
}

#[expect(unsafe_code, reason = "a guard says that nobody else has the value")]
impl<T> Deref for Locked<'_, T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: the lock is held, by this guard alone.
        unsafe { &*self.lock.value.get() }
    }
}

#[expect(unsafe_code, reason = "a guard says that nobody else has the value")]
impl<T> DerefMut for Locked<'_, T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the lock is held, by this guard alone, which is borrowed for as
        // long as the value is.
        unsafe { &mut *self.lock.value.get() }
    }
}

//! Waking the worker.
//!
//! While there is news the worker polls with short sleeps, since waking a
//! parked thread would cost each producer more than its event does. Only when
//! it has been idle for long does it sleep deeply, and then the next event
//! wakes it.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::Thread;
use std::time::Duration;

/// Wakes the one thread that called [`Wake::bind`].
#[derive(Debug, Default)]
pub(crate) struct Wake {
    thread: OnceLock<Thread>,
    deep: AtomicBool,
}

impl Wake {
    /// Makes the calling thread the one that is woken.
    pub(crate) fn bind(&self) {
        let _ = self.thread.set(std::thread::current());
    }

    /// Whether the worker may sleep deeply.
    #[inline(always)]
    pub(crate) fn is_deep(&self) -> bool {
        self.deep.load(Ordering::Relaxed)
    }

    /// Wakes the worker if it sleeps deeply: what a producer of data does. One
    /// load of a line that hardly ever changes.
    pub(crate) fn nudge(&self) {
        if self.deep.load(Ordering::Relaxed) && self.deep.swap(false, Ordering::Relaxed) {
            self.now();
        }
    }

    /// Wakes the worker from any sleep: what a caller that waits does.
    pub(crate) fn now(&self) {
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
    }

    /// Sleeps until woken or `at_most` has passed. A nudge that races with
    /// falling asleep is missed, which is why `at_most` is never long.
    pub(crate) fn sleep(&self, at_most: Duration, deep: bool) {
        self.deep.store(deep, Ordering::Relaxed);
        std::thread::park_timeout(at_most);
        self.deep.store(false, Ordering::Relaxed);
    }
}

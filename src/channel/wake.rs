//! Waking the worker.
//!
//! While there is news the worker polls with short sleeps, since waking a
//! parked thread would cost each producer more than its event does. Only when
//! it has been idle for long does it sleep deeply, and then the next event
//! wakes it.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, Ordering};
use std::thread::Thread;
use std::time::Duration;

/// The worker may sleep deeply.
const DEEP: u8 = 1;
/// The worker's end of the data lane was dropped.
const GONE: u8 = 2;

/// Wakes the one thread that called [`Wake::bind`].
#[derive(Debug, Default)]
pub(crate) struct Wake {
    thread: OnceLock<Thread>,
    /// Bits: [`DEEP`], [`GONE`].
    state: AtomicU8,
}

impl Wake {
    /// Makes the calling thread the one that is woken.
    pub(crate) fn bind(&self) {
        let _ = self.thread.set(std::thread::current());
    }

    /// Whether the worker is awake, or soon looks by itself what there is. One load
    /// of a line that hardly ever changes.
    #[inline(always)]
    pub(crate) fn looks(&self) -> bool {
        self.state.load(Ordering::SeqCst) == 0
    }

    /// Says that the worker never looks any more.
    pub(crate) fn gone(&self) {
        self.state.fetch_or(GONE, Ordering::SeqCst);
    }

    pub(crate) fn is_gone(&self) -> bool {
        self.state.load(Ordering::SeqCst) & GONE != 0
    }

    /// Wakes the worker if it sleeps deeply: what a producer of data does.
    pub(crate) fn nudge(&self) {
        if self.state.fetch_and(!DEEP, Ordering::SeqCst) & DEEP != 0 {
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
        if deep {
            self.state.fetch_or(DEEP, Ordering::SeqCst);
        }
        std::thread::park_timeout(at_most);
        if deep {
            self.state.fetch_and(!DEEP, Ordering::SeqCst);
        }
    }
}

//! What each thread keeps: which tracked spans it is inside of, keys
//! to give out, and whether it is inside this crate's own work.
//!
//! All of it is a cache or a guard: on a thread whose locals are already
//! destroyed everything still works, only slower.

use std::cell::{Cell, RefCell};
use std::num::NonZeroU64;
use std::sync::atomic::{AtomicU64, Ordering};

/// One entering of a tracked span that has not been left yet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entered {
    pub(super) instance: u32,
    pub(super) span: u64,
    pub(super) at_ticks: u64,
    /// The thread was already unwinding when the span was entered.
    pub(super) panicking: bool,
}

thread_local! {
    static BUSY: Cell<bool> = const { Cell::new(false) };
    static NUMBER: Cell<u64> = const { Cell::new(0) };
    static KEYS: Cell<(u64, u64)> = const { Cell::new((0, 0)) };
    static SKIPPED_LAYERS: Cell<usize> = const { Cell::new(0) };
    static ENTERED: RefCell<Vec<Entered>> = const { RefCell::new(Vec::new()) };
}

/// Marks this thread as inside this crate's work until it is dropped.
pub(super) struct Busy(());

impl Drop for Busy {
    fn drop(&mut self) {
        BUSY.set(false);
    }
}

/// Enters this crate's work; `None` if this thread is inside it already, for
/// example because a `Debug` that is being formatted logs.
#[inline]
pub(super) fn enter_work() -> Option<Busy> {
    // Lazily: a guard made and dropped here would end the work around it.
    (!BUSY.replace(true)).then(|| Busy(()))
}

/// Marks this thread as inside this crate's work for good: the worker and its
/// helpers, so that what they trace themselves can never feed them.
pub(crate) fn suppress_on_this_thread() {
    BUSY.set(true);
}

/// Keys that a thread takes at once, so that threads rarely meet.
const KEYS_PER_TAKE: u64 = 1_024;

/// A number that no other operation of this process has.
#[inline]
pub(super) fn next_key() -> NonZeroU64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let (next, end) = KEYS.get();
    let (next, end) = if next < end {
        (next, end)
    } else {
        let next = NEXT.fetch_add(KEYS_PER_TAKE, Ordering::Relaxed);
        (next, next + KEYS_PER_TAKE)
    };
    KEYS.set((next + 1, end));
    NonZeroU64::new(next).unwrap_or(NonZeroU64::MAX)
}

/// The number of this thread, which no other thread has. Never zero.
#[inline]
pub(super) fn thread_number() -> u64 {
    match NUMBER.get() {
        0 => number_thread(),
        number => number,
    }
}

#[cold]
fn number_thread() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NUMBER.set(NEXT.fetch_add(1, Ordering::Relaxed));
    NUMBER.get()
}

/// Makes the next layers of this thread's subscriber keep silent when they are
/// looked for, so that those behind them are found: a subscriber answers with
/// its first.
pub(super) fn skip_layers(layers: usize) {
    SKIPPED_LAYERS.set(layers);
}

/// Whether the layer that is asked is one to be skipped.
pub(super) fn is_skipped() -> bool {
    let left = SKIPPED_LAYERS.get();
    SKIPPED_LAYERS.set(left.saturating_sub(1));
    left > 0
}

/// Notes that a span was entered on this thread.
#[inline]
pub(super) fn push_entered(entered: Entered) {
    let _ = ENTERED.try_with(|stack| {
        if let Ok(mut stack) = stack.try_borrow_mut() {
            stack.push(entered);
        }
    });
}

/// Takes the latest entering of this span on this thread.
#[inline]
pub(super) fn pop_entered(instance: u32, span: u64) -> Option<Entered> {
    ENTERED
        .try_with(|stack| {
            let mut stack = stack.try_borrow_mut().ok()?;
            let is_it = |entered: &Entered| entered.span == span && entered.instance == instance;
            if stack.last().is_some_and(is_it) {
                return stack.pop();
            }
            let position = stack.iter().rposition(is_it)?;
            Some(stack.remove(position))
        })
        .ok()?
}

/// The spans that this thread is inside of, innermost first, each with the
/// number of its layer.
pub(super) fn entered_spans() -> Vec<(u32, u64)> {
    ENTERED
        .try_with(|stack| {
            let Ok(stack) = stack.try_borrow() else { return Vec::new() };
            stack.iter().rev().map(|entered| (entered.instance, entered.span)).collect()
        })
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn keys_are_unique_across_threads() {
        let threads: Vec<_> = (0..4)
            .map(|_| std::thread::spawn(|| (0..5_000).map(|_| next_key()).collect::<Vec<_>>()))
            .collect();
        let keys: HashSet<_> =
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
        assert_eq!(keys.len(), 20_000);
    }

    #[test]
    fn work_is_entered_once() {
        let busy = enter_work();
        assert!(busy.is_some());
        assert!(enter_work().is_none() && enter_work().is_none(), "asking changes nothing");
        drop(busy);
        assert!(enter_work().is_some());
    }

    #[test]
    fn leaving_finds_the_span_also_out_of_order() {
        let entered = |span| Entered { instance: 1, span, at_ticks: span, panicking: false };
        push_entered(entered(1));
        push_entered(entered(2));
        assert_eq!(pop_entered(1, 1).map(|entered| entered.at_ticks), Some(1));
        assert!(pop_entered(2, 2).is_none());
        assert_eq!(pop_entered(1, 2).map(|entered| entered.at_ticks), Some(2));
    }
}

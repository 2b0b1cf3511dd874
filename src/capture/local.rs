//! What each thread keeps: which tracked spans it is inside of, keys
//! to give out, captures to use again, and whether it is inside this crate's own
//! work.
//!
//! All of it lies together and needs no destructor, so that it is found at once,
//! as long as the thread lives and while it ends.

use std::cell::{Cell, RefCell};
use std::num::NonZeroU64;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::channel::Place;

use super::pool::Kept;

/// One entering of a tracked span that has not been left yet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entered {
    pub(super) span: u64,
    pub(super) at_ticks: u64,
    pub(super) instance: u32,
    /// The thread was already unwinding when the span was entered.
    pub(super) panicking: bool,
}

/// What one thread keeps.
pub(super) struct Thread {
    busy: Cell<bool>,
    /// Zero until the first key is taken.
    number: Cell<u64>,
    /// A multiple of [`KEYS_PER_TAKE`]: there is none.
    next_key: Cell<u64>,
    /// How many enterings there are that were not left: of spans that are
    /// tracked, and of all that a layer was told of, once for each layer.
    entered: Cell<usize>,
    entered_of_all: Cell<isize>,
    /// The outer ones; what is further inside is in [`DEEP`].
    stack: [Cell<Entered>; STACK],
    skipped_layers: Cell<usize>,
    pub(super) captures: Kept,
    /// Where this thread put its last capture, in whatever layer's queue.
    pub(super) place: Cell<Place>,
}

/// Enterings that have their place with the thread.
const STACK: usize = 16;

/// What `entered_of_all` says when it does not know any more.
const UNKNOWN: isize = isize::MIN / 2;

thread_local! {
    static THREAD: Thread = const { Thread::new() };
    /// Enterings further inside.
    static DEEP: RefCell<Vec<Entered>> = const { RefCell::new(Vec::new()) };
}

/// Runs `then` with what this thread keeps. A small `then` becomes a part of its
/// caller, a large one does not.
#[inline(always)]
pub(super) fn with<R>(then: impl FnOnce(&Thread) -> R) -> R {
    THREAD.with(then)
}

/// Marks this thread as inside this crate's work until it is dropped.
pub(super) struct Busy(());

impl Drop for Busy {
    #[inline(always)]
    fn drop(&mut self) {
        with(|thread| thread.busy.set(false));
    }
}

/// Enters this crate's work; `None` if this thread is inside it already, for
/// example because a `Debug` that is being formatted logs.
#[inline(always)]
pub(super) fn enter_work() -> Option<Busy> {
    // Lazily: a guard made and dropped here would end the work around it.
    (!with(|thread| thread.busy.replace(true))).then(|| Busy(()))
}

/// Whether this thread is inside this crate's work. Who does not run user code
/// need not enter it.
#[inline(always)]
pub(super) fn is_at_work() -> bool {
    with(|thread| thread.busy.get())
}

/// Marks this thread as inside this crate's work for good: the worker and its
/// helpers, so that what they trace themselves can never feed them.
pub(crate) fn suppress_on_this_thread() {
    with(|thread| thread.busy.set(true));
}

/// Makes the next layers of this thread's subscriber keep silent when they are
/// looked for, so that those behind them are found: a subscriber answers with
/// its first.
pub(super) fn skip_layers(layers: usize) {
    with(|thread| thread.skipped_layers.set(layers));
}

/// Whether the layer that is asked is one to be skipped.
pub(super) fn is_skipped() -> bool {
    with(|thread| {
        let left = thread.skipped_layers.get();
        thread.skipped_layers.set(left.saturating_sub(1));
        left > 0
    })
}

/// The spans that this thread is inside of, innermost first, each with the
/// number of its layer.
pub(super) fn entered_spans() -> Vec<(u32, u64)> {
    with(|thread| {
        let entered = (0..thread.entered.get()).rev().filter_map(|place| thread.at(place));
        entered.map(|entered| (entered.instance, entered.span)).collect()
    })
}

/// Keys that a thread takes at once, so that threads rarely meet. The first of
/// them, a multiple of this, is not given out.
const KEYS_PER_TAKE: u64 = 1_024;

impl Thread {
    const fn new() -> Self {
        const NOTHING: Entered = Entered { span: 0, at_ticks: 0, instance: 0, panicking: false };
        Thread {
            busy: Cell::new(false),
            number: Cell::new(0),
            next_key: Cell::new(0),
            entered: Cell::new(0),
            entered_of_all: Cell::new(0),
            stack: [const { Cell::new(NOTHING) }; STACK],
            skipped_layers: Cell::new(0),
            captures: Kept::new(),
            place: Cell::new(Place::NONE),
        }
    }

    /// A number that no other operation of this process has.
    #[inline]
    pub(super) fn next_key(&self) -> NonZeroU64 {
        let next = self.next_key.get();
        if next.is_multiple_of(KEYS_PER_TAKE) {
            return self.take_keys();
        }
        self.next_key.set(next.wrapping_add(1));
        NonZeroU64::new(next).unwrap_or(NonZeroU64::MAX)
    }

    #[cold]
    #[inline(never)]
    fn take_keys(&self) -> NonZeroU64 {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let first = NEXT.fetch_add(KEYS_PER_TAKE, Ordering::Relaxed);
        self.next_key.set(first + 2);
        if self.number.get() == 0 {
            // The first keys that were ever taken by a thread are its number, too.
            self.number.set(first + 1);
        }
        NonZeroU64::MIN.saturating_add(first)
    }

    /// Whether this thread was given this number.
    #[inline]
    pub(super) fn has_number(&self, number: u64) -> bool {
        self.number.get() == number
    }

    /// The number of this thread, which no other thread has and which is not the
    /// largest of all. Zero as long as the thread has not taken a key.
    #[inline]
    pub(super) fn number(&self) -> u64 {
        self.number.get()
    }

    /// Notes that some span was entered on this thread.
    #[inline(always)]
    pub(super) fn count_entering(&self) {
        self.entered_of_all.set(self.entered_of_all.get().wrapping_add(1));
    }

    /// Notes that some span was left on this thread. Not if it was entered before any
    /// layer was told of it: then [counting is to stop](Self::stop_counting).
    #[inline(always)]
    #[must_use]
    pub(super) fn count_leaving(&self) -> bool {
        let left = self.entered_of_all.get().wrapping_sub(1);
        self.entered_of_all.set(left);
        left >= 0
    }

    /// Knows for good no more how many spans were entered.
    pub(super) fn stop_counting(&self) {
        self.entered_of_all.set(UNKNOWN);
    }

    /// Whether no span of any layer's subscriber was entered on this thread, and it is
    /// not inside this crate's work.
    #[inline(always)]
    pub(super) fn is_free(&self) -> bool {
        let entered = self.entered.get() as isize | self.entered_of_all.get();
        entered | isize::from(self.busy.get()) == 0
    }

    /// The innermost span of the layer's subscriber on this thread, if that is
    /// known here: only tracked spans were entered. `Some(None)`: there is none.
    ///
    /// As in the registry, a span that was entered again while this thread was
    /// inside it counts where it was entered first.
    #[inline]
    pub(super) fn current_span(&self, instance: u32) -> Option<Option<u64>> {
        let entered = self.entered.get();
        if self.entered_of_all.get() != entered as isize {
            return None;
        }
        Some(self.innermost(instance, entered))
    }

    fn innermost(&self, instance: u32, entered: usize) -> Option<u64> {
        let is_of_layer = |entered: &Entered| entered.instance == instance;
        let before = |place: usize| (0..place).filter_map(|place| self.at(place));
        (0..entered).rev().find_map(|place| {
            let span = self.at(place).filter(is_of_layer)?.span;
            let is_again = before(place).any(|outer| is_of_layer(&outer) && outer.span == span);
            (!is_again).then_some(span)
        })
    }

    /// Notes that a tracked span was entered on this thread. Not if that is too far
    /// inside: then it is for [`push_deep`].
    #[inline(always)]
    #[must_use]
    pub(super) fn push_entered(&self, entered: Entered) -> bool {
        let place = self.entered.get();
        let free = self.stack.get(place);
        if let Some(free) = free {
            self.entered.set(place + 1);
            free.set(entered);
        }
        free.is_some()
    }

    /// Notes that the thread was unwinding at the innermost entering.
    #[cold]
    #[inline(never)]
    pub(super) fn entered_panicking(&self) {
        let last = self.entered.get().wrapping_sub(1);
        if let Some(entered) = self.at(last) {
            self.put(last, Entered { panicking: true, ..entered });
        }
    }

    /// Takes the innermost entering, if it is of this span; when it was.
    #[inline(always)]
    pub(super) fn pop_innermost(&self, instance: u32, span: u64) -> Option<u64> {
        let last = self.entered.get().wrapping_sub(1);
        let top = self.stack.get(last)?.get();
        if top.span != span || top.instance != instance {
            return None;
        }
        self.entered.set(last);
        Some(top.at_ticks)
    }

    /// Takes the latest entering of this span on this thread.
    pub(super) fn pop_entered(&self, instance: u32, span: u64) -> Option<Entered> {
        let is_it = |entered: Entered| entered.span == span && entered.instance == instance;
        let entered = self.entered.get();
        let place = (0..entered).rev().find(|place| self.at(*place).is_some_and(is_it))?;
        let popped = self.at(place);
        for inner in place + 1..entered {
            if let Some(moved) = self.at(inner) {
                self.put(inner - 1, moved);
            }
        }
        if entered > STACK {
            let _ = DEEP.try_with(|deep| deep.borrow_mut().pop());
        }
        self.entered.set(entered - 1);
        popped
    }

    fn at(&self, place: usize) -> Option<Entered> {
        match self.stack.get(place) {
            Some(known) => Some(known.get()),
            None => DEEP.try_with(|deep| deep.borrow().get(place - STACK).copied()).ok()?,
        }
    }

    fn put(&self, place: usize, entered: Entered) {
        match self.stack.get(place) {
            Some(known) => known.set(entered),
            None => {
                let _ = DEEP.try_with(|deep| {
                    if let Some(known) = deep.borrow_mut().get_mut(place - STACK) {
                        *known = entered;
                    }
                });
            }
        }
    }
}

/// Notes that a tracked span was entered far inside others.
#[cold]
#[inline(never)]
pub(super) fn push_deep(span: u64, at_ticks: u64, instance: u32) {
    // In parts, which stay in registers where this is not called.
    let entered = Entered { span, at_ticks, instance, panicking: std::thread::panicking() };
    with(|thread| thread.entered.set(thread.entered.get() + 1));
    let _ = DEEP.try_with(|deep| deep.borrow_mut().push(entered));
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn entered(instance: u32, span: u64) -> Entered {
        Entered { instance, span, at_ticks: span, panicking: false }
    }

    fn enter(instance: u32, span: u64) {
        with(|thread| {
            thread.count_entering();
            if !thread.push_entered(entered(instance, span)) {
                push_deep(span, span, instance);
            }
        });
    }

    fn count_leaving() {
        if !with(Thread::count_leaving) {
            with(Thread::stop_counting);
        }
    }

    fn leave(instance: u32, span: u64) -> Option<u64> {
        count_leaving();
        with(|thread| thread.pop_entered(instance, span).map(|entered| entered.at_ticks))
    }

    fn current(instance: u32) -> Option<Option<u64>> {
        with(|thread| thread.current_span(instance))
    }

    #[test]
    fn keys_are_unique_across_threads() {
        let key = |_| with(Thread::next_key);
        let threads: Vec<_> = (0..4)
            .map(|_| std::thread::spawn(move || (0..5_000).map(key).collect::<Vec<_>>()))
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
        let spans = 2 * STACK as u64;
        (1..=spans).for_each(|span| enter(1, span));
        assert_eq!(entered_spans().len(), 2 * STACK);
        assert_eq!(leave(1, 1), Some(1));
        assert_eq!(leave(1, spans), Some(spans));
        assert_eq!(leave(2, 2), None);
        for span in (2..spans).rev() {
            assert_eq!(entered_spans().first(), Some(&(1, span)));
            assert_eq!(leave(1, span), Some(span));
        }
        assert!(entered_spans().is_empty());
    }

    #[test]
    fn the_current_span_is_the_one_that_the_registry_says() {
        assert_eq!(current(1), Some(None));
        enter(1, 10);
        enter(2, 20);
        assert_eq!(
            (current(1), current(2), current(3)),
            (Some(Some(10)), Some(Some(20)), Some(None))
        );
        enter(1, 11);
        enter(1, 10);
        assert_eq!(current(1), Some(Some(11)), "10 was entered again, which changes nothing");
        assert_eq!((leave(1, 10), current(1)), (Some(10), Some(Some(11))));
        assert_eq!((leave(1, 10), current(1)), (Some(10), Some(Some(11))));
        with(Thread::count_entering);
        assert_eq!(current(1), None, "a span that is not tracked");
        count_leaving();
        assert_eq!(current(1), Some(Some(11)));
        leave(1, 11);
        leave(2, 20);
        assert_eq!(current(1), Some(None));
    }

    #[test]
    fn who_left_more_than_was_entered_knows_nothing_any_more() {
        count_leaving();
        assert_eq!(current(1), None);
        enter(1, 10);
        assert_eq!(current(1), None);
        assert_eq!(leave(1, 10), Some(10));
        with(Thread::count_entering);
        assert_eq!(current(1), None);
    }
}

//! The tracked spans that are open.
//!
//! A table of our own, by the registry's span id: span extensions would cost a
//! boxed insert and a lock of their own for each span. Ids are unique among
//! the open spans of one registry, and a layer serves one registry.
//!
//! Callbacks name spans by id alone. So that a span which is not ours costs
//! one load, a table of its own says of each slot which span is there, of eight
//! slots in a line of the cache.
//! And so that leaving a span costs no locked operation, the thread that opened
//! it keeps its times beside the slot's lock: it alone writes them, and whoever
//! closes the span does so after every exit from it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use crate::event::Status;

use super::callsite::{IdField, NO_FIELD};
use super::fixed::shared_array;
use super::local::{self, Thread};
use super::lock::{Lock, Locked};
use super::message::{Capture, LastExit};
use super::pool::{self, Parcel};

/// An identity that was recorded after its span was opened.
#[derive(Debug, Clone)]
pub(super) struct Late {
    pub(super) order: u64,
    pub(super) field: IdField,
    pub(super) text: String,
}

const SLOTS_LOG2: u32 = 13;
const SLOTS: usize = 1 << SLOTS_LOG2;

/// The open spans of one layer, which has them at hand as well as its intake.
#[derive(Clone)]
pub(super) struct OpenSpans {
    absent: Arc<[Absent; SLOTS]>,
    slots: Arc<[Slot; SLOTS]>,
}

/// The bits that the id of the first span of a slot does not have; [`NONE`] or
/// [`SEVERAL`]. Changed under the slot's lock.
struct Absent(AtomicU64);

/// A slot where a span may be.
#[derive(Clone, Copy)]
pub(super) struct OpenSlot<'a> {
    absent: &'a AtomicU64,
    slot: &'a Slot,
}

/// As a rule a slot holds one span at most. Changed under its lock.
#[repr(align(64))]
struct Slot {
    /// The thread that writes the times of the first span, or [`NOBODY`] any more.
    owner: AtomicU64,
    busy_ticks: AtomicU64,
    last_exit: AtomicU64,
    /// The field of the first span by which its owner may state success without the
    /// lock, or [`NO_FIELD`].
    status_field: AtomicU32,
    /// Its owner stated success, which is to be noted before anything else is.
    has_succeeded: AtomicBool,
    spans: Lock<Spans>,
}

/// The spans of a slot.
#[derive(Default)]
pub(super) struct Spans {
    first: Option<Parcel>,
    more: Option<Box<More>>,
}

/// Further spans of a slot.
#[derive(Default)]
struct More(Vec<Parcel>);

const NONE: u64 = u64::MAX;
const SEVERAL: u64 = 0;
const NOBODY: u64 = u64::MAX;

impl Default for Absent {
    fn default() -> Self {
        Absent(AtomicU64::new(NONE))
    }
}

impl Default for Slot {
    fn default() -> Self {
        Slot {
            owner: AtomicU64::new(NOBODY),
            busy_ticks: AtomicU64::new(0),
            last_exit: AtomicU64::new(0),
            status_field: AtomicU32::new(NO_FIELD),
            has_succeeded: AtomicBool::new(false),
            spans: Lock::default(),
        }
    }
}

impl OpenSpans {
    pub(super) fn new() -> Self {
        OpenSpans { absent: shared_array(), slots: shared_array() }
    }

    /// Where the span may be; `None`: it is not tracked, for certain.
    #[inline]
    pub(super) fn slot_of(&self, span: u64) -> Option<OpenSlot<'_>> {
        let number = slot_number(span);
        let absent = &self.absent.get(number)?.0;
        // One test for both its own id and `SEVERAL`; another id is seldom taken
        // for it, and whoever looks further then finds nothing.
        if absent.load(Ordering::Relaxed) & span != 0 {
            return None;
        }
        Some(OpenSlot { absent, slot: self.slots.get(number)? })
    }

    /// Whether the span is tracked.
    pub(super) fn contains(&self, span: u64) -> bool {
        self.slot_of(span).is_some_and(|slot| slot.holds(span))
    }

    /// Adds the span of a capture, opened by this thread, which may state its success
    /// without the lock by a field, if one is given.
    #[inline]
    pub(super) fn insert(&self, status_field: u32, capture: Parcel) {
        let span = capture.open.span;
        let number = slot_number(span);
        let (Some(absent), Some(slot)) = (self.absent.get(number), self.slots.get(number)) else {
            return;
        };
        let mut spans = slot.spans.lock();
        if spans.first.is_some() {
            drop(spans);
            return OpenSlot { absent: &absent.0, slot }.insert_beside(capture);
        }
        absent.0.store(!span, Ordering::Relaxed);
        slot.begin(status_field);
        spans.first = Some(capture);
    }

    #[cfg(test)]
    fn remove(&self, span: u64) -> Option<(Parcel, Times)> {
        self.slot_of(span)?.remove(span)
    }

    /// Runs `then` on a tracked span, under its slot's lock: no user code and
    /// no other span in there.
    #[inline]
    pub(super) fn with<R>(&self, span: u64, then: impl FnOnce(&mut Capture) -> R) -> Option<R> {
        let mut spans = self.slot_of(span)?.lock();
        spans.find(span).map(then)
    }

    /// Makes every exit from the span take the lock from here on.
    pub(super) fn disown(&self, span: u64) {
        if let Some(OpenSlot { slot, .. }) = self.slot_of(span) {
            slot.owner.store(NOBODY, Ordering::Relaxed);
        }
    }

    /// The same with the times that its owner keeps.
    pub(super) fn with_times<R>(
        &self,
        span: u64,
        then: impl FnOnce(&mut Capture, Times) -> R,
    ) -> Option<R> {
        let OpenSlot { slot, .. } = self.slot_of(span)?;
        let mut spans = slot.lock();
        let is_first = spans.first.as_ref().is_some_and(|first| first.open.span == span);
        let times = if is_first { slot.times() } else { Times::default() };
        spans.find(span).map(|capture| then(capture, times))
    }

    /// Runs `then` on every tracked span, a slot at a time.
    pub(super) fn for_each(&self, mut then: impl FnMut(&mut Capture, Times)) {
        for (absent, slot) in self.absent.iter().zip(self.slots.iter()) {
            if absent.0.load(Ordering::Relaxed) == NONE {
                continue;
            }
            let Spans { first, more } = &mut *slot.lock();
            if let Some(first) = first {
                then(first, slot.times());
            }
            let more = more.iter_mut().flat_map(|more| more.0.iter_mut());
            more.for_each(|capture| then(capture, Times::default()));
        }
    }
}

impl<'a> OpenSlot<'a> {
    /// Whether the span is tracked here.
    #[inline]
    pub(super) fn holds(self, span: u64) -> bool {
        self.is_alone(span) || self.holds_beside(span)
    }

    /// Whether the span is tracked here, and no other is.
    #[inline]
    pub(super) fn is_alone(self, span: u64) -> bool {
        self.absent.load(Ordering::Relaxed) == !span
    }

    #[cold]
    #[inline(never)]
    fn holds_beside(self, span: u64) -> bool {
        self.slot.lock().find(span).is_some()
    }

    /// Takes a span out, with the times that its owner kept, if it is the only one
    /// here, nobody else has the lock, and a success that was stated is all there is
    /// to note.
    #[inline(always)]
    pub(super) fn remove_alone(self, span: u64) -> Option<(Parcel, Times)> {
        let mut spans = self.slot.spans.try_lock()?;
        if !self.is_alone(span) {
            return None;
        }
        let capture = spans.first.take()?;
        if self.slot.has_succeeded.load(Ordering::Relaxed) {
            // What may have to be dropped is not for here.
            if !capture.succeed_plainly() {
                spans.first = Some(capture);
                return None;
            }
            self.slot.has_succeeded.store(false, Ordering::Relaxed);
        }
        self.absent.store(NONE, Ordering::Relaxed);
        Some((capture, self.slot.times()))
    }

    /// Takes a span out, with the times that its owner kept.
    pub(super) fn remove(self, span: u64) -> Option<(Parcel, Times)> {
        let mut spans = self.slot.lock();
        let mut more = spans.more.take().map_or_else(Vec::new, |more| more.0);
        let removed = match spans.first.take_if(|first| first.open.span == span) {
            Some(first) => {
                let times = self.slot.times();
                // What moves up keeps its times under the lock.
                self.slot.owner.store(NOBODY, Ordering::Relaxed);
                self.slot.busy_ticks.store(0, Ordering::Relaxed);
                self.slot.last_exit.store(0, Ordering::Relaxed);
                spans.first = more.pop();
                Some((first, times))
            }
            None => {
                let position = more.iter().position(|capture| capture.open.span == span);
                position.map(|position| (more.swap_remove(position), Times::default()))
            }
        };
        let absent = match &spans.first {
            None => NONE,
            Some(first) if more.is_empty() => !first.open.span,
            Some(_) => SEVERAL,
        };
        self.absent.store(absent, Ordering::Relaxed);
        spans.more = (!more.is_empty()).then(|| Box::new(More(more)));
        removed
    }

    /// Notes that this thread left the span, if it is the one that keeps the
    /// times of it.
    #[inline]
    pub(super) fn note_exit(self, span: u64, busy_ticks: u64, at_ticks: u64) -> bool {
        if !self.is_alone(span) {
            return false;
        }
        let owner = self.slot.owner.load(Ordering::Relaxed);
        if !local::with(|thread| thread.has_number(owner)) {
            return false;
        }
        let busy = self.slot.busy_ticks.load(Ordering::Relaxed).wrapping_add(busy_ticks);
        self.slot.busy_ticks.store(busy, Ordering::Relaxed);
        // Time does not go back on one thread.
        self.slot.last_exit.store(LastExit::at(at_ticks).0, Ordering::Relaxed);
        true
    }

    /// The field of the span by which this thread may state its success without the lock.
    #[inline(always)]
    pub(super) fn status_field_of_own(self, span: u64) -> u32 {
        let owner = self.slot.owner.load(Ordering::Relaxed);
        if self.is_alone(span) && local::with(|thread| thread.has_number(owner)) {
            self.slot.status_field.load(Ordering::Relaxed)
        } else {
            NO_FIELD
        }
    }

    /// States success, as the thread that may do so. Whoever takes the lock next notes
    /// it before anything else.
    #[inline(always)]
    pub(super) fn succeed(self) {
        self.slot.has_succeeded.store(true, Ordering::Relaxed);
    }

    /// Adds a span where another one was found.
    #[cold]
    #[inline(never)]
    fn insert_beside(self, capture: Parcel) {
        let span = capture.open.span;
        let mut spans = self.slot.lock();
        let replaced = match &mut spans.first {
            None => {
                self.slot.begin(NO_FIELD);
                spans.first.replace(capture)
            }
            Some(first) if first.open.span == span => {
                self.slot.begin(NO_FIELD);
                Some(std::mem::replace(first, capture))
            }
            Some(_) => {
                let More(more) = &mut **spans.more.get_or_insert_default();
                match more.iter_mut().find(|known| known.open.span == span) {
                    Some(known) => Some(std::mem::replace(known, capture)),
                    None => {
                        more.push(capture);
                        None
                    }
                }
            }
        };
        self.absent.store(if spans.more.is_none() { !span } else { SEVERAL }, Ordering::Relaxed);
        drop(spans);
        if let Some(replaced) = replaced {
            pool::give(replaced);
        }
    }

    /// Locks the slot. No user code and no other span until that is dropped.
    #[inline]
    pub(super) fn lock(self) -> Locked<'a, Spans> {
        self.slot.lock()
    }
}

impl Slot {
    /// Locks it; a success that was stated is noted first.
    #[inline]
    fn lock(&self) -> Locked<'_, Spans> {
        let mut spans = self.spans.lock();
        if self.has_succeeded.load(Ordering::Relaxed) {
            if let Some(first) = &mut spans.first {
                self.note_success(first);
            }
        }
        spans
    }

    #[inline(always)]
    fn note_success(&self, capture: &mut Capture) {
        self.has_succeeded.store(false, Ordering::Relaxed);
        capture.note_statement(Some(Status::Success), false);
    }

    fn times(&self) -> Times {
        Times {
            busy_ticks: self.busy_ticks.load(Ordering::Relaxed),
            last_exit: LastExit(self.last_exit.load(Ordering::Relaxed)),
        }
    }

    /// Makes this thread the one that keeps the times of the first span.
    #[inline]
    fn begin(&self, status_field: u32) {
        self.status_field.store(status_field, Ordering::Relaxed);
        self.owner.store(local::with(Thread::number), Ordering::Relaxed);
        self.busy_ticks.store(0, Ordering::Relaxed);
        self.last_exit.store(0, Ordering::Relaxed);
    }
}

impl Spans {
    #[inline]
    pub(super) fn find(&mut self, span: u64) -> Option<&mut Capture> {
        if self.first.as_ref().is_some_and(|first| first.open.span == span) {
            return self.first.as_deref_mut();
        }
        self.find_beside(span)
    }

    #[cold]
    #[inline(never)]
    fn find_beside(&mut self, span: u64) -> Option<&mut Capture> {
        let more = self.more.iter_mut().flat_map(|more| more.0.iter_mut());
        more.map(|capture| &mut **capture).find(|capture| capture.open.span == span)
    }
}

/// What the opening thread notes of the times of a span.
#[derive(Default)]
pub(super) struct Times {
    busy_ticks: u64,
    last_exit: LastExit,
}

impl Times {
    /// The times of the span, together with those that were noted under its lock, if
    /// it was ever left.
    #[inline(always)]
    pub(super) fn end(&self, capture: &Capture) -> Option<End> {
        let ended_ticks = self.last_exit.max(capture.open.last_exit).ticks()?;
        Some(End { ended_ticks, busy_ticks: self.busy_ticks.wrapping_add(capture.busy_ticks) })
    }

    /// The same; what was never left ends now.
    pub(super) fn end_or_else(&self, capture: &Capture, now_ticks: impl FnOnce() -> u64) -> End {
        self.end(capture).unwrap_or_else(|| End { ended_ticks: now_ticks(), busy_ticks: 0 })
    }
}

/// When an operation ended, and for how long it was busy.
#[derive(Debug, Clone, Copy)]
pub(super) struct End {
    pub(super) ended_ticks: u64,
    pub(super) busy_ticks: u64,
}

/// Slots of threads that open spans at the same time lie so far apart.
const THREAD_STRIDE: u64 = 509;

/// The registry's ids are, from the lowest bit, 38 bits of a place in the pages
/// of a thread, 13 of the thread, and a count of how often the place was used.
/// It uses a place again as soon as it can. Numbering slots by place thus keeps
/// the few in use in the cache; were ids made otherwise, it would only be slower.
#[inline]
fn slot_number(span: u64) -> usize {
    // In the upper bits: the place, and the number of the thread so many times.
    const SPREAD: u64 = (1 << (u64::BITS - SLOTS_LOG2)) + (THREAD_STRIDE << 13);
    (span.wrapping_mul(SPREAD) >> (u64::BITS - SLOTS_LOG2)) as usize
}

#[cfg(test)]
mod tests;

//! The tracked spans that are open.
//!
//! A table of our own, by the registry's span id: span extensions would cost a
//! boxed insert and a lock of their own for each span. Ids are unique among
//! the open spans of one registry, and a layer serves one registry.
//!
//! Callbacks name spans by id alone. So that a span which is not ours costs
//! one load, each slot of the table counts its spans beside its lock; only
//! where there are any is it locked.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::callsite::IdField;
use super::message::{Capture, EventKey};

/// One open span.
#[derive(Debug)]
pub(super) struct OpenSpan {
    pub(super) capture: Box<Capture>,
    /// Whether it becomes an event, or only carries identity.
    pub(super) is_operation: bool,
    /// The nearest enclosing tracked span. Open as long as this one is.
    pub(super) parent: Option<u64>,
    /// The enclosing operation that this one is collapsed into.
    pub(super) collapse_into: Option<u64>,
    /// State of the layer's count of late identities when this span opened.
    pub(super) epoch: u64,
    /// The first value of each identity field that was absent and recorded
    /// later, with its place in the order of all such recordings.
    pub(super) late: Vec<Late>,
    pub(super) last_exit_ns: Option<u64>,
    /// To be sent at the next exit: its end was reported.
    pub(super) is_reported: bool,
    pub(super) sent: Sent,
}

/// An identity that was recorded after its span was opened.
#[derive(Debug, Clone)]
pub(super) struct Late {
    pub(super) order: u64,
    pub(super) field: IdField,
    pub(super) text: String,
}

/// Whether the event of an open span is on its way already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sent {
    No,
    /// Sent when its end was reported.
    AtReport,
    /// Written as still open by a shutdown.
    AtShutdown,
}

impl OpenSpan {
    /// Whether its event is still to be sent.
    pub(super) fn is_unsent_operation(&self) -> bool {
        self.is_operation && self.sent == Sent::No
    }

    /// The key of its event, or of the nearest enclosing one if it has none of
    /// its own.
    pub(super) fn event_key(&self) -> Option<EventKey> {
        let has_event = self.is_operation && self.collapse_into.is_none();
        if has_event { Some(self.capture.event_key()) } else { self.capture.parent }
    }
}

const SLOTS: usize = 8 * 1024;

/// The open spans of one layer.
pub(super) struct OpenSpans(Box<[Slot]>);

/// As a rule a slot holds one span at most.
#[derive(Default)]
struct Slot {
    /// How many there are. Changed under the lock, read without it.
    count: AtomicUsize,
    spans: Mutex<Vec<(u64, OpenSpan)>>,
}

impl OpenSpans {
    pub(super) fn new() -> Self {
        OpenSpans((0..SLOTS).map(|_| Slot::default()).collect())
    }

    /// Whether the span may be tracked; `false` is certain.
    #[inline]
    pub(super) fn may_contain(&self, span: u64) -> bool {
        self.slot(span).is_some_and(|slot| !slot.is_empty())
    }

    pub(super) fn insert(&self, span: u64, open: OpenSpan) {
        let Some(slot) = self.slot(span) else { return };
        let mut spans = slot.lock();
        match spans.iter_mut().find(|(known, _)| *known == span) {
            Some((_, known)) => *known = open,
            None => spans.push((span, open)),
        }
        slot.count.store(spans.len(), Ordering::Relaxed);
    }

    #[inline]
    pub(super) fn remove(&self, span: u64) -> Option<OpenSpan> {
        let slot = self.slot(span).filter(|slot| !slot.is_empty())?;
        let mut spans = slot.lock();
        let position = spans.iter().position(|(known, _)| *known == span)?;
        let (_, open) = spans.swap_remove(position);
        slot.count.store(spans.len(), Ordering::Relaxed);
        Some(open)
    }

    /// Runs `then` on a tracked span, under its slot's lock: no user code and
    /// no other span in there.
    #[inline]
    pub(super) fn with<R>(&self, span: u64, then: impl FnOnce(&mut OpenSpan) -> R) -> Option<R> {
        let slot = self.slot(span).filter(|slot| !slot.is_empty())?;
        let mut spans = slot.lock();
        spans.iter_mut().find(|(known, _)| *known == span).map(|(_, open)| then(open))
    }

    /// Runs `then` on every tracked span, a slot at a time.
    pub(super) fn for_each(&self, mut then: impl FnMut(&mut OpenSpan)) {
        for slot in self.0.iter().filter(|slot| !slot.is_empty()) {
            slot.lock().iter_mut().for_each(|(_, open)| then(open));
        }
    }

    #[inline]
    fn slot(&self, span: u64) -> Option<&Slot> {
        self.0.get(slot_number(span))
    }
}

impl Slot {
    #[inline]
    fn is_empty(&self) -> bool {
        self.count.load(Ordering::Relaxed) == 0
    }

    #[inline]
    fn lock(&self) -> MutexGuard<'_, Vec<(u64, OpenSpan)>> {
        self.spans.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Slots of threads that open spans at the same time lie so far apart.
const THREAD_STRIDE: u64 = 509;

/// The registry's ids are, from the lowest bit, 38 bits of a place in the pages
/// of a thread, 13 of the thread, and a count of how often the place was used.
/// It uses a place again as soon as it can. Numbering slots by place thus keeps
/// the few in use in the cache; were ids made otherwise, it would only be slower.
#[inline]
fn slot_number(span: u64) -> usize {
    let thread = (span >> 38) & 0x1FFF;
    span.wrapping_add(thread * THREAD_STRIDE) as usize % SLOTS
}

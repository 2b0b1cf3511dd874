//! The tracked spans that are open.
//!
//! A table of our own, by the registry's span id: span extensions would cost a
//! boxed insert and a lock of their own for each span. Ids are unique among
//! the open spans of one registry, and a layer serves one registry.
//!
//! Callbacks name spans by id alone. So that a span which is not ours costs
//! one load, a small array counts the tracked spans by a hash of their id;
//! only where the count is not zero is the table asked.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::atomic::{AtomicU32, Ordering};
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

const SHARDS: usize = 64;
const PRESENCE: usize = 16 * 1024;

/// The open spans of one layer.
pub(super) struct OpenSpans {
    shards: Box<[Mutex<Shard>]>,
    presence: Box<[AtomicU32]>,
}

type Shard = HashMap<u64, OpenSpan, BuildHasherDefault<IdHasher>>;

impl OpenSpans {
    pub(super) fn new() -> Self {
        OpenSpans {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            presence: (0..PRESENCE).map(|_| AtomicU32::new(0)).collect(),
        }
    }

    /// Whether the span may be tracked; `false` is certain.
    #[inline]
    pub(super) fn may_contain(&self, span: u64) -> bool {
        self.presence_of(span).is_some_and(|count| count.load(Ordering::Relaxed) != 0)
    }

    pub(super) fn insert(&self, span: u64, open: OpenSpan) {
        if let Some(count) = self.presence_of(span) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.shard(span).insert(span, open);
    }

    #[inline]
    pub(super) fn remove(&self, span: u64) -> Option<OpenSpan> {
        if !self.may_contain(span) {
            return None;
        }
        let open = self.shard(span).remove(&span)?;
        if let Some(count) = self.presence_of(span) {
            count.fetch_sub(1, Ordering::Relaxed);
        }
        Some(open)
    }

    /// Runs `then` on a tracked span, under its shard's lock: no user code and
    /// no other span in there.
    #[inline]
    pub(super) fn with<R>(&self, span: u64, then: impl FnOnce(&mut OpenSpan) -> R) -> Option<R> {
        if !self.may_contain(span) {
            return None;
        }
        self.shard(span).get_mut(&span).map(then)
    }

    /// Runs `then` on every tracked span, a shard at a time.
    pub(super) fn for_each(&self, mut then: impl FnMut(&mut OpenSpan)) {
        for shard in &self.shards {
            let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            shard.values_mut().for_each(&mut then);
        }
    }

    fn presence_of(&self, span: u64) -> Option<&AtomicU32> {
        self.presence.get(spread(span) as usize % PRESENCE)
    }

    fn shard(&self, span: u64) -> MutexGuard<'_, Shard> {
        let index = (spread(span) >> 32) as usize % SHARDS;
        match self.shards.get(index) {
            Some(shard) => shard.lock().unwrap_or_else(PoisonError::into_inner),
            None => unreachable!("an index modulo the number of shards"),
        }
    }
}

/// Registry ids are packed indices; this spreads them (finalizer of splitmix64).
#[inline]
fn spread(span: u64) -> u64 {
    let mixed = (span ^ (span >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed ^ (mixed >> 27)
}

/// Span ids come from the registry, not from an attacker.
#[derive(Default)]
struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = spread(self.0 ^ u64::from(*byte));
        }
    }

    fn write_u64(&mut self, span: u64) {
        self.0 = span.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
}

//! The policy in force.
//!
//! A reload puts another one in its place, whole. Threads keep the one they
//! used last at hand, so that asking for it is one load and a comparison; a
//! thread that rests keeps it until it asks again.

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tracing_core::{Dispatch, Metadata, dispatcher::WeakDispatch};

use crate::capture::callsite::Callsite;
use crate::policy::Decision;
use crate::self_check::CANARY_TARGET;

use super::by_callsite::ByCallsite;
use super::compiled::{Compiled, with_facts};
use super::concern::Concern;
use super::plan::SpanPlan;

/// The policy in force, and those before it that open spans still have.
#[derive(Default)]
pub(crate) struct Book {
    /// Number of the policy in force; zero: there is none.
    number: AtomicU64,
    /// Some policy lets operations take the ones inside them in.
    may_collapse: AtomicBool,
    current: Mutex<Option<Arc<Generation>>>,
    earlier: Mutex<Vec<Weak<Compiled>>>,
    /// The subscriber that the layer is a part of, as far as it was told.
    dispatch: Mutex<Option<WeakDispatch>>,
}

/// A policy in force, with what it says about each callsite.
pub(super) struct Generation {
    compiled: Arc<Compiled>,
    plans: ByCallsite<SpanPlan>,
}

impl Generation {
    pub(super) fn plan(&self, callsite: &Callsite) -> &SpanPlan {
        self.plans.of(callsite.index, || SpanPlan::of(&self.compiled, callsite))
    }
}

thread_local! {
    static AT_HAND: RefCell<Option<Arc<Generation>>> = const { RefCell::new(None) };
}

impl Book {
    /// The policy in force.
    pub(crate) fn current(&self) -> Option<Arc<Compiled>> {
        lock(&self.current).as_ref().map(|generation| generation.compiled.clone())
    }

    /// Runs `then` with the policy in force, if there is one.
    pub(super) fn with_current<R>(&self, then: impl FnOnce(&Generation) -> R) -> Option<R> {
        let number = self.number.load(Ordering::Acquire);
        if number == 0 {
            return None;
        }
        let at_hand = AT_HAND.try_with(RefCell::take).ok().flatten();
        let generation = match at_hand.filter(|known| known.compiled.number == number) {
            Some(known) => known,
            None => lock(&self.current).clone()?,
        };
        let result = then(&generation);
        // On a thread that is ending it is simply not kept.
        let _ = AT_HAND.try_with(|place| place.replace(Some(generation)));
        Some(result)
    }

    /// Puts a policy in force. Callers hold the lock of registration, and look
    /// at every known callsite anew before they let go of it.
    pub(in crate::capture) fn adopt(&self, compiled: Arc<Compiled>) {
        let may_collapse = compiled.policy.rules().iter().any(|rule| rule.collapse);
        self.may_collapse.fetch_or(may_collapse, Ordering::Relaxed);
        let number = compiled.number;
        let generation = Arc::new(Generation { compiled, plans: ByCallsite::new() });
        let before = lock(&self.current).replace(generation);
        let mut earlier = lock(&self.earlier);
        earlier.extend(before.map(|generation| Arc::downgrade(&generation.compiled)));
        earlier.retain(|policy| policy.strong_count() > 0);
        self.number.store(number, Ordering::Release);
    }

    #[inline]
    pub(in crate::capture) fn may_collapse(&self) -> bool {
        self.may_collapse.load(Ordering::Relaxed)
    }

    /// What the policy in force has to do with a callsite; of events, also the
    /// earlier ones that open spans still have.
    pub(in crate::capture) fn concern(&self, metadata: &Metadata<'_>) -> Concern {
        let Some(current) = self.current().filter(|_| metadata.target() != CANARY_TARGET) else {
            return Concern::default();
        };
        if metadata.is_span() {
            return concern_of_span(&current, metadata);
        }
        let is_watched = |policy: &Compiled| {
            !with_facts(metadata, |facts| policy.policy.watches(facts)).is_empty()
        };
        let is_any = is_watched(&current)
            || lock(&self.earlier)
                .iter()
                .filter_map(Weak::upgrade)
                .any(|policy| is_watched(&policy));
        Concern { is_any, may_operate: false }
    }

    /// Notes a span that nothing is known to be for, unless a rule has it ignored.
    pub(in crate::capture) fn note_unmatched(&self, metadata: &Metadata<'_>) {
        if let Some(current) = self.current().filter(|_| metadata.is_span()) {
            with_facts(metadata, |facts| {
                if current.policy.classify(facts) == Decision::Never {
                    current.counts.note_unmatched(facts);
                }
            });
        }
    }

    /// Notes which subscriber the layer is a part of.
    pub(in crate::capture) fn note_dispatch(&self, dispatch: &Dispatch) {
        *lock(&self.dispatch) = Some(dispatch.downgrade());
    }

    /// The subscriber that the layer is a part of, as far as it was told.
    pub(crate) fn dispatch(&self) -> Option<Dispatch> {
        lock(&self.dispatch).as_ref().and_then(WeakDispatch::upgrade)
    }
}

impl std::fmt::Debug for Book {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Book").field("number", &self.number).finish_non_exhaustive()
    }
}

fn concern_of_span(current: &Compiled, metadata: &Metadata<'_>) -> Concern {
    with_facts(metadata, |facts| {
        let may_operate = match current.policy.classify(facts) {
            Decision::Never => false,
            Decision::Ignored(rule) => {
                // Nobody is told of its spans: that there are some is all there is to count.
                current.counts.note_match(rule);
                false
            }
            Decision::Static(_) | Decision::Dynamic(_) => true,
        };
        Concern { is_any: may_operate || !current.policy.carries(facts).is_empty(), may_operate }
    })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

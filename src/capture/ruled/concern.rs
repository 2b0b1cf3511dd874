//! Whether a policy is interested in a callsite.

use std::sync::atomic::{AtomicBool, Ordering};

/// What a policy has to do with a callsite.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::capture) struct Concern {
    /// Its spans or events have to be looked at.
    pub(in crate::capture) is_any: bool,
    /// Its spans may become events.
    pub(in crate::capture) may_operate: bool,
}

/// Whether the policy in force is interested in a callsite.
#[derive(Debug)]
pub(in crate::capture) struct Mark(AtomicBool);

impl Mark {
    pub(in crate::capture) fn new(concern: Concern) -> Self {
        Mark(AtomicBool::new(concern.is_any))
    }

    #[inline]
    pub(in crate::capture) fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    pub(in crate::capture) fn set(&self, concern: Concern) {
        self.0.store(concern.is_any, Ordering::Relaxed);
    }
}

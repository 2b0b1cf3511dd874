//! What a span becomes that opens at a callsite.

use std::sync::atomic::{AtomicU8, Ordering};

use super::callsite::Role;

/// What a span becomes that opens at a callsite.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Opens {
    /// More has to be asked.
    Unusually,
    /// It only carries identity, as its code says.
    Context,
    /// It is an operation, as its code says.
    Operation,
}

impl Opens {
    pub(super) fn by_code(role: &Role) -> Self {
        match role {
            Role::Operation => Opens::Operation,
            Role::Context => Opens::Context,
            Role::Statement | Role::Report(_) | Role::Silent => Opens::Unusually,
        }
    }
}

/// The same, as it is for the time being.
#[derive(Debug)]
pub(super) struct AtomicOpens(AtomicU8);

impl AtomicOpens {
    pub(super) fn new(opens: Opens) -> Self {
        AtomicOpens(AtomicU8::new(opens as u8))
    }

    #[cfg(feature = "policy")]
    pub(super) fn set(&self, opens: Opens) {
        self.0.store(opens as u8, Ordering::Relaxed);
    }

    /// Whether it becomes an operation, as its code says.
    #[inline(always)]
    pub(super) fn is_operation(&self) -> bool {
        self.0.load(Ordering::Relaxed) == Opens::Operation as u8
    }

    /// Whether it becomes an operation; `None`: more has to be asked.
    #[inline(always)]
    pub(super) fn operation(&self) -> Option<bool> {
        const OPERATION: u8 = Opens::Operation as u8;
        const CONTEXT: u8 = Opens::Context as u8;
        match self.0.load(Ordering::Relaxed) {
            OPERATION => Some(true),
            CONTEXT => Some(false),
            _ => None,
        }
    }
}

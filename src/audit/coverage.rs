//! What the policy in force missed, or may have missed.

use tracing_core::subscriber::NoSubscriber;
use tracing_core::{Dispatch, dispatcher};

use crate::policy::Coverage;
use crate::self_check::disabled_callsites;

use super::handle::{Audit, Inner};

impl Audit {
    /// What the policy in force missed, or may have missed, since it came into
    /// force; this thread's completed operations count. Nothing without a policy.
    /// [`ShutdownReport::coverage`](crate::ShutdownReport::coverage) says it once
    /// more at the end.
    pub fn coverage(&self) -> Option<Coverage> {
        // Where the worker cannot be waited for, what it has counted is given.
        let _ = self.flush();
        self.inner.coverage()
    }
}

impl Inner {
    pub(super) fn coverage(&self) -> Option<Coverage> {
        let policy = self.intake.callsites.book.current()?;
        let dispatch = self.intake.callsites.book.dispatch();
        let dispatch = dispatch.unwrap_or_else(|| dispatcher::get_default(Dispatch::clone));
        let disabled = match dispatch.is::<NoSubscriber>() {
            true => Vec::new(),
            false => disabled_callsites(&self.intake, &dispatch),
        };
        Some(policy.counts.report(&policy.policy, disabled))
    }
}

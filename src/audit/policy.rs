//! The policy in force: loading it, and putting another one in its place while
//! the service runs.

use std::sync::Arc;

use tracing_core::dispatcher;
use tracing_core::subscriber::NoSubscriber;
use tracing_subscriber::Registry;

use crate::capture::{AuditLayer, Compiled};
use crate::error::{Error, ErrorKind, Result};
use crate::policy::Policy;
use crate::redaction::Rules;
use crate::worker::Request;

use super::builder::Builder;
use super::handle::{Audit, Inner};

impl AuditLayer<Registry> {
    /// Begins a trail with the policy that the environment names:
    /// `TRACING_AUDIT_POLICY` is the path of a file, or TOML. Where it is not set
    /// this is [`builder`](AuditLayer::builder).
    ///
    /// # Errors
    ///
    /// When the policy cannot be read, or has a mistake: with its line and
    /// column, and what to do about it.
    pub fn from_env() -> Result<Builder> {
        let policy = Policy::from_env()?;
        Ok(match policy {
            Some(policy) => AuditLayer::builder().policy(policy),
            None => AuditLayer::builder(),
        })
    }
}

impl Audit {
    /// Puts a policy in the place of the one in force, or in force where there
    /// was none. Nothing is lost meanwhile, and nothing is decided by half a
    /// policy: spans that are open keep the one under which they opened. The
    /// trail gets an entry with the policy's digest, of kind `log` and operation
    /// `POLICY`; when this returns it is durable, where there is a journal.
    ///
    /// Callsites that only the new policy names are switched on through the
    /// subscriber that the layer is a part of, or that of the calling thread.
    /// Where there is neither, they stay off until
    /// [`self_check`](Audit::self_check) is called, and the error hook is told.
    ///
    /// # Errors
    ///
    /// When the worker has stopped, when this is its own thread, when the entry
    /// cannot be made durable, and when a rule's events are to be durable and there
    /// is no journal. The policy before stays in force then.
    pub fn reload_policy(&self, policy: Policy) -> Result<()> {
        self.inner.load_policy(policy)?;
        self.inner.switch_callsites();
        Ok(())
    }

    /// The digest of the policy in force: the SHA-256 of its canonical text, in
    /// hexadecimal digits.
    pub fn policy_digest(&self) -> Option<String> {
        self.inner.intake.callsites.book.current().map(|policy| policy.digest.clone())
    }
}

impl Inner {
    /// Writes the entry of a policy, and puts it in force.
    pub(super) fn load_policy(&self, policy: Policy) -> Result<()> {
        if let Some(rule) = policy.rules().iter().find(|rule| rule.durable && !self.has_journal) {
            return Err(Error::invalid(format!(
                "the rule `{}` says `durable`, which needs a journal; give the builder's `journal` \
                 a directory (feature `journal`)",
                rule.name
            )));
        }
        let _one_at_a_time = self.loading.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let policy = Arc::new(Compiled::new(policy, self.hidden.settings()));
        let entry = policy.clone();
        self.ask_and_wait(|reply| Request::Policy(entry, reply))??;
        self.intake.callsites.adopt(policy);
        Ok(())
    }

    /// What is hidden in events that no rule is for.
    pub(super) fn hidden(&self) -> Arc<Rules> {
        let policy = self.intake.callsites.book.current();
        policy.map_or_else(|| self.hidden.clone(), |policy| policy.hidden_elsewhere.clone())
    }

    /// Makes `tracing` ask again which callsites are wanted.
    fn switch_callsites(&self) {
        let rebuild = tracing_core::callsite::rebuild_interest_cache;
        if let Some(dispatch) = self.intake.callsites.book.dispatch() {
            return dispatcher::with_default(&dispatch, rebuild);
        }
        // Without a subscriber this could switch everything off everywhere.
        if !dispatcher::get_default(|dispatch| dispatch.is::<NoSubscriber>()) {
            return rebuild();
        }
        let message = "the new policy is in force, but spans that only it names stay off: the calling \
                       thread has no subscriber; call `Audit::self_check` on a thread that has";
        // Without a worker there is nobody to tell.
        let _ = self.problems.send(Error::new(ErrorKind::Degraded, message));
    }
}

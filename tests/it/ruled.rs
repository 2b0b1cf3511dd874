//! Spans that say nothing of audits, and the policy that makes operations of
//! them: tests of capture run with these, too, beside spans that say it in code.

use tracing_audit::{AuditLayer, Builder};

/// What becomes of one span of target `ruled`: an operation, in builds that
/// have policies.
pub(crate) const RULED: u64 = cfg!(feature = "policy") as u64;

/// Default settings, and a policy by which spans of target `ruled` are the
/// operation `RULED` on the entry that their `id` names.
pub(crate) fn builder() -> Builder {
    let builder = AuditLayer::builder();
    #[cfg(feature = "policy")]
    #[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    let builder = {
        use tracing_audit::policy::{Identity, Origin, Policy, Rule};
        let rule = Rule::new("ruled").target("ruled").operation("RULED");
        let rule = rule.identity(Identity::EntryIds, Origin::fields(["id"]));
        builder.policy(Policy::new([rule]).unwrap())
    };
    builder
}

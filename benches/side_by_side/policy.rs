//! A policy of 50 rules, of which ten name the spans `candidate` and take none
//! of them, and one takes the spans `matched`.

use tracing_audit::policy::{Condition, Identity, Origin, Outcome, Policy, Rule};
use tracing_audit::{AuditLayer, Builder, Status};

const RULES: usize = 50;
const CANDIDATES: usize = 10;

/// A trail with this policy.
pub(crate) fn builder() -> Builder {
    let rules = (0..RULES).map(|number| match number {
        0 => matched(),
        1..=CANDIDATES => candidate(number),
        number => elsewhere(number),
    });
    AuditLayer::builder().policy(Policy::new(rules).expect("a policy"))
}

fn matched() -> Rule {
    Rule::new("matched")
        .span("matched")
        .operation("STORE")
        .identity(Identity::User, Origin::fields(["user_id"]))
        .identity(Identity::Session, Origin::fields(["session_id"]))
        .identity(Identity::EntryIds, Origin::fields(["entry_ids"]))
        .outcome(Outcome::new().field(Condition::is("status", ["SUCCESS"]), Status::Success))
}

/// It matches by name, and fails on a value.
fn candidate(number: usize) -> Rule {
    Rule::new(format!("candidate {number}"))
        .span("candidate")
        .condition(Condition::is("operation", [format!("NEVER_{number}")]))
        .operation("NEVER")
}

fn elsewhere(number: usize) -> Rule {
    Rule::new(format!("elsewhere {number}"))
        .target(format!("another_crate::part_{number}"))
        .span("work")
        .operation("WORK")
        .identity(Identity::User, Origin::fields(["user.id"]).enclosing(true))
}

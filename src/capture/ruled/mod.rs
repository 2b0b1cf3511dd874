//! Spans that a policy has rules for.
//!
//! Runs on callers' threads, beside the path of spans that say themselves that
//! they are audited: that path asks one flag of the callsite, and comes here if
//! it is set. Everything that is decided about a span is decided by one policy,
//! the one under which it opened: its capture holds on to it.
//!
//! [`book`] holds the policy in force, and takes another one in its place;
//! [`plan`] is what a policy has to say about a callsite; [`opening`] decides
//! which rule a span is for; [`resolve`] gives it the names and identities that
//! its values say, and [`enclosing`] those of spans around it; [`watched`]
//! listens to events that tell how it ended, and [`ending`] completes it.
//!
//! Values that a rule looks at are recorded as they are, beyond the limits of
//! metadata; what they mean is decided from what was recorded.

mod book;
mod by_callsite;
mod compiled;
mod concern;
mod enclosing;
mod ending;
mod opening;
mod plan;
mod resolve;
mod selective;
mod values;
mod watched;

pub(crate) use book::Book;
pub(crate) use compiled::Compiled;
pub(super) use concern::{Concern, Mark};
pub(super) use ending::settle_finally;
pub(crate) use plan::Plan;
pub(super) use watched::Told;

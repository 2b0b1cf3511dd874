//! Which spans are audited, as what, by rules instead of fields in the code.
//!
//! A [`Policy`] is an ordered list of [`Rule`]s; the first that matches a span
//! decides. Rules come from a builder, from TOML ([`Policy::from_toml`]), or by
//! name from the sets that come with this crate. `audit.*` fields in code need
//! no rule, and what they say counts before what a rule says.
//!
//! Pure decisions about plain facts: no `tracing`, no clock, no files but the
//! policy's own. What can be decided from a callsite alone is decided once for
//! it (`classify`); values are looked at where that was not enough.
//! A policy never changes; a reload is another one.

mod canonical;
mod classify;
mod condition;
mod coverage;
mod facts;
mod needs;
mod operation;
mod origin;
mod outcome;
mod pattern;
mod plan;
mod rule;
mod sets;
#[cfg(test)]
mod tests;
mod toml;

pub(crate) use classify::{Choice, Decision};
pub use condition::Condition;
pub(crate) use condition::with_text;
pub(crate) use coverage::Counts;
pub use coverage::Coverage;
pub(crate) use facts::CallsiteFacts;
pub use facts::Level;
pub(crate) use operation::Named;
pub use operation::OperationFrom;
pub use origin::{Identity, Origin};
pub use outcome::{EventPattern, Outcome};
pub(crate) use outcome::{Known, Watch};
pub use plan::Policy;
pub use rule::{Detail, Rule};

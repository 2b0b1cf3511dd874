//! Behaviour of the whole, through the public API alone. Each test has a
//! subscriber of its own; what needs a global one is in a binary of its own.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "only the library has gates for time and files")]

mod collapse;
mod composition;
mod context;
mod current;
#[cfg(all(feature = "journal", feature = "hash"))]
mod every_log;
mod health;
mod interest;
#[cfg(feature = "journal")]
mod journal;
#[cfg(feature = "journal")]
mod journal_upkeep;
mod known_outcome;
mod late;
mod limits;
mod misuse;
mod outcome;
mod overflow;
#[cfg(feature = "journal")]
mod parts;
#[cfg(feature = "policy")]
mod policy_hard_cases;
#[cfg(all(feature = "journal", feature = "policy"))]
mod policy_kept;
#[cfg(feature = "policy")]
mod policy_rules;
#[cfg(feature = "policy")]
mod policy_running;
mod redaction;
mod ruled;
mod stream;
mod trail;
mod values;
mod written;

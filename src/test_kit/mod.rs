//! For the tests of programs that audit: a trail of one's own, and assertions
//! that say what is different.
//!
//! ```
//! use tracing_audit::test_kit::TestTrail;
//! use tracing_audit::{assert_audited, assert_not_audited};
//!
//! #[tracing::instrument(err, skip_all, fields(audit.operation = "STORE", audit.user_id = user, importance = 0.8))]
//! fn store(user: &str, is_full: bool) -> Result<(), String> {
//!     if is_full { Err("no space left".to_owned()) } else { Ok(()) }
//! }
//!
//! let trail = TestTrail::start();
//! store("alice", false).unwrap();
//! store("bob", true).unwrap_err();
//! assert_audited!(trail, operation = "STORE", user_id = "alice", status = SUCCESS);
//! assert_audited!(trail, user_id = "bob", status = FAILURE, error_contains = "space", count = 1);
//! assert_audited!(trail, metadata.importance = 0.8, count = 2);
//! assert_not_audited!(trail, operation = "FORGET");
//! ```
//!
//! Tests may run in parallel, on threads or in processes: a [`TestTrail`] is
//! the subscriber of the thread that started it, and sees nothing that others
//! do. It does not see what its own test does on *other* threads either,
//! unless they are given its [`dispatch`](TestTrail::dispatch).
//!
//! Everything here panics when something fails, as tests do. Nothing here is
//! meant for a program at work.

mod difference;
mod events;
mod expectation;
mod lookup;
mod macros;
mod trail;

pub use events::AuditedEvents;
pub use expectation::Expectation;
#[doc(hidden)]
pub use macros::{assert_audited, assert_not_audited};
pub use trail::{TestTrail, TestTrailBuilder};

//! A guard that knows when an operation was given up.
//!
//! To a subscriber a function whose future was dropped in the middle and one
//! that returned look the same. A guard sees the difference: it is told the
//! result, or it is dropped without one. It runs on callers' threads, and tells
//! the one operation that it was made for.

use std::fmt::Display;

use super::current::Current;
use super::outcome::Reported;
use super::reading::shown;

/// Tells how an operation ended, also when nobody says so: dropped without a
/// word, the operation was cancelled, and is `UNKNOWN` with source `cancelled`.
/// Dropped by a panic, it is `FAILURE` if the panic leaves the operation's span,
/// and otherwise `UNKNOWN` with source `unwound`.
///
/// Made by [`Current::outcome_guard`]. What `#[instrument]` reports later, and
/// what another guard says later, replaces what this one said; a status that
/// the program states stands above all of them.
///
/// ```
/// # async fn send(order: &str) -> Result<(), std::io::Error> { Ok(()) }
/// #[tracing::instrument(fields(audit.operation = "ORDER"))]
/// async fn order(order: &str) -> Result<(), tracing_audit::Error> {
///     let guard = tracing_audit::current()?.outcome_guard();
///     match send(order).await { // dropped in here, it was cancelled
///         Ok(()) => guard.success(),
///         Err(error) => guard.failure(error),
///     }
///     Ok(())
/// }
/// ```
#[derive(Debug)]
#[must_use = "dropped at once, it says that the operation was cancelled"]
pub struct OutcomeGuard {
    /// `None` when it has said how the operation ended.
    operation: Option<Current>,
}

impl Current {
    /// A guard that knows when the operation is cancelled.
    pub fn outcome_guard(self) -> OutcomeGuard {
        OutcomeGuard { operation: Some(self) }
    }
}

impl OutcomeGuard {
    /// It did what it was meant to do.
    pub fn success(mut self) {
        self.tell(|operation| operation.report(Reported::Value, None));
    }

    /// It failed, and why.
    pub fn failure(mut self, error: impl Display) {
        let error = shown(&error);
        self.tell(|operation| operation.report(Reported::Error, Some(&error)));
    }

    /// A panic began inside.
    pub(super) fn panicked(mut self) {
        self.tell(Current::note_panic);
    }

    fn tell(&mut self, tell: impl FnOnce(&Current)) {
        if let Some(operation) = self.operation.take() {
            tell(&operation);
        }
    }
}

impl Drop for OutcomeGuard {
    fn drop(&mut self) {
        self.tell(|operation| match std::thread::panicking() {
            true => operation.note_unwound(),
            false => operation.report(Reported::Cancelled, None),
        });
    }
}

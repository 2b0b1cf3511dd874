//! Where the live stream goes: other systems, by way of a small trait.
//!
//! Each sink has a thread of its own. It can be slow or fail without slowing
//! the worker or the audited program; what it misses is counted.

mod callback;
#[cfg(test)]
mod failing;
mod json_lines;
mod thread;

pub use callback::{Callback, callback};
#[cfg(test)]
pub(crate) use failing::Failing;
pub use json_lines::JsonLinesFile;
pub(crate) use thread::SinkThread;

use crate::event::AuditEvent;

/// Receives recorded events, in their order.
///
/// Runs on a thread of its own. What it traces itself is not audited.
pub trait Sink: Send + 'static {
    /// Takes one event. An error is counted and told to the error hook; the
    /// next event is tried all the same.
    ///
    /// # Errors
    ///
    /// Whatever keeps the event from being taken.
    fn write(&mut self, event: &AuditEvent) -> std::io::Result<()>;

    /// Hands on what was held back. Called whenever no event waits, and at the
    /// end.
    ///
    /// # Errors
    ///
    /// Whatever keeps it from being handed on.
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

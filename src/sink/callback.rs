//! A function as a sink.

use crate::event::AuditEvent;

use super::Sink;

/// What [`callback`] returns.
#[derive(Debug)]
pub struct Callback<F>(F);

/// A sink that calls a function with each event.
pub fn callback<F: FnMut(&AuditEvent) + Send + 'static>(function: F) -> Callback<F> {
    Callback(function)
}

impl<F: FnMut(&AuditEvent) + Send + 'static> Sink for Callback<F> {
    fn write(&mut self, event: &AuditEvent) -> std::io::Result<()> {
        (self.0)(event);
        Ok(())
    }
}

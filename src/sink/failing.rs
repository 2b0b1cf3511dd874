//! A sink of tests that takes nothing.

use crate::event::AuditEvent;

use super::Sink;

pub(crate) struct Failing;

impl Sink for Failing {
    fn write(&mut self, _: &AuditEvent) -> std::io::Result<()> {
        Err(std::io::Error::other("on purpose"))
    }
}

//! What assertions can look at.

use super::TestTrail;
use crate::audit::Audit;
use crate::event::AuditEvent;
use crate::query::{Order, Page};

/// Something that has audited events: a [`TestTrail`], an [`Audit`], a
/// [`Page`], or events in a list.
pub trait AuditedEvents {
    /// The events, oldest first where there is a choice.
    fn audited_events(&self) -> Vec<AuditEvent>;
}

impl AuditedEvents for TestTrail {
    fn audited_events(&self) -> Vec<AuditEvent> {
        self.events()
    }
}

impl AuditedEvents for Audit {
    #[expect(clippy::expect_used, reason = "a test has nobody to hand an error to")]
    fn audited_events(&self) -> Vec<AuditEvent> {
        let page = self.query().order(Order::OldestFirst).run();
        page.expect("the trail can be asked").events
    }
}

impl AuditedEvents for Page {
    fn audited_events(&self) -> Vec<AuditEvent> {
        self.events.clone()
    }
}

impl AuditedEvents for [AuditEvent] {
    fn audited_events(&self) -> Vec<AuditEvent> {
        self.to_vec()
    }
}

impl<const EVENTS: usize> AuditedEvents for [AuditEvent; EVENTS] {
    fn audited_events(&self) -> Vec<AuditEvent> {
        self.to_vec()
    }
}

impl AuditedEvents for Vec<AuditEvent> {
    fn audited_events(&self) -> Vec<AuditEvent> {
        self.clone()
    }
}

impl<T: AuditedEvents + ?Sized> AuditedEvents for &T {
    fn audited_events(&self) -> Vec<AuditEvent> {
        (**self).audited_events()
    }
}

//! A piece of a result.

use super::cursor::Cursor;
use crate::event::{AuditEvent, Sequence};

/// The events that a query found, up to its limit.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Page {
    /// In the order that was asked for.
    pub events: Vec<AuditEvent>,
    /// Where to go on; `None` if nothing further matched.
    pub next: Option<Cursor>,
    /// Set if events that the rest of this walk would have covered have been
    /// released since the cursor was made, or while the page was: all before this
    /// place of the trail. Of those, the page may have some.
    ///
    /// They are missing from this page or from those after it, if they matched;
    /// with an export directory they are in its documents.
    ///
    /// With [`Query::every_log`](super::Query) it is a place in one of the logs. Of a
    /// log that is not there any more, it is that at which the walk would have gone on.
    pub released_before: Option<Sequence>,
}

impl Page {
    /// How many events the page has.
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Whether the page has no events.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }
}

impl IntoIterator for Page {
    type Item = AuditEvent;
    type IntoIter = std::vec::IntoIter<AuditEvent>;

    fn into_iter(self) -> Self::IntoIter {
        self.events.into_iter()
    }
}

impl<'a> IntoIterator for &'a Page {
    type Item = &'a AuditEvent;
    type IntoIter = std::slice::Iter<'a, AuditEvent>;

    fn into_iter(self) -> Self::IntoIter {
        self.events.iter()
    }
}

//! A handle that sees one organisation.

use std::path::Path;

use crate::error::Result;
use crate::query::{Order, Query, View};
use crate::statistics::{Statistics, UserStatistics};

use super::handle::Audit;

/// A handle to the events of one organisation. Nothing it gives can be widened
/// to others: queries keep its scope whatever else they filter by, and cursors
/// of other handles are refused.
#[derive(Debug, Clone)]
pub struct OrgAudit {
    audit: Audit,
    org_id: String,
}

impl OrgAudit {
    pub(super) fn new(audit: Audit, org_id: String) -> Self {
        OrgAudit { audit, org_id }
    }

    /// The organisation.
    pub fn org_id(&self) -> &str {
        &self.org_id
    }

    /// Begins a query over the organisation's events.
    pub fn query(&self) -> Query {
        self.audit.query().scoped_to_org(&self.org_id)
    }

    /// The organisation's events that are held, as a fixed picture.
    ///
    /// # Errors
    ///
    /// As [`Audit::view`].
    pub fn view(&self) -> Result<View> {
        Ok(self.audit.view()?.scoped_to_org(&self.org_id))
    }

    /// Statistics of the organisation's events, as far back as the trail
    /// reaches: in memory, or with a journal, on disk.
    ///
    /// # Errors
    ///
    /// As [`Query::run`].
    pub fn statistics(&self) -> Result<Statistics> {
        self.query().statistics()
    }

    /// Activity of one user within the organisation, as far back as the trail
    /// reaches.
    ///
    /// # Errors
    ///
    /// As [`Query::run`].
    pub fn user_statistics(&self, user_id: impl Into<String>) -> Result<UserStatistics> {
        super::figures::user_statistics(&self.query().user(user_id))
    }

    /// Writes the organisation's events that are held in memory to a new file.
    ///
    /// # Errors
    ///
    /// As [`Audit::export_to_file`].
    pub fn export_to_file(&self, path: impl AsRef<Path>) -> Result<()> {
        let view = self.view()?.in_memory();
        let events = view.query().order(Order::OldestFirst).run()?.events;
        self.audit.export_events(events, path)
    }
}

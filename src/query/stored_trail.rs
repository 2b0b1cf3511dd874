//! The logs of a directory, asked from outside.

use std::path::Path;
use std::sync::Arc;

use super::builder::Query;
use super::stored::OtherLogs;
use super::view::{FreshView, Source, View};
use crate::error::{Error, Result};
use crate::fs::OsFilesystem;
use crate::history::Logs;
use crate::redaction::{HashKeys, Redaction};

/// The logs of a directory as one trail, for whoever may read its files: another
/// program, or this one after its own trail was shut down. Nothing is ever
/// written, no lock is taken, and programs may go on writing to their logs.
///
/// ```no_run
/// use tracing_audit::{Operation, StoredTrail};
///
/// # fn main() -> tracing_audit::Result<()> {
/// let trail = StoredTrail::open("./audit")?;
/// for event in trail.query().user("alice").operation(Operation::Store).limit(100).run()? {
///     println!("{} {}", event.timestamp, event.status);
/// }
/// # Ok(())
/// # }
/// ```
///
/// Queries see what is in the files when they are run, in all logs that are there by
/// then, merged as [`Query::every_log`] says. It is read, not verified: that is
/// for [`verify`](crate::verify). An index that is damaged or missing is done
/// without, and changes no answer.
///
/// Cheap to clone; clones share what was learnt about the logs.
#[derive(Debug, Clone)]
pub struct StoredTrail {
    logs: OtherLogs,
    keys: HashKeys,
}

impl StoredTrail {
    /// The log in this directory, or all logs below it.
    ///
    /// # Errors
    ///
    /// When the directory can't be read, and when there is no log.
    pub fn open(directory: impl AsRef<Path>) -> Result<Self> {
        let directory = directory.as_ref();
        let on_damage = Arc::new(|_, _| ());
        let logs = Logs::new(Arc::new(OsFilesystem), directory, None, on_damage);
        if logs.directories()?.is_empty() {
            let message = format!("there is no log in {}", directory.display());
            return Err(Error::invalid(message));
        }
        Ok(StoredTrail { logs: OtherLogs::new(Arc::new(logs)), keys: HashKeys::default() })
    }

    /// With the keys that values were hashed under, so that they are found by asking
    /// for the value itself. Nothing is hidden beyond what is hidden in the files.
    #[must_use]
    pub fn redaction(self, redaction: &Redaction) -> Self {
        StoredTrail { keys: redaction.compile().keys().clone(), ..self }
    }

    /// Begins a query over all logs. It reads from disk; `.await` does so on a
    /// thread of its own. [`Query::snapshot`] and [`Query::run`] are the same.
    pub fn query(&self) -> Query {
        Query::new(Arc::new(self.clone())).every_log()
    }
}

impl Source for StoredTrail {
    /// Nothing is in memory.
    fn fresh(&self) -> Result<View> {
        Ok(self.snapshot())
    }

    fn snapshot(&self) -> View {
        View::empty()
    }

    fn fresh_async(&self) -> FreshView {
        Box::pin(std::future::ready(self.fresh()))
    }

    fn hash_keys(&self) -> HashKeys {
        self.keys.clone()
    }

    fn every_log(&self, _: View) -> Result<Vec<View>> {
        self.logs.views()
    }
}

//! Whether the entries that a log does not begin with any more were pruned.
//!
//! Looked at when a log is opened, before anything is acknowledged: indices
//! lead to the newest entry that tells of a removal.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::facts::PRUNE;
use super::keeper::Kept;
use super::refill::{is_fact, read};
use crate::error::{Error, ErrorKind, Result};
use crate::event::Sequence;
use crate::history::{FIELD_KIND, FIELD_OPERATION, History, Term, Wanted};
use crate::journal::OpenReport;

impl Kept {
    /// Refuses a log whose first entries are gone although it does not say so.
    ///
    /// # Errors
    ///
    /// `Damaged` then, and when the log cannot be read.
    pub(super) fn refuse_lost_beginning(&self, report: &OpenReport) -> Result<()> {
        if report.first == 0 {
            return Ok(());
        }
        let pruned = self.pruned_before(report)?;
        if pruned.is_some_and(|pruned| pruned >= report.first) {
            return Ok(());
        }
        let message = format!(
            "the log begins with entry {}, and nothing in it says that those before were pruned; restore its first segments from a copy: {}",
            report.first,
            report.directory.display()
        );
        Err(Error::new(ErrorKind::Damaged, message))
    }

    /// The first entry that stayed, as the newest entry says that is about it.
    fn pruned_before(&self, report: &OpenReport) -> Result<Option<u64>> {
        let fs = Arc::clone(&self.fs);
        // A damaged index is told by who asks next.
        let untold = Arc::new(|_, _| {});
        let first = Sequence(report.first);
        let history = History::new(fs, &*report.directory, report.log, first, untold);
        let all_of =
            vec![vec![Term::new(FIELD_OPERATION, PRUNE)], vec![Term::new(FIELD_KIND, "log")]];
        let wanted = Wanted { all_of, ..Wanted::default() };
        let mut pruned = None;
        history.each(&wanted, report.first..report.size, true, |sequence, entry| {
            let fact = is_fact(entry).then(|| read(sequence, entry));
            let Some(fact) = fact.filter(|fact| fact.operation.as_str() == PRUNE) else {
                return Ok(ControlFlow::Continue(()));
            };
            pruned = fact.metadata.number("first");
            Ok(ControlFlow::Break(()))
        })?;
        Ok(pruned)
    }
}

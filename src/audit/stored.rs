//! Where queries go on when memory ends.

use std::sync::Arc;

use crossbeam_channel::Sender;

use crate::channel::Wake;
use crate::error::Error;
use crate::query::Stored;
#[cfg(feature = "journal")]
use crate::worker::OpenedJournal;

/// The log of a journal, if there is one. What is found damaged beside it is
/// told, and made again.
#[cfg(feature = "journal")]
pub(super) fn behind(
    journal: Option<&OpenedJournal>,
    problems: &Sender<Error>,
    wake: &Arc<Wake>,
) -> Stored {
    use crate::event::Sequence;
    use crate::history::History;

    let Some(journal) = journal else { return Stored::default() };
    let report = &journal.opened.report;
    let repair = journal.packer.as_ref().and_then(|packer| packer.index_repair());
    let (problems, wake) = (problems.clone(), Arc::clone(wake));
    let on_damage = Box::new(move |first, error| {
        if let Some(repair) = &repair {
            repair.ask(first);
        }
        // Without a worker there is nobody left to be told.
        let _ = problems.send(error);
        wake.now();
    });
    let first = Sequence(report.first);
    let directory = journal.ledger.directory();
    let history = History::new(journal.fs.clone(), directory, report.log, first, on_damage);
    Stored::new(Arc::new(history))
}

/// Nothing.
#[cfg(not(feature = "journal"))]
pub(super) fn behind(
    _: Option<&std::convert::Infallible>,
    _: &Sender<Error>,
    _: &Arc<Wake>,
) -> Stored {
    Stored {}
}

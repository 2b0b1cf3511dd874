//! Where queries go on when memory ends, and where else they can look.

use std::sync::Arc;

use crossbeam_channel::Sender;

use crate::channel::Wake;
use crate::error::Error;
#[cfg(feature = "journal")]
use crate::event::Sequence;
#[cfg(feature = "journal")]
use crate::history::{History, Logs};
use crate::query::{OtherLogs, Stored};
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
    let Some(journal) = journal else { return Stored::default() };
    let report = &journal.opened.report;
    let repair = journal.packer.as_ref().and_then(|packer| packer.index_repair());
    let tell = telling(problems, wake);
    let on_damage = Arc::new(move |first, error| {
        if let Some(repair) = &repair {
            repair.ask(first);
        }
        tell(error);
    });
    let first = Sequence(report.first);
    let directory = journal.ledger.directory();
    let history = History::new(journal.fs.clone(), directory, report.log, first, on_damage);
    Stored::new(Arc::new(history))
}

/// The logs beside that of a journal. What is found damaged there is told; to
/// mend it is for whoever writes them.
#[cfg(feature = "journal")]
pub(super) fn beside(
    journal: Option<&OpenedJournal>,
    problems: &Sender<Error>,
    wake: &Arc<Wake>,
) -> OtherLogs {
    let Some(journal) = journal else { return OtherLogs::default() };
    let own = journal.ledger.directory();
    let Some(parent) = own.parent() else { return OtherLogs::default() };
    let tell = telling(problems, wake);
    let on_damage = Arc::new(move |_, error| tell(error));
    let logs = Logs::new(journal.fs.clone(), parent, Some(own.to_owned()), on_damage);
    OtherLogs::new(Arc::new(logs))
}

/// Tells the worker of a problem. Without one there is nobody left to be told.
#[cfg(feature = "journal")]
fn telling(problems: &Sender<Error>, wake: &Arc<Wake>) -> impl Fn(Error) + Send + Sync + use<> {
    let (problems, wake) = (problems.clone(), Arc::clone(wake));
    move |error| {
        let _ = problems.send(error);
        wake.now();
    }
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

/// Nothing.
#[cfg(not(feature = "journal"))]
pub(super) fn beside(
    _: Option<&std::convert::Infallible>,
    _: &Sender<Error>,
    _: &Arc<Wake>,
) -> OtherLogs {
    OtherLogs {}
}

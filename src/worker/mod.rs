//! The one thread behind a trail.
//!
//! [`turn`] is one deterministic step: take what callers completed, append it,
//! tell the loss of what could not be, answer requests, rotate. It reads time
//! from the injected clock and never sleeps; [`thread`] calls it in a loop,
//! sleeps in between and survives its panics. Documents are written by
//! [`exporter`] on a thread of its own, so that a slow disk cannot make callers
//! lose events.

mod decode;
mod exporter;
mod given_back;
mod hiding;
mod history;
mod intents;
#[cfg(feature = "journal")]
mod journal;
#[cfg(not(feature = "journal"))]
#[path = "no_journal.rs"]
mod journal;
#[cfg(feature = "policy")]
mod policy;
#[cfg(not(feature = "policy"))]
#[path = "no_policy.rs"]
mod policy;
mod request;
mod state;
#[cfg(test)]
mod tests;
mod thread;
mod trail;
mod turn;

pub(crate) use exporter::{EXPORT_HANGS_AFTER, ExportSettings};
pub(crate) use intents::Completion;
#[cfg(feature = "journal")]
pub use journal::FullDisk;
#[cfg(feature = "journal")]
pub(crate) use journal::{JournalTotals, OpenedJournal};
pub use request::Rotated;
pub(crate) use request::{Reply, Request, ShutdownCounts};
pub(crate) use state::{ErrorHook, Published, WorkerSettings};
pub(crate) use thread::{WorkerContext, is_worker_thread, start};
pub(crate) use trail::Stored;

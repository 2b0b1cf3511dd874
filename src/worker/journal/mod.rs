//! What the worker does about the journal: append, group commit, facts about
//! the log, checkpoints, acknowledgements, and what to do when a disk fails.
//!
//! All of it runs on the worker's thread, as parts of its turn, and depends on
//! nothing but the injected clock and filesystem. The ledger stores bytes;
//! here it is decided which, and when. Builds without a journal have
//! `no_journal` in the place of this module.
//!
//! Guaranteed: who is acknowledged is told so after the sync, never before;
//! what the journal does not take is counted, or refused to who asked; what
//! waits for a full disk goes on waiting, and is never given up for what comes
//! later.

mod acknowledge;
mod beginning;
mod checkpoints;
mod close;
mod facts;
mod gather;
mod keeper;
mod open;
mod orphans;
mod packing;
mod refill;
mod sync;
mod totals;
mod trouble;
mod upkeep;

pub(super) use keeper::Keeper;
pub(crate) use keeper::{Leaf, OpenedJournal, Opening};
pub(crate) use totals::JournalTotals;
pub use trouble::FullDisk;

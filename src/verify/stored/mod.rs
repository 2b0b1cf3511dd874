//! A log as it lies on disk, for those who read, show or publish it: entries,
//! keys, checkpoint, proofs, tiles. Never writes, takes no lock, and works
//! beside a live writer.
//!
//! What is read here is not verified, but for proofs and tiles: those are made
//! only if they lead to the log's own checkpoint.

mod entries;
mod log;
mod proof;
mod tiles;

pub use entries::{StoredEntries, StoredEntry, terminal_text};
pub use log::StoredLog;

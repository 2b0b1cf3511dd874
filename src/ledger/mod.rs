//! The trail on disk and everything that makes it checkable: the journal, the
//! Merkle tree over its entries, the keys, the signed checkpoints.
//!
//! [`Ledger`] is the one writer, owned by the worker and used on its thread;
//! it knows no clock and sees no events, only their bytes.
//!
//! Guaranteed: entry `n` of the journal is leaf `n` of the tree; a checkpoint
//! is signed only over entries that are durable, by a log that only grew since
//! anything was signed before; a log that is older than a checkpoint of it is
//! not opened.
//!
//! Deliberately not here: what an event is, when to do something (the caller
//! asks what is due), and checking a log from outside.
//!
//! # What lies beside the journal's files
//!
//! | name | what |
//! |---|---|
//! | `checkpoint` | the newest signed checkpoint |
//! | `log.key` | the signing key, if none was given |
//! | `log.vkey` | the public keys, one a line, the oldest first |

mod append;
mod checkpoints;
mod config;
mod files;
mod keys;
mod open;
mod writer;

pub(crate) use append::{Appended, Room};
pub(crate) use config::{CHECKPOINT_EVERY, LedgerConfig, ORIGIN_PREFIX};
pub(crate) use open::Opened;
pub(crate) use writer::{Closed, Ledger};
#[cfg(test)]
mod tests;

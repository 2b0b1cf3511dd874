//! The trail on disk and everything that makes it checkable: the journal, the
//! Merkle tree over its entries, the keys, the signed checkpoints.
//!
//! [`Ledger`] is the one writer, owned by the worker and used on its thread;
//! it knows no clock and sees no events, only their bytes.
//!
//! Guaranteed: entry `n` of the journal is leaf `n` of the tree; a checkpoint
//! is signed only over entries that are durable, by a log that only grew since
//! anything was signed before; a log that is older than a checkpoint of it is
//! not opened. [`LedgerReader`] makes proofs from the files, beside the writer.
//!
//! Deliberately not here: what an event is, when to do something (the caller
//! asks what is due), and checking a log from outside.
//!
//! # What lies beside the journal's files
//!
//! | name | what |
//! |---|---|
//! | `checkpoint` | the newest signed checkpoint |
//! | `checkpoint-<id>` | the one that the key of this id and the next have signed |
//! | `log.key` | the signing key, if none was given |
//! | `log.key.next` | the key that is being rotated to |
//! | `log.vkey` | the public keys, one a line, the oldest first |
//! | `tree/<level>` | the full tiles of a level, one after the other |
//! | `hold` | nothing may be removed, for the reason in it |
//! | `*.new` | a file in the making, or left by a crash |

mod append;
mod checkpoints;
mod config;
mod copies;
mod disk_hashes;
mod files;
mod hold;
mod keys;
mod known;
mod open;
mod prune;
mod reader;
mod resume;
mod retention;
mod rotation;
#[cfg(test)]
mod tests;
mod tile_store;
mod tree;
mod writer;

pub(crate) use append::Room;
pub(crate) use config::{CHECKPOINT_EVERY, LedgerConfig, ORIGIN_PREFIX};
pub(crate) use copies::CopyState;
#[cfg(test)]
pub(crate) use hold::read_hold;
pub(crate) use hold::{release_hold, set_hold};
pub(crate) use open::Opened;
pub(crate) use prune::{PruneDecision, PrunePlan};
pub(crate) use reader::LedgerReader;
pub(crate) use retention::{RETENTION_AGE_MIN, Retention};
pub(crate) use writer::Ledger;

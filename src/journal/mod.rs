//! The durable log: opaque entries with consecutive sequence numbers, in
//! segments of checksummed frames, in a directory of their own.
//!
//! It never sees an event, and knows no clock: bytes, numbers and the time of
//! day come from its caller. [`Journal`] is the one writer, used by one thread
//! at a time; [`LogReader`] reads beside it, from any thread or process, and
//! never writes. All files come in through [`JournalFs`](crate::fs::JournalFs).
//!
//! Guaranteed: what [`Journal::sync`] acknowledged survives a kill and a power
//! cut; what is found after one is a prefix of what was appended; what was cut
//! from the end is reported, and damage anywhere else is an error that says
//! where. After a failed fsync nothing is acknowledged any more.
//!
//! Deliberately not here: proofs, retention, and policy for a full disk. Who cuts whole entries off the end of a log leaves no trace
//! inside it; only a checkpoint kept elsewhere shows that.
//!
//! # Layout of a log
//!
//! | name | what |
//! |---|---|
//! | `lock` | held by the writer; says who that is |
//! | `reserve` | blocks to be released when the disk is full |
//! | `cut` | what recovery cut, until an entry that can tell is durable |
//! | `suspect` | an fsync failed: what the system's cache says is not on disk |
//! | `segments/<first>.seg` | sealed segment; `<first>` is its first sequence, 20 digits |
//! | `segments/<first>.zst` | the same, compressed in blocks; takes its place |
//! | `segments/<first>.idx` | what is in which block of it; can be made again |
//! | `segments/<first>.open` | the segment that is written to |
//! | `segments/<first>.new`, `.zst.new`, `.idx.new` | a file in the making, or left by a crash |

mod ahead;
mod append;
mod background;
mod block_reader;
mod blocks;
mod config;
mod cut_record;
mod failure;
mod frame;
#[cfg(any(test, fuzzing))]
#[allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "it fails by panicking")]
pub(crate) mod fuzzing;
mod handover;
mod header;
pub(crate) mod index;
mod inspect;
mod lock;
mod names;
mod open;
mod pack;
mod pack_stream;
mod pack_writer;
mod packed_file;
mod parent;
mod reader;
mod recover;
mod remove;
mod reserve;
mod scan;
mod seal;
mod sealed_file;
mod seek_table;
pub(crate) mod steps;
mod suspect;
mod sync;
mod tail;
#[cfg(test)]
#[allow(
    clippy::disallowed_methods,
    reason = "real files are moved and removed behind the journal's back"
)]
mod tests;
mod writer;

pub(crate) use background::SyncPlace;
pub(crate) use block_reader::{Block, IndexCache, SegmentBlocks};
pub(crate) use config::{
    GROUP_BYTES_MAX, GROUP_COMMIT, JournalConfig, KnownCheckpoint, LOCK_WAIT, SEGMENT_AGE_MAX,
    SEGMENT_BYTES_MAX,
};
pub(crate) use cut_record::{Cut, CutReason};
#[cfg(test)]
pub(crate) use failure::Holder;
pub(crate) use failure::{Corruption, JournalError, Result};
pub(crate) use frame::ENTRY_BYTES_MAX;
pub(crate) use handover::{GroupMemory, GroupTaker, WrittenGroup};
pub(crate) use inspect::{Inspection, Remainder, Seen, marks_before};
pub(crate) use names::{LogId, log_directory_name, log_of_directory};
pub(crate) use open::{OpenReport, make_directory};
pub(crate) use pack::{PackedSegment, pack, remove_raw, repair_index, unfinished};
pub(crate) use pack_stream::PackStream;
pub(crate) use parent::{LockedLog, logs_at, logs_under, refuse_moved};
pub(crate) use reader::{Entries, LogReader, SegmentRef};
pub(crate) use seal::SealedSegment;
pub(crate) use seek_table::BLOCK_BYTES;
pub(crate) use writer::Journal;

//! The events held in memory, in immutable segments with their index.
//!
//! The worker thread owns the [`Buffer`]: it appends rows to a mutable head,
//! freezes the head into a [`Segment`] when somebody wants to look or when it
//! is full, and merges small neighbours. Readers hold a [`Snapshot`], a list of
//! shared segments; they never wait for the worker, nor it for them.
//!
//! Guarantees: the segments of a snapshot are contiguous in sequence, and no
//! event is in two of them; a segment gives back each row exactly as it was
//! pushed. Nothing here writes files, reads a clock or decides by itself to
//! let go of events: [`rotation`] is a pure decision that the worker carries
//! out.

mod dictionary;
mod directory;
mod entry_ids;
mod fields;
mod flags;
mod head;
mod interner;
mod list;
mod numbers;
mod postings;
mod release;
pub(crate) mod rotation;
mod segment;
mod snapshot;
mod sparse;
mod store;
mod symbols;
mod tiers;

#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod store_tests;

pub(crate) use entry_ids::EntryIds;
pub(crate) use fields::Fields;
pub(crate) use interner::{Hasher, hash_text};
pub(crate) use numbers::{Numbers, ordered_us};
pub(crate) use postings::Posted;
pub(crate) use segment::{Segment, SegmentScratch};
pub(crate) use snapshot::Snapshot;
pub use store::SEGMENT_EVENTS_MAX;
pub(crate) use store::{Buffer, BufferConfig};
pub(crate) use symbols::SymbolColumn;

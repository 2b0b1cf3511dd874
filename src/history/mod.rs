//! The part of a trail that lies on disk, for queries.
//!
//! [`History`] reads the entries of one log from whatever thread asks, beside
//! the writer, and never writes. It knows what an event's entries are to be
//! found by ([`EventIndexer`]), so that a question reads few blocks of few
//! segments; which of the entries it finds there are wanted is for
//! [`query`](crate::query) to say.
//!
//! Guaranteed: an index only saves work. Whether it is there, damaged or
//! missing, the answers are the same; damage is told, once for each segment.
//!
//! Several logs in one directory, of processes that run side by side, are [`Logs`].
//!
//! Deliberately not here: merging the answers of several logs (each is a `History`
//! of its own), and repairing what is damaged.
//!
//! [`Packer`] is the thread that compresses and indexes what was sealed.

mod indexer;
mod logs;
mod packer;
mod reader;
mod wanted;

#[cfg(test)]
mod tests;

pub(crate) use indexer::{
    EventIndexer, FIELD_ACTOR, FIELD_ENTRY_ID, FIELD_KIND, FIELD_OPERATION, FIELD_ORG,
    FIELD_PARENT, FIELD_RESOURCE, FIELD_SESSION, FIELD_STATUS, FIELD_USER, describe_row, index_id,
};
pub(crate) use logs::Logs;
pub(crate) use packer::{Packed, Packer};
pub(crate) use reader::{History, Passed};
pub(crate) use wanted::{Term, Wanted};

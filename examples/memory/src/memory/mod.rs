//! A small memory system: notes and documents, found again by full-text search.
//!
//! It stands on its own: nothing in this folder opens, feeds or asks an audit
//! trail. Its functions carry `#[tracing::instrument]`, as those of any
//! service do, and describe what they do in the span's fields; of
//! `tracing_audit` it uses only the two helpers that make a list or an object
//! a field value. Without an audit layer those spans cost next to nothing.

mod acl;
mod cache;
mod caller;
mod compact;
mod db;
mod delete;
mod error;
mod ids;
mod ingest;
mod pipeline;
mod quota;
mod search;
mod store;
mod system;
#[cfg(test)]
mod tests;
mod text;
mod transfer;

pub(crate) use caller::Caller;
pub(crate) use compact::{Compaction, Pace, Reindexed};
pub(crate) use delete::Cascade;
pub(crate) use error::{Error, Result};
pub(crate) use ingest::{Document, Ingested};
pub(crate) use pipeline::{Candidate, Ranker};
pub(crate) use search::{SearchRequest, SearchResults};
pub(crate) use store::{BulkStored, Entry, Forgotten, Note};
pub(crate) use system::Memory;
pub(crate) use transfer::{Exported, Imported};

//! The entry of an event: its canonical JSON, written straight from a
//! [`Row`](super::row::Row) into a buffer that is used again and again.
//!
//! Runs on the worker, once for each event of a journal, and is a good part of
//! its work: no value is made on the way, and text without anything to escape
//! is copied. The bytes are those that `serde_json` writes of the same event,
//! always; what is rare is left to it.
//!
//! [`fit`] is the other half: it cuts what is longer than an entry may be.

mod entry;
pub(crate) mod fit;
mod text;
mod values;

#[cfg(test)]
mod tests;

pub(crate) use entry::encode;

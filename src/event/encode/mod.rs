//! The entry of an event: its canonical JSON, written straight from a
//! [`Row`](super::row::Row) into a buffer that is used again and again.
//!
//! Runs on the worker, once for each event of a journal, and is a good part of
//! its work: no value is made on the way, and text without anything to escape
//! is copied into [room](room) that is there already. The bytes are those that `serde_json` writes of the same event,
//! always; what is rare is left to it.
//!
//! [`split`] is the other half, for events that are longer than an entry may
//! be: entry ids go on in further entries, the rest is cut by `fit`.

mod entry;
mod fit;
mod head;
mod place;
mod room;
pub(crate) mod split;
mod text;
mod time;
mod values;

#[cfg(test)]
mod tests;

pub(crate) use entry::{Encoder, encode};

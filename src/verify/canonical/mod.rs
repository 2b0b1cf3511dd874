//! Whether the bytes of an entry are the canonical JSON of an event: compact,
//! keys in their order, every value in its one spelling. Pure; allocates for
//! the keys of objects alone.
//!
//! A log's hashes hold for any bytes. This check keeps an entry from saying
//! one thing to one reader and another to the next: by a key that comes twice,
//! a sequence that isn't its own, or an escape that somebody reads otherwise.

mod event;
mod text;
mod value;

pub(super) use event::check;

/// Where bytes leave the canonical form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Deviation {
    /// Position in the entry, in bytes.
    pub(super) at: usize,
    /// What belongs there.
    pub(super) expected: String,
}

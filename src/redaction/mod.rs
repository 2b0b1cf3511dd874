//! What must not be kept: secrets in the values of events are dropped, masked,
//! hashed or cut before an event reaches the buffer, a subscriber or a disk.
//!
//! [`Redaction`] says what is to be done, by the name of a field and by
//! detectors that find secrets inside text. It is decided once; what runs for
//! each event, on the worker's thread between decoding and appending, is
//! `redactor`. An event without anything to hide passes by reference, after
//! one look at each text.
//!
//! What is masked by default, how to choose, and how to rotate the keys of
//! hashes is in `docs/REDACTION.md`.
//!
//! Guaranteed: of a longer text only the secret part is replaced; a secret that
//! a limit has cut is hidden as far as it is there; a value that cannot be
//! hashed for want of a key is masked. Doing it twice changes nothing more,
//! except that a hash is hashed again.
//!
//! Deliberately not done: nothing guesses at opaque text without a name beside
//! it, since ids, hashes and UUIDs look the same; names of spans, targets and
//! fields, which are part of the program, are kept.

mod action;
mod clean;
mod detect;
#[cfg(feature = "hash")]
mod hash;
#[cfg(not(feature = "hash"))]
#[path = "hash_absent.rs"]
mod hash;
mod json;
mod look;
mod names;
mod numbers;
mod pattern;
mod redactor;
mod rules;
mod settings;
#[cfg(test)]
mod tests;
mod text;
mod verdict;

pub use action::Action;
pub use detect::Detector;
#[cfg(feature = "hash")]
pub use hash::HashKey;
pub(crate) use hash::HashKeys;
pub(crate) use redactor::Redactor;
pub(crate) use rules::{Part, Rules};
pub use settings::Redaction;

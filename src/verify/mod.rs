//! Checking a log from outside: whether it is what was written and what was
//! signed.
//!
//! [`Verification`] reads every byte of a log: frames and their checksums,
//! sequences without holes, entries in their canonical form, the tree built
//! again from the entries, and checkpoints held against its roots. It runs on
//! the caller's thread, never writes, takes no lock, works beside a live
//! writer, and needs the same memory for any log.
//!
//! What it can promise depends on what it is given. A checkpoint from outside
//! *anchors* the entries that it covers: they are what they were when it was
//! taken. Without one, a log can at best be *self-attested*: whoever has its
//! key and its disk could have written it anew. What comes after the newest
//! checkpoint is covered by none, and says so in
//! [`LogVerdict::signed`](LogVerdict).
//!
//! [`StoredLog`] reads a log without verifying it: entries, keys, proofs, tiles.
//!
//! What this does not do: it repairs nothing, since that is for whoever opens
//! the log, and it does not judge what events say.

mod canonical;
mod claim;
mod directory;
mod files;
mod finding;
mod index;
mod keys;
mod pruned;
mod request;
mod stored;
mod story;
mod tail;
#[cfg(test)]
mod tests;
mod tree;
mod trust;
mod verdict;
mod whole_log;

pub use finding::{Finding, FindingKind, Severity};
pub use request::{Progress, Verification};
pub use stored::{StoredEntries, StoredEntry, StoredLog, terminal_text};
pub use verdict::{FINDINGS_MAX, LogVerdict, Standing, Verdict};

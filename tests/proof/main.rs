//! Our proofs before verifiers that nobody here wrote. Each takes what a log
//! publishes (a verifier key, a checkpoint, tiles, proofs) and has to accept
//! it, and to refuse it damaged.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "only the library has a filesystem gate")]

mod ct;
mod openssl;
mod published;
mod signed_notes;
mod tiled_logs;
mod tlog_scales;
mod tools;

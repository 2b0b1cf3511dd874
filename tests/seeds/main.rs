//! The rows of the two reference systems, by their numbers in docs/SEEDS.md,
//! through the public API. Rows about formats, statistics, reports and monitors
//! are tested beside their code.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "only the library has gates for time and files")]

mod access;
mod context;
mod exports;
mod memory;
mod operations;
mod queries;
mod records;
mod scopes;
#[cfg(feature = "journal")]
mod stored;

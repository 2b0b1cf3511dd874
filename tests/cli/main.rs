//! The command line, as a user runs it, and what strangers make of the files
//! that it writes.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "only the library has a filesystem gate")]

mod commands;
mod fixture;
mod help;
mod live;
mod query;
mod run;
mod strangers;
mod terminal;
#[path = "../proof/tools.rs"]
mod tools;

//! The rows of the two reference systems, by their numbers in docs/SEEDS.md,
//! through the public API. Rows about formats, statistics, reports and monitors
//! are tested beside their code.

mod access;
mod context;
mod exports;
mod memory;
mod operations;
mod queries;
mod records;
mod scopes;

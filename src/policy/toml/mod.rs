//! Policies as TOML: every mistake is told with its line and column, and with
//! what to do about it.

mod document;
mod place;
mod read_rule;
mod table;

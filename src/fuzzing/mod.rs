//! What the fuzzer calls: one function for each target, each of which feeds
//! its input to the crate and asserts what has to hold whatever the input is.
//!
//! Compiled for `cargo fuzz` (see `fuzz/`) and for the tests, which replay the
//! kept inputs of `fuzz/corpus` through the same functions. Nobody else can
//! call them.

mod checkpoint;
mod proof;
#[cfg(test)]
mod replay;
mod tiles;

pub use self::checkpoint::checkpoint;
pub use self::proof::proof;
pub use self::tiles::tiles;
pub use crate::journal::fuzzing::{frame, recovery};

//! An audit trail for Rust programs, made from the `tracing` spans they
//! already have.

pub mod clock;
mod error;
pub mod event;
pub mod export;
mod fs;
pub mod monitor;
pub mod report;
mod statistics;

pub use error::{Error, ErrorKind, Result};
pub use statistics::{Statistics, UserStatistics};

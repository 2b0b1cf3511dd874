//! An audit trail for Rust programs, made from the `tracing` spans they
//! already have.

mod capture;
mod channel;
pub mod clock;
mod error;
pub mod event;
pub mod export;
mod fs;
pub mod monitor;
pub mod report;
mod statistics;

pub use capture::{AuditLayer, Current, Json, List, current, json, list};
pub use channel::{LossReason, OverflowPolicy};
pub use error::{Error, ErrorKind, Result};
pub use statistics::{Statistics, UserStatistics};

//! An audit trail for Rust programs, made from the `tracing` spans they
//! already have.

mod buffer;
pub mod clock;
mod error;
pub mod event;
pub mod query;

pub use buffer::SEGMENT_EVENTS_MAX;
pub use buffer::rotation::ROTATION_REMAINDER_PERCENT;
pub use error::{Error, ErrorKind, Result};
pub use query::{Cursor, Field, Order, Page, Query, View};

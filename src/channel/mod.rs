//! From the callers' threads to the worker.
//!
//! Two lanes. The *data lane* is bounded and carries what spans and events
//! completed; when it is full, an [`OverflowPolicy`] decides, and every loss is
//! counted by reason. The *control lane* is unbounded and carries requests:
//! each of them has a caller waiting for its reply, so callers bound it, and
//! a flush can never be dropped.
//!
//! Order: the worker takes all waiting requests first, then at least as much
//! data as lay in the data lane at that moment, then answers. So whatever a
//! thread completed before it asked is part of the answer.

mod backoff;
mod data;
mod loss;
mod ring;
mod ring_sync;
mod wait;
mod wake;

pub(crate) use backoff::wait_a_little;
pub use data::OverflowPolicy;
pub(crate) use data::{DataReceiver, DataSender, data_lane};
pub use loss::LossReason;
pub(crate) use loss::{Gap, Losses};
pub(crate) use ring::Place;
#[cfg(feature = "journal")]
pub(crate) use wait::together;
pub(crate) use wait::{Lookout, block_on, block_on_for, on_own_thread};
pub(crate) use wake::Wake;

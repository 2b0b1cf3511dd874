//! What a [`Lock`](super::lock::Lock) is made of.

pub(super) use std::sync::atomic::{AtomicBool, Ordering};

pub(super) use crate::channel::wait_a_little as wait;

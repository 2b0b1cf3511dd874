//! What a [`Ring`](super::ring::Ring) is made of.

pub(super) use std::sync::Arc;
pub(super) use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

pub(super) use super::wait_a_little as wait;

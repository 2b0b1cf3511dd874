//! How a list or an object becomes the value of a span field.

use std::fmt::Debug;
use tracing::field::{DebugValue, debug};

pub(super) fn list<T: Debug + ?Sized>(items: &T) -> DebugValue<&T> {
    debug(items)
}

pub(super) fn json<T: Debug + ?Sized>(value: &T) -> DebugValue<&T> {
    debug(value)
}

//! Tables whose size is fixed when they are compiled, so that looking something
//! up by a hash of that many bits needs no check of a bound.

use std::sync::Arc;

/// An array on the heap. It is never on the stack, which large ones would not fit.
pub(super) fn boxed_array<T: Default, const N: usize>() -> Box<[T; N]> {
    let items: Box<[T]> = (0..N).map(|_| T::default()).collect();
    items.try_into().unwrap_or_else(|_| Box::new(never_needed()))
}

/// The same, for several owners.
pub(super) fn shared_array<T: Default, const N: usize>() -> Arc<[T; N]> {
    let items: Arc<[T]> = (0..N).map(|_| T::default()).collect();
    items.try_into().unwrap_or_else(|_| Arc::new(never_needed()))
}

/// There are exactly `N` items; without this the compiler does not believe it.
#[cold]
#[inline(never)]
fn never_needed<T: Default, const N: usize>() -> [T; N] {
    std::array::from_fn(|_| T::default())
}

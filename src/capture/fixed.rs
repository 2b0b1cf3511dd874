//! Tables whose size is fixed when they are compiled, so that looking something
//! up by a hash of that many bits needs no check of a bound.

/// An array on the heap. It is never on the stack, which large ones would not fit.
pub(super) fn boxed_array<T: Default, const N: usize>() -> Box<[T; N]> {
    let items: Box<[T]> = (0..N).map(|_| T::default()).collect();
    items.try_into().unwrap_or_else(|_| never_needed())
}

/// There are exactly `N` items; without this the compiler does not believe it.
#[cold]
#[inline(never)]
fn never_needed<T: Default, const N: usize>() -> Box<[T; N]> {
    Box::new(std::array::from_fn(|_| T::default()))
}

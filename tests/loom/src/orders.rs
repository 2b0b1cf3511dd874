//! What tests are made of: [loom](https://docs.rs/loom)'s, which tries every order; or, under
//! [Miri](https://github.com/rust-lang/miri), the standard library's, of which Miri sees every
//! access, in as many orders as there are seeds.

#[cfg(not(miri))]
pub(crate) use loom::{
    cell::UnsafeCell,
    sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering},
    sync::{Arc, Mutex},
    thread,
};

#[cfg(miri)]
pub(crate) use std::{
    sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering},
    sync::{Arc, Mutex},
    thread,
};

/// Runs the test in every order.
pub(crate) fn every(test: impl Fn() + Send + Sync + 'static) {
    #[cfg(not(miri))]
    loom::model(test);
    #[cfg(miri)]
    repeat(test);
}

/// Runs the test in every order with at most so many interruptions, where all of them are too
/// many.
pub(crate) fn nearly_every(test: impl Fn() + Send + Sync + 'static) {
    #[cfg(not(miri))]
    {
        let mut builder = loom::model::Builder::new();
        builder.preemption_bound = Some(2);
        builder.check(test);
    }
    #[cfg(miri)]
    repeat(test);
}

#[cfg(miri)]
fn repeat(test: impl Fn()) {
    (0..10).for_each(|_| test());
}

/// As loom's.
#[cfg(miri)]
pub(crate) struct UnsafeCell<T>(std::cell::UnsafeCell<T>);

#[cfg(miri)]
impl<T> UnsafeCell<T> {
    pub(crate) fn new(value: T) -> Self {
        UnsafeCell(std::cell::UnsafeCell::new(value))
    }

    pub(crate) fn with<R>(&self, then: impl FnOnce(*const T) -> R) -> R {
        then(self.0.get())
    }

    pub(crate) fn with_mut<R>(&self, then: impl FnOnce(*mut T) -> R) -> R {
        then(self.0.get())
    }
}

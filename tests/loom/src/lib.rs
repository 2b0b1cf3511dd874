//! The queue and the lock of the callers' path, in every order in which threads
//! can be interrupted: their sources, made of [loom](https://docs.rs/loom)'s
//! atomics instead of the standard library's.
//!
//! `cargo test --release`, in this directory. The same tests with the standard library's atomics
//! under [Miri](https://github.com/rust-lang/miri), which finds what is undefined:
//! `MIRIFLAGS="-Zmiri-ignore-leaks -Zmiri-many-seeds=0..8" cargo +nightly miri test`.

mod orders;

mod channel {
    #[path = "../../../../src/channel/ring.rs"]
    mod ring;
    mod ring_sync {
        pub(super) use crate::orders::{Arc, AtomicPtr, AtomicUsize, Ordering};

        pub(super) fn ask_for<T, const OFFSET: usize>(_: &T) {}

        pub(super) fn wait(_: u32) {
            crate::orders::thread::yield_now();
        }
    }

    #[cfg(test)]
    mod tests;
}

mod capture {
    #[path = "../../../../src/capture/lock.rs"]
    mod lock;
    mod lock_sync {
        pub(super) use crate::orders::{AtomicBool, Ordering};

        pub(super) fn wait(_: u32) {
            crate::orders::thread::yield_now();
        }
    }

    #[cfg(test)]
    mod tests;
}

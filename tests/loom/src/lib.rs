//! The queue and the lock of the callers' path, in every order in which threads
//! can be interrupted: their sources, made of [loom](https://docs.rs/loom)'s
//! atomics instead of the standard library's.
//!
//! `cargo test --release`, in this directory.

mod channel {
    #[path = "../../../../src/channel/ring.rs"]
    mod ring;
    mod ring_sync {
        pub(super) use loom::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

        pub(super) fn wait(_: u32) {
            loom::thread::yield_now();
        }
    }

    #[cfg(test)]
    mod tests;
}

mod capture {
    #[path = "../../../../src/capture/lock.rs"]
    mod lock;
    mod lock_sync {
        pub(super) use loom::sync::atomic::{AtomicBool, Ordering};

        pub(super) fn wait(_: u32) {
            loom::thread::yield_now();
        }
    }

    #[cfg(test)]
    mod tests;
}

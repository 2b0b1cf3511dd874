//! Memory that is going to be used soon is asked for ahead of time.
//!
//! Runs on callers' threads, and on the worker for what it reads next. Says nothing to
//! the compiler or to other threads; without it everything is the same, only slower.

/// Asks for the line of the cache at an offset from `item` to be brought here for
/// writing. What lies there does not matter.
#[inline(always)]
pub(super) fn ask_for<T, const OFFSET: usize>(item: &T) {
    ask_for_at::<OFFSET>(std::ptr::from_ref(item).addr());
}

/// The same at an offset from an address, whether or not anything is there.
#[cfg(all(target_arch = "x86_64", not(miri)))]
#[inline(always)]
#[expect(unsafe_code, reason = "a hint to the processor, which no program can see the effect of")]
pub(super) fn ask_for_at<const OFFSET: usize>(address: usize) {
    // SAFETY: the instruction neither faults, whatever the address, nor changes
    // memory, registers or flags; processors without it take it for a no-op.
    unsafe {
        std::arch::asm!(
            "prefetchw byte ptr [{} + {}]",
            in(reg) address,
            const OFFSET,
            options(nostack, preserves_flags, nomem),
        );
    }
}

/// Asks for the line of the cache at an offset from an address to be brought here
/// for reading. What lies there, if anything does, does not matter.
#[cfg(all(target_arch = "x86_64", not(miri)))]
#[inline(always)]
#[expect(unsafe_code, reason = "a hint to the processor, which no program can see the effect of")]
pub(super) fn ask_to_read<T, const OFFSET: usize>(address: *const T) {
    // SAFETY: as above; nothing is read from the address.
    unsafe {
        std::arch::asm!(
            "prefetcht0 byte ptr [{} + {}]",
            in(reg) address,
            const OFFSET,
            options(nostack, preserves_flags, readonly),
        );
    }
}

#[cfg(not(all(target_arch = "x86_64", not(miri))))]
#[inline(always)]
pub(super) fn ask_for_at<const OFFSET: usize>(_: usize) {}

#[cfg(not(all(target_arch = "x86_64", not(miri))))]
#[inline(always)]
pub(super) fn ask_to_read<T, const OFFSET: usize>(_: *const T) {}

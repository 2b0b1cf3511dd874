//! Memory that is going to be written soon is asked for ahead of time.
//!
//! Runs on callers' threads. Says nothing to the compiler or to other threads;
//! without it everything is the same, only slower.

/// Lines of the cache, on most machines.
const LINE_BYTES: usize = 64;

/// Asks for the one that lies behind `item`, if one does, to be brought here for
/// writing.
#[inline(always)]
pub(super) fn ask_for_next<T>(item: &T) {
    let next = std::ptr::from_ref(item).wrapping_add(1).cast::<u8>();
    for line in 0..size_of::<T>().div_ceil(LINE_BYTES) {
        prefetch_for_writing(next.wrapping_add(line * LINE_BYTES));
    }
}

#[cfg(all(target_arch = "x86_64", not(miri)))]
#[inline(always)]
#[expect(unsafe_code, reason = "a hint to the processor, which no program can see the effect of")]
fn prefetch_for_writing(place: *const u8) {
    // SAFETY: the instruction neither faults, whatever the address, nor changes
    // memory, registers or flags; processors without it take it for a no-op.
    unsafe {
        std::arch::asm!(
            "prefetchw byte ptr [{}]",
            in(reg) place,
            options(nostack, preserves_flags, readonly),
        );
    }
}

#[cfg(not(all(target_arch = "x86_64", not(miri))))]
#[inline(always)]
fn prefetch_for_writing(_: *const u8) {}

//! The processor's counter, read by its own instruction.
//!
//! Used only where it is what the monotonic clock reads as well, which has asked
//! whether it can be trusted. Whoever reads it has nothing to choose any more, and
//! nothing to call.

/// What the counter shows.
#[cfg(all(target_arch = "x86_64", not(miri)))]
#[inline(always)]
#[expect(unsafe_code, reason = "an instruction that only reads")]
pub(super) fn read() -> u64 {
    // SAFETY: every processor of this architecture has the instruction.
    #[allow(unused_unsafe, reason = "newer compilers know that it is safe")]
    unsafe {
        std::arch::x86_64::_rdtsc()
    }
}

#[cfg(not(all(target_arch = "x86_64", not(miri))))]
#[inline(always)]
pub(super) fn read() -> u64 {
    0
}

/// Whether `clock` reads the counter: it shows what lies between two readings of
/// it. A clock of another kind hits so small a gap hardly ever, and not every time.
pub(super) fn is_read_by(clock: &quanta::Clock) -> bool {
    (0..READINGS).all(|_| {
        let (before, shown, after) = (read(), clock.raw(), read());
        0 < before && before <= shown && shown <= after
    })
}

const READINGS: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_reads_something_else_is_told_apart() {
        let (clock, mock) = quanta::Clock::mock();
        mock.increment(read());
        assert!(!is_read_by(&clock));
        assert!(read() <= read());
    }
}

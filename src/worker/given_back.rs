//! Memory that events took, given back to the system when they are gone.
//!
//! An allocator keeps what is freed for whoever asks next. That is right while the
//! buffer fills again; after most of it left, it keeps memory from others. Columns of
//! segments are long, so nearly all of it can be given back: of 118 MiB of a million
//! events some 20 MiB stay, in 5 ms of the worker's time. glibc has to be asked for
//! it; other allocators do it by themselves sooner or later, and are left alone.
//!
//! What a reader's snapshot still holds is freed later, and then kept.

/// Less than this is not worth the work.
const BYTES_MIN: u64 = 16 * 1024 * 1024;

/// Memory is given back when less than this share of the most that was held is
/// left. A rotation by count or size leaves half, and the buffer fills again.
const SHARE_LEFT_MAX: u64 = 4;

/// When to give memory back.
#[derive(Debug)]
pub(super) struct GivenBack {
    is_enabled: bool,
    /// The most bytes that were held since memory was given back last.
    most_bytes: u64,
    is_due: bool,
}

impl GivenBack {
    pub(super) fn new(is_enabled: bool) -> Self {
        GivenBack { is_enabled, most_bytes: 0, is_due: false }
    }

    /// Events left the buffer, which held so many bytes before and after.
    pub(super) fn released(&mut self, before_bytes: u64, after_bytes: u64) {
        self.most_bytes = self.most_bytes.max(before_bytes);
        let less_bytes = self.most_bytes.saturating_sub(after_bytes);
        if less_bytes >= BYTES_MIN && after_bytes <= self.most_bytes / SHARE_LEFT_MAX {
            self.is_due = self.is_enabled;
            self.most_bytes = after_bytes;
        }
    }

    /// Gives memory back if that is due. Comes when nobody holds what left.
    pub(super) fn give_back_if_due(&mut self) {
        if std::mem::take(&mut self.is_due) {
            trim();
        }
    }
}

/// Gives all free pages of the process back to the system.
#[cfg(all(target_os = "linux", target_env = "gnu", not(miri)))]
#[expect(unsafe_code, reason = "a function of the C library that nothing safe stands for")]
fn trim() {
    // SAFETY: it takes a number, may be called by any thread at any time, and touches free memory alone.
    unsafe {
        libc::malloc_trim(0);
    }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu", not(miri))))]
fn trim() {}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1024 * 1024;

    fn is_due_after(releases: &[(u64, u64)]) -> bool {
        let mut memory = GivenBack::new(true);
        for (before, after) in releases {
            memory.released(before * MIB, after * MIB);
        }
        memory.is_due
    }

    #[test]
    fn memory_is_given_back_when_most_of_what_was_held_is_gone() {
        assert!(is_due_after(&[(100, 0)]));
        assert!(is_due_after(&[(100, 25)]));
        assert!(is_due_after(&[(100, 80), (80, 60), (60, 40), (40, 20)]));
        assert!(!is_due_after(&[(100, 26)]));
        assert!(!is_due_after(&[(100, 50), (100, 50), (100, 50)]), "the buffer fills again");
        assert!(!is_due_after(&[(15, 0)]), "too little");
    }

    #[test]
    fn it_is_given_back_once_and_only_where_that_is_wanted() {
        let mut memory = GivenBack::new(true);
        memory.released(100 * MIB, 0);
        memory.give_back_if_due();
        assert!(!memory.is_due);
        memory.released(10 * MIB, 0);
        assert!(!memory.is_due, "counted from what was left");
        let mut unwanted = GivenBack::new(false);
        unwanted.released(100 * MIB, 0);
        assert!(!unwanted.is_due);
    }
}

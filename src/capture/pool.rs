//! Captures to use again: a few kept by each thread, the rest shared by all.
//!
//! A cache: on a thread whose locals are already destroyed everything still
//! works, only slower.

use std::cell::RefCell;
use std::sync::{Mutex, PoisonError};

use super::message::Capture;

/// Captures that one thread keeps, or fetches at once.
const LOCAL_MAX: usize = 64;
/// Captures kept for all threads.
const SHARED_MAX: usize = 16 * 1024;

/// What is in the data lane.
pub(crate) type Parcel = Box<Capture>;

static SHARED: Mutex<Vec<Parcel>> = Mutex::new(Vec::new());

thread_local! {
    static LOCAL: RefCell<Vec<Parcel>> = const { RefCell::new(Vec::new()) };
}

/// A capture that is plain, and else as it was left.
#[inline]
pub(super) fn take() -> Parcel {
    let taken = LOCAL.try_with(|local| {
        let mut local = local.try_borrow_mut().ok()?;
        if local.is_empty() {
            fetch(&mut local);
        }
        local.pop()
    });
    taken.ok().flatten().unwrap_or_default()
}

/// Gives a capture back.
pub(super) fn give(mut capture: Parcel) {
    capture.make_plain();
    let _ = LOCAL.try_with(|local| {
        let Ok(mut local) = local.try_borrow_mut() else { return };
        if local.len() >= LOCAL_MAX {
            give_all(&mut local.split_off(LOCAL_MAX / 2));
        }
        local.push(capture);
    });
}

/// Gives captures back to all threads, emptying `captures`. Called by the
/// worker, once for many.
pub(crate) fn recycle(captures: &mut Vec<Parcel>) {
    captures.iter_mut().for_each(|capture| capture.make_plain());
    give_all(captures);
}

fn give_all(captures: &mut Vec<Parcel>) {
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    captures.truncate(SHARED_MAX.saturating_sub(shared.len()));
    shared.append(captures);
}

#[cold]
fn fetch(local: &mut Vec<Parcel>) {
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    let keep = shared.len().saturating_sub(LOCAL_MAX);
    local.extend(shared.drain(keep..));
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::num::NonZeroU64;

    #[test]
    fn captures_come_back_plain_and_begin_anew() {
        let mut capture = take();
        capture.fields.set_error(&"x".repeat(1_000));
        let key = capture.own_key();
        capture.rare_mut().links.push(key);
        capture.seen.panicked = true;
        assert!(!capture.is_plain());
        give(capture);
        let mut capture = take();
        assert!(capture.is_plain());
        capture.restart(0, NonZeroU64::MIN);
        (capture.opened_ticks, capture.ended_ticks) = (0, 0);
        assert_eq!(format!("{capture:?}"), format!("{:?}", Capture::default()));
    }

    #[test]
    fn what_one_thread_gives_too_much_of_another_takes() {
        for _ in 0..=LOCAL_MAX {
            give(Parcel::default());
        }
        let taken = std::thread::spawn(|| {
            drop(take());
            LOCAL.with_borrow(Vec::len)
        });
        assert!(taken.join().unwrap() > 0);
    }
}

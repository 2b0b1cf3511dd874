//! Captures to use again: a few kept by each thread, the rest shared by all.
//!
//! They lie side by side, and come back in the order of their addresses. What
//! the worker has read, the caller's processor has to ask for again before it
//! can write to it; asked for one after the other, it fetches them ahead of
//! time. Their memory is never given back: as much is kept as was ever under way
//! at once.
//!
//! A cache: on a thread whose locals are already destroyed everything still
//! works, only slower.

use std::cell::RefCell;
use std::sync::{Mutex, PoisonError};

use super::message::Capture;

/// Captures made, or fetched by a thread, at once.
const SLAB: usize = 64;
/// Captures that one thread keeps.
const LOCAL_MAX: usize = 2 * SLAB;

/// What is in the data lane: a capture that nobody else has. One that is dropped
/// is not used again.
pub(crate) type Parcel = &'static mut Capture;

static SHARED: Shared = Shared(Mutex::new(Vec::new()));

thread_local! {
    /// The next one at the end.
    static LOCAL: RefCell<Vec<Parcel>> = const { RefCell::new(Vec::new()) };
}

/// A capture that is plain, and else as it was left.
#[inline]
pub(super) fn take() -> Parcel {
    let taken = LOCAL.try_with(|local| {
        let mut local = local.try_borrow_mut().ok()?;
        match local.pop() {
            None => SHARED.fetch(&mut local),
            taken => taken,
        }
    });
    taken.ok().flatten().unwrap_or_else(|| Box::leak(Box::default()))
}

/// Gives a capture back.
pub(super) fn give(capture: Parcel) {
    capture.make_plain();
    let _ = LOCAL.try_with(|local| {
        let Ok(mut local) = local.try_borrow_mut() else { return };
        if local.len() >= LOCAL_MAX {
            SHARED.give(&mut local.split_off(LOCAL_MAX / 2));
        }
        local.push(capture);
    });
}

/// Gives captures back to all threads, emptying `captures`. Called by the
/// worker, once for many.
pub(crate) fn recycle(captures: &mut Vec<Parcel>) {
    captures.iter_mut().for_each(|capture| capture.make_plain());
    SHARED.give(captures);
}

/// Captures of all threads.
struct Shared(Mutex<Vec<Parcel>>);

impl Shared {
    /// Takes captures in, emptying `captures`.
    fn give(&self, captures: &mut Vec<Parcel>) {
        // Those of several threads come mixed, those of one as they are to be.
        captures.sort_unstable_by_key(|capture| std::cmp::Reverse(address(capture)));
        self.0.lock().unwrap_or_else(PoisonError::into_inner).append(captures);
    }

    /// Hands some out, or makes some.
    #[cold]
    fn fetch(&self, local: &mut Vec<Parcel>) -> Option<Parcel> {
        let mut captures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let keep = captures.len().saturating_sub(SLAB);
        local.extend(captures.drain(keep..));
        drop(captures);
        if local.is_empty() {
            let slab: Vec<Capture> = (0..SLAB).map(|_| Capture::default()).collect();
            local.extend(slab.leak().iter_mut().rev());
        }
        local.pop()
    }
}

fn address(capture: &Capture) -> usize {
    std::ptr::from_ref(capture) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::num::NonZeroU64;

    #[test]
    fn captures_come_back_plain_and_begin_anew() {
        let capture = take();
        capture.fields.set_error(&"x".repeat(1_000));
        let key = capture.own_key();
        capture.rare_mut().links.push(key);
        capture.seen.panicked = true;
        assert!(!capture.is_plain());
        give(capture);
        let capture = take();
        assert!(capture.is_plain());
        capture.restart(0, NonZeroU64::MIN);
        (capture.opened_ticks, capture.ended_ticks) = (0, 0);
        assert_eq!(format!("{capture:?}"), format!("{:?}", Capture::default()));
    }

    #[test]
    fn captures_are_taken_in_the_order_of_their_addresses() {
        let shared = Shared(Mutex::new(Vec::new()));
        let taken = || {
            let mut local = Vec::new();
            let first = shared.fetch(&mut local);
            first.into_iter().chain(local.into_iter().rev()).collect::<Vec<_>>()
        };
        let addresses = |captures: &[Parcel]| -> Vec<_> {
            captures.iter().map(|capture| address(capture)).collect()
        };
        let mut made = taken();
        let expected = addresses(&made);
        assert!(expected.len() == SLAB && expected.is_sorted());
        made.swap(3, 9);
        shared.give(&mut made);
        assert_eq!(addresses(&taken()), expected);
    }
}

//! Captures to use again: a few kept by each thread, the rest shared by all.
//!
//! They lie side by side, and come back in the order of their addresses. What
//! the worker has read, the caller's processor has to ask for again before it
//! can write to it; so that nobody waits for that, the capture after the one
//! that is taken is asked for. Their memory is never given back: as much is kept
//! as was ever under way at once. A thread that ends leaves its own to the others.

use std::cell::Cell;
use std::sync::{Mutex, PoisonError};

use super::local;
use super::message::Capture;

/// Captures made, or fetched by a thread, at once; a thread keeps no more. A power of
/// two, so that what is left of a number by it is a place, whatever the number.
const SLAB: usize = 64;
const _: () = assert!(SLAB.is_power_of_two());

/// So many captures before it is taken, the memory of one is asked for.
const AHEAD: usize = 2;

/// What is in the data lane: a capture that nobody else has. One that is dropped
/// is not used again.
pub(crate) type Parcel = &'static mut Capture;

static SHARED: Shared = Shared(Mutex::new(Vec::new()));

thread_local! {
    /// Made by a thread that keeps captures.
    static LEAVES_THEM: Heritage = const { Heritage(()) };
}

/// Captures that one thread keeps; the next one is the last.
pub(super) struct Kept {
    count: Cell<usize>,
    /// The first ones are always empty: what is asked for when there are few.
    captures: [Cell<Option<Parcel>>; AHEAD + SLAB],
}

impl Kept {
    pub(super) const fn new() -> Self {
        Kept { count: Cell::new(0), captures: [const { Cell::new(None) }; AHEAD + SLAB] }
    }

    /// A capture that is plain, and else as it was left.
    #[inline]
    pub(super) fn take(&self) -> Parcel {
        // Of none this is the place of the last of all, which is empty then.
        let last = self.count.get().wrapping_sub(1) % SLAB;
        match self.captures.get(AHEAD + last).and_then(Cell::take) {
            Some(capture) => {
                self.count.set(last);
                self.ask_for(last);
                capture
            }
            None => self.take_shared(),
        }
    }

    /// Asks for the memory of a capture that is going to be taken.
    #[inline(always)]
    fn ask_for(&self, place: usize) {
        if let Some(place) = self.captures.get(place) {
            let capture = place.take();
            if let Some(capture) = &capture {
                capture.ask_for_memory();
            }
            place.set(capture);
        }
    }

    #[cold]
    #[inline(never)]
    fn take_shared(&self) -> Parcel {
        // A thread that is ending keeps none.
        let keeps = LEAVES_THEM.try_with(|_| ()).is_ok();
        let mut fetched = SHARED.fetch(if keeps { SLAB } else { 1 });
        let taken = fetched.pop();
        self.put(fetched);
        taken.unwrap_or_else(|| Box::leak(Box::default()))
    }

    /// Keeps captures where none are kept.
    fn put(&self, captures: Vec<Parcel>) {
        self.count.set(captures.len().min(SLAB));
        for (place, capture) in self.captures.iter().skip(AHEAD).zip(captures) {
            place.set(Some(capture));
        }
    }

    /// Keeps a capture, if there is room.
    fn give(&self, capture: Parcel) -> Result<(), Parcel> {
        let count = self.count.get();
        let free = self.captures.get(AHEAD + count);
        let (Some(free), Ok(())) = (free, LEAVES_THEM.try_with(|_| ())) else {
            return Err(capture);
        };
        free.set(Some(capture));
        self.count.set(count + 1);
        Ok(())
    }

    fn take_all(&self) -> Vec<Parcel> {
        self.count.set(0);
        self.captures.iter().filter_map(Cell::take).collect()
    }
}

/// Leaves what an ending thread keeps to the others.
struct Heritage(());

impl Drop for Heritage {
    fn drop(&mut self) {
        SHARED.give(&mut local::with(|thread| thread.captures.take_all()));
    }
}

/// A capture that is plain, and else as it was left.
#[inline]
pub(super) fn take() -> Parcel {
    local::with(|thread| thread.captures.take())
}

/// Gives a capture back.
pub(super) fn give(capture: Parcel) {
    capture.make_plain();
    local::with(|thread| {
        if let Err(capture) = thread.captures.give(capture) {
            let mut more = thread.captures.take_all();
            more.push(capture);
            SHARED.give(&mut more);
        }
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

    /// Hands at most so many out, the next one last; makes some if there are none.
    fn fetch(&self, most: usize) -> Vec<Parcel> {
        let mut captures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let keep = captures.len().saturating_sub(most);
        let fetched = captures.split_off(keep);
        drop(captures);
        if !fetched.is_empty() {
            return fetched;
        }
        let slab: Vec<Capture> = (0..most).map(|_| Capture::default()).collect();
        slab.leak().iter_mut().rev().collect()
    }
}

fn address(capture: &Capture) -> usize {
    std::ptr::from_ref(capture) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::message::WhileOpen;
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
        capture.restart(0, NonZeroU64::MIN, WhileOpen::default());
        (capture.opened_ticks, capture.ended_ticks) = (0, 0);
        assert_eq!(format!("{capture:?}"), format!("{:?}", Capture::default()));
    }

    #[test]
    fn captures_are_taken_in_the_order_of_their_addresses() {
        let shared = Shared(Mutex::new(Vec::new()));
        let taken = || shared.fetch(SLAB).into_iter().rev().collect::<Vec<_>>();
        let addresses = |captures: &[Parcel]| -> Vec<_> {
            captures.iter().map(|capture| address(capture)).collect()
        };
        let mut made = taken();
        let expected = addresses(&made);
        assert!(expected.len() == SLAB && expected.is_sorted());
        made.swap(3, 9);
        shared.give(&mut made);
        assert_eq!(addresses(&taken()), expected);
        assert_eq!(shared.fetch(1).len(), 1);
    }

    #[test]
    fn a_thread_keeps_no_more_than_it_has_room_for() {
        let captures: Vec<_> = (0..=2 * SLAB).map(|_| take()).collect();
        captures.into_iter().for_each(give);
        let kept = local::with(|thread| thread.captures.take_all());
        assert!((1..=SLAB).contains(&kept.len()));
    }

    #[test]
    fn a_thread_that_ends_leaves_its_captures_to_others() {
        // Other threads may be quicker to take what was left; not every time.
        let is_left = |_| {
            let of_thread = std::thread::spawn(|| {
                let capture = take();
                let address = address(capture);
                give(capture);
                address
            });
            let of_thread = of_thread.join().unwrap();
            let mut fetched = SHARED.fetch(SLAB);
            let is_left = fetched.iter().any(|capture| address(capture) == of_thread);
            SHARED.give(&mut fetched);
            is_left
        };
        assert!((0..1_000).any(is_left));
    }
}

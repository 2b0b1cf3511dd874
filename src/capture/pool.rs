//! Memory to use again: a little kept by each thread, the rest shared by all.
//!
//! A cache: on a thread whose locals are already destroyed everything still
//! works, only slower.

use std::cell::RefCell;
use std::sync::{Mutex, PoisonError};
use std::thread::LocalKey;

use super::message::Capture;
use super::parcel::Block;

/// Boxes that one thread keeps, or fetches at once.
const LOCAL_BOXES: usize = 64;
/// Boxes kept for all threads.
const SHARED_BOXES_MAX: usize = 16 * 1024;
/// Captures whose buffers are larger are freed rather than kept.
const BUFFER_BYTES_KEPT_MAX: usize = 4 * 1024;

/// A pool of boxes.
pub(super) struct Pool<T: 'static> {
    local: &'static LocalKey<RefCell<Vec<Box<T>>>>,
    shared: Mutex<Vec<Box<T>>>,
}

/// Captures to fill.
pub(super) static CAPTURES: Pool<Capture> =
    Pool { local: &LOCAL_CAPTURES, shared: Mutex::new(Vec::new()) };

/// Blocks to copy captures into.
pub(super) static BLOCKS: Pool<Block> =
    Pool { local: &LOCAL_BLOCKS, shared: Mutex::new(Vec::new()) };

#[expect(clippy::vec_box, reason = "the boxes travel; the vector only holds them")]
mod local {
    use super::{Block, Capture, RefCell};

    thread_local! {
        pub(super) static LOCAL_CAPTURES: RefCell<Vec<Box<Capture>>> =
            const { RefCell::new(Vec::new()) };
        pub(super) static LOCAL_BLOCKS: RefCell<Vec<Box<Block>>> =
            const { RefCell::new(Vec::new()) };
    }
}
use local::{LOCAL_BLOCKS, LOCAL_CAPTURES};

impl<T: Default> Pool<T> {
    /// A box, with whatever it held before.
    #[inline]
    pub(super) fn take(&self) -> Box<T> {
        let taken = self.local.try_with(|local| {
            let mut local = local.try_borrow_mut().ok()?;
            if local.is_empty() {
                self.fetch(&mut local);
            }
            local.pop()
        });
        taken.ok().flatten().unwrap_or_default()
    }

    /// Gives a box back.
    #[inline]
    pub(super) fn give(&self, boxed: Box<T>) {
        let _ = self.local.try_with(|local| {
            let Ok(mut local) = local.try_borrow_mut() else { return };
            if local.len() >= LOCAL_BOXES {
                self.give_all(local.split_off(LOCAL_BOXES / 2));
            }
            local.push(boxed);
        });
    }

    /// Gives boxes back to all threads.
    pub(super) fn give_all(&self, mut boxes: Vec<Box<T>>) {
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        boxes.truncate(SHARED_BOXES_MAX.saturating_sub(shared.len()));
        shared.append(&mut boxes);
    }

    #[cold]
    fn fetch(&self, local: &mut Vec<Box<T>>) {
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        let keep = shared.len().saturating_sub(LOCAL_BOXES);
        local.extend(shared.drain(keep..));
    }
}

impl Pool<Capture> {
    /// Gives a capture back, empty.
    #[inline]
    pub(super) fn give_cleared(&self, mut capture: Box<Capture>) {
        if capture.fields.capacity() <= BUFFER_BYTES_KEPT_MAX {
            capture.clear();
            self.give(capture);
        }
    }

    /// Gives captures back to all threads, empty.
    #[expect(clippy::vec_box, reason = "the boxes travel; the vector only holds them")]
    pub(super) fn give_all_cleared(&self, mut captures: Vec<Box<Capture>>) {
        captures.retain_mut(|capture| {
            capture.clear();
            capture.fields.capacity() <= BUFFER_BYTES_KEPT_MAX
        });
        self.give_all(captures);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_thread_gives_another_takes() {
        thread_local! {
            #[expect(clippy::vec_box, reason = "the boxes travel; the vector only holds them")]
            static LOCAL: RefCell<Vec<Box<[u32; 1]>>> = const { RefCell::new(Vec::new()) };
        }
        static POOL: Pool<[u32; 1]> = Pool { local: &LOCAL, shared: Mutex::new(Vec::new()) };
        for number in 1..=LOCAL_BOXES as u32 + 1 {
            POOL.give([number].into());
        }
        let taken = std::thread::spawn(|| *POOL.take()).join().unwrap();
        assert_eq!(taken, [LOCAL_BOXES as u32]);
        assert_eq!(*POOL.take(), [LOCAL_BOXES as u32 + 1]);
    }

    #[test]
    fn captures_come_back_empty_and_large_ones_do_not_come_back() {
        let mut capture = CAPTURES.take();
        capture.fields.set_error("no room");
        let key = capture.own_key();
        capture.rare_mut().links.push(key);
        CAPTURES.give_cleared(capture);
        let capture = CAPTURES.take();
        assert_eq!(format!("{capture:?}"), format!("{:?}", Capture::default()));
        let mut large = Box::new(Capture::default());
        large.fields.set_error(&"x".repeat(2 * BUFFER_BYTES_KEPT_MAX));
        CAPTURES.give_cleared(large);
        assert!(CAPTURES.take().fields.capacity() <= BUFFER_BYTES_KEPT_MAX);
    }
}

//! One thread at a time has the value, and sees what the one before it did.

use super::lock::Lock;
use crate::orders::{Arc, UnsafeCell, every, thread};

/// Two threads in it at once are found, whatever they do.
struct Watched(UnsafeCell<u32>);

impl Default for Watched {
    fn default() -> Self {
        Watched(UnsafeCell::new(0))
    }
}

impl Watched {
    fn add_one(&mut self) -> u32 {
        self.0.with_mut(|value| {
            // SAFETY: that nobody else is here is what is looked after.
            let value = unsafe { &mut *value };
            *value += 1;
            *value
        })
    }
}

#[test]
fn each_thread_has_the_value_alone() {
    every(|| {
        let lock = Arc::new(Lock::<Watched>::default());
        let other = Arc::clone(&lock);
        let thread = thread::spawn(move || {
            other.lock().add_one();
            other.lock().add_one()
        });
        lock.lock().add_one();
        assert!(thread.join().unwrap() >= 2);
        assert_eq!(lock.lock().add_one(), 4);
    });
}

#[test]
fn who_finds_it_held_may_go_on_without() {
    every(|| {
        let lock = Arc::new(Lock::<Watched>::default());
        let other = Arc::clone(&lock);
        let thread = thread::spawn(move || other.try_lock().map(|mut value| value.add_one()));
        let mine = lock.try_lock().map(|mut value| value.add_one());
        let theirs = thread.join().unwrap();
        let added = u32::from(mine.is_some()) + u32::from(theirs.is_some());
        assert!(added >= 1, "the first finds it free");
        assert_eq!(lock.lock().add_one(), added + 1);
    });
}

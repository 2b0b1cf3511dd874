//! Nothing is lost, nothing comes twice, and what happened before comes before.

use super::ring::{Ring, Taker};
use crate::orders::{Arc, AtomicBool, Mutex, Ordering, UnsafeCell, every, nearly_every, thread};

/// Who reads it without having to see what was written is found.
struct Item(UnsafeCell<u32>);

impl Item {
    fn number(&self) -> u32 {
        // SAFETY: that nobody writes meanwhile is what is looked after.
        self.0.with(|number| unsafe { *number })
    }
}

// SAFETY: as above.
unsafe impl Send for Item {}

/// A value that nobody else has. Few enough are made that leaking them is fine.
fn value(number: u32) -> &'static mut Item {
    let item = Box::leak(Box::new(Item(UnsafeCell::new(0))));
    // SAFETY: nobody else has it.
    item.0.with_mut(|place| unsafe { *place = number });
    item
}

/// Takes out what there is, until so many came or nobody puts more in.
fn take(taker: &mut Taker<Item>, count: usize) -> Vec<u32> {
    let mut taken = Vec::new();
    while taken.len() < count {
        match taker.pop() {
            Some(value) => taken.push(value.number()),
            None => thread::yield_now(),
        }
    }
    taken
}

#[test]
fn what_two_threads_put_in_comes_out_once_and_in_their_order() {
    nearly_every(|| {
        let (ring, mut taker) = Ring::new(4);
        let other = Arc::clone(&ring);
        let producer = thread::spawn(move || {
            other
                .push_at_once(value(10))
                .map(drop)
                .or_else(|value| other.push(value))
                .ok()
                .unwrap();
            other.push(value(11)).ok().unwrap();
        });
        let third = Arc::clone(&ring);
        let last = thread::spawn(move || third.push(value(20)).ok().unwrap());
        let taken = take(&mut taker, 3);
        producer.join().unwrap();
        last.join().unwrap();
        let of = |first| taken.iter().copied().filter(|it| it / 10 == first).collect::<Vec<_>>();
        assert_eq!((of(1), of(2)), (vec![10, 11], vec![20]));
        assert!(taker.next_address().is_null() && taker.pop().is_none());
    });
}

#[test]
fn a_full_queue_gives_the_value_back_and_overwrites_nothing() {
    every(|| {
        let (ring, mut taker) = Ring::new(1);
        let other = Arc::clone(&ring);
        let producer = thread::spawn(move || {
            (0..3).filter(|number| other.push(value(*number)).is_ok()).collect::<Vec<_>>()
        });
        let mut taken: Vec<u32> =
            (0..2).filter_map(|_| taker.pop().map(|value| value.number())).collect();
        let put_in = producer.join().unwrap();
        taken.extend(std::iter::from_fn(|| taker.pop().map(|value| value.number())));
        assert_eq!(taken, put_in);
        assert!(!put_in.is_empty());
    });
}

#[test]
fn two_threads_share_the_last_place() {
    every(|| {
        let (ring, mut taker) = Ring::new(1);
        let other = Arc::clone(&ring);
        let producer = thread::spawn(move || other.push(value(1)).is_ok());
        let mine = ring.push_at_once(value(2)).map(drop).or_else(|value| ring.push(value)).is_ok();
        let theirs = producer.join().unwrap();
        assert!(mine != theirs, "there is room for one of them");
        assert_eq!(taker.pop().map(|value| value.number()), Some(if mine { 2 } else { 1 }));
        assert!(taker.pop().is_none());
    });
}

#[test]
fn what_happened_before_comes_before() {
    every(|| {
        let (ring, mut taker) = Ring::new(2);
        let (first, said) = (Arc::clone(&ring), Arc::new(AtomicBool::new(false)));
        let says = Arc::clone(&said);
        let earlier = thread::spawn(move || {
            first.push(value(1)).ok().unwrap();
            says.store(true, Ordering::Release);
        });
        let later = Arc::clone(&ring);
        let second = thread::spawn(move || {
            if said.load(Ordering::Acquire) {
                later.push(value(2)).ok().unwrap();
            }
        });
        let mut taken = take(&mut taker, 1);
        earlier.join().unwrap();
        second.join().unwrap();
        taken.extend(std::iter::from_fn(|| taker.pop().map(|value| value.number())));
        assert!(taken == [1] || taken == [1, 2], "{taken:?}");
    });
}

/// As the data lane closes: who goes leaves the right to take behind, says so, and
/// looks; who puts something in looks whether it was said, and takes what is there.
#[test]
fn what_is_put_in_while_the_taker_changes_hands_is_taken_once() {
    every(|| {
        let (ring, mut taker) = Ring::new(1);
        let (left, gone) = (Arc::new(Mutex::new(None)), Arc::new(AtomicBool::new(false)));
        let (theirs, is_gone) = (Arc::clone(&left), Arc::clone(&gone));
        let producer = thread::spawn(move || {
            let put_in = (0..2).filter(|number| ring.push(value(*number)).is_ok()).collect();
            // Changed rather than read: loom has no order of all that is sequentially consistent.
            let is_gone = is_gone.fetch_or(false, Ordering::SeqCst);
            (put_in, if is_gone { take_left(&theirs) } else { Vec::new() })
        });
        let mut taken: Vec<u32> = taker.pop().map(|value| value.number()).into_iter().collect();
        *left.lock().unwrap() = Some(taker);
        gone.fetch_or(true, Ordering::SeqCst);
        taken.extend(take_left(&left));
        let (put_in, theirs): (Vec<u32>, _) = producer.join().unwrap();
        taken.extend(theirs);
        taken.sort_unstable();
        assert_eq!(taken, put_in);
    });
}

/// Takes all there is, if the one who may take has left.
fn take_left(left: &Mutex<Option<Taker<Item>>>) -> Vec<u32> {
    let mut left = left.lock().unwrap();
    let taker = left.iter_mut();
    taker.flat_map(|taker| std::iter::from_fn(|| taker.pop().map(|value| value.number()))).collect()
}

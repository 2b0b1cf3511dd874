//! A bounded queue of borrowed values, from many threads to one.
//!
//! What a producer does is what it costs the audited program: it counts the tail
//! up and writes the address of the value, without looking at a place that the
//! consumer may have touched. Places are taken in the order in which the tail was
//! counted up, so that whatever happened before something else comes before it.
//!
//! That there is room a producer tells by how far the consumer had come when
//! somebody last looked; it looks again when that is not far enough.
//!
//! Only who has the [`Taker`] takes values out, and there is one for a queue. So
//! what it reads in a place stays there until it empties the place itself, and
//! nobody writes there again before it has counted the head up behind that.

use super::ring_sync::{Arc, AtomicPtr, AtomicUsize, Ordering, wait};

/// A queue of values that nobody else has.
#[derive(Debug)]
pub(super) struct Ring<T: 'static> {
    ends: Tail,
    /// How many were taken. Written by the consumer alone.
    head: Apart<AtomicUsize>,
    /// As many as the next power of two; empty ones are null.
    places: Box<[AtomicPtr<T>]>,
    capacity: usize,
}

/// Takes values out of its queue. Whoever holds it is alone in that.
#[derive(Debug)]
pub(super) struct Taker<T: 'static> {
    ring: Arc<Ring<T>>,
}

/// What producers write.
#[derive(Debug)]
#[repr(align(128))]
struct Tail {
    /// How many were put in, or are being so.
    tail: AtomicUsize,
    /// How many had been taken when a producer last looked.
    head_seen: AtomicUsize,
}

/// Away from what others write.
#[derive(Debug)]
#[repr(align(128))]
struct Apart<T>(T);

/// Where a value was put: for who asks the processor for what lies about there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place(usize);

impl Place {
    /// None was put anywhere yet.
    pub(crate) const NONE: Place = Place(0);

    /// Its address, by which nothing is read or written.
    #[inline(always)]
    pub(crate) fn address(self) -> usize {
        self.0
    }
}

impl<T: Send> Ring<T> {
    /// For so many values, and who takes them.
    pub(super) fn new(capacity: usize) -> (Arc<Self>, Taker<T>) {
        let places = (0..capacity.next_power_of_two()).map(|_| AtomicPtr::default());
        let ring = Arc::new(Ring {
            ends: Tail { tail: AtomicUsize::new(0), head_seen: AtomicUsize::new(0) },
            head: Apart(AtomicUsize::new(0)),
            places: places.collect(),
            capacity,
        });
        let taker = Taker { ring: Arc::clone(&ring) };
        (ring, taker)
    }

    /// Puts a value in, if that takes one attempt and no look at the consumer.
    #[inline(always)]
    pub(super) fn push_at_once(&self, value: &'static mut T) -> Result<Place, &'static mut T> {
        let Tail { tail, head_seen } = &self.ends;
        let position = tail.load(Ordering::Relaxed);
        let next = position.wrapping_add(1);
        if position.wrapping_sub(head_seen.load(Ordering::Acquire)) >= self.capacity
            || tail.compare_exchange(position, next, Ordering::SeqCst, Ordering::Relaxed).is_err()
        {
            return Err(value);
        }
        Ok(self.put(position, value))
    }

    /// Puts a value in, unless the queue is full.
    pub(super) fn push(&self, value: &'static mut T) -> Result<(), &'static mut T> {
        let Tail { tail, head_seen } = &self.ends;
        let mut position = tail.load(Ordering::Relaxed);
        loop {
            let used = position.wrapping_sub(head_seen.load(Ordering::Acquire));
            if used >= self.capacity && !self.has_room(position) {
                // Room is counted from the tail as it is, not as it was.
                match tail.load(Ordering::SeqCst) {
                    known if known == position => return Err(value),
                    known => position = known,
                }
                continue;
            }
            let next = position.wrapping_add(1);
            match tail.compare_exchange_weak(position, next, Ordering::SeqCst, Ordering::Relaxed) {
                Ok(_) => break,
                Err(known) => position = known,
            }
        }
        self.put(position, value);
        Ok(())
    }

    #[inline(always)]
    fn put(&self, position: usize, value: &'static mut T) -> Place {
        let Some(place) = self.place(position) else { return Place::NONE };
        place.store(value, Ordering::Release);
        Place(std::ptr::from_ref(place).addr())
    }

    /// The address of what every push writes beside a place.
    #[inline(always)]
    pub(super) fn tail_address(&self) -> usize {
        std::ptr::from_ref(&self.ends).addr()
    }

    /// Whether there is room at this position, by a look at the consumer's count.
    #[cold]
    #[inline(never)]
    fn has_room(&self, position: usize) -> bool {
        let head = self.head.0.load(Ordering::Acquire);
        // Another producer may have seen it further; then somebody looks once more.
        self.ends.head_seen.store(head, Ordering::Release);
        position.wrapping_sub(head) < self.capacity
    }

    /// How many values there are.
    pub(super) fn len(&self) -> usize {
        let head = self.head.0.load(Ordering::SeqCst);
        self.ends.tail.load(Ordering::SeqCst).wrapping_sub(head)
    }

    pub(super) fn capacity(&self) -> usize {
        self.capacity
    }

    #[inline(always)]
    fn place(&self, position: usize) -> Option<&AtomicPtr<T>> {
        self.places.get(position & self.places.len().wrapping_sub(1))
    }
}

impl<T: Send> Taker<T> {
    /// Takes the next value out, if there is one.
    #[inline]
    pub(super) fn pop(&mut self) -> Option<&'static mut T> {
        let ring = &*self.ring;
        let position = ring.head.0.load(Ordering::Relaxed);
        let place = ring.place(position)?;
        let mut round = 0;
        let value = loop {
            // What was written to the value comes before it.
            let value = place.load(Ordering::Acquire);
            if !value.is_null() {
                break value;
            }
            if ring.ends.tail.load(Ordering::SeqCst) == position {
                return None;
            }
            // Somebody is about to write it.
            wait(round);
            round = round.saturating_add(1);
        };
        // Empty before anybody may write there again, which the head says.
        place.store(std::ptr::null_mut(), Ordering::Relaxed);
        ring.head.0.store(position.wrapping_add(1), Ordering::Release);
        owned(value)
    }

    /// Where the value lies that is taken next; null if it is not there yet.
    #[inline]
    pub(super) fn next_address(&self) -> *const T {
        let place = self.ring.place(self.ring.head.0.load(Ordering::Relaxed));
        place.map_or(std::ptr::null(), |place| place.load(Ordering::Relaxed).cast_const())
    }

    /// How many values wait.
    pub(super) fn len(&self) -> usize {
        self.ring.len()
    }
}

/// The value whose address was taken out of a place.
#[expect(unsafe_code, reason = "the address of a borrowed value is made one again")]
fn owned<T>(value: *mut T) -> Option<&'static mut T> {
    // SAFETY: what is not null was put there by `push`, as the address of a value
    // borrowed for good and given away with that. It was in no other place, and is
    // in none any more: `pop` alone reads one to take it, has emptied it since, and
    // can't have run twice meanwhile, since it needs the only `Taker` for itself. So
    // it is made a borrow again once.
    unsafe { value.as_mut() }
}

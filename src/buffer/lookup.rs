//! Which text of a dictionary that grows has which position, by its hash.
//!
//! An open table with linear probing (Knuth, The Art of Computer Programming, volume 3,
//! section 6.4, algorithm L). A place has four bytes: a position, and above it as much of
//! the hash as there is room for. So the table is small, which counts for more than
//! anything else: nearly every look-up waits for memory, and for little else. What it
//! waits for can be asked for ahead, which a library's table does not let one do.

use crate::ahead::ask_to_read;

/// A place that is free. No taken one looks like it, since positions are smaller.
const FREE: u32 = u32::MAX;

/// Places of a table that is not empty.
const PLACES_MIN: usize = 16;

/// Of four places three may be taken.
const TAKEN_MAX: (usize, usize) = (3, 4);

/// Freeing goes through all places, and a table that was full once stays large. Up to this
/// share of them, texts are looked up to be freed.
const FEW_SHARE: usize = 64;

/// The table. Kept from head to head, so that its memory is allocated once.
#[derive(Debug, Default)]
pub(super) struct Lookup {
    /// None at all, or a power of two, some of which are free.
    places: Vec<u32>,
    /// The bits of a place that are a position.
    position_mask: u32,
}

impl Lookup {
    /// The position of the text with this hash that `is_it`.
    #[inline(always)]
    pub(super) fn find(&self, hash: u64, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        let mut at = self.home(hash);
        loop {
            let place = self.places.get(at).copied().filter(|place| *place != FREE)?;
            let position = place & self.position_mask;
            if place == self.place(hash, position) && is_it(position) {
                return Some(position);
            }
            at = self.next(at);
        }
    }

    /// Adds a text that is not there, whose position is the next. `hashes` are those of all
    /// texts, this one included, by position.
    #[inline]
    pub(super) fn push(&mut self, hashes: &[u64]) {
        let (most, of) = TAKEN_MAX;
        if hashes.len() * of > self.places.len() * most {
            return self.grow(hashes);
        }
        if let Some(hash) = hashes.last() {
            self.put(*hash, hashes.len() as u32 - 1);
        }
    }

    /// Asks for the memory where a look-up begins.
    #[inline]
    pub(super) fn ask_for(&self, hash: u64) {
        ask_to_read::<u32, 0>(self.places.as_ptr().wrapping_add(self.home(hash)));
    }

    /// Frees all places, taken by texts with these hashes.
    pub(super) fn clear(&mut self, hashes: &[u64]) {
        if hashes.len() < self.places.len() / FEW_SHARE {
            hashes.iter().for_each(|hash| self.clear_run(*hash));
        } else {
            self.places.fill(FREE);
        }
    }

    /// Bytes allocated.
    pub(super) fn bytes(&self) -> usize {
        self.places.capacity() * size_of::<u32>()
    }

    #[inline]
    fn home(&self, hash: u64) -> usize {
        hash as usize & self.places.len().wrapping_sub(1)
    }

    #[inline]
    fn next(&self, at: usize) -> usize {
        (at + 1) & self.places.len().wrapping_sub(1)
    }

    /// What stands in the place of a text. The upper half of the hash says nothing of which
    /// place that is.
    #[inline]
    fn place(&self, hash: u64, position: u32) -> u32 {
        (hash >> 32) as u32 & !self.position_mask | position
    }

    /// Takes the first free place for it. There is one.
    #[inline]
    fn put(&mut self, hash: u64, position: u32) {
        let mut at = self.home(hash);
        while self.places.get(at).is_some_and(|place| *place != FREE) {
            at = self.next(at);
        }
        let taken = self.place(hash, position);
        if let Some(place) = self.places.get_mut(at) {
            *place = taken;
        }
    }

    /// Makes the table twice as large, and puts all texts there.
    #[cold]
    fn grow(&mut self, hashes: &[u64]) {
        let places = (self.places.len() * 2).max(PLACES_MIN);
        self.places.clear();
        self.places.resize(places, FREE);
        // Positions are smaller than the number of places.
        self.position_mask = places as u32 - 1;
        for (position, hash) in hashes.iter().enumerate() {
            self.put(*hash, position as u32);
        }
    }

    /// Frees all places up to the next that is free. Where all texts are to go, every place
    /// behind one that was freed before was freed with it.
    fn clear_run(&mut self, hash: u64) {
        let mut at = self.home(hash);
        while let Some(place) = self.places.get_mut(at).filter(|place| **place != FREE) {
            *place = FREE;
            at = self.next(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A hash as bad as it can be: few places, few tags.
    fn hash(number: u64) -> u64 {
        ((number % 5) << 62) | (number % 7)
    }

    fn find(lookup: &Lookup, numbers: &[u64], number: u64) -> Option<u32> {
        lookup.find(hash(number), |at| numbers[at as usize] == number)
    }

    proptest! {
        #[test]
        fn what_was_added_is_found_at_its_position_and_nothing_else(
            rounds in proptest::collection::vec(proptest::collection::vec(0..500_u64, 0..200), 1..6),
        ) {
            let mut lookup = Lookup::default();
            for round in rounds {
                let (mut numbers, mut hashes) = (Vec::new(), Vec::new());
                for number in round {
                    let known = numbers.iter().position(|known| *known == number);
                    prop_assert_eq!(find(&lookup, &numbers, number), known.map(|at| at as u32));
                    if known.is_none() {
                        numbers.push(number);
                        hashes.push(hash(number));
                        lookup.push(&hashes);
                    }
                }
                lookup.clear(&hashes);
                prop_assert!(lookup.places.iter().all(|place| *place == FREE));
            }
        }
    }

    #[test]
    fn few_are_freed_one_by_one_wherever_they_stand() {
        let mut lookup = Lookup::default();
        let all: Vec<u64> = (0..3_000).map(hash).collect();
        (1..=all.len()).for_each(|count| lookup.push(&all[..count]));
        lookup.clear(&all);
        let places = lookup.places.len();
        for first in [0, places - 3, places / 2] {
            // All of them begin at one of three places, and go on at the table's beginning.
            let few: Vec<u64> = (0..9).map(|number| (first + number % 3) as u64).collect();
            assert!(few.len() < places / FEW_SHARE);
            (1..=few.len()).for_each(|count| lookup.push(&few[..count]));
            assert_eq!(lookup.places.iter().filter(|place| **place != FREE).count(), 9);
            lookup.clear(&few);
            assert!(lookup.places.iter().all(|place| *place == FREE), "from {first}");
        }
    }

    #[test]
    fn a_free_place_is_never_taken_for_a_text() {
        let mut lookup = Lookup::default();
        let hashes = [u64::MAX; 12];
        (1..=12).for_each(|count| lookup.push(&hashes[..count]));
        assert_eq!((lookup.places.len(), lookup.find(u64::MAX, |at| at == 11)), (16, Some(11)));
        assert_eq!(lookup.find(u64::MAX, |at| at > 11), None);
    }
}

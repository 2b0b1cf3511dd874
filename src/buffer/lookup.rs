//! Which text of a dictionary that grows has which position, by its hash.
//!
//! An open table with linear probing (Knuth, The Art of Computer Programming, volume 3,
//! section 6.4, algorithm L). A place has four bytes: a position, and above it as much of
//! the hash as there is room for. So the table is small, which counts for more than
//! anything else: nearly every look-up waits for memory, and for little else. Where it is
//! going to begin can be asked for ahead, which a library's table does not let one do.
//!
//! Linear probing wants hashes whose bits are independent, and those of numbered texts
//! mostly are not where the hash is made to be fast. So they are [mixed](Mixed) once more.

use crate::ahead::ask_to_read;

/// A place that is free. No taken one looks like it: the greatest position would have to be
/// one less than the number of places, and [`TAKEN_MAX`] leaves some of them free.
const FREE: u32 = u32::MAX;

/// Places of a table that is not empty.
const PLACES_MIN: usize = 16;

/// Of four places three may be taken. Less than all, or a look-up need not end.
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

/// A hash whose lower half says where a look-up begins, and whose upper half what stands
/// there.
#[derive(Clone, Copy)]
struct Mixed(u64);

impl Mixed {
    /// Multiplied by the golden ratio (Knuth, same section, multiplicative hashing), so that
    /// each bit reaches all above it, and these the lower half.
    #[inline(always)]
    fn of(hash: u64) -> Self {
        let product = hash.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Mixed(product ^ product >> 32)
    }

    #[inline(always)]
    fn upper(self) -> u32 {
        (self.0 >> 32) as u32
    }
}

impl Lookup {
    /// The position of the text with this hash that `is_it`.
    #[inline(always)]
    pub(super) fn find(&self, hash: u64, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        let mixed = Mixed::of(hash);
        let mut at = self.home(mixed);
        loop {
            let place = self.places.get(at).copied().filter(|place| *place != FREE)?;
            let position = place & self.position_mask;
            if place == self.place(mixed, position) && is_it(position) {
                return Some(position);
            }
            at = self.next(at);
        }
    }

    /// Adds a text that is not there, the last of those whose `hashes` these are, by
    /// position.
    #[inline]
    pub(super) fn push(&mut self, hashes: &[u64]) {
        let Some((hash, before)) = hashes.split_last() else { return };
        if hashes.len() > taken_max(self.places.len()) {
            return self.grow(hashes);
        }
        self.put(*hash, before.len() as u32);
    }

    /// Asks for the memory where a look-up begins.
    #[inline]
    pub(super) fn ask_for(&self, hash: u64) {
        let home = self.home(Mixed::of(hash));
        ask_to_read::<u32, 0>(self.places.as_ptr().wrapping_add(home));
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
    fn home(&self, hash: Mixed) -> usize {
        hash.0 as usize & self.places.len().wrapping_sub(1)
    }

    #[inline]
    fn next(&self, at: usize) -> usize {
        (at + 1) & self.places.len().wrapping_sub(1)
    }

    /// What stands in the place of a text.
    #[inline]
    fn place(&self, hash: Mixed, position: u32) -> u32 {
        hash.upper() & !self.position_mask | position
    }

    /// Takes the first free place for it. There is one.
    #[inline]
    fn put(&mut self, hash: u64, position: u32) {
        let mixed = Mixed::of(hash);
        let mut at = self.home(mixed);
        while self.places.get(at).is_some_and(|place| *place != FREE) {
            at = self.next(at);
        }
        let taken = self.place(mixed, position);
        if let Some(place) = self.places.get_mut(at) {
            *place = taken;
        }
    }

    /// Makes the table large enough, and puts all texts there.
    #[cold]
    fn grow(&mut self, hashes: &[u64]) {
        let mut places = PLACES_MIN;
        while hashes.len() > taken_max(places) {
            places *= 2;
        }
        self.places.clear();
        self.places.resize(places, FREE);
        // Which has room for all positions, and for the place that would look free.
        self.position_mask = places as u32 - 1;
        for (position, hash) in hashes.iter().enumerate() {
            self.put(*hash, position as u32);
        }
    }

    /// Frees all places up to the next that is free. Where all texts are to go, every place
    /// behind one that was freed before was freed with it.
    fn clear_run(&mut self, hash: u64) {
        let mut at = self.home(Mixed::of(hash));
        while let Some(place) = self.places.get_mut(at).filter(|place| **place != FREE) {
            *place = FREE;
            at = self.next(at);
        }
    }
}

/// How many of so many places may be taken.
#[inline]
fn taken_max(places: usize) -> usize {
    let (most, of) = TAKEN_MAX;
    places / of * most
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::buffer::{Hasher, hash_text};
    use proptest::prelude::*;

    /// The inverse of what hashes are multiplied by.
    const INVERSE: u64 = 0xf1de_83e1_9937_733d;

    /// The hash that is mixed to this.
    fn unmixed(mixed: u64) -> u64 {
        (mixed ^ mixed >> 32).wrapping_mul(INVERSE)
    }

    /// A hash as bad as it can be: few places, few tags.
    fn hash(number: u64) -> u64 {
        unmixed(((number % 5) << 62) | (number % 7))
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
        // Behind the last place comes the first.
        for first in [0, places - 3, places / 2] {
            let few: Vec<u64> = (0..9).map(|number| unmixed((first + number % 3) as u64)).collect();
            assert!(few.len() < places / FEW_SHARE);
            (1..=few.len()).for_each(|count| lookup.push(&few[..count]));
            let taken = |at: usize| lookup.places[at % places] != FREE;
            assert!((first..first + 9).all(taken) && !taken(first + 9), "from {first}");
            lookup.clear(&few);
            assert!(lookup.places.iter().all(|place| *place == FREE), "from {first}");
        }
    }

    #[test]
    fn a_free_place_is_never_taken_for_a_text() {
        let mut lookup = Lookup::default();
        let hashes = [unmixed(u64::MAX); 12];
        (1..=12).for_each(|count| lookup.push(&hashes[..count]));
        let find = |is_it: fn(u32) -> bool| lookup.find(hashes[0], is_it);
        assert_eq!((lookup.places.len(), find(|at| at == 11)), (16, Some(11)));
        assert_eq!(find(|at| at > 11), None);
    }

    /// Whatever the key of the hash is: it stays for as long as the process runs.
    #[test]
    fn numbered_texts_are_found_near_to_where_they_are_looked_for() {
        let texts: Vec<String> = (0..12_288).map(|number| format!("user-{number:08}")).collect();
        for _ in 0..200 {
            let hasher = <Hasher as Default>::default();
            let hashes: Vec<u64> = texts.iter().map(|text| hash_text(&hasher, text)).collect();
            let mut lookup = Lookup::default();
            lookup.grow(&hashes);
            assert_eq!(lookup.places.len(), 16_384);
            let steps: usize = (0..lookup.places.len())
                .filter(|at| lookup.places[*at] != FREE)
                .map(|at| {
                    let position = lookup.places[at] & lookup.position_mask;
                    let home = lookup.home(Mixed::of(hashes[position as usize]));
                    (at + 16_384 - home) % 16_384
                })
                .sum();
            // 1.5 are to be expected (Knuth, theorem K).
            let mean = steps as f64 / 12_288.0;
            assert!(mean < 4.0, "{mean} steps");
        }
    }
}

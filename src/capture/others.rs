//! Callsites that do not matter, by the address of their metadata.
//!
//! Most spans and events of a program are from one of them, and nearly all are told by
//! one load. Where addresses meet in one place, the next few places are looked at; where
//! those are taken, a further table. So what was decided once is not decided again for a
//! span or an event until a policy is put in force, however many callsites there are:
//! deciding takes a lock and a microsecond.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use tracing_core::Metadata;

use super::callsite::{address, spread};
use super::fixed::shared_array;

/// Addresses of callsites that do not matter. Readers take no lock; who changes it
/// holds the one for registration.
#[derive(Debug, Clone)]
pub(super) struct Others {
    places: Arc<[AtomicUsize; PLACES]>,
    further: Arc<OnceLock<Others>>,
}

const PLACES_LOG2: u32 = 12;
const PLACES: usize = 1 << PLACES_LOG2;

/// Neighbouring places where an address may be.
const PROBES: usize = 8;

/// Nothing has this address.
const NONE: usize = 0;

impl Others {
    pub(super) fn new() -> Self {
        Others { places: shared_array(), further: Arc::default() }
    }

    /// Whether a callsite is known not to matter by one look. If not, it may still be
    /// one that shares its place: that is for [`contains`](Self::contains), later.
    #[inline]
    pub(super) fn contains_at_once(&self, metadata: &'static Metadata<'static>) -> bool {
        let wanted = address(metadata);
        let place = self.places.get(first_place(wanted));
        place.is_some_and(|place| place.load(Ordering::Relaxed) == wanted)
    }

    /// Whether a callsite is known not to matter.
    pub(super) fn contains(&self, metadata: &'static Metadata<'static>) -> bool {
        self.contains_address(address(metadata))
    }

    fn contains_address(&self, wanted: usize) -> bool {
        // A place that is empty ends the search: there the address would be.
        for place in self.places_of(wanted) {
            match place.load(Ordering::Relaxed) {
                NONE => return false,
                known if known == wanted => return true,
                _ => {}
            }
        }
        self.further.get().is_some_and(|further| further.contains_address(wanted))
    }

    pub(super) fn insert(&self, metadata: &'static Metadata<'static>) {
        self.insert_address(address(metadata));
    }

    fn insert_address(&self, address: usize) {
        for place in self.places_of(address) {
            let known = place.load(Ordering::Relaxed);
            if known == NONE || known == address {
                return place.store(address, Ordering::Relaxed);
            }
        }
        self.further.get_or_init(Others::new).insert_address(address);
    }

    /// Forgets all of them. Who looks one up meanwhile may not find it, and asks anew.
    #[cfg(feature = "policy")]
    pub(super) fn clear(&self) {
        self.places.iter().for_each(|place| place.store(NONE, Ordering::Relaxed));
        if let Some(further) = self.further.get() {
            further.clear();
        }
    }

    fn places_of(&self, address: usize) -> impl Iterator<Item = &AtomicUsize> {
        let first = first_place(address);
        (0..PROBES).filter_map(move |probe| self.places.get((first + probe) % PLACES))
    }
}

#[inline]
fn first_place(address: usize) -> usize {
    spread(address) >> (usize::BITS - PLACES_LOG2)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    fn all_known(others: &Others, addresses: impl IntoIterator<Item = usize>) -> bool {
        addresses.into_iter().all(|address| others.contains_address(address))
    }

    #[test]
    fn none_is_pushed_out_by_others() {
        let others = Others::new();
        let addresses =
            |step: usize| (1..=20_000).map(move |number| 0x5555_0000_0000 + number * step);
        // Of this many, far more meet in one place than there are places beside it.
        addresses(8).for_each(|address| others.insert_address(address));
        addresses(8).for_each(|address| others.insert_address(address));
        assert!(all_known(&others, addresses(8)));
        assert!(!others.contains_address(0x5555_0000_0000));
        assert!(others.further.get().is_some());
    }

    #[test]
    fn addresses_that_meet_in_the_last_place_are_told_apart() {
        let others = Others::new();
        let at_the_end: Vec<usize> = (1..)
            .map(|number| number * 8)
            .filter(|at| first_place(*at) == PLACES - 1)
            .take(40)
            .collect();
        let (inserted, not) = at_the_end.split_at(30);
        inserted.iter().for_each(|address| others.insert_address(*address));
        assert!(all_known(&others, inserted.iter().copied()));
        assert!(!not.iter().any(|address| others.contains_address(*address)));
        #[cfg(feature = "policy")]
        {
            others.clear();
            assert!(!inserted.iter().any(|address| others.contains_address(*address)));
            others.insert_address(not[0]);
            assert!(all_known(&others, [not[0]]) && !others.contains_address(inserted[29]));
        }
    }

    proptest! {
        #[test]
        fn exactly_what_was_inserted_is_known(
            // Few places, so that many addresses meet.
            numbers in proptest::collection::hash_set(1..400_usize, 0..200),
        ) {
            let meeting: Vec<usize> =
                (1..).map(|number| number * 8).filter(|at| first_place(*at) < 24).take(400).collect();
            let others = Others::new();
            let inserted: HashSet<usize> = numbers.iter().map(|number| meeting[*number]).collect();
            inserted.iter().for_each(|address| others.insert_address(*address));
            for address in meeting {
                prop_assert_eq!(others.contains_address(address), inserted.contains(&address));
            }
        }
    }
}

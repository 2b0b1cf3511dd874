//! Something for each callsite, made when it is first asked for.

use std::sync::OnceLock;

const PLACES: usize = 256;

/// Something for each callsite, by the callsite's index. Reading takes no lock.
pub(super) struct ByCallsite<T> {
    places: Box<[OnceLock<T>]>,
    next: OnceLock<Box<ByCallsite<T>>>,
}

impl<T> ByCallsite<T> {
    pub(super) fn new() -> Self {
        let places = (0..PLACES).map(|_| OnceLock::new()).collect();
        ByCallsite { places, next: OnceLock::new() }
    }

    /// What there is for the callsite with this index.
    pub(super) fn of(&self, index: u32, make: impl FnOnce() -> T) -> &T {
        let (mut part, mut place) = (self, index as usize);
        loop {
            match part.places.get(place) {
                Some(known) => return known.get_or_init(make),
                None => {
                    part = part.next.get_or_init(|| Box::new(ByCallsite::new()));
                    place -= PLACES;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_callsite_has_its_own_made_once() {
        let table = ByCallsite::new();
        for index in [0, 255, 256, 1_000] {
            assert_eq!(*table.of(index, || index), index);
            assert_eq!(*table.of(index, || 0), index);
        }
        assert_eq!(*table.of(999, || 5), 5);
    }
}

//! For each symbol, the events that have it.

use std::mem::size_of;

/// The events of a segment that have some symbol, oldest first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Posted<'a> {
    /// Every event of the segment.
    All,
    /// These.
    List(&'a [u16]),
}

impl<'a> Posted<'a> {
    /// The list, if it is not all events.
    pub(crate) fn list(self) -> Option<&'a [u16]> {
        match self {
            Posted::All => None,
            Posted::List(list) => Some(list),
        }
    }
}

/// Event indices grouped by symbol. Symbol 0 ("none") has no list.
#[derive(Debug, Default)]
pub(super) struct Postings {
    /// Where the list of each symbol ends; that of a symbol begins where the
    /// one before it ends.
    ends: Box<[u16]>,
    events: Box<[u16]>,
}

impl Postings {
    /// Groups the events by their symbol, which is at most `symbol_max`. There
    /// are at most 65,535 events.
    pub(super) fn build(symbols: impl Iterator<Item = u16> + Clone, symbol_max: usize) -> Self {
        let mut starts = vec![0_u16; symbol_max + 1].into_boxed_slice();
        for symbol in symbols.clone().filter(|symbol| *symbol > 0) {
            if let Some(count) = starts.get_mut(usize::from(symbol)) {
                *count += 1;
            }
        }
        let mut next = 0;
        for start in &mut starts {
            next += std::mem::replace(start, next);
        }
        let mut events = vec![0_u16; usize::from(next)].into_boxed_slice();
        for (event, symbol) in symbols.enumerate().filter(|(_, symbol)| *symbol > 0) {
            let Some(slot) = starts.get_mut(usize::from(symbol)) else { continue };
            if let Some(place) = events.get_mut(usize::from(*slot)) {
                *place = event as u16;
            }
            *slot += 1;
        }
        // Filling moved each start to the end of its own list.
        Postings { ends: starts, events }
    }

    pub(super) fn list(&self, symbol: u16) -> &[u16] {
        let bounds = usize::from(symbol).checked_sub(1).and_then(|before| {
            Some((*self.ends.get(before)?, *self.ends.get(usize::from(symbol))?))
        });
        bounds
            .and_then(|(start, end)| self.events.get(usize::from(start)..usize::from(end)))
            .unwrap_or_default()
    }

    pub(super) fn bytes(&self) -> usize {
        (self.ends.len() + self.events.len()) * size_of::<u16>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_symbol_lists_its_events_in_order() {
        let symbols = [2, 0, 1, 2, 0, 2, 4];
        let postings = Postings::build(symbols.into_iter(), 4);
        assert_eq!(postings.list(1), [2]);
        assert_eq!(postings.list(2), [0, 3, 5]);
        assert_eq!(postings.list(3), [0_u16; 0]);
        assert_eq!(postings.list(4), [6]);
        assert!(postings.list(0).is_empty() && postings.list(5).is_empty());
    }

    #[test]
    fn the_largest_segment_fits() {
        let symbols = (0..=u16::MAX - 1).map(|event| event % 2 * 65_534 + 1);
        let postings = Postings::build(symbols, 65_535);
        assert_eq!(postings.list(1).len(), 32_768);
        assert_eq!(postings.list(65_535).last(), Some(&65_533));
    }
}

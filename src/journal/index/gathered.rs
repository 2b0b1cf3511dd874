//! What entries are to be found by, gathered while they are appended, by who
//! knows it without reading them.

use super::facts::EntryFacts;

/// What is known of some consecutive entries.
#[derive(Debug, Default)]
pub(crate) struct GatheredFacts {
    terms: Vec<u64>,
    entries: Vec<Gathered>,
}

#[derive(Debug, Clone, Copy)]
struct Gathered {
    terms_end: usize,
    bounds: Option<(i64, u64)>,
}

/// What is known of one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DescribedEntry<'a> {
    /// The terms it has.
    pub(crate) terms: &'a [u64],
    /// Its time and its id; none where it could not be read.
    pub(crate) bounds: Option<(i64, u64)>,
}

impl GatheredFacts {
    /// Adds what `describe` says of the next entry, if it says that anything is
    /// known. Terms are written where they stay.
    #[inline]
    pub(crate) fn gather(
        &mut self,
        facts: &mut EntryFacts,
        describe: impl FnOnce(&mut EntryFacts) -> bool,
    ) {
        facts.clear();
        std::mem::swap(&mut self.terms, &mut facts.terms);
        let is_known = describe(facts);
        std::mem::swap(&mut self.terms, &mut facts.terms);
        let bounds = is_known.then_some((facts.time_us, facts.id));
        self.entries.push(Gathered { terms_end: self.terms.len(), bounds });
    }

    /// Adds what is known of the entries that follow.
    pub(crate) fn extend_from(&mut self, next: &GatheredFacts) {
        let before = self.terms.len();
        self.terms.extend_from_slice(&next.terms);
        let moved = |entry: &Gathered| Gathered { terms_end: before + entry.terms_end, ..*entry };
        self.entries.extend(next.entries.iter().map(moved));
    }

    pub(crate) fn clear(&mut self) {
        self.terms.clear();
        self.entries.clear();
    }

    /// What was added, in order.
    pub(crate) fn each(&self) -> impl Iterator<Item = DescribedEntry<'_>> {
        let mut begin = 0;
        self.entries.iter().map(move |entry| {
            let terms = self.terms.get(begin..entry.terms_end).unwrap_or_default();
            begin = entry.terms_end;
            DescribedEntry { terms, bounds: entry.bounds }
        })
    }
}

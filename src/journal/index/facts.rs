//! What an index knows of an entry and of a block.

use std::fmt::Debug;
use std::hash::Hasher;

use siphasher::sip::SipHasher13;

use crate::event::short::is_same;
use crate::journal::LogId;

/// Says what entries are to be found by. The only one who looks into them.
pub(crate) trait EntryIndexer: Send + Sync + Debug {
    /// Adds what is known of an entry to `facts`, which are empty. Whether the
    /// entry could be read; if not, its block is looked at by every question.
    fn describe(&self, entry: &[u8], facts: &mut EntryFacts) -> bool;
}

/// Makes terms of fields and texts. Keyed, so that who chooses ids can't make
/// many of them fall together in logs that he doesn't know.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TermHasher {
    hasher: SipHasher13,
}

/// Fields with a lower number can be remembered.
const USUAL_FIELDS: usize = 12;

/// What an entry is to be found by.
#[derive(Debug)]
pub(crate) struct EntryFacts {
    hasher: TermHasher,
    /// The terms it has.
    pub(super) terms: Vec<u64>,
    /// The last text of each field that seldom changes, and its term.
    usual: [(Vec<u8>, u64); USUAL_FIELDS],
    /// When it happened, in microseconds since the Unix epoch.
    pub(crate) time_us: i64,
    /// The first half of its id, in an order that follows time.
    pub(crate) id: u64,
}

/// What an index knows of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BlockFacts {
    /// Where it begins in the segment, decompressed, and its length.
    pub(crate) raw_at: u64,
    pub(crate) raw_bytes: u32,
    /// The sequence of its first entry.
    pub(crate) first: u64,
    /// Number of its entries.
    pub(crate) entries: u32,
    /// Whether no filter can tell that it need not be looked at.
    pub(crate) is_opaque: bool,
    /// Least and greatest time.
    pub(crate) times: (i64, i64),
    /// Least and greatest id.
    pub(crate) ids: (u64, u64),
}

impl TermHasher {
    /// For the terms of one log.
    pub(crate) fn new(log: LogId) -> Self {
        TermHasher { hasher: SipHasher13::new_with_key(&log.0) }
    }

    /// The term of a text in a field.
    pub(crate) fn term(&self, field: u8, text: &[u8]) -> u64 {
        let mut hasher = self.hasher;
        hasher.write_u8(field);
        hasher.write(text);
        hasher.finish()
    }
}

impl EntryFacts {
    pub(crate) fn new(hasher: TermHasher) -> Self {
        EntryFacts { hasher, terms: Vec::new(), usual: Default::default(), time_us: 0, id: 0 }
    }

    pub(crate) fn clear(&mut self) {
        self.terms.clear();
        (self.time_us, self.id) = (0, 0);
    }

    /// Lets the entry be found by a text in a field.
    pub(crate) fn add(&mut self, field: u8, text: &[u8]) {
        self.terms.push(self.hasher.term(field, text));
    }
}

impl EntryFacts {
    /// The same, of a field in which neighbours mostly agree: comparing is
    /// cheaper than hashing.
    pub(crate) fn add_usual(&mut self, field: u8, text: &[u8]) {
        let Some((last, term)) = self.usual.get_mut(usize::from(field)) else {
            return self.add(field, text);
        };
        if !is_same(last, text) || text.is_empty() {
            last.clear();
            last.extend_from_slice(text);
            *term = self.hasher.term(field, text);
        }
        self.terms.push(*term);
    }
}

impl BlockFacts {
    /// A block without entries.
    pub(super) fn empty(raw_at: u64, first: u64) -> Self {
        BlockFacts {
            raw_at,
            raw_bytes: 0,
            first,
            entries: 0,
            is_opaque: false,
            times: (i64::MAX, i64::MIN),
            ids: (u64::MAX, u64::MIN),
        }
    }

    /// Counts an entry in.
    pub(super) fn include(&mut self, bounds: Option<(i64, u64)>) {
        self.entries += 1;
        match bounds {
            None => self.is_opaque = true,
            Some((time_us, id)) => {
                self.times = (self.times.0.min(time_us), self.times.1.max(time_us));
                self.ids = (self.ids.0.min(id), self.ids.1.max(id));
            }
        }
    }

    /// The sequence after that of its last entry.
    pub(crate) fn next(&self) -> u64 {
        self.first + u64::from(self.entries)
    }

    /// Whether bounds mean anything.
    pub(super) fn has_bounds(&self) -> bool {
        self.entries > 0 && !self.is_opaque
    }
}

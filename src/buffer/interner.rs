//! The dictionary of a head: gives each distinct text a position.

use std::hash::{BuildHasher, Hasher as _};
use std::mem::size_of;
use std::ops::Range;

use hashbrown::{DefaultHashBuilder, HashTable};

use crate::event::short::is_same;

/// The keyed hasher that all dictionaries of one buffer share, so that a query
/// hashes a text once for all segments.
pub(crate) type Hasher = DefaultHashBuilder;

/// The hash under which every dictionary files `text`.
pub(crate) fn hash_text(hasher: &Hasher, text: &str) -> u64 {
    hash_bytes(hasher, text.as_bytes())
}

/// The same of the bytes of a text.
#[inline]
pub(super) fn hash_bytes(hasher: &Hasher, text: &[u8]) -> u64 {
    let mut state = hasher.build_hasher();
    state.write(text);
    state.finish()
}

/// Clearing goes through the whole table, which a head that was full once has
/// left large. Up to this share of what it has room for, texts are taken out of
/// it one by one.
const REMOVED_SHARE: usize = 64;

/// Texts in the order of their first appearance. Kept from head to head, so
/// that its memory is allocated once.
#[derive(Debug, Default)]
pub(super) struct Interner {
    /// Stored before each text, and no part of it when it is looked up.
    prefix: &'static str,
    /// Positions. Nothing more, so that it stays small enough for the cache.
    table: HashTable<u32>,
    hashes: Vec<u64>,
    ends: Vec<u32>,
    text: String,
}

impl Interner {
    pub(super) fn with_prefix(prefix: &'static str) -> Self {
        Interner { prefix, ..Interner::default() }
    }

    /// The position of `text`, which is added if it is new.
    pub(super) fn intern(&mut self, hasher: &Hasher, text: &str) -> u32 {
        let hash = hash_text(hasher, text);
        let Interner { prefix, table, hashes, ends, text: texts } = self;
        let is_it = |at: &u32| is_at(texts, ends, *at, prefix.len(), text);
        if let Some(position) = table.find(hash, is_it) {
            return *position;
        }
        let position = ends.len() as u32;
        hashes.push(hash);
        texts.push_str(prefix);
        texts.push_str(text);
        ends.push(texts.len() as u32);
        table.insert_unique(hash, position, |at| {
            hashes.get(*at as usize).copied().unwrap_or_default()
        });
        position
    }

    pub(super) fn text(&self, position: u32) -> Option<&str> {
        slice(&self.text, &self.ends, position, self.prefix.len())
    }

    /// Whether the text at a position is this one.
    #[inline]
    pub(super) fn is_at(&self, position: u32, text: &str) -> bool {
        is_at(&self.text, &self.ends, position, self.prefix.len(), text)
    }

    pub(super) fn text_bytes(&self) -> usize {
        self.text.len()
    }

    pub(super) fn parts(&self) -> (&'static str, &str, &[u32], &[u64]) {
        (self.prefix, &self.text, &self.ends, &self.hashes)
    }

    pub(super) fn clear(&mut self) {
        if self.hashes.len() < self.table.capacity() / REMOVED_SHARE {
            for (position, hash) in self.hashes.iter().enumerate() {
                if let Ok(known) = self.table.find_entry(*hash, |at| *at as usize == position) {
                    known.remove();
                }
            }
        } else {
            self.table.clear();
        }
        self.hashes.clear();
        self.ends.clear();
        self.text.clear();
    }

    /// Bytes allocated.
    pub(super) fn bytes(&self) -> usize {
        self.table.allocation_size()
            + self.hashes.capacity() * size_of::<u64>()
            + self.ends.capacity() * size_of::<u32>()
            + self.text.capacity()
    }
}

/// The text at `position` of a blob, without its first `skip` bytes.
pub(super) fn slice<'a>(
    text: &'a str,
    ends: &[u32],
    position: u32,
    skip: usize,
) -> Option<&'a str> {
    text.get(range(ends, position, skip)?)
}

/// Whether that text is this one. Does not ask where characters begin.
#[inline]
fn is_at(texts: &str, ends: &[u32], position: u32, skip: usize, text: &str) -> bool {
    let found = range(ends, position, skip).and_then(|range| texts.as_bytes().get(range));
    found.is_some_and(|found| is_same(found, text.as_bytes()))
}

#[inline]
fn range(ends: &[u32], position: u32, skip: usize) -> Option<Range<usize>> {
    let end = *ends.get(position as usize)? as usize;
    let start = match position.checked_sub(1) {
        Some(before) => *ends.get(before as usize)? as usize,
        None => 0,
    };
    Some(start + skip..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_one_position_and_the_prefix_is_no_part_of_it() {
        let hasher = Hasher::default();
        let mut interner = Interner::with_prefix("user:");
        let first = interner.intern(&hasher, "alice");
        let empty = interner.intern(&hasher, "");
        assert_eq!(interner.intern(&hasher, "alice"), first);
        assert_eq!((interner.text(first), interner.text(empty)), (Some("alice"), Some("")));
        assert_eq!(interner.parts().1, "user:aliceuser:");
        for count in [2, 500, 3, 1, 500] {
            interner.clear();
            for position in 0..count {
                assert_eq!(interner.intern(&hasher, &format!("{count} {position}")), position);
            }
            assert_eq!(interner.intern(&hasher, &format!("{count} 0")), 0);
        }
        assert_eq!(interner.text(0), Some("500 0"));
    }
}

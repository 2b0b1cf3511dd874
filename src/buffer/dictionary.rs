//! The frozen dictionary of a segment: position → text, and text → position
//! through a compact hash index.
//!
//! The index is a list of positions grouped into buckets, with one byte of the
//! hash beside each: 6 bytes a text, against 10 of an open table that stays
//! growable. A text that is absent costs two cache lines, whatever the size.

use std::mem::size_of;

use super::interner::{Interner, slice};

#[derive(Debug, Default)]
pub(crate) struct Dictionary {
    prefix_bytes: usize,
    text: Box<str>,
    ends: Box<[u32]>,
    index: Index,
}

impl Dictionary {
    pub(super) fn freeze(interner: &Interner) -> Self {
        let (prefix, text, ends, hashes) = interner.parts();
        Dictionary { prefix_bytes: prefix.len(), ..Dictionary::distinct(text, ends, hashes) }
    }

    /// Texts that are known to be distinct, with their hashes.
    pub(super) fn distinct(text: &str, ends: &[u32], hashes: &[u64]) -> Self {
        let index = Index::build(hashes);
        Dictionary { prefix_bytes: 0, text: text.into(), ends: ends.into(), index }
    }

    /// As [`distinct`](Self::distinct), without knowing it: if some texts are
    /// repeated, gives for each one the first that is the same.
    pub(super) fn unless_repeated(
        text: &str,
        ends: &[u32],
        hashes: &[u64],
    ) -> Result<Self, Vec<u32>> {
        let index = Index::build(hashes);
        match index.repetitions(text, ends, hashes) {
            repetitions if repetitions.is_empty() => {
                Ok(Dictionary { prefix_bytes: 0, text: text.into(), ends: ends.into(), index })
            }
            repetitions => {
                let mut firsts: Vec<u32> = (0..hashes.len() as u32).collect();
                for (position, first) in repetitions {
                    if let Some(place) = firsts.get_mut(position as usize) {
                        *place = first;
                    }
                }
                Err(firsts)
            }
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn text(&self, position: u32) -> Option<&str> {
        slice(&self.text, &self.ends, position, self.prefix_bytes)
    }

    /// The text with the dictionary's prefix before it.
    pub(crate) fn prefixed_text(&self, position: u32) -> Option<&str> {
        slice(&self.text, &self.ends, position, 0)
    }

    /// The position of `text`, whose [`hash_text`](super::hash_text) is `hash`.
    pub(crate) fn find(&self, hash: u64, text: &str) -> Option<u32> {
        self.index.candidates(hash).find(|position| self.text(*position) == Some(text))
    }

    pub(super) fn bytes(&self) -> usize {
        self.text.len() + size_of::<u32>() * self.ends.len() + self.index.bytes()
    }
}

/// Positions by hash.
#[derive(Debug, Default)]
struct Index {
    /// Number of buckets, a power of two, minus one.
    mask: u64,
    /// Where each bucket begins, and where the last one ends.
    starts: Box<[u32]>,
    tags: Box<[u8]>,
    positions: Box<[u32]>,
}

const TEXTS_PER_BUCKET: usize = 4;

impl Index {
    fn build(hashes: &[u64]) -> Self {
        if hashes.is_empty() {
            return Index::default();
        }
        let buckets = (hashes.len() / TEXTS_PER_BUCKET).next_power_of_two();
        let mask = buckets as u64 - 1;
        let mut starts = bucket_starts(hashes, mask, buckets);
        let mut tags = vec![0; hashes.len()].into_boxed_slice();
        let mut positions = vec![0; hashes.len()].into_boxed_slice();
        for (position, hash) in hashes.iter().enumerate() {
            let Some(slot) = starts.get_mut((hash & mask) as usize) else { continue };
            let at = *slot as usize;
            *slot += 1;
            if let (Some(tag), Some(place)) = (tags.get_mut(at), positions.get_mut(at)) {
                (*tag, *place) = (tag_of(*hash), position as u32);
            }
        }
        // Filling moved each start to the start of the next bucket.
        starts.rotate_right(1);
        if let Some(first) = starts.first_mut() {
            *first = 0;
        }
        Index { mask, starts: starts.into(), tags, positions }
    }

    fn candidates(&self, hash: u64) -> impl Iterator<Item = u32> + '_ {
        let tag = tag_of(hash);
        let range = self.bucket(hash).unwrap_or(0..0);
        let tags = self.tags.get(range.clone()).unwrap_or_default();
        let positions = self.positions.get(range).unwrap_or_default();
        tags.iter().zip(positions).filter(move |(have, _)| **have == tag).map(|(_, at)| *at)
    }

    fn bucket(&self, hash: u64) -> Option<std::ops::Range<usize>> {
        let bucket = (hash & self.mask) as usize;
        Some(*self.starts.get(bucket)? as usize..*self.starts.get(bucket + 1)? as usize)
    }

    /// Positions of texts that occurred before, with their first position.
    fn repetitions(&self, text: &str, ends: &[u32], hashes: &[u64]) -> Vec<(u32, u32)> {
        let same = |one: u32, other: u32| {
            hashes.get(one as usize) == hashes.get(other as usize)
                && slice(text, ends, one, 0) == slice(text, ends, other, 0)
        };
        let mut repetitions = Vec::new();
        let mut kept = Vec::new();
        for bucket in self.buckets() {
            kept.clear();
            for position in bucket {
                match kept.iter().find(|first| same(**first, *position)) {
                    None => kept.push(*position),
                    Some(first) => repetitions.push((*position, *first)),
                }
            }
        }
        repetitions
    }

    /// Positions by bucket, in each one from the lowest on.
    fn buckets(&self) -> impl Iterator<Item = &[u32]> {
        self.starts.windows(2).filter_map(|bounds| match bounds {
            [start, end] => self.positions.get(*start as usize..*end as usize),
            _ => None,
        })
    }

    fn bytes(&self) -> usize {
        self.tags.len() + size_of::<u32>() * (self.starts.len() + self.positions.len())
    }
}

/// Where each bucket begins, with one more element for the end.
fn bucket_starts(hashes: &[u64], mask: u64, buckets: usize) -> Vec<u32> {
    let mut starts = vec![0_u32; buckets + 1];
    for hash in hashes {
        if let Some(count) = starts.get_mut((hash & mask) as usize) {
            *count += 1;
        }
    }
    let mut next = 0;
    for start in &mut starts {
        next += std::mem::replace(start, next);
    }
    starts
}

/// Buckets use the low bits.
fn tag_of(hash: u64) -> u8 {
    (hash >> 56) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::buffer::{Hasher, hash_text};

    #[test]
    fn repeated_texts_are_noticed() {
        let hasher = Hasher::default();
        let check = |texts: &[&str]| {
            let ends: Vec<u32> = texts
                .iter()
                .scan(0, |end, text| {
                    *end += text.len() as u32;
                    Some(*end)
                })
                .collect();
            let hashes: Vec<u64> = texts.iter().map(|text| hash_text(&hasher, text)).collect();
            Dictionary::unless_repeated(&texts.concat(), &ends, &hashes).map(|_| ())
        };
        assert_eq!(check(&["a", "b", ""]), Ok(()));
        assert_eq!(check(&["a", "b", "a", "", "a", ""]), Err(vec![0, 1, 0, 3, 0, 3]));
    }

    #[test]
    fn every_text_is_found_and_no_other() {
        let hasher = Hasher::default();
        for count in [0, 1, 3, 4, 5, 1000] {
            let mut interner = Interner::with_prefix("p:");
            for number in 0..count {
                interner.intern(&hasher, &format!("text {number}"));
            }
            let dictionary = Dictionary::freeze(&interner);
            for number in 0..2 * count {
                let text = format!("text {number}");
                let found = dictionary.find(hash_text(&hasher, &text), &text);
                assert_eq!(found, (number < count).then_some(number), "{text} of {count}");
            }
            assert_eq!(dictionary.find(hash_text(&hasher, "p:text 0"), "p:text 0"), None);
        }
    }
}

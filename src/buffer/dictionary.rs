//! The frozen dictionary of a segment: position → text, and text → position
//! through a compact hash index.
//!
//! The index is a list of positions grouped into buckets, with as much of the
//! hash beside each as 32 bits have room for: 5 bytes a text, against 10 of an
//! open table that stays growable. A text that is absent costs two cache lines,
//! whatever the size. A few texts are looked through instead: a segment that is made
//! because somebody looks has few events, and most of its dictionaries one text.

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
        let same = |one: u32, other: u32| {
            hashes.get(one as usize) == hashes.get(other as usize)
                && slice(text, ends, one, 0) == slice(text, ends, other, 0)
        };
        match index.repetitions(hashes.len() as u32, same) {
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

    /// All texts, by position.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        (0..self.len() as u32).filter_map(|position| self.text(position))
    }

    /// The text with the dictionary's prefix before it.
    pub(crate) fn prefixed_text(&self, position: u32) -> Option<&str> {
        slice(&self.text, &self.ends, position, 0)
    }

    /// The position of `text`, whose [`hash_text`](super::hash_text) is `hash`.
    pub(crate) fn find(&self, hash: u64, text: &str) -> Option<u32> {
        let is_it = |position: &u32| self.text(*position) == Some(text);
        if self.len() <= TEXTS_LOOKED_THROUGH {
            return (0..self.len() as u32).find(is_it);
        }
        self.index.candidates(hash).find(is_it)
    }

    pub(super) fn bytes(&self) -> usize {
        self.text.len() + size_of::<u32>() * self.ends.len() + self.index.bytes()
    }
}

/// Positions by hash; nothing, of so few texts that they are looked through.
#[derive(Debug, Default)]
struct Index {
    /// Number of buckets, a power of two, minus one.
    mask: u64,
    /// How many bits a position has.
    position_bits: u32,
    /// Where each bucket begins, and where the last one ends.
    starts: Box<[u32]>,
    /// Positions, and in the bits above them the highest ones of the hash.
    slots: Box<[u32]>,
}

const TEXTS_PER_BUCKET: usize = 4;

/// At most so many texts are looked through, without an index.
const TEXTS_LOOKED_THROUGH: usize = TEXTS_PER_BUCKET;

impl Index {
    fn build(hashes: &[u64]) -> Self {
        if hashes.len() <= TEXTS_LOOKED_THROUGH {
            return Index::default();
        }
        let buckets = (hashes.len() / TEXTS_PER_BUCKET).next_power_of_two();
        let mask = buckets as u64 - 1;
        let position_bits = u32::BITS - (hashes.len() as u32 - 1).leading_zeros();
        let mut starts = bucket_starts(hashes, mask, buckets);
        let mut slots = vec![0; hashes.len()].into_boxed_slice();
        for (position, hash) in hashes.iter().enumerate() {
            let Some(next) = starts.get_mut((hash & mask) as usize) else { continue };
            if let Some(slot) = slots.get_mut(*next as usize) {
                *slot = tag_of(*hash, position_bits) | position as u32;
            }
            *next += 1;
        }
        // Filling moved each start to the start of the next bucket.
        starts.rotate_right(1);
        if let Some(first) = starts.first_mut() {
            *first = 0;
        }
        Index { mask, position_bits, starts: starts.into(), slots }
    }

    fn candidates(&self, hash: u64) -> impl Iterator<Item = u32> + '_ {
        let (start, end) = self.bucket(hash);
        let slots = self.slots.get(start as usize..end as usize).unwrap_or_default();
        let tag = tag_of(hash, self.position_bits);
        // The bits above those of positions are the same.
        let of_positions = u32::MAX.checked_shl(self.position_bits).map_or(u32::MAX, |bits| !bits);
        slots.iter().map(move |slot| slot ^ tag).filter(move |at| *at <= of_positions)
    }

    /// The bucket of a hash; an empty one if there is none.
    #[inline]
    fn bucket(&self, hash: u64) -> Bucket {
        let bucket = (hash & self.mask) as usize;
        match self.starts.get(bucket..).unwrap_or_default() {
            [start, end, ..] => (*start, *end),
            _ => (0, 0),
        }
    }

    /// Of so many texts those that occurred before, with their first position.
    fn repetitions(&self, texts: u32, same: impl Fn(u32, u32) -> bool) -> Vec<(u32, u32)> {
        if self.slots.is_empty() {
            let first = |at: u32| (0..at).find(|before| same(*before, at));
            return (0..texts).filter_map(|at| Some((at, first(at)?))).collect();
        }
        let above = tag_of(u64::MAX, self.position_bits);
        let mut repetitions = Vec::new();
        let mut kept = Vec::new();
        for bucket in self.buckets() {
            kept.clear();
            for slot in bucket {
                let position = slot & !above;
                let is_same = |first: &&u32| {
                    (**first ^ slot) & above == 0 && same(**first & !above, position)
                };
                match kept.iter().find(is_same) {
                    None => kept.push(*slot),
                    Some(first) => repetitions.push((position, *first & !above)),
                }
            }
        }
        repetitions
    }

    /// Slots by bucket, in each one those of the lowest positions first.
    fn buckets(&self) -> impl Iterator<Item = &[u32]> {
        self.starts.windows(2).filter_map(|bounds| match bounds {
            [start, end] => self.slots.get(*start as usize..*end as usize),
            _ => None,
        })
    }

    fn bytes(&self) -> usize {
        size_of::<u32>() * (self.starts.len() + self.slots.len())
    }
}

/// Where the slots of a bucket begin and end.
type Bucket = (u32, u32);

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

/// What goes above the bits of a position. Buckets use the low bits.
#[inline]
fn tag_of(hash: u64, position_bits: u32) -> u32 {
    let above = u32::MAX.checked_shl(position_bits).unwrap_or(0);
    (hash >> 32) as u32 & above
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
        assert_eq!(check(&["a", "b", "b", "b"]), Err(vec![0, 1, 1, 1]));
        assert_eq!(check(&["a", "a"]), Err(vec![0, 0]));
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

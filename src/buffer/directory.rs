//! In which of some segments a text is, and under which symbol there.
//!
//! Looking a text up in segment after segment waits for several places in
//! memory each time, mostly to learn that it is not there. A directory says it
//! for many segments at once. It may name a segment too many, never one too
//! few: who uses it compares the text.

use std::mem::size_of;

use super::interner::{Hasher, hash_text};
use super::symbols::SymbolColumn;

/// Most segments of one directory.
pub(super) const SEGMENTS_MAX: usize = 1 << SEGMENT_BITS;

/// Most texts, counted in each segment that has them: 4 bytes each, and some
/// 30 ns of the thread that makes the directory.
const TEXTS_MAX: usize = 1 << 18;

/// How a place is written: bits of the hash, the segment, the symbol.
const SEGMENT_BITS: u32 = 4;
const SYMBOL_BITS: u32 = 16;
const TAG_SHIFT: u32 = SEGMENT_BITS + SYMBOL_BITS;

/// Most texts are in most of the segments, and should be alone.
const PLACES_PER_BUCKET: usize = SEGMENTS_MAX / 2;

/// The texts of one column of several segments.
#[derive(Debug)]
pub(crate) struct Directory {
    /// Number of buckets, a power of two, minus one.
    mask: u64,
    /// Where each bucket begins, and where the last one ends.
    starts: Box<[u32]>,
    /// Places by bucket, in the order of the segments.
    places: Box<[u32]>,
}

/// Where a text may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// Number of the segment among those of the directory.
    pub(crate) segment: usize,
    /// Its symbol there.
    pub(crate) symbol: u16,
}

impl Directory {
    /// The directory of at most [`SEGMENTS_MAX`] columns; none of more texts
    /// than are worth it.
    pub(super) fn new<'a>(
        hasher: &Hasher,
        columns: impl Iterator<Item = &'a SymbolColumn> + Clone,
    ) -> Option<Self> {
        let texts = columns.clone().map(|column| usize::from(column.symbol_max())).sum();
        if texts > TEXTS_MAX || columns.clone().count() > SEGMENTS_MAX {
            return None;
        }
        let mut hashed = Vec::with_capacity(texts);
        for (segment, column) in columns.enumerate() {
            for symbol in 1..=column.symbol_max() {
                let hash = hash_text(hasher, column.symbol_text(symbol)?);
                let place = (segment as u32) << SYMBOL_BITS | u32::from(symbol);
                hashed.push((hash as u32, tag_of(hash) << TAG_SHIFT | place));
            }
        }
        Some(Directory::build(&hashed))
    }

    /// The low half of each hash, and its place.
    fn build(hashed: &[(u32, u32)]) -> Self {
        let buckets = (hashed.len() / PLACES_PER_BUCKET).next_power_of_two();
        let mask = buckets as u64 - 1;
        let bucket = |hash: u32| (u64::from(hash) & mask) as usize;
        let mut starts = vec![0_u32; buckets + 1];
        for (hash, _) in hashed {
            starts.iter_mut().skip(bucket(*hash)).take(1).for_each(|count| *count += 1);
        }
        let mut next = 0;
        for start in &mut starts {
            next += std::mem::replace(start, next);
        }
        let mut places = vec![0; hashed.len()].into_boxed_slice();
        for (hash, place) in hashed {
            let Some(next) = starts.get_mut(bucket(*hash)) else { continue };
            places.iter_mut().skip(*next as usize).take(1).for_each(|slot| *slot = *place);
            *next += 1;
        }
        // Filling moved each start to the start of the next bucket.
        starts.rotate_right(1);
        starts.iter_mut().take(1).for_each(|first| *first = 0);
        Directory { mask, starts: starts.into(), places }
    }

    /// Where the text with this [`hash_text`] may be, oldest segment first. At
    /// most one of the places in a segment is right.
    pub(crate) fn places(&self, hash: u64) -> impl DoubleEndedIterator<Item = Place> + '_ {
        let bucket = match self.starts.get((hash & self.mask) as usize..).unwrap_or_default() {
            [start, end, ..] => self.places.get(*start as usize..*end as usize),
            _ => None,
        };
        let tag = tag_of(hash);
        let alike =
            bucket.unwrap_or_default().iter().filter(move |place| *place >> TAG_SHIFT == tag);
        alike.map(|place| Place {
            segment: (place >> SYMBOL_BITS) as usize % SEGMENTS_MAX,
            symbol: *place as u16,
        })
    }

    pub(super) fn bytes(&self) -> usize {
        (self.starts.len() + self.places.len()) * size_of::<u32>()
    }
}

/// Buckets use the low bits.
fn tag_of(hash: u64) -> u32 {
    (hash >> (u64::BITS - (u32::BITS - TAG_SHIFT))) as u32
}

#[cfg(test)]
mod tests {
    use super::super::symbols::SymbolsBuilder;
    use super::*;

    fn column(hasher: &Hasher, texts: impl Iterator<Item = String>) -> SymbolColumn {
        let mut builder = SymbolsBuilder::with_prefix("user:");
        texts.for_each(|text| builder.push(hasher, Some(&text)));
        builder.freeze(true)
    }

    #[test]
    fn every_text_is_told_in_every_segment_that_has_it() {
        let hasher = Hasher::default();
        for texts in [0, 1, 5, 3_000] {
            let of = |segment: usize| {
                (0..texts).filter(move |at| at % (segment + 1) == 0).map(|at| format!("text {at}"))
            };
            let columns: Vec<_> =
                (0..SEGMENTS_MAX).map(|segment| column(&hasher, of(segment))).collect();
            let directory = Directory::new(&hasher, columns.iter()).unwrap();
            for at in 0..2 * texts {
                let text = format!("text {at}");
                let right = |place: &Place| {
                    columns[place.segment].symbol_text(place.symbol) == Some(&*text)
                };
                let told = directory.places(hash_text(&hasher, &text)).filter(right);
                let told: Vec<_> = told.map(|place| place.segment).collect();
                let has = |segment: &usize| at < texts && at % (segment + 1) == 0;
                let expected: Vec<_> = (0..SEGMENTS_MAX).filter(has).collect();
                assert_eq!(told, expected, "{text} of {texts}");
            }
        }
    }

    #[test]
    fn texts_that_are_not_there_are_hardly_ever_told() {
        let hasher = Hasher::default();
        let columns: Vec<_> = (0..SEGMENTS_MAX)
            .map(|_| column(&hasher, (0..1_000).map(|at| at.to_string())))
            .collect();
        let directory = Directory::new(&hasher, columns.iter()).unwrap();
        let wrong = (0..10_000)
            .flat_map(|at| directory.places(hash_text(&hasher, &format!("not {at}"))))
            .count();
        assert!(wrong < 10_000, "{wrong} places of 160,000");
        assert!(directory.bytes() < 5 * 16_000);
    }

    #[test]
    fn too_many_texts_have_no_directory() {
        let hasher = Hasher::default();
        let columns: Vec<_> =
            (0..5).map(|_| column(&hasher, (0..60_000).map(|at| at.to_string()))).collect();
        assert!(Directory::new(&hasher, columns.iter()).is_none());
        assert!(Directory::new(&hasher, columns.iter().take(4)).is_some());
        assert!(Directory::new(&hasher, columns.iter().take(1).cycle().take(17)).is_none());
    }
}

//! Pages: which blocks have the terms whose first bits are the same.

use super::builder::{block_of, place_of, term_of};
use super::varint;

/// Most terms to a page, on average.
const PAGE_TERMS: usize = 1024;

/// Most bits that choose a page.
pub(super) const PAGE_BITS_MAX: u32 = 24;

/// How many bits choose the page, for these pairs in order.
pub(super) fn page_bits(pairs: &[u64]) -> u32 {
    let borders =
        pairs.windows(2).filter(|pair| matches!(pair, [a, b] if term_of(*a) != term_of(*b)));
    let terms = borders.count() + usize::from(!pairs.is_empty());
    (0..PAGE_BITS_MAX).find(|bits| terms <= PAGE_TERMS << bits).unwrap_or(PAGE_BITS_MAX)
}

/// The page of these pairs, which are in order and all belong into it.
pub(super) fn encode(pairs: &[u64], page_bits: u32) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(pairs.len() * 4);
    let mut previous = None;
    let of_place =
        |a: &u64, b: &u64| place_of(term_of(*a), page_bits) == place_of(term_of(*b), page_bits);
    let mut blocks = Vec::new();
    for pairs in pairs.chunk_by(of_place) {
        let place = pairs.first().map_or(0, |pair| place_of(term_of(*pair), page_bits).1);
        varint::push(&mut bytes, distance(u64::from(place), previous));
        previous = Some(u64::from(place));
        // Of several terms that fall together, each has its own blocks.
        blocks.clear();
        blocks.extend(pairs.iter().map(|pair| block_of(*pair)));
        blocks.sort_unstable();
        blocks.dedup();
        push_blocks(&mut bytes, &blocks);
    }
    bytes
}

/// The blocks at a place of a page, ascending; `None` if the page is none that
/// a segment of so many blocks has.
pub(super) fn find(mut page: &[u8], place: u16, block_count: usize) -> Option<Vec<u32>> {
    let mut previous = None;
    let mut found = Vec::new();
    while !page.is_empty() {
        let at = follower(previous, varint::take(&mut page)?)?;
        previous = Some(at);
        if at > u64::from(u16::MAX) {
            return None;
        }
        let mut block = None;
        loop {
            let number = varint::take(&mut page)?;
            let next = follower(block, number >> 1)?;
            block = Some(next);
            if next >= block_count as u64 {
                return None;
            }
            if at == u64::from(place) {
                found.push(next as u32);
            }
            if number & 1 == 0 {
                break;
            }
        }
        if at >= u64::from(place) {
            break;
        }
    }
    Some(found)
}

fn push_blocks(bytes: &mut Vec<u8>, blocks: &[u64]) {
    let mut previous = None;
    let last = blocks.last().copied();
    for block in blocks {
        let follows = u64::from(Some(*block) != last);
        varint::push(bytes, distance(*block, previous) << 1 | follows);
        previous = Some(*block);
    }
}

/// How far a number is behind the one before it, at least one.
fn distance(number: u64, previous: Option<u64>) -> u64 {
    previous.map_or(number, |previous| number - previous - 1)
}

/// The number that is so far behind another.
fn follower(previous: Option<u64>, distance: u64) -> Option<u64> {
    match previous {
        None => Some(distance),
        Some(previous) => previous.checked_add(distance)?.checked_add(1),
    }
}

//! The bytes of an index file.

use super::builder::{BuiltIndex, place_of, term_of};
use super::facts::BlockFacts;
use super::{pages, varint};

pub(super) const MAGIC: &[u8; 8] = b"TAUDIDX\n";
pub(super) const FORMAT_VERSION: u16 = 1;

/// Length of what stands before the table of blocks, in bytes.
pub(super) const HEADER_BYTES: usize = 59;

/// Length of a page's row in the directory, in bytes.
pub(super) const ROW_BYTES: usize = 8;

/// Length of the checksum at the end of the head, in bytes.
pub(super) const CHECKSUM_BYTES: usize = 4;

impl BuiltIndex {
    /// The file.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let pairs = self.sorted_pairs();
        let page_bits = pages::page_bits(&pairs);
        let mut directory = Vec::new();
        let mut all_pages = Vec::with_capacity(pairs.len() * 4);
        let mut rest = &pairs[..];
        for page in 0..1_usize << page_bits {
            let end = rest.partition_point(|pair| place_of(term_of(*pair), page_bits).0 <= page);
            let (of_page, others) = rest.split_at(end);
            rest = others;
            let bytes = pages::encode(of_page, page_bits);
            all_pages.extend_from_slice(&bytes);
            directory.extend_from_slice(&(all_pages.len() as u32).to_le_bytes());
            directory.extend_from_slice(&crc32c::crc32c(&bytes).to_le_bytes());
        }
        let mut bytes = self.header(page_bits);
        bytes.extend_from_slice(&directory);
        bytes.extend_from_slice(&crc32c::crc32c(&bytes).to_le_bytes());
        bytes.extend_from_slice(&all_pages);
        bytes
    }

    /// Everything before the directory.
    fn header(&self, page_bits: u32) -> Vec<u8> {
        let table = encode_blocks(self.blocks());
        let first = self.blocks().first().map_or(0, |block| block.first);
        let mut bytes = Vec::with_capacity(HEADER_BYTES + table.len());
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
        bytes.extend_from_slice(&self.log().0);
        for number in [first, self.next(), self.end()] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        bytes.extend_from_slice(&(self.blocks().len() as u32).to_le_bytes());
        bytes.push(page_bits as u8);
        bytes.extend_from_slice(&(table.len() as u32).to_le_bytes());
        bytes.extend_from_slice(&table);
        bytes
    }
}

fn encode_blocks(blocks: &[BlockFacts]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let (mut time, mut id) = (0, 0);
    for block in blocks {
        varint::push(&mut bytes, u64::from(block.raw_bytes));
        varint::push(&mut bytes, u64::from(block.entries) << 1 | u64::from(block.is_opaque));
        if block.has_bounds() {
            let (least, greatest) = (block.times.0 as u64, block.times.1 as u64);
            push_bounds(&mut bytes, &mut time, least, greatest);
            push_bounds(&mut bytes, &mut id, block.ids.0, block.ids.1);
        }
    }
    bytes
}

fn push_bounds(bytes: &mut Vec<u8>, previous: &mut u64, least: u64, greatest: u64) {
    varint::push(bytes, varint::zigzag(least.wrapping_sub(*previous)));
    varint::push(bytes, greatest.wrapping_sub(least));
    *previous = least;
}

/// The table of `count` blocks; `None` if it is none.
pub(super) fn decode_blocks(mut rest: &[u8], first: u64, count: usize) -> Option<Vec<BlockFacts>> {
    // Each block has at least two bytes.
    if rest.len() < count.checked_mul(2)? {
        return None;
    }
    let mut blocks = Vec::with_capacity(count);
    let mut block = BlockFacts::empty(0, first);
    let (mut time, mut id) = (0, 0);
    for _ in 0..count {
        block = BlockFacts::empty(block.raw_at + u64::from(block.raw_bytes), block.next());
        block.raw_bytes = varint::take(&mut rest)?.try_into().ok()?;
        let entries = varint::take(&mut rest)?;
        block.is_opaque = entries & 1 == 1;
        block.entries = (entries >> 1).try_into().ok()?;
        block.first.checked_add(u64::from(block.entries))?;
        if block.has_bounds() {
            let (least, greatest) = take_bounds(&mut rest, &mut time)?;
            block.times = (least as i64, greatest as i64);
            block.ids = take_bounds(&mut rest, &mut id)?;
        }
        blocks.push(block);
    }
    rest.is_empty().then_some(blocks)
}

fn take_bounds(rest: &mut &[u8], previous: &mut u64) -> Option<(u64, u64)> {
    let least = previous.wrapping_add(varint::unzigzag(varint::take(rest)?));
    let greatest = least.wrapping_add(varint::take(rest)?);
    *previous = least;
    Some((least, greatest))
}

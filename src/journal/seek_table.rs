//! The table at the end of a compressed segment: where its blocks are.
//!
//! The *zstd seekable format*, version 0.1.0, without checksums (each frame
//! of a segment has its own): independent zstd frames, then one skippable
//! frame with a table, little endian:
//!
//! | bytes | what |
//! |---|---|
//! | 4 | magic of a skippable frame, 0x184D2A5E |
//! | 4 | length of the rest |
//! | 8 each | compressed and decompressed length of a block, in order |
//! | 4 | number of blocks |
//! | 1 | descriptor: 0 |
//! | 4 | magic 0x8F92EAB1 |
//!
//! Pure bytes; nothing here reads a file.

use super::frame::FRAME_BYTES_MAX;
use super::header::SEGMENT_HEADER_BYTES;

/// Length of what ends a compressed segment, in bytes.
pub(super) const FOOTER_BYTES: usize = 9;

/// Bytes that a block has at most before it is compressed, unless a single
/// frame is longer. In this crate's own tests small logs have many blocks too.
pub(crate) const BLOCK_BYTES: usize = if cfg!(test) { 1024 } else { 64 * 1024 };

/// Longest block, decompressed. What claims to be longer is damaged.
pub(super) const BLOCK_BYTES_MAX: usize = SEGMENT_HEADER_BYTES + FRAME_BYTES_MAX;

/// Most blocks of a segment, so that their numbers fit the index.
pub(super) const BLOCKS_MAX: usize = 1 << 24;

const SKIPPABLE_MAGIC: u32 = 0x184D_2A5E;
const SEEKABLE_MAGIC: u32 = 0x8F92_EAB1;
const SKIPPABLE_HEADER_BYTES: usize = 8;
const ROW_BYTES: usize = 8;

/// Where the blocks of a compressed segment begin and end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SeekTable {
    /// Where each block begins: compressed, and decompressed. One more than
    /// there are blocks: the last says where the last block ends.
    starts: Vec<(u64, u64)>,
}

/// One block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// Where it begins in the file, and its length there.
    pub(super) packed_at: u64,
    pub(super) packed_bytes: usize,
    /// Where it begins in the segment, and its length there.
    pub(super) raw_at: u64,
    pub(super) raw_bytes: usize,
}

/// Why bytes are no seek table: what was expected, and what was found.
pub(super) type Wrong = (String, String);

impl Default for SeekTable {
    fn default() -> Self {
        SeekTable { starts: vec![(0, 0)] }
    }
}

impl SeekTable {
    /// Adds a block.
    pub(super) fn push(&mut self, packed_bytes: usize, raw_bytes: usize) {
        let (packed, raw) = self.end();
        self.starts.push((packed + packed_bytes as u64, raw + raw_bytes as u64));
    }

    /// Number of blocks.
    pub(super) fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// Lengths of all blocks together: compressed, and decompressed.
    pub(super) fn end(&self) -> (u64, u64) {
        self.starts.last().copied().unwrap_or_default()
    }

    /// A block by its number.
    pub(super) fn block(&self, number: usize) -> Option<Place> {
        let (packed_at, raw_at) = *self.starts.get(number)?;
        let (packed_end, raw_end) = *self.starts.get(number + 1)?;
        Some(Place {
            packed_at,
            packed_bytes: (packed_end - packed_at) as usize,
            raw_at,
            raw_bytes: (raw_end - raw_at) as usize,
        })
    }

    /// The number of the block that holds a byte of the segment.
    pub(super) fn block_at(&self, raw: u64) -> Option<usize> {
        let after = self.starts.partition_point(|(_, start)| *start <= raw);
        after.checked_sub(1).filter(|number| *number < self.len())
    }

    /// The skippable frame.
    pub(super) fn encode(&self) -> Vec<u8> {
        let rest = self.len() * ROW_BYTES + FOOTER_BYTES;
        let mut bytes = Vec::with_capacity(SKIPPABLE_HEADER_BYTES + rest);
        bytes.extend_from_slice(&SKIPPABLE_MAGIC.to_le_bytes());
        bytes.extend_from_slice(&(rest as u32).to_le_bytes());
        for place in (0..self.len()).filter_map(|number| self.block(number)) {
            bytes.extend_from_slice(&(place.packed_bytes as u32).to_le_bytes());
            bytes.extend_from_slice(&(place.raw_bytes as u32).to_le_bytes());
        }
        bytes.extend_from_slice(&(self.len() as u32).to_le_bytes());
        bytes.push(0);
        bytes.extend_from_slice(&SEEKABLE_MAGIC.to_le_bytes());
        bytes
    }

    /// Length of the whole table, by the footer of a file of `file_bytes`.
    pub(super) fn length(footer: &[u8; FOOTER_BYTES], file_bytes: u64) -> Result<usize, Wrong> {
        let mut rest = &footer[..];
        let blocks = take_u32(&mut rest) as usize;
        let descriptor = rest.split_off_first().copied();
        if (descriptor, take_u32(&mut rest)) != (Some(0), SEEKABLE_MAGIC) {
            return Err(("the end of a zstd seek table".into(), format!("{footer:02x?}")));
        }
        let length = SKIPPABLE_HEADER_BYTES + blocks.saturating_mul(ROW_BYTES) + FOOTER_BYTES;
        if blocks == 0 || blocks > BLOCKS_MAX || length as u64 > file_bytes {
            return Err(("a seek table that fits the file".into(), format!("{blocks} blocks")));
        }
        Ok(length)
    }

    /// Reads the table of a file of `file_bytes`; `bytes` has the
    /// [`length`](SeekTable::length) that its footer says.
    pub(super) fn parse(bytes: &[u8], file_bytes: u64) -> Result<Self, Wrong> {
        let mut rest = bytes;
        let (magic, stated) = (take_u32(&mut rest), take_u32(&mut rest));
        if magic != SKIPPABLE_MAGIC || stated as usize != rest.len() {
            return Err(("a skippable frame of that length".into(), format!("{magic:08x}")));
        }
        let rows = rest.get(..rest.len().saturating_sub(FOOTER_BYTES)).unwrap_or_default();
        let mut table = SeekTable::default();
        for row in rows.chunks_exact(ROW_BYTES) {
            let mut row = row;
            let (packed, raw) = (take_u32(&mut row) as usize, take_u32(&mut row) as usize);
            if packed == 0 || raw == 0 || raw > BLOCK_BYTES_MAX {
                let expected = format!("a block of at most {BLOCK_BYTES_MAX} bytes");
                return Err((expected, format!("one of {raw} bytes in {packed}")));
            }
            table.push(packed, raw);
        }
        let blocks_bytes = file_bytes - bytes.len() as u64;
        if table.end().0 != blocks_bytes {
            let expected = format!("{blocks_bytes} bytes of blocks");
            return Err((expected, format!("a table of {}", table.end().0)));
        }
        Ok(table)
    }
}

/// The next number; 0 past the end, which no caller reaches.
fn take_u32(rest: &mut &[u8]) -> u32 {
    match rest.split_first_chunk::<4>() {
        Some((head, tail)) => {
            *rest = tail;
            u32::from_le_bytes(*head)
        }
        None => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> SeekTable {
        let mut table = SeekTable::default();
        table.push(10, 100);
        table.push(20, BLOCK_BYTES_MAX);
        table
    }

    fn parse(bytes: &[u8], file_bytes: u64) -> Result<SeekTable, Wrong> {
        let (_, footer) = bytes.split_last_chunk::<FOOTER_BYTES>().unwrap();
        let length = SeekTable::length(footer, file_bytes)?;
        match bytes.len() == length {
            true => SeekTable::parse(bytes, file_bytes),
            false => Err(("another length".into(), String::new())),
        }
    }

    #[test]
    fn a_table_comes_back() {
        let bytes = table().encode();
        assert_eq!(bytes.len(), 8 + 16 + 9);
        assert_eq!(parse(&bytes, 30 + bytes.len() as u64), Ok(table()));
    }

    #[test]
    fn blocks_are_found_by_their_bytes() {
        let table = table();
        assert_eq!(table.block_at(0), Some(0));
        assert_eq!(table.block_at(99), Some(0));
        assert_eq!(table.block_at(100), Some(1));
        assert_eq!(table.block_at(table.end().1), None);
        let place = Place { packed_at: 0, packed_bytes: 10, raw_at: 0, raw_bytes: 100 };
        assert_eq!((table.block(0), table.block(2)), (Some(place), None));
    }

    #[test]
    fn every_flipped_bit_is_refused_or_moves_the_border_of_two_blocks() {
        let bytes = table().encode();
        let file_bytes = 30 + bytes.len() as u64;
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            // A decompressed length is checked where its block is.
            let is_raw_length = matches!(bit / 8, 12..=15 | 20..=23);
            let result = parse(&flipped, file_bytes);
            assert!(result.is_err() || is_raw_length, "bit {bit}: {result:?}");
        }
    }

    #[test]
    fn a_table_larger_than_its_file_is_refused_before_it_is_read() {
        let mut footer = *table().encode().last_chunk::<FOOTER_BYTES>().unwrap();
        footer[..4].copy_from_slice(&1_000_000_u32.to_le_bytes());
        assert!(SeekTable::length(&footer, 1_000).is_err());
        footer[..4].copy_from_slice(&0_u32.to_le_bytes());
        assert!(SeekTable::length(&footer, 1_000).is_err());
    }
}

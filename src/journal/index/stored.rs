//! An index as a file.

use std::path::{Path, PathBuf};

use super::builder::{place_of, term_bits};
use super::encode::{
    CHECKSUM_BYTES, FORMAT_VERSION, HEADER_BYTES, MAGIC, ROW_BYTES, decode_blocks,
};
use super::facts::BlockFacts;
use super::pages::{self, PAGE_BITS_MAX};
use crate::fs::{JournalFile, JournalFs, OpenMode};
use crate::journal::failure::{JournalError, Result};
use crate::journal::names::LogId;
use crate::journal::steps::read_up_to;

/// The index of a compressed segment. Its pages are read when they are asked
/// for.
#[derive(Debug)]
pub(crate) struct StoredIndex {
    file: Box<dyn JournalFile>,
    path: PathBuf,
    first: u64,
    blocks: Vec<BlockFacts>,
    block_count: usize,
    page_bits: u32,
    directory: Directory,
    /// Where in the file the pages begin.
    pages_at: u64,
}

/// Where each page ends, and its checksum.
type Directory = Vec<(u32, u32)>;

/// What a head says before the table of blocks.
struct Header {
    next: u64,
    raw_bytes: u64,
    blocks: usize,
    page_bits: u32,
    table_bytes: usize,
}

impl StoredIndex {
    /// Opens the index of the segment that begins with `first`.
    ///
    /// # Errors
    ///
    /// When it can't be read, is damaged, or another segment's.
    pub(crate) fn open(
        fs: &dyn JournalFs,
        path: PathBuf,
        log: LogId,
        first: u64,
    ) -> Result<StoredIndex> {
        let failed = |error| JournalError::step("read", &path, error);
        let file = fs.open(&path, OpenMode::Read).map_err(failed)?;
        let length = file.stat().map_err(failed)?.length;
        let mut bytes = vec![0; HEADER_BYTES];
        read_up_to(&*file, 0, &mut bytes).map_err(failed)?;
        let damaged = || damaged(&path, 0, first);
        let header = Header::parse(&bytes, log, first).ok_or_else(damaged)?;
        let head = header.head_bytes().filter(|head| *head as u64 <= length).ok_or_else(damaged)?;
        bytes.resize(head, 0);
        let rest = bytes.get_mut(HEADER_BYTES..).unwrap_or_default();
        read_up_to(&*file, HEADER_BYTES as u64, rest).map_err(failed)?;
        let (blocks, directory) = header.rest(&bytes, first, length).ok_or_else(damaged)?;
        let (page_bits, pages_at) = (header.page_bits, head as u64);
        let block_count = blocks.len();
        Ok(StoredIndex { file, path, first, blocks, block_count, page_bits, directory, pages_at })
    }

    /// The blocks, in order.
    pub(crate) fn blocks(&self) -> &[BlockFacts] {
        &self.blocks
    }

    /// The blocks, which only one can have.
    pub(crate) fn take_blocks(&mut self) -> Vec<BlockFacts> {
        std::mem::take(&mut self.blocks)
    }

    /// Numbers of the blocks that may have a term, ascending.
    ///
    /// # Errors
    ///
    /// When the page can't be read, or is damaged.
    pub(crate) fn blocks_with(&self, term: u64) -> Result<Vec<u32>> {
        let (page, place) = place_of(term_bits(term), self.page_bits);
        let start = page.checked_sub(1).and_then(|before| self.directory.get(before));
        let start = start.map_or(0, |(end, _)| *end);
        let (end, checksum) = self.directory.get(page).copied().unwrap_or_default();
        let offset = self.pages_at + u64::from(start);
        let mut bytes = vec![0; end.saturating_sub(start) as usize];
        read_up_to(&*self.file, offset, &mut bytes)
            .map_err(|error| JournalError::step("read", &self.path, error))?;
        let is_whole = crc32c::crc32c(&bytes) == checksum;
        let found = pages::find(&bytes, place, self.block_count).filter(|_| is_whole);
        found.ok_or_else(|| damaged(&self.path, offset, self.first))
    }
}

impl Header {
    fn parse(bytes: &[u8], log: LogId, first: u64) -> Option<Self> {
        let rest = bytes.strip_prefix(MAGIC)?.strip_prefix(&FORMAT_VERSION.to_le_bytes())?;
        let mut rest = rest.strip_prefix(&log.0)?.strip_prefix(&first.to_le_bytes())?;
        let (next, raw_bytes) = (take_u64(&mut rest)?, take_u64(&mut rest)?);
        let blocks = take_u32(&mut rest)? as usize;
        let page_bits = u32::from(take_u8(&mut rest)?);
        let table_bytes = take_u32(&mut rest)? as usize;
        let header = Header { next, raw_bytes, blocks, page_bits, table_bytes };
        Some(header).filter(|header| header.page_bits <= PAGE_BITS_MAX)
    }

    /// Length of the head.
    fn head_bytes(&self) -> Option<usize> {
        let directory = (1_usize << self.page_bits) * ROW_BYTES;
        HEADER_BYTES.checked_add(self.table_bytes)?.checked_add(directory + CHECKSUM_BYTES)
    }

    /// Reads the rest of the head of a file of `length`.
    fn rest(&self, head: &[u8], first: u64, length: u64) -> Option<(Vec<BlockFacts>, Directory)> {
        let (covered, checksum) = head.split_last_chunk::<CHECKSUM_BYTES>()?;
        if crc32c::crc32c(covered) != u32::from_le_bytes(*checksum) {
            return None;
        }
        let (table, rows) = covered.get(HEADER_BYTES..)?.split_at_checked(self.table_bytes)?;
        let blocks = decode_blocks(table, first, self.blocks)?;
        let last = blocks.last()?;
        let ends = (last.next(), last.raw_at + u64::from(last.raw_bytes));
        let directory = directory(rows)?;
        let pages = directory.last().map_or(0, |(end, _)| u64::from(*end));
        let fits = ends == (self.next, self.raw_bytes) && head.len() as u64 + pages == length;
        fits.then_some((blocks, directory))
    }
}

fn directory(mut rows: &[u8]) -> Option<Directory> {
    let mut directory = Vec::with_capacity(rows.len() / ROW_BYTES);
    let mut previous = 0;
    while !rows.is_empty() {
        let row = (take_u32(&mut rows)?, take_u32(&mut rows)?);
        if row.0 < previous {
            return None;
        }
        previous = row.0;
        directory.push(row);
    }
    Some(directory)
}

fn damaged(path: &Path, offset: u64, first: u64) -> JournalError {
    let (expected, found) = ("the index of that segment", "other bytes");
    JournalError::corrupt(path, offset, first, expected, found)
}

fn take_u8(rest: &mut &[u8]) -> Option<u8> {
    let (head, tail) = rest.split_first()?;
    *rest = tail;
    Some(*head)
}

fn take_u32(rest: &mut &[u8]) -> Option<u32> {
    let (head, tail) = rest.split_first_chunk::<4>()?;
    *rest = tail;
    Some(u32::from_le_bytes(*head))
}

fn take_u64(rest: &mut &[u8]) -> Option<u64> {
    let (head, tail) = rest.split_first_chunk::<8>()?;
    *rest = tail;
    Some(u64::from_le_bytes(*head))
}

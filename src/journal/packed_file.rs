//! Reading a compressed segment as if it were not.
//!
//! [`PackedFile`] gives the bytes of the segment at any position; only the
//! blocks that are asked for are read and decompressed, one at a time, with
//! memory bounded by the size of the file's table and of one block. It never
//! writes.

use std::io;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use zstd::bulk::Decompressor;

use super::failure::{JournalError, Result};
use super::seek_table::{BLOCK_BYTES_MAX, FOOTER_BYTES, Place, SeekTable, Wrong};
use super::steps::read_up_to;
use crate::fs::{FileStat, JournalFile, JournalFs, OpenMode};

/// An open compressed segment.
pub(super) struct PackedFile {
    file: Box<dyn JournalFile>,
    table: SeekTable,
    unpacker: Mutex<Unpacker>,
}

/// What decompressing needs, and the block that it did last.
struct Unpacker {
    decompressor: Decompressor<'static>,
    packed: Vec<u8>,
    number: Option<usize>,
    raw: Vec<u8>,
}

impl PackedFile {
    /// Opens the compressed segment that begins with `first`. Only its table
    /// is read.
    ///
    /// # Errors
    ///
    /// When it can't be read, and when its table is not that of the file.
    pub(super) fn open(fs: &dyn JournalFs, path: &Path, first: u64) -> Result<Self> {
        let file = fs
            .open(path, OpenMode::Read)
            .map_err(|error| JournalError::step("open", path, error))?;
        let failed = |error| JournalError::step("read", path, error);
        let length = file.stat().map_err(failed)?.length;
        let table = read_table(&*file, length).map_err(failed)?.map_err(|(expected, found)| {
            JournalError::corrupt(path, length, first, expected, found)
        })?;
        let decompressor = Decompressor::new().map_err(failed)?;
        let unpacker = Unpacker { decompressor, packed: Vec::new(), number: None, raw: Vec::new() };
        Ok(PackedFile { file, table, unpacker: Mutex::new(unpacker) })
    }

    /// Where its blocks are.
    pub(super) fn table(&self) -> &SeekTable {
        &self.table
    }
}

impl Unpacker {
    /// The bytes of a block.
    fn block(&mut self, file: &dyn JournalFile, number: usize, place: Place) -> io::Result<&[u8]> {
        if self.number != Some(number) {
            self.number = None;
            self.unpack(file, place)?;
            self.number = Some(number);
        }
        Ok(&self.raw)
    }

    fn unpack(&mut self, file: &dyn JournalFile, place: Place) -> io::Result<()> {
        let damaged = |found: String| {
            let at = place.packed_at;
            io::Error::new(io::ErrorKind::InvalidData, format!("{found} in the block at byte {at}"))
        };
        // No block compresses to more than a little over its length.
        if place.packed_bytes > 2 * BLOCK_BYTES_MAX {
            return Err(damaged(format!("{} bytes", place.packed_bytes)));
        }
        self.packed.resize(place.packed_bytes, 0);
        if read_up_to(file, place.packed_at, &mut self.packed)? < place.packed_bytes {
            return Err(damaged("the end of the file".into()));
        }
        self.raw.clear();
        self.raw.reserve_exact(place.raw_bytes);
        let done = self.decompressor.decompress_to_buffer(&self.packed[..], &mut self.raw);
        match done {
            Ok(length) if length == place.raw_bytes => Ok(()),
            Ok(length) => Err(damaged(format!("{length} decompressed bytes"))),
            Err(error) => Err(damaged(error.to_string())),
        }
    }
}

impl JournalFile for PackedFile {
    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        let Some(number) = self.table.block_at(offset) else { return Ok(0) };
        let Some(place) = self.table.block(number) else { return Ok(0) };
        let mut unpacker = self.unpacker.lock().unwrap_or_else(PoisonError::into_inner);
        let block = unpacker.block(&*self.file, number, place)?;
        let rest = block.get((offset - place.raw_at) as usize..).unwrap_or_default();
        let length = rest.len().min(into.len());
        if let (Some(into), Some(rest)) = (into.get_mut(..length), rest.get(..length)) {
            into.copy_from_slice(rest);
        }
        Ok(length)
    }

    fn write_at(&mut self, _: u64, _: &[u8]) -> io::Result<usize> {
        Err(read_only())
    }

    fn sync(&mut self) -> io::Result<()> {
        Err(read_only())
    }

    fn truncate(&mut self, _: u64) -> io::Result<()> {
        Err(read_only())
    }

    /// The file itself, with the length of what is in it.
    fn stat(&self) -> io::Result<FileStat> {
        Ok(FileStat { length: self.table.end().1, ..self.file.stat()? })
    }
}

impl std::fmt::Debug for PackedFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PackedFile")
            .field("file", &self.file)
            .field("blocks", &self.table.len())
            .finish_non_exhaustive()
    }
}

fn read_table(file: &dyn JournalFile, length: u64) -> io::Result<Result<SeekTable, Wrong>> {
    let mut footer = [0; FOOTER_BYTES];
    let Some(footer_at) = length.checked_sub(FOOTER_BYTES as u64) else {
        return Ok(Err(("a seek table".into(), format!("{length} bytes"))));
    };
    read_up_to(file, footer_at, &mut footer)?;
    let table_bytes = match SeekTable::length(&footer, length) {
        Ok(bytes) => bytes,
        Err(wrong) => return Ok(Err(wrong)),
    };
    let mut bytes = vec![0; table_bytes];
    read_up_to(file, length - table_bytes as u64, &mut bytes)?;
    Ok(SeekTable::parse(&bytes, length))
}

fn read_only() -> io::Error {
    io::Error::new(io::ErrorKind::PermissionDenied, "a compressed segment is never written to")
}

//! Compressing sealed segments, and indexing them.
//!
//! Runs on any thread but the writer's, one segment at a time, beside writer
//! and readers. Each file is made under another name, synced, and renamed: the
//! index first, since a compressed segment is read as soon as it has its name.
//! The segment as it was written stays until [`remove_raw`]; the caller keeps
//! it until the hashes of what takes its place are durable elsewhere. A crash
//! at any step leaves the segment readable, and packing it again finishes.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::blocks::{BlockSink, cut};
use super::failure::{JournalError, Result};
use super::header::SegmentHeader;
use super::index::{BuiltIndex, EntryIndexer};
use super::names::{Layout, LogId};
use super::pack_writer::{HashingFile, PackWriter, WRITE_BYTES};
use super::recover::flawed;
use super::sealed_file::{SealedFile, open_packed, open_raw};
use super::steps;
use crate::event::Sequence;
use crate::fs::{JournalFile, JournalFs, OpenMode};

/// A file, and what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PackedFileFacts {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// Its length, in bytes.
    pub(crate) bytes: u64,
    /// Its SHA-256.
    pub(crate) sha256: [u8; 32],
}

/// A sealed segment that was compressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PackedSegment {
    /// The sequence of its first entry.
    pub(crate) first: Sequence,
    /// The sequence after that of its last entry.
    pub(crate) next: Sequence,
    /// Its length before, in bytes.
    pub(crate) raw_bytes: u64,
    /// The compressed segment.
    pub(crate) packed: PackedFileFacts,
    /// Its index.
    pub(crate) index: PackedFileFacts,
}

/// Compresses the sealed segment that begins with `first`, and indexes it.
/// What is there already and right stays as it is, so that hashes that were
/// told stay true.
///
/// # Errors
///
/// When the segment is damaged, and when the system refuses a step: the
/// segment is as readable as before.
pub(crate) fn pack(
    fs: &dyn JournalFs,
    directory: &Path,
    first: Sequence,
    indexer: &dyn EntryIndexer,
) -> Result<PackedSegment> {
    let layout = Layout::new(directory);
    let raw = match open_raw(fs, &layout, first.0) {
        Err(error) if error.is_missing() => None,
        result => Some(result?),
    };
    let packing = Packing::new(fs, layout, first.0);
    match raw {
        Some(raw) if !packing.is_packed(&raw) => packing.make(&raw, indexer),
        _ => packing.keep(indexer),
    }
}

/// Makes the index of a compressed segment anew if it is missing, damaged or
/// not that of the segment. Whether it was.
///
/// # Errors
///
/// When the segment can't be read, or the index not be written.
pub(crate) fn repair_index(
    fs: &dyn JournalFs,
    directory: &Path,
    first: Sequence,
    indexer: &dyn EntryIndexer,
) -> Result<bool> {
    let layout = Layout::new(directory);
    let packing = Packing::new(fs, layout, first.0);
    let packed = open_packed(fs, &packing.layout, first.0)?;
    let index = packing.index_of(&packed, indexer)?.encode();
    let path = packing.layout.index(first.0);
    if read_whole(fs, &path, index.len()).is_ok_and(|bytes| bytes == index) {
        return Ok(false);
    }
    packing.write_index(&index)?;
    packing.publish_index()?;
    Ok(true)
}

/// Sealed segments that something is left to be done for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Unfinished {
    /// Those that are still there as they were written.
    pub(crate) unpacked: Vec<Sequence>,
    /// Those that are there compressed alone, without an index.
    pub(crate) unindexed: Vec<Sequence>,
}

/// Looks which sealed segments something is left to be done for.
///
/// # Errors
///
/// When the directory can't be read.
pub(crate) fn unfinished(fs: &dyn JournalFs, directory: &Path) -> Result<Unfinished> {
    let layout = Layout::new(directory);
    let segments = layout.segments();
    let names = fs.list(&segments).map_err(|error| JournalError::step("list", &segments, error))?;
    let names = layout.sort(&names)?;
    let bare = names.packed.iter().filter(|first| {
        names.raw.binary_search(first).is_err() && names.indices.binary_search(first).is_err()
    });
    Ok(Unfinished {
        unindexed: bare.copied().map(Sequence).collect(),
        unpacked: names.raw.into_iter().map(Sequence).collect(),
    })
}

/// Removes a segment as it was written, once its compressed form is there.
///
/// # Errors
///
/// When the compressed form is missing or not whole, and when the system
/// refuses.
pub(crate) fn remove_raw(fs: &dyn JournalFs, directory: &Path, first: Sequence) -> Result<()> {
    let layout = Layout::new(directory);
    let packed = open_packed(fs, &layout, first.0)?;
    SegmentHeader::read(packed.file(), packed.path(), first.0, None)?;
    let path = layout.sealed(first.0);
    match fs.remove_file(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        result => result.map_err(|error| JournalError::step("remove", &path, error)),
    }
}

/// One segment, on its way.
pub(super) struct Packing<'a> {
    fs: &'a dyn JournalFs,
    layout: Layout,
    first: u64,
}

impl<'a> Packing<'a> {
    pub(super) fn new(fs: &'a dyn JournalFs, layout: Layout, first: u64) -> Self {
        Packing { fs, layout, first }
    }

    /// Whether the compressed form of a segment is there and says the same.
    fn is_packed(&self, raw: &SealedFile) -> bool {
        let Ok(packed) = open_packed(self.fs, &self.layout, self.first) else { return false };
        is_same(raw.file(), packed.file()).unwrap_or(false)
    }

    fn make(&self, raw: &SealedFile, indexer: &dyn EntryIndexer) -> Result<PackedSegment> {
        let log = self.log_of(raw)?;
        let path = self.layout.packed_unfinished(self.first);
        let writer = PackWriter::create(self.fs, path, log, self.first)?;
        let mut sink = PackSink { indexer, writer };
        let end = cut(raw.file(), raw.path(), 0, self.first, &mut sink)?;
        if let Some(flaw) = end.flaw {
            return Err(flawed(raw.path(), &end.scan, flaw));
        }
        self.publish_made(sink.writer)
    }

    /// Ends what was made, and lets it take the segment's place: the index
    /// first.
    pub(super) fn publish_made(&self, writer: PackWriter) -> Result<PackedSegment> {
        let (index, mut packed) = writer.finish()?;
        self.write_index(&index.encode())?;
        let index_facts = self.publish_index()?;
        let path = self.layout.packed(self.first);
        self.publish(&packed.path, &path)?;
        packed.path = path;
        Ok(self.facts(&index, packed, index_facts))
    }

    /// What is there already; the index is made if it isn't.
    fn keep(&self, indexer: &dyn EntryIndexer) -> Result<PackedSegment> {
        let packed = open_packed(self.fs, &self.layout, self.first)?;
        let index = self.index_of(&packed, indexer)?;
        let bytes = index.encode();
        let path = self.layout.index(self.first);
        let index_facts = match read_whole(self.fs, &path, bytes.len()) {
            Ok(found) if found == bytes => facts_of(path, &bytes),
            _ => {
                self.write_index(&bytes)?;
                self.publish_index()?
            }
        };
        let packed = hash_file(self.fs, &self.layout.packed(self.first))?;
        Ok(self.facts(&index, packed, index_facts))
    }

    fn facts(
        &self,
        built: &BuiltIndex,
        packed: PackedFileFacts,
        index: PackedFileFacts,
    ) -> PackedSegment {
        let (first, next) = (Sequence(self.first), Sequence(built.next()));
        PackedSegment { first, next, raw_bytes: built.end(), packed, index }
    }

    fn log_of(&self, file: &SealedFile) -> Result<LogId> {
        Ok(SegmentHeader::read(file.file(), file.path(), self.first, None)?.log)
    }

    /// The index of a compressed segment, by the segment.
    fn index_of(&self, packed: &SealedFile, indexer: &dyn EntryIndexer) -> Result<BuiltIndex> {
        let mut sink =
            IndexSink { indexer, index: BuiltIndex::new(self.log_of(packed)?, self.first) };
        let end = cut(packed.file(), packed.path(), 0, self.first, &mut sink)?;
        match end.flaw {
            None => Ok(sink.index),
            Some(flaw) => Err(flawed(packed.path(), &end.scan, flaw)),
        }
    }

    fn write_index(&self, bytes: &[u8]) -> Result<()> {
        let mut out = HashingFile::create(self.fs, &self.layout.index_unfinished(self.first))?;
        out.write(bytes)?;
        out.finish().map(drop)
    }

    fn publish_index(&self) -> Result<PackedFileFacts> {
        let path = self.layout.index(self.first);
        self.publish(&self.layout.index_unfinished(self.first), &path)?;
        hash_file(self.fs, &path)
    }

    fn publish(&self, from: &Path, to: &Path) -> Result<()> {
        self.fs
            .rename(from, to)
            .and_then(|()| self.fs.sync_directory(&self.layout.segments()))
            .map_err(|error| JournalError::step("name", to, error))
    }
}

/// Compresses and indexes what is read.
struct PackSink<'a> {
    indexer: &'a dyn EntryIndexer,
    writer: PackWriter,
}

impl BlockSink for PackSink<'_> {
    fn entry(&mut self, entry: &[u8]) {
        self.writer.index.add(self.indexer, entry);
    }

    fn end_block(&mut self, bytes: &[u8]) -> Result<()> {
        self.writer.end_block(bytes)
    }
}

/// Indexes block after block.
struct IndexSink<'a> {
    indexer: &'a dyn EntryIndexer,
    index: BuiltIndex,
}

impl BlockSink for IndexSink<'_> {
    fn entry(&mut self, entry: &[u8]) {
        self.index.add(self.indexer, entry);
    }

    fn end_block(&mut self, bytes: &[u8]) -> Result<()> {
        self.index.end_block(bytes.len());
        Ok(())
    }
}

/// Whether two files hold the same.
fn is_same(one: &dyn JournalFile, other: &dyn JournalFile) -> std::io::Result<bool> {
    let (mut left, mut right) = (vec![0; WRITE_BYTES], vec![0; WRITE_BYTES]);
    let mut offset = 0;
    loop {
        let read = steps::read_up_to(one, offset, &mut left)?;
        let same = steps::read_up_to(other, offset, &mut right)? == read
            && left.get(..read) == right.get(..read);
        if !same || read == 0 {
            return Ok(same);
        }
        offset += read as u64;
    }
}

fn hash_file(fs: &dyn JournalFs, path: &Path) -> Result<PackedFileFacts> {
    let failed = |error| JournalError::step("read", path, error);
    let file = fs.open(path, OpenMode::Read).map_err(failed)?;
    let (mut hash, mut bytes, mut chunk) = (Sha256::new(), 0, vec![0; WRITE_BYTES]);
    loop {
        let read = steps::read_up_to(&*file, bytes, &mut chunk).map_err(failed)?;
        if read == 0 {
            let sha256 = hash.finalize().into();
            return Ok(PackedFileFacts { path: path.to_owned(), bytes, sha256 });
        }
        hash.update(chunk.get(..read).unwrap_or_default());
        bytes += read as u64;
    }
}

fn facts_of(path: PathBuf, bytes: &[u8]) -> PackedFileFacts {
    PackedFileFacts { path, bytes: bytes.len() as u64, sha256: Sha256::digest(bytes).into() }
}

/// A file that should have so many bytes; one more, if it has.
fn read_whole(fs: &dyn JournalFs, path: &Path, length: usize) -> Result<Vec<u8>> {
    let failed = |error| JournalError::step("read", path, error);
    let file = fs.open(path, OpenMode::Read).map_err(failed)?;
    let mut bytes = vec![0; length + 1];
    let read = steps::read_up_to(&*file, 0, &mut bytes).map_err(failed)?;
    bytes.truncate(read);
    Ok(bytes)
}

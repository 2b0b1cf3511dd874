//! Looking at a segment block by block, with its index.
//!
//! [`SegmentBlocks`] is one segment in whichever form it has. A compressed one
//! is read with the index beside it. Where that is missing or damaged, and for
//! segments that have none yet, the index is made in memory; the
//! [`IndexCache`] keeps a few of those, and goes on with one where its segment
//! has grown. Nothing is ever written.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::blocks::{BlockSink, cut, entries_of};
use super::failure::{JournalError, Result};
use super::frame::Flaw;
use super::header::{SEGMENT_HEADER_BYTES, SegmentHeader};
use super::index::{BlockFacts, BuiltIndex, EntryIndexer, StoredIndex, TermHasher};
use super::names::{Layout, LogId};
use super::reader::{Current, LogReader};
use super::sealed_file::SealedFile;
use super::seek_table::SeekTable;
use super::steps::read_up_to;
use crate::event::Sequence;
use crate::fs::{JournalFile, JournalFs};

/// Most indices that are kept in memory.
const KEPT_MAX: usize = 8;

/// As much of a block as tells it from any other: a mark, which several may begin with, and
/// an entry's frame with its checksum.
const BLOCK_HEAD_BYTES: usize = 64;

/// Indices of segments that have none on disk, by their first sequence; the
/// one used last is the last.
#[derive(Debug)]
pub(crate) struct IndexCache {
    indexer: Arc<dyn EntryIndexer>,
    kept: Mutex<Vec<(u64, Shared)>>,
}

/// An index in memory. Queries that need the same one wait for each other
/// while it is brought up to date; the writer never does.
type Shared = Arc<Mutex<KeptIndex>>;

/// An index, and how its last block begins. After a write that failed, a writer goes
/// back and writes other entries in the place of those that were seen.
#[derive(Debug)]
struct KeptIndex {
    index: BuiltIndex,
    last_block_head: Vec<u8>,
}

/// One segment that is open for reading.
#[derive(Debug)]
pub(crate) struct SegmentBlocks<'c> {
    file: SegmentFile,
    path: PathBuf,
    first: u64,
    log: LogId,
    hasher: TermHasher,
    blocks: Vec<BlockFacts>,
    index: Index,
    cache: &'c IndexCache,
    /// Why there is no frame behind the last block, if bytes follow.
    flaw: Option<JournalError>,
    index_problem: Option<JournalError>,
}

#[derive(Debug)]
enum SegmentFile {
    Raw(Box<dyn JournalFile>),
    Sealed(SealedFile),
}

#[derive(Debug)]
enum Index {
    Stored(StoredIndex),
    Built(Shared),
}

/// The bytes of a block, and where its entries are.
#[derive(Debug, Default)]
pub(crate) struct Block {
    bytes: Vec<u8>,
    entries: Vec<(u64, Range<usize>)>,
}

impl Block {
    /// The entries, in order.
    pub(crate) fn entries(&self) -> impl DoubleEndedIterator<Item = (Sequence, &[u8])> {
        self.entries.iter().map(|(sequence, at)| {
            (Sequence(*sequence), self.bytes.get(at.clone()).unwrap_or_default())
        })
    }
}

impl IndexCache {
    /// A cache without indices, for one log.
    pub(crate) fn new(indexer: Arc<dyn EntryIndexer>) -> Self {
        IndexCache { indexer, kept: Mutex::default() }
    }

    fn shared(&self, log: LogId, first: u64) -> Shared {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let known = kept.iter().position(|(known, _)| *known == first);
        let shared = match known {
            Some(at) => kept.remove(at).1,
            None => Arc::new(Mutex::new(KeptIndex::new(log, first))),
        };
        kept.push((first, Arc::clone(&shared)));
        let surplus = kept.len().saturating_sub(KEPT_MAX);
        kept.drain(..surplus);
        shared
    }

    /// The index of a segment as it is by now.
    fn built(
        &self,
        file: &dyn JournalFile,
        path: &Path,
        log: LogId,
        first: u64,
    ) -> Result<(Shared, Vec<BlockFacts>, Option<JournalError>)> {
        let shared = self.shared(log, first);
        let mut kept = shared.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.index.log() != log || !kept.is_of(file, path)? {
            *kept = KeptIndex::new(log, first);
        }
        // The last block may have been cut short by the end of the file.
        kept.index.reopen_last_block();
        let (offset, next) = (kept.index.end(), kept.index.next());
        let mut sink = Extending { kept: &mut kept, indexer: &*self.indexer };
        let end = cut(file, path, offset, next, &mut sink)?;
        let flaw = end.flaw.map(|flaw| super::recover::flawed(path, &end.scan, flaw));
        let blocks = kept.index.blocks().to_vec();
        drop(kept);
        Ok((shared, blocks, flaw))
    }
}

impl KeptIndex {
    fn new(log: LogId, first: u64) -> Self {
        KeptIndex { index: BuiltIndex::new(log, first), last_block_head: Vec::new() }
    }

    /// Whether what it was made of is still in the file.
    fn is_of(&self, file: &dyn JournalFile, path: &Path) -> Result<bool> {
        let Some(last) = self.index.blocks().last() else { return Ok(true) };
        let mut head = vec![0; self.last_block_head.len()];
        let read = read_up_to(file, last.raw_at, &mut head)
            .map_err(|error| JournalError::step("read", path, error))?;
        Ok(head.get(..read) == Some(&self.last_block_head))
    }
}

struct Extending<'a> {
    kept: &'a mut KeptIndex,
    indexer: &'a dyn EntryIndexer,
}

impl BlockSink for Extending<'_> {
    fn entry(&mut self, entry: &[u8]) {
        self.kept.index.add(self.indexer, entry);
    }

    fn end_block(&mut self, bytes: &[u8]) -> Result<()> {
        self.kept.index.end_block(bytes.len());
        let head = bytes.get(..BLOCK_HEAD_BYTES).unwrap_or(bytes);
        self.kept.last_block_head.clear();
        self.kept.last_block_head.extend_from_slice(head);
        Ok(())
    }
}

impl LogReader {
    /// Opens a segment by its place in [`segments`](LogReader::segments), to
    /// be looked at block by block; `None` if it was pruned since.
    ///
    /// # Errors
    ///
    /// When it can't be read, or is damaged.
    pub(crate) fn segment_blocks<'c>(
        &self,
        index: usize,
        cache: &'c IndexCache,
    ) -> Result<Option<SegmentBlocks<'c>>> {
        let Some(segment) = self.segments().get(index) else { return Ok(None) };
        match SegmentBlocks::open(self, segment.first.0, segment.is_sealed, cache) {
            Err(error) if error.is_missing() => Ok(None),
            result => result.map(Some),
        }
    }
}

impl<'c> SegmentBlocks<'c> {
    fn open(
        reader: &LogReader,
        first: u64,
        is_sealed: bool,
        cache: &'c IndexCache,
    ) -> Result<Self> {
        let (fs, layout) = (reader.fs(), reader.layout());
        let file = SegmentFile::open(fs, layout, first, is_sealed)?;
        let path = file.path(layout, first);
        let log = match reader.log() {
            // It was checked against the name of the segment on opening.
            Some(log) if file.table().is_some() => log,
            known => SegmentHeader::read(file.file(), &path, first, known)?.log,
        };
        let stored = file.table().map(|table| open_index(fs, layout, log, first, table));
        let (index, blocks, flaw, index_problem) = match stored {
            Some(Ok(mut stored)) => {
                let blocks = stored.take_blocks();
                (Index::Stored(stored), blocks, None, None)
            }
            other => {
                let (built, blocks, flaw) = cache.built(file.file(), &path, log, first)?;
                (Index::Built(built), blocks, flaw, other.and_then(Result::err))
            }
        };
        let hasher = TermHasher::new(log);
        Ok(SegmentBlocks {
            file,
            path,
            first,
            log,
            hasher,
            blocks,
            index,
            cache,
            flaw,
            index_problem,
        })
    }

    /// The sequence of the first entry.
    pub(crate) fn first(&self) -> Sequence {
        Sequence(self.first)
    }

    /// The sequence behind the last entry that could be read.
    pub(crate) fn next(&self) -> Sequence {
        Sequence(self.blocks.last().map_or(self.first, BlockFacts::next))
    }

    /// Checks that it ends where the segment after it begins.
    ///
    /// # Errors
    ///
    /// When entries are missing in between.
    pub(crate) fn check_follower(&self, follower: Option<Sequence>) -> Result<()> {
        match follower {
            Some(follower) if follower != self.next() => {
                let offset = self.blocks.last().map_or(0, |b| b.raw_at + u64::from(b.raw_bytes));
                let (next, found) =
                    (self.next().0, format!("a segment that begins with {follower}"));
                Err(JournalError::corrupt(&self.path, offset, next, format!("entry {next}"), found))
            }
            _ => Ok(()),
        }
    }

    /// Checks that what is behind the last entry is at most what a crash leaves
    /// there, or a writer is just adding.
    ///
    /// # Errors
    ///
    /// When it is damage: complete entries follow.
    pub(crate) fn check_end(self) -> Result<()> {
        let end = self.blocks.last().map_or(0, |b| b.raw_at + u64::from(b.raw_bytes));
        let next = self.next().0;
        match (self.flaw, self.file) {
            (None, _) => Ok(()),
            (Some(flaw), SegmentFile::Sealed(_)) => Err(flaw),
            (Some(_), SegmentFile::Raw(file)) => {
                let offset = end.max(SEGMENT_HEADER_BYTES as u64);
                // What is not damage by now was none.
                Current::behind(file, self.path, offset, next).step().map(drop)
            }
        }
    }

    /// What is wrong behind the last entry, if anything is there.
    pub(crate) fn into_flaw(self) -> Option<JournalError> {
        self.flaw
    }

    /// What was wrong with the index beside the segment, told once.
    pub(crate) fn take_index_problem(&mut self) -> Option<JournalError> {
        self.index_problem.take()
    }

    /// The blocks, in order.
    pub(crate) fn blocks(&self) -> &[BlockFacts] {
        &self.blocks
    }

    /// Makes the terms of this log.
    pub(crate) fn hasher(&self) -> TermHasher {
        self.hasher
    }

    /// Numbers of the blocks that may have a term, ascending.
    ///
    /// # Errors
    ///
    /// When the index is damaged and the segment can't be read either.
    pub(crate) fn blocks_with(&mut self, term: u64) -> Result<Vec<u32>> {
        if let Index::Stored(stored) = &self.index {
            match stored.blocks_with(term) {
                Ok(blocks) => return Ok(blocks),
                Err(error) => self.index_problem = Some(error),
            }
            let (built, blocks, _) =
                self.cache.built(self.file.file(), &self.path, self.log, self.first)?;
            (self.index, self.blocks) = (Index::Built(built), blocks);
        }
        let Index::Built(built) = &self.index else { return Ok(Vec::new()) };
        let built = built.lock().unwrap_or_else(PoisonError::into_inner);
        let mut blocks = built.index.blocks_with(term);
        // It may have grown since.
        blocks.retain(|number| (*number as usize) < self.blocks.len());
        Ok(blocks)
    }

    /// Reads a block.
    ///
    /// # Errors
    ///
    /// When it can't be read, or is damaged.
    pub(crate) fn read(&self, number: usize, block: &mut Block) -> Result<()> {
        let Some(facts) = self.blocks.get(number) else {
            return Err(JournalError::Invalid(format!("the segment has no block {number}")));
        };
        block.bytes.resize(facts.raw_bytes as usize, 0);
        let read = read_up_to(self.file.file(), facts.raw_at, &mut block.bytes)
            .map_err(|error| JournalError::unread(&self.path, facts.raw_at, facts.first, error))?;
        block.bytes.truncate(read);
        entries_of(&block.bytes, facts.raw_at, facts.first, &mut block.entries)
            .map_err(|(at, sequence, flaw)| self.flawed(facts, at, sequence, flaw))?;
        if block.entries.len() == facts.entries as usize {
            return Ok(());
        }
        let short = Flaw::Short { needed: facts.raw_bytes as usize, present: read };
        Err(self.flawed(facts, read, facts.first + block.entries.len() as u64, short))
    }

    fn flawed(&self, facts: &BlockFacts, at: usize, sequence: u64, flaw: Flaw) -> JournalError {
        let offset = facts.raw_at + at as u64;
        let (expected, found) = (flaw.expected(sequence), flaw.to_string());
        JournalError::corrupt(&self.path, offset, sequence, expected, found)
    }
}

impl SegmentFile {
    fn open(fs: &dyn JournalFs, layout: &Layout, first: u64, is_sealed: bool) -> Result<Self> {
        if !is_sealed {
            let path = layout.active(first);
            match fs.open(&path, crate::fs::OpenMode::Read) {
                Ok(file) => return Ok(SegmentFile::Raw(file)),
                // It may have been sealed since it was listed.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(JournalError::step("open", &path, error)),
            }
        }
        SealedFile::open(fs, layout, first).map(SegmentFile::Sealed)
    }

    fn file(&self) -> &dyn JournalFile {
        match self {
            SegmentFile::Raw(file) => &**file,
            SegmentFile::Sealed(sealed) => sealed.file(),
        }
    }

    fn path(&self, layout: &Layout, first: u64) -> PathBuf {
        match self {
            SegmentFile::Raw(_) => layout.active(first),
            SegmentFile::Sealed(sealed) => sealed.path().to_owned(),
        }
    }

    fn table(&self) -> Option<&SeekTable> {
        match self {
            SegmentFile::Raw(_) => None,
            SegmentFile::Sealed(sealed) => sealed.table(),
        }
    }
}

/// The index beside a compressed segment, if it is of that one.
pub(super) fn open_index(
    fs: &dyn JournalFs,
    layout: &Layout,
    log: LogId,
    first: u64,
    table: &SeekTable,
) -> Result<StoredIndex> {
    let path = layout.index(first);
    let index = StoredIndex::open(fs, path.clone(), log, first)?;
    let places = (0..table.len()).filter_map(|number| table.block(number));
    let is_same = index.blocks().len() == table.len()
        && index.blocks().iter().zip(places).all(|(block, place)| {
            (block.raw_at, block.raw_bytes as usize) == (place.raw_at, place.raw_bytes)
        });
    if is_same {
        return Ok(index);
    }
    let (expected, found) = ("the blocks of its segment", "others");
    Err(JournalError::corrupt(&path, 0, first, expected, found))
}

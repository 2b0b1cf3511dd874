//! A whole log as tiles, made entry by entry.

use super::bundle::{EntryBundles, length_of};
use super::{HashTiles, TileId};
use crate::error::Result;
use crate::proof::merkle::{HashSource, TreeHead, leaf_hash};

/// A tile and its bytes, as they are published.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TileFile {
    /// Which tile; its text form is the path.
    pub id: TileId,
    /// What the file consists of.
    pub bytes: Vec<u8>,
}

/// A log on its way into tiles: hashes and entries.
///
/// It does no I/O: whoever appends takes the tiles that became full, and the
/// partial ones whenever a checkpoint is signed, and writes them at their
/// paths, the checkpoint last.
#[derive(Debug, Clone, Default)]
pub struct LogTiles {
    hashes: HashTiles,
    entries: EntryBundles,
}

impl LogTiles {
    /// The log without entries.
    pub fn new() -> Self {
        LogTiles::default()
    }

    /// Goes on with a log of `size` entries that `source` has the hashes of,
    /// and whose last bundle of entries, if it is partial, is `last_bundle`.
    ///
    /// # Errors
    ///
    /// What `source` fails with, when `last_bundle` has another number of
    /// entries, and when one of them is not the one that was hashed.
    pub fn resume(size: u64, source: &mut impl HashSource, last_bundle: Vec<u8>) -> Result<Self> {
        let entries = EntryBundles::resume(size, last_bundle)?;
        entries.check(size, source)?;
        Ok(LogTiles { hashes: HashTiles::resume(size, source)?, entries })
    }

    /// Adds an entry.
    ///
    /// # Errors
    ///
    /// When it is longer than [`ENTRY_BYTES_MAX`](super::ENTRY_BYTES_MAX);
    /// nothing was added then.
    pub fn append(&mut self, entry: &[u8]) -> Result<()> {
        length_of(entry)?;
        self.hashes.append(leaf_hash(entry));
        self.entries.append(entry)
    }

    /// Number of entries, and the root of their tree.
    pub fn head(&self) -> TreeHead {
        self.hashes.head()
    }

    /// The oldest tile that became full and was not taken yet. Once written, it
    /// never changes.
    pub fn take_full(&mut self) -> Option<TileFile> {
        self.entries.take_full().or_else(|| self.hashes.take_full())
    }

    /// The partial tiles at the right edge.
    pub fn partials(&self) -> impl Iterator<Item = TileFile> {
        self.entries.partial().into_iter().chain(self.hashes.partials())
    }
}

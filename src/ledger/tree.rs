//! The writer's tree: appending leaves, and bringing full tiles to the disk.
//!
//! Tiles are written only when all their entries are durable, and synced before
//! a segment is sealed. So whatever lies in sealed segments has its tiles on
//! the disk, and after a crash only those of the last segment have to be
//! looked at.

use std::collections::VecDeque;

use super::tile_store::TileStore;
use crate::error::Result;
use crate::proof::{
    DIGEST_BYTES, Digest, EMPTY_ROOT, HashTiles, TILE_WIDTH_MAX, TileContent, TileFile, TreeHead,
    leaf_hashes,
};

/// Leaves that are hashed together.
const LEAVES_AT_ONCE: usize = 64;

/// Leaves above which nodes are computed. A row of few nodes takes as long as
/// one of sixteen, so rows should be long.
const LEAVES_UNSETTLED_MAX: usize = 512;

/// Tiles that wait in memory at most before they are written.
const WAITING_TILES_MAX: usize = 64;

/// The tree of a log that grows.
#[derive(Debug)]
pub(super) struct Tree {
    pub(super) hashes: HashTiles,
    pub(super) store: TileStore,
    /// Full tiles of durable entries that are not written yet.
    waiting: VecDeque<TileFile>,
    last_leaf: Digest,
    /// Leaves that are not among `hashes` yet.
    leaves: Vec<[u8; DIGEST_BYTES]>,
}

impl Tree {
    pub(super) fn new(hashes: HashTiles, store: TileStore) -> Self {
        Tree { hashes, store, waiting: VecDeque::new(), last_leaf: EMPTY_ROOT, leaves: Vec::new() }
    }

    /// Adds a leaf for each entry. Touches no file. Nodes are computed when
    /// there are enough leaves for many at a time, or somebody
    /// needs them.
    pub(super) fn append_all<'a>(&mut self, entries: impl Iterator<Item = &'a [u8]>) {
        let mut entries = entries.fuse();
        loop {
            let mut some: [&[u8]; LEAVES_AT_ONCE] = [&[]; LEAVES_AT_ONCE];
            let mut count = 0;
            for (place, entry) in some.iter_mut().zip(&mut entries) {
                *place = entry;
                count += 1;
            }
            let some = some.get(..count).unwrap_or_default();
            if some.is_empty() {
                break;
            }
            leaf_hashes(some, &mut self.leaves);
            if self.leaves.len() >= LEAVES_UNSETTLED_MAX {
                self.settle();
            }
        }
    }

    /// Brings all leaves into the tree.
    fn settle(&mut self) {
        if let Some(last) = self.leaves.last() {
            self.last_leaf = Digest::new(*last);
            self.hashes.append_all(&self.leaves);
            self.leaves.clear();
        }
    }

    /// Number of leaves.
    #[inline]
    pub(super) fn size(&self) -> u64 {
        self.hashes.size() + self.leaves.len() as u64
    }

    /// The leaf that was added last by this process.
    pub(super) fn last_leaf(&self) -> Digest {
        self.leaves.last().copied().map_or(self.last_leaf, Digest::new)
    }

    /// Size and root.
    pub(super) fn head(&mut self) -> TreeHead {
        self.settle();
        self.hashes.head()
    }

    /// So many entries are durable, so their tiles may be written. They are
    /// where many wait; if that fails, they go on waiting.
    pub(super) fn entries_are_durable(&mut self, durable: u64) {
        if self.hashes.size() < durable {
            self.settle();
        }
        while self.hashes.first_full().is_some_and(|tile| entries_under(tile) <= durable) {
            self.waiting.extend(self.hashes.take_full());
        }
        if self.waiting.len() >= WAITING_TILES_MAX {
            // Whoever needs them on the disk writes them again, and is told.
            let _ = self.write();
        }
    }

    /// Writes the tiles that wait.
    pub(super) fn write(&mut self) -> Result<()> {
        // By level, so that neighbours go to the disk in one piece.
        self.waiting.make_contiguous().sort_by_key(|tile| (tile.id.content(), tile.id.index()));
        while let Some((level, index)) = self.waiting.front().and_then(place) {
            let mut bytes = Vec::new();
            let mut count = 0;
            for tile in &self.waiting {
                if place(tile) != Some((level, index + count)) {
                    break;
                }
                bytes.extend_from_slice(&tile.bytes);
                count += 1;
            }
            self.store.write(level, index, &bytes)?;
            self.waiting.drain(..count as usize);
        }
        Ok(())
    }

    /// Writes the tiles that wait, and makes all tiles durable.
    pub(super) fn sync(&mut self) -> Result<()> {
        self.write()?;
        self.store.sync()
    }
}

/// How many entries a log has to have for this full tile.
fn entries_under(tile: &TileFile) -> u64 {
    let (level, index) = place(tile).unwrap_or_default();
    let width = u64::from(TILE_WIDTH_MAX);
    (index + 1).saturating_mul(width.saturating_pow(u32::from(level) + 1))
}

fn place(tile: &TileFile) -> Option<(u8, u64)> {
    match tile.id.content() {
        TileContent::Hashes { level, .. } => Some((level, tile.id.index())),
        _ => None,
    }
}

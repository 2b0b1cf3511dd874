//! The hashes of a log's tree, from the tiles on disk and the leaves that are
//! in none of them yet.

use super::tile_store::{TILE_BYTES, TileStore};
use crate::error::{Error, ErrorKind, Result};
use crate::proof::{
    DIGEST_BYTES, Digest, Frontier, HashSource, TILE_WIDTH_MAX, TileContent, TileHashes, TileId,
};

/// Reads tiles for a tree of some size. What is not stored is computed from
/// the level below.
#[derive(Debug)]
pub(super) struct DiskHashes<'s> {
    store: &'s mut TileStore,
    /// Index of the first tile of level 0 that is not stored.
    first: u64,
    /// The hashes of the leaves from there on.
    leaves: Vec<u8>,
}

impl<'s> DiskHashes<'s> {
    /// The tiles that are stored, and the leaves behind the first `first`
    /// tiles.
    pub(super) fn new(store: &'s mut TileStore, first: u64, leaves: Vec<u8>) -> Self {
        DiskHashes { store, first, leaves }
    }

    /// The hashes of the first `size` entries.
    pub(super) fn of_size(mut self, size: u64) -> impl HashSource + 's {
        TileHashes::new(size, move |id| self.read(id))
    }

    fn read(&mut self, id: TileId) -> Result<Vec<u8>> {
        let TileContent::Hashes { level, .. } = id.content() else {
            return Err(missing(id));
        };
        if level == 0 && id.index() >= self.first {
            return self.edge(id).ok_or_else(|| missing(id));
        }
        match self.store.tile(level, id.index())? {
            Some(tile) => Ok(tile),
            None if level == 0 => Err(missing(id)),
            None => self.computed(level, id),
        }
    }

    /// A tile of leaves that is not stored, as far as there are leaves.
    fn edge(&self, id: TileId) -> Option<Vec<u8>> {
        let start = usize::try_from(id.index().checked_sub(self.first)?).ok()?;
        let rest = self.leaves.get(start.checked_mul(TILE_BYTES)?..)?;
        rest.get(..usize::from(id.width()) * DIGEST_BYTES).map(<[u8]>::to_vec)
    }

    /// A tile of which each hash is the root of a full one below.
    fn computed(&mut self, level: u8, id: TileId) -> Result<Vec<u8>> {
        let first = id.index() * u64::from(TILE_WIDTH_MAX);
        let mut hashes = Vec::with_capacity(usize::from(id.width()) * DIGEST_BYTES);
        for index in first..first + u64::from(id.width()) {
            let below = self.read(TileId::hashes(level - 1, index, TILE_WIDTH_MAX)?)?;
            hashes.extend_from_slice(root(&below)?.as_bytes());
        }
        Ok(hashes)
    }
}

fn root(tile: &[u8]) -> Result<Digest> {
    let mut subtree = Frontier::new();
    for hash in tile.chunks_exact(DIGEST_BYTES) {
        subtree.append(Digest::try_from(hash)?);
    }
    Ok(subtree.root())
}

fn missing(id: TileId) -> Error {
    let message = format!(
        "the log's tree has no tile {id}; opening the log to write to it makes what is missing again"
    );
    Error::new(ErrorKind::Damaged, message)
}

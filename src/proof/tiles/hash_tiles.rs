//! Tiles of hashes, made leaf by leaf.

use std::collections::VecDeque;

use super::log_tiles::TileFile;
use super::{TILE_BYTES_MAX, TILE_HEIGHT, TILE_WIDTH_MAX, TileContent, TileId};
use crate::error::Result;
use crate::proof::merkle::{DIGEST_BYTES, Digest, Frontier, HashSource, Rows, TreeHead};

/// A growing tree and the tiles at its right edge.
///
/// Tiles that became full wait in it until they are
/// [taken](HashTiles::take_full); take them after every append, or at least
/// often, since each has 8 KiB. No inner hash is computed twice, and memory is
/// allocated once in 256 leaves.
#[derive(Debug, Clone, Default)]
pub struct HashTiles {
    frontier: Frontier,
    /// The last tile of each level, partial or empty.
    edge: Vec<EdgeTile>,
    full: VecDeque<TileFile>,
    rows: Rows,
}

#[derive(Debug, Clone)]
struct EdgeTile {
    index: u64,
    hashes: Vec<u8>,
}

impl HashTiles {
    /// The tree without leaves.
    pub fn new() -> Self {
        HashTiles::default()
    }

    /// Goes on with a tree of `size` leaves that `source` has the hashes of.
    ///
    /// # Errors
    ///
    /// What `source` fails with, and when `size` is beyond
    /// [`LEAVES_MAX`](crate::proof::LEAVES_MAX).
    pub fn resume(size: u64, source: &mut impl HashSource) -> Result<Self> {
        let frontier = Frontier::resume(size, source)?;
        let mut edge = Vec::new();
        let mut hashes = size;
        for height in (0..u64::BITS as u8).step_by(TILE_HEIGHT.into()) {
            if hashes == 0 {
                break;
            }
            let index = hashes / u64::from(TILE_WIDTH_MAX);
            let mut tile = EdgeTile::new(index);
            for place in index * u64::from(TILE_WIDTH_MAX)..hashes {
                tile.hashes.extend_from_slice(source.subtree(height, place)?.as_bytes());
            }
            edge.push(tile);
            hashes = index;
        }
        Ok(HashTiles { frontier, edge, ..HashTiles::default() })
    }

    /// Adds a leaf.
    #[inline]
    pub fn append(&mut self, leaf: Digest) {
        let (edge, full) = (&mut self.edge, &mut self.full);
        self.frontier.append_each(leaf, |height, _, hash| {
            if height % TILE_HEIGHT == 0 {
                let level = height / TILE_HEIGHT;
                full.extend(push(edge, level, hash));
            }
        });
    }

    /// Adds leaves. The same as adding one after the other, in less time.
    pub(crate) fn append_all(&mut self, leaves: &[[u8; DIGEST_BYTES]]) {
        let (edge, full) = (&mut self.edge, &mut self.full);
        self.frontier.append_all(leaves, &mut self.rows, |height, _, hashes| {
            if height % TILE_HEIGHT == 0 {
                let hashes = hashes.iter().copied().map(Digest::new);
                hashes.for_each(|hash| full.extend(push(edge, height / TILE_HEIGHT, &hash)));
            }
        });
    }

    /// Number of leaves.
    pub fn size(&self) -> u64 {
        self.frontier.size()
    }

    /// Size and root of the tree as it is.
    pub fn head(&self) -> TreeHead {
        self.frontier.head()
    }

    /// The oldest tile that became full and was not taken yet. Once written, it
    /// never changes.
    pub fn take_full(&mut self) -> Option<TileFile> {
        self.full.pop_front()
    }

    /// The tile that [`take_full`](HashTiles::take_full) gives next.
    pub fn first_full(&self) -> Option<&TileFile> {
        self.full.front()
    }

    /// The tiles at the right edge that are partial: to be written for a size
    /// that a checkpoint is signed for.
    pub fn partials(&self) -> impl Iterator<Item = TileFile> {
        (0_u8..).zip(&self.edge).filter_map(|(level, tile)| {
            let id = TileId::hashes(level, tile.index, tile.width()).ok()?;
            Some(TileFile { id, bytes: tile.hashes.clone() })
        })
    }
}

impl EdgeTile {
    fn new(index: u64) -> Self {
        EdgeTile { index, hashes: Vec::with_capacity(TILE_BYTES_MAX) }
    }

    fn width(&self) -> u16 {
        (self.hashes.len() / DIGEST_BYTES) as u16
    }
}

/// Adds a hash to the last tile of its level, and returns the tile if it became
/// full.
fn push(edge: &mut Vec<EdgeTile>, level: u8, hash: &Digest) -> Option<TileFile> {
    if edge.len() == usize::from(level) {
        edge.push(EdgeTile::new(0));
    }
    let tile = edge.get_mut(usize::from(level))?;
    tile.hashes.extend_from_slice(hash.as_bytes());
    if tile.hashes.len() < TILE_BYTES_MAX {
        return None;
    }
    let next = EdgeTile::new(tile.index + 1);
    let EdgeTile { index, hashes } = std::mem::replace(tile, next);
    let id = TileId::of_valid(TileContent::Hashes { level }, index, TILE_WIDTH_MAX);
    Some(TileFile { id, bytes: hashes })
}

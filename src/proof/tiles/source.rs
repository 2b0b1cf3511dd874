//! The hashes of a tree, read from its tiles.

use std::collections::VecDeque;

use super::{TILE_BYTES_MAX, TILE_HEIGHT, TILE_WIDTH_MAX, TileContent, TileId};
use crate::error::{Error, ErrorKind, Result};
use crate::proof::merkle::{DIGEST_BYTES, Digest, Frontier, HashSource};

/// Tiles that are kept: both edges of a proof, at every level there can be.
const TILES_KEPT: usize = 16;

/// Reads the hashes of a log of a known size from its tiles.
///
/// Tiles are not checked against anything: a proof made from wrong ones does
/// not verify, and [`root_at`](crate::proof::root_at) tells whether their root is the one that was
/// signed.
#[derive(Debug)]
pub struct TileHashes<R> {
    size: u64,
    read: R,
    /// The tiles used last, the last one first.
    kept: VecDeque<(TileId, Vec<Digest>)>,
}

impl<R: FnMut(TileId) -> Result<Vec<u8>>> TileHashes<R> {
    /// The hashes of a log of `size` entries, whose tiles `read` gives as they
    /// were published. Instead of a partial tile it may give a later state of
    /// it, such as the [full](TileId::full) one that it became.
    pub fn new(size: u64, read: R) -> Self {
        TileHashes { size, read, kept: VecDeque::with_capacity(TILES_KEPT) }
    }

    fn tile(&mut self, id: TileId) -> Result<&[Digest]> {
        let tile = match self.kept.iter().position(|(kept, _)| *kept == id) {
            Some(place) => self.kept.remove(place),
            None => None,
        };
        let tile = match tile {
            Some(tile) => tile,
            None => (id, parse(id, &(self.read)(id)?)?),
        };
        self.kept.truncate(TILES_KEPT - 1);
        self.kept.push_front(tile);
        Ok(self.kept.front().map(|(_, hashes)| hashes.as_slice()).unwrap_or_default())
    }
}

impl<R: FnMut(TileId) -> Result<Vec<u8>>> HashSource for TileHashes<R> {
    fn subtree(&mut self, level: u8, index: u64) -> Result<Digest> {
        let size = self.size;
        let outside = || {
            Error::invalid(format!(
                "subtree {index} of level {level} is not complete in a log of {size} entries"
            ))
        };
        let (height, spread) = (level / TILE_HEIGHT, level % TILE_HEIGHT);
        let first = index.checked_shl(spread.into()).filter(|first| first >> spread == index);
        let first = first.ok_or_else(outside)?;
        let (tile, place) =
            (first / u64::from(TILE_WIDTH_MAX), (first % u64::from(TILE_WIDTH_MAX)) as usize);
        let content = TileContent::Hashes { level: height };
        let id = TileId::in_log(content, tile, size).ok_or_else(outside)?;
        let hashes = self.tile(id)?.get(place..place + (1 << spread)).ok_or_else(outside)?;
        let mut subtree = Frontier::new();
        hashes.iter().for_each(|hash| subtree.append(*hash));
        Ok(subtree.root())
    }
}

/// The first hashes of a tile, as many as it had in the log of this size.
fn parse(id: TileId, bytes: &[u8]) -> Result<Vec<Digest>> {
    let wanted = usize::from(id.width()) * DIGEST_BYTES;
    let is_whole = bytes.len().is_multiple_of(DIGEST_BYTES) && bytes.len() <= TILE_BYTES_MAX;
    match bytes.get(..wanted).filter(|_| is_whole) {
        Some(hashes) => hashes.chunks_exact(DIGEST_BYTES).map(Digest::try_from).collect(),
        None => {
            let message = format!("{id} should have {wanted} bytes, it has {}", bytes.len());
            Err(Error::new(ErrorKind::Format, message))
        }
    }
}

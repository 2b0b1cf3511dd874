//! C2SP `tlog-tiles`: a log as static files, 256 hashes or entries each.
//!
//! A tile of level 0 holds leaf hashes; each hash in a tile of a higher level
//! is the root of a full tile below. Bundles hold the entries themselves. All
//! of it can be made again from the entries at any time.
//!
//! Full tiles never change. Those at the right edge are partial, and are
//! written for the sizes that a checkpoint was signed for.

mod bundle;
mod hash_tiles;
mod id;
mod log_tiles;
mod source;
#[cfg(test)]
mod tests;

pub use bundle::{ENTRY_BYTES_MAX, EntryBundles, split_bundle};
pub use hash_tiles::HashTiles;
pub use id::{TILE_WIDTH_MAX, TileContent, TileId};
pub use log_tiles::{LogTiles, TileFile};
pub use source::TileHashes;

use super::merkle::DIGEST_BYTES;

/// Levels of the tree that one tile spans: 2^8 = 256 hashes.
const TILE_HEIGHT: u8 = 8;

/// A full tile of hashes.
const TILE_BYTES_MAX: usize = DIGEST_BYTES * TILE_WIDTH_MAX as usize;

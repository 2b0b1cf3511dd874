//! Making the tree again on opening.
//!
//! The tiles of sealed segments are taken from the disk; the entries of the
//! last segment are hashed, and tiles that differ from what comes out are
//! written again. So opening takes the time of one segment, however long the
//! log. The roots that were signed tell whether the tiles on the disk can be
//! trusted; if not, all is made again from the entries, where they are all
//! there.

use super::disk_hashes::DiskHashes;
use super::tile_store::TileStore;
use super::tree::Tree;
use crate::error::{Error, ErrorKind, Result};
use crate::event::Sequence;
use crate::journal::LogReader;
use crate::proof::{
    HashTiles, TILE_WIDTH_MAX, TileContent, TileFile, TreeHead, leaf_hash, root_at,
};

const TILE_WIDTH: u64 = TILE_WIDTH_MAX as u64;

/// What there is to make a tree from.
#[derive(Debug)]
pub(super) struct Source<'a> {
    /// The entries.
    pub(super) reader: &'a LogReader,
    /// The first sequence that is there.
    pub(super) first: u64,
    /// Number of entries.
    pub(super) size: u64,
    /// The first sequence of the segment that is written to.
    pub(super) active_first: u64,
    /// What was signed of the log, wherever it was kept.
    pub(super) heads: &'a [TreeHead],
    /// Whether what can be read of the tiles may not be what is on the disk.
    pub(super) is_suspect: bool,
}

/// A tree, and how many of its tiles had to be written again.
#[derive(Debug)]
pub(super) struct Resumed {
    pub(super) tree: Tree,
    pub(super) rebuilt_tiles: u64,
}

impl Source<'_> {
    /// Makes the tree.
    ///
    /// # Errors
    ///
    /// [`Verification`](ErrorKind::Verification) when a root that was signed
    /// is not that of the entries; [`Damaged`](ErrorKind::Damaged) when tiles
    /// are, whose entries were pruned.
    pub(super) fn resume(&self, mut store: TileStore) -> Result<Resumed> {
        let tiles = self.trusted_tiles()?;
        let attempt = match self.are_stored(&mut store, tiles)? && !store.is_half_rebuilt()? {
            true => self.resume_from(&mut store, tiles)?,
            false => None,
        };
        let (hashes, rebuilt_tiles) = match attempt {
            Some(resumed) => resumed,
            None if self.first > 0 => return Err(cannot_be_rebuilt()),
            None => self.rebuild(&mut store)?,
        };
        Ok(Resumed { tree: Tree::new(hashes, store), rebuilt_tiles })
    }

    /// The tree that begins with so many stored tiles; none if it does not
    /// have the roots that were signed. Nothing is written then.
    fn resume_from(&self, store: &mut TileStore, tiles: u64) -> Result<Option<(HashTiles, u64)>> {
        let mut repairs = Vec::new();
        let grown = self.grow(store, tiles, |store, tile| {
            if self.differs(store, &tile)? {
                repairs.push(tile);
            }
            Ok(())
        })?;
        let Some(hashes) = grown else { return Ok(None) };
        let rebuilt_tiles = repairs.len() as u64;
        repairs.iter().try_for_each(|tile| write(store, tile))?;
        Ok(Some((hashes, rebuilt_tiles)))
    }

    /// The tree from all entries. They have to be the ones that were signed
    /// before a tile is changed. All tiles are written, since what can be read
    /// of an earlier attempt may never have reached the disk, and durable when
    /// this returns: nobody looks at those of sealed segments again.
    fn rebuild(&self, store: &mut TileStore) -> Result<(HashTiles, u64)> {
        self.grow(store, 0, |_, _| Ok(()))?.ok_or_else(|| self.is_another())?;
        store.begin_rebuild()?;
        let mut rebuilt_tiles = 0;
        let grown = self.grow(store, 0, |store, tile| {
            rebuilt_tiles += u64::from(self.differs(store, &tile)?);
            write(store, &tile)
        })?;
        let hashes = grown.ok_or_else(|| self.is_another())?;
        store.end_rebuild()?;
        Ok((hashes, rebuilt_tiles))
    }

    /// The tiles of level 0 that were durable before the last segment began.
    fn trusted_tiles(&self) -> Result<u64> {
        let tiles = self.active_first / TILE_WIDTH;
        // What was pruned had its tiles on the disk, up to the full one that
        // its last entry is in.
        let tiles = if tiles * TILE_WIDTH < self.first { tiles + 1 } else { tiles };
        if tiles * TILE_WIDTH > self.size { Err(cannot_be_rebuilt()) } else { Ok(tiles) }
    }

    fn are_stored(&self, store: &mut TileStore, tiles: u64) -> Result<bool> {
        let (mut level, mut wanted) = (0, tiles);
        while wanted > 0 {
            if store.stored(level)? < wanted {
                return Ok(false);
            }
            level += 1;
            wanted /= TILE_WIDTH;
        }
        Ok(true)
    }

    /// The tree that begins with so many stored tiles and goes on with the
    /// entries; none if it does not have the roots that were signed.
    fn grow(
        &self,
        store: &mut TileStore,
        tiles: u64,
        mut full: impl FnMut(&mut TileStore, TileFile) -> Result<()>,
    ) -> Result<Option<HashTiles>> {
        let size = tiles * TILE_WIDTH;
        for head in self.heads.iter().filter(|head| head.size <= size) {
            let mut stored = DiskHashes::new(store, tiles, Vec::new()).of_size(head.size);
            if root_at(head.size, &mut stored)? != head.root {
                return Ok(None);
            }
        }
        let mut stored = DiskHashes::new(store, tiles, Vec::new()).of_size(size);
        let mut hashes = HashTiles::resume(size, &mut stored)?;
        drop(stored);
        let mut entries = self.reader.entries_from(Sequence(size));
        while let Some((sequence, entry)) = entries.next_entry()? {
            if sequence.0 != hashes.size() {
                return Err(cannot_be_rebuilt());
            }
            hashes.append(leaf_hash(entry));
            while let Some(tile) = hashes.take_full() {
                full(store, tile)?;
            }
            if self.heads.iter().any(|head| head.size == hashes.size() && *head != hashes.head()) {
                return Ok(None);
            }
        }
        match hashes.size() == self.size {
            true => Ok(Some(hashes)),
            false => Err(cannot_be_rebuilt()),
        }
    }

    /// Whether a tile has to be written.
    fn differs(&self, store: &mut TileStore, tile: &TileFile) -> Result<bool> {
        let TileContent::Hashes { level, .. } = tile.id.content() else { return Ok(false) };
        let is_there = store.tile(level, tile.id.index())?.as_ref() == Some(&tile.bytes);
        Ok(!is_there || self.is_suspect)
    }

    fn is_another(&self) -> Error {
        let sizes: Vec<_> = self.heads.iter().map(|head| head.size.to_string()).collect();
        Error::new(
            ErrorKind::Verification,
            format!(
                "the entries of the log are not those that its checkpoints (of {} entries) were signed over: some were changed, or another copy was put in its place; restore the log from a copy, and keep this one for whoever looks into it",
                sizes.join(", ")
            ),
        )
    }
}

fn write(store: &mut TileStore, tile: &TileFile) -> Result<()> {
    match tile.id.content() {
        TileContent::Hashes { level, .. } => store.write(level, tile.id.index(), &tile.bytes),
        _ => Ok(()),
    }
}

fn cannot_be_rebuilt() -> Error {
    Error::new(
        ErrorKind::Damaged,
        "the log's tree is damaged, and the entries to make it again from were pruned; restore the directory “tree” from a copy",
    )
}

//! The tree, built again from the entries and compared with the stored one.
//!
//! Stored are the full tiles of each level, one after the other. They are no
//! authority: where they differ and the entries have the signed root, the
//! tiles are wrong; where the root differs too, they tell which entry it is.

use std::io;
use std::path::{Path, PathBuf};

use super::files::byte_at;
use super::finding::{Finding, FindingKind, Place, Severity};
use crate::fs::{JournalFile, JournalFs, OpenMode};
use crate::journal::steps::read_up_to;
use crate::proof::{
    DIGEST_BYTES, Digest, HashTiles, TILE_WIDTH_MAX, TileContent, TileFile, TreeHead,
};

const TILE_WIDTH: u64 = TILE_WIDTH_MAX as u64;
const TILE_BYTES: usize = DIGEST_BYTES * TILE_WIDTH_MAX as usize;

/// Levels that a log of 2^63 entries has tiles of.
const LEVELS_MAX: usize = 8;

/// The tree on its way, and what of it is stored.
#[derive(Debug)]
pub(super) struct TreeCheck {
    tiles: HashTiles,
    levels: Vec<Level>,
    /// Where the entries of the last, partial tile of leaves are.
    edge: Vec<Place>,
    /// The first entry that differs from the stored tree.
    suspect: Option<Place>,
    /// The first entry that no stored tile speaks for.
    unproven: Option<Place>,
}

/// The stored tiles of a level.
#[derive(Debug)]
struct Level {
    path: PathBuf,
    file: Box<dyn JournalFile>,
    bytes: u64,
    /// How many full tiles the entries gave.
    made: u64,
    difference: Option<Finding>,
}

/// What comparing a tile with the stored one came to.
enum Compared {
    NotStored,
    Same,
    Differs { at: usize },
}

impl TreeCheck {
    /// Looks at what is stored. What comes later was not there when the
    /// entries were read, and is left alone.
    pub(super) fn open(fs: &dyn JournalFs, directory: &Path) -> Result<Self, Finding> {
        let mut levels = Vec::new();
        for level in 0..LEVELS_MAX {
            let path = directory.join("tree").join(format!("{level:02}"));
            let file = match fs.open(&path, OpenMode::Read) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => break,
                result => result.map_err(|error| Finding::unreadable(&path, error))?,
            };
            let bytes = file.stat().map_err(|error| Finding::unreadable(&path, error))?.length;
            levels.push(Level { path, file, bytes, made: 0, difference: None });
        }
        Ok(TreeCheck {
            tiles: HashTiles::new(),
            levels,
            edge: Vec::new(),
            suspect: None,
            unproven: None,
        })
    }

    /// Number of entries, and their root.
    pub(super) fn head(&self) -> TreeHead {
        self.tiles.head()
    }

    pub(super) fn size(&self) -> u64 {
        self.tiles.size()
    }

    /// The first entry that no stored tile speaks for.
    pub(super) fn unproven(&self) -> Option<&Place> {
        self.unproven.as_ref()
    }

    /// The first entry that differs from the stored tree.
    pub(super) fn suspect(&self) -> Option<&Place> {
        self.suspect.as_ref()
    }

    /// Adds the leaf of an entry that is not there any more.
    pub(super) fn append_pruned(&mut self, leaf: Digest) -> Result<(), Finding> {
        self.add(leaf)
    }

    /// Adds the leaf of an entry.
    pub(super) fn append(&mut self, leaf: Digest, place: Place) -> Result<(), Finding> {
        self.unproven.get_or_insert_with(|| place.clone());
        self.edge.push(place);
        self.add(leaf)
    }

    /// What is to be said of the stored tree, if the entries are the signed
    /// ones; `needed` is the size for which it was complete at some time.
    pub(super) fn findings(&self, needed: u64) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut tiles_needed = needed;
        for level in 0..LEVELS_MAX {
            tiles_needed /= TILE_WIDTH;
            match self.levels.get(level) {
                Some(level) => findings.extend(level.finding(tiles_needed)),
                None if tiles_needed > 0 => {
                    let found = "no file for this level of the tree";
                    let expected = format!("{tiles_needed} tiles of level {level}");
                    findings.push(rebuildable(expected, found));
                }
                None => {}
            }
        }
        findings
    }

    fn add(&mut self, leaf: Digest) -> Result<(), Finding> {
        self.tiles.append(leaf);
        while let Some(tile) = self.tiles.take_full() {
            self.compare(&tile)?;
        }
        if self.size().is_multiple_of(TILE_WIDTH) {
            self.edge.clear();
        }
        Ok(())
    }

    fn compare(&mut self, tile: &TileFile) -> Result<(), Finding> {
        let TileContent::Hashes { level: number, .. } = tile.id.content() else { return Ok(()) };
        let Some(level) = self.levels.get_mut(usize::from(number)) else { return Ok(()) };
        let compared = level.compare(tile)?;
        match compared {
            Compared::Same if number == 0 && self.suspect.is_none() => self.unproven = None,
            Compared::Differs { at } if number == 0 && self.suspect.is_none() => {
                // The tile may have begun with entries that were pruned.
                let pruned = TILE_WIDTH_MAX as usize - self.edge.len();
                let place = (at / DIGEST_BYTES).checked_sub(pruned);
                self.suspect = place.and_then(|place| self.edge.get(place)).cloned();
            }
            _ => {}
        }
        Ok(())
    }
}

impl Level {
    fn compare(&mut self, tile: &TileFile) -> Result<Compared, Finding> {
        self.made = tile.id.index() + 1;
        let offset = tile.id.index() * TILE_BYTES as u64;
        let mut stored = vec![0; TILE_BYTES];
        if offset + TILE_BYTES as u64 > self.bytes || self.read(offset, &mut stored)? < TILE_BYTES {
            return Ok(Compared::NotStored);
        }
        let Some(at) = stored.iter().zip(&tile.bytes).position(|(stored, made)| stored != made)
        else {
            return Ok(Compared::Same);
        };
        if self.difference.is_none() {
            let finding = rebuildable(byte_at(&tile.bytes, at), byte_at(&stored, at));
            self.difference = Some(finding.file(&self.path).offset(offset + at as u64));
        }
        Ok(Compared::Differs { at })
    }

    fn finding(&self, needed: u64) -> Option<Finding> {
        let stored = self.bytes / TILE_BYTES as u64;
        if self.difference.is_some() {
            return self.difference.clone();
        }
        let expected = if stored < needed {
            format!("{needed} full tiles at least")
        } else if stored > self.made {
            format!("{} full tiles, which is what the entries give", self.made)
        } else {
            return None;
        };
        let end = (needed.max(self.made) * TILE_BYTES as u64).min(self.bytes);
        Some(rebuildable(expected, format!("{stored}")).file(&self.path).offset(end))
    }

    fn read(&self, offset: u64, into: &mut [u8]) -> Result<usize, Finding> {
        read_up_to(&*self.file, offset, into)
            .map_err(|error| Finding::unreadable(&self.path, error))
    }
}

fn rebuildable(expected: impl Into<String>, found: impl Into<String>) -> Finding {
    Finding::new(Severity::Rebuildable, FindingKind::Tree, expected, found)
}

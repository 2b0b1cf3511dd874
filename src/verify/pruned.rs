//! Hashes of entries that are not there any more, from the stored tree.
//!
//! A prune leaves the full tiles of leaves that the pruned entries are in, so
//! that later roots and proofs can be made.

use std::path::{Path, PathBuf};

use super::finding::{Finding, FindingKind};
use crate::fs::{JournalFile, JournalFs, OpenMode};
use crate::journal::steps::read_up_to;
use crate::proof::{DIGEST_BYTES, Digest, TILE_WIDTH_MAX};

/// The hashes of the entries before the first that is there.
#[derive(Debug)]
pub(super) struct PrunedLeaves {
    path: PathBuf,
    file: Option<Box<dyn JournalFile>>,
    next: u64,
    first: u64,
    tile: Vec<u8>,
}

impl PrunedLeaves {
    /// Those before entry `first` of the log in a directory.
    pub(super) fn open(fs: &dyn JournalFs, directory: &Path, first: u64) -> Result<Self, Finding> {
        let path = directory.join("tree").join("00");
        let file = match first {
            0 => None,
            _ => {
                let opened = fs.open(&path, OpenMode::Read);
                Some(opened.map_err(|error| Finding::unreadable(&path, error))?)
            }
        };
        Ok(PrunedLeaves { path, file, next: 0, first, tile: Vec::new() })
    }

    fn read_tile(&mut self) -> Result<(), Finding> {
        let offset = self.next * DIGEST_BYTES as u64;
        let wanted = (self.first - self.next).min(u64::from(TILE_WIDTH_MAX)) as usize;
        self.tile.clear();
        self.tile.resize(wanted * DIGEST_BYTES, 0);
        let read = match &self.file {
            Some(file) => read_up_to(&**file, offset, &mut self.tile)
                .map_err(|error| Finding::unreadable(&self.path, error))?,
            None => 0,
        };
        if read == self.tile.len() {
            return Ok(());
        }
        let expected = format!("the hashes of the {} entries that were pruned", self.first);
        let found = format!("those of {}", self.next + (read / DIGEST_BYTES) as u64);
        self.first = self.next;
        let finding = Finding::tampered(FindingKind::Prune, expected, found);
        Err(finding.file(&self.path).offset(offset + read as u64).sequence(self.next))
    }
}

impl Iterator for PrunedLeaves {
    type Item = Result<Digest, Finding>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.next >= self.first {
            return None;
        }
        let place = (self.next % u64::from(TILE_WIDTH_MAX)) as usize * DIGEST_BYTES;
        if place == 0 {
            if let Err(finding) = self.read_tile() {
                return Some(Err(finding));
            }
        }
        let hash = self.tile.get(place..place + DIGEST_BYTES)?;
        self.next += 1;
        Digest::try_from(hash).ok().map(Ok)
    }
}

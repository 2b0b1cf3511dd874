//! Bundles of entries: each entry after its length, a big-endian `u16`.

use std::collections::VecDeque;

use super::log_tiles::TileFile;
use super::{TILE_WIDTH_MAX, TileContent, TileId};
use crate::error::{Error, ErrorKind, Result};
use crate::proof::merkle::{HashSource, leaf_hash};

/// Longest entry that a bundle can hold, in bytes.
pub const ENTRY_BYTES_MAX: usize = u16::MAX as usize;

const LENGTH_BYTES: usize = 2;

/// A growing log's last bundle of entries.
///
/// As in [`HashTiles`](super::HashTiles), bundles that became full wait until
/// they are taken.
#[derive(Debug, Clone, Default)]
pub struct EntryBundles {
    index: u64,
    width: u16,
    bytes: Vec<u8>,
    full: VecDeque<TileFile>,
}

impl EntryBundles {
    /// The log without entries.
    pub fn new() -> Self {
        EntryBundles::default()
    }

    /// Goes on with a log of `size` entries, whose last bundle, if it is
    /// partial, is `bytes`.
    ///
    /// # Errors
    ///
    /// When `bytes` is not a bundle of as many entries as the last one of such
    /// a log has.
    pub fn resume(size: u64, bytes: Vec<u8>) -> Result<Self> {
        let index = size / u64::from(TILE_WIDTH_MAX);
        let width = (size % u64::from(TILE_WIDTH_MAX)) as u16;
        split_bundle(&bytes, width)?;
        Ok(EntryBundles { index, width, bytes, full: VecDeque::new() })
    }

    /// Adds an entry.
    ///
    /// # Errors
    ///
    /// When it is longer than [`ENTRY_BYTES_MAX`]; nothing was added then.
    pub fn append(&mut self, entry: &[u8]) -> Result<()> {
        let length = length_of(entry)?;
        self.bytes.extend_from_slice(&length.to_be_bytes());
        self.bytes.extend_from_slice(entry);
        self.width += 1;
        if self.width == TILE_WIDTH_MAX {
            self.finish();
        }
        Ok(())
    }

    /// The oldest bundle that became full and was not taken yet.
    pub fn take_full(&mut self) -> Option<TileFile> {
        self.full.pop_front()
    }

    /// The last bundle, if it is partial.
    pub fn partial(&self) -> Option<TileFile> {
        let id = TileId::entries(self.index, self.width).ok()?;
        Some(TileFile { id, bytes: self.bytes.clone() })
    }

    /// Fails unless the entries of the last bundle of a log of `size` entries
    /// are those that were hashed.
    pub(super) fn check(&self, size: u64, source: &mut impl HashSource) -> Result<()> {
        let first = size - u64::from(self.width);
        for (index, entry) in (first..).zip(split_bundle(&self.bytes, self.width)?) {
            if leaf_hash(entry) != source.subtree(0, index)? {
                let message = format!("entry {index} is not the one that was hashed");
                return Err(Error::new(ErrorKind::Verification, message));
            }
        }
        Ok(())
    }

    fn finish(&mut self) {
        let id = TileId::of_valid(TileContent::Entries, self.index, TILE_WIDTH_MAX);
        // The next one will be about as long.
        let next = Vec::with_capacity(self.bytes.len());
        self.full.push_back(TileFile { id, bytes: std::mem::replace(&mut self.bytes, next) });
        self.index += 1;
        self.width = 0;
    }
}

/// Fails where an entry is too long for a bundle.
pub(super) fn length_of(entry: &[u8]) -> Result<u16> {
    u16::try_from(entry.len()).map_err(|_| {
        let length = entry.len();
        Error::invalid(format!("an entry of {length} bytes is too long; {ENTRY_BYTES_MAX} is most"))
    })
}

/// The entries of a bundle that has to hold `width` of them.
///
/// # Errors
///
/// When it does not consist of exactly so many.
pub fn split_bundle(bundle: &[u8], width: u16) -> Result<Vec<&[u8]>> {
    let mut entries = Vec::new();
    let mut rest = bundle;
    while !rest.is_empty() {
        let (entry, behind) = split_entry(rest).ok_or_else(|| damaged(width, "it is cut"))?;
        entries.push(entry);
        if entries.len() > usize::from(width) {
            return Err(damaged(width, "it has more"));
        }
        rest = behind;
    }
    if entries.len() < usize::from(width) {
        return Err(damaged(width, "it has fewer"));
    }
    Ok(entries)
}

fn split_entry(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<LENGTH_BYTES>()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
}

fn damaged(width: u16, why: &str) -> Error {
    Error::new(ErrorKind::Format, format!("this is not a bundle of {width} entries: {why}"))
}

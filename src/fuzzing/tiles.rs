//! Tiles that somebody sent: paths, hashes, bundles of entries.

use super::checkpoint::is_strict;
use crate::proof::{
    ConsistencyProof, EntryBundles, HashSource, HashTiles, InclusionProof, LogTiles, TileHashes,
    TileId, leaf_hash, root_at, split_bundle,
};
use crate::{Error, ErrorKind};

/// Tiles that are read for one question: two edges of eight levels, with room.
const READS_MAX: usize = 40;

/// Takes the input as the path of a tile, as tiles of hashes, and as a bundle.
pub fn tiles(input: &[u8]) {
    if let Ok(text) = std::str::from_utf8(input) {
        is_strict::<TileId>(text);
    }
    let Some((head, rest)) = input.split_first_chunk::<18>() else { return };
    let number = |at: usize| u64::from_le_bytes(head[at..at + 8].try_into().unwrap());
    let (size, index) = (number(0), number(8));
    hashes(size, index, head[16], rest);
    bundle(size, u16::from_le_bytes([head[16], head[17]]), rest);
    own_tiles(size, head[17], rest);
}

/// Every tile is the input: questions are answered or refused, after few reads.
fn hashes(size: u64, index: u64, level: u8, tile: &[u8]) {
    let mut reads = 0;
    let mut source = TileHashes::new(size, |id| {
        assert!(id.width() >= 1 && id.width() <= 256);
        reads += 1;
        let bytes = tile.repeat(usize::from(id.width()) * 32 / tile.len().max(1) + 1);
        Ok(bytes[..usize::from(id.width()) * 32].to_vec())
    });
    if tile.is_empty() {
        return;
    }
    match level >> 6 {
        0 => drop(root_at(size, &mut source)),
        1 => drop(InclusionProof::of(index, size, &mut source)),
        2 => drop(ConsistencyProof::of(index, size, &mut source)),
        _ => drop(HashTiles::resume(size % 300, &mut source)),
    }
    drop(source);
    assert!(reads <= READS_MAX, "{reads} tiles were read");

    let mut source = TileHashes::new(size, |_| Ok(tile.to_vec()));
    let _ = source.subtree(level, index);
    let _ = source.subtree(level % 64, index % size.max(1));
    let mut source = TileHashes::new(size, |_| Err(Error::new(ErrorKind::Io, "gone")));
    assert!(source.subtree(level, index).is_err());
}

/// A bundle is accepted only if its entries make the same bytes.
fn bundle(size: u64, width: u16, bytes: &[u8]) {
    if let Ok(entries) = split_bundle(bytes, width) {
        assert_eq!(entries.len(), usize::from(width));
        let lengths = entries.iter().map(|entry| entry.len() as u16);
        let again: Vec<_> = lengths
            .zip(&entries)
            .flat_map(|(length, entry)| [&length.to_be_bytes()[..], entry].concat())
            .collect();
        assert_eq!(again, bytes);
    }
    if let Ok(mut resumed) = EntryBundles::resume(size, bytes.to_vec()) {
        resumed.append(b"next").unwrap();
        let after = [bytes, &[0, 4], b"next"].concat();
        let edge = resumed.take_full().or_else(|| resumed.partial()).unwrap();
        assert_eq!(edge.bytes, after);
    }
}

/// Tiles of a log of ours with the input in one of them: no proof from it
/// verifies unless nothing was changed.
fn own_tiles(size: u64, at: u8, changes: &[u8]) {
    // Mostly small, for the sake of speed.
    let size = size % if at & 0x80 == 0 { 20 } else { 300 } + 1;
    let mut log = LogTiles::new();
    (0..size).for_each(|number| log.append(&number.to_be_bytes()).unwrap());
    let head = log.head();
    let index = u64::from(at) % size;
    let mut files: Vec<_> = std::iter::from_fn(|| log.take_full()).collect();
    files.extend(log.partials());
    let mut is_changed = false;
    let mut source = TileHashes::new(size, |wanted| {
        let file = files.iter().find(|file| file.id == wanted);
        let mut bytes = file.map(|file| file.bytes.clone()).unwrap_or_default();
        for (place, change) in changes.iter().take(32).enumerate() {
            let place = (usize::from(at) * 32 + place) % bytes.len().max(1);
            bytes[place] ^= change;
            is_changed |= *change != 0;
        }
        Ok(bytes)
    });
    let Ok(proof) = InclusionProof::of(index, size, &mut source) else { return };
    let root = root_at(size, &mut source);
    drop(source);
    let verified = proof.verify(&leaf_hash(&index.to_be_bytes()), &head);
    assert!(is_changed || (verified.is_ok() && root.is_ok_and(|root| root == head.root)));
}

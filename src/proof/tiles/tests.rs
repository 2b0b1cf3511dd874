//! Tiles against hashes taken straight from the tree, resuming, and bundles.

use std::collections::BTreeMap;

use super::*;
use crate::error::Result;
use crate::proof::merkle::{
    ConsistencyProof, HashSource as _, InclusionProof, MemoryHashes, leaf_hash, root_at,
};

fn entry(number: u64) -> Vec<u8> {
    format!("entry {number}").repeat(number as usize % 4).into_bytes()
}

/// The files of a log as somebody publishes them: full tiles when they become
/// full, partial ones of the last size.
fn published(log: &mut LogTiles) -> BTreeMap<TileId, Vec<u8>> {
    let mut files = BTreeMap::new();
    while let Some(file) = log.take_full() {
        files.insert(file.id, file.bytes);
    }
    files.extend(log.partials().map(|file| (file.id, file.bytes)));
    files
}

fn log(size: u64) -> (LogTiles, MemoryHashes) {
    let (mut log, mut hashes) = (LogTiles::new(), MemoryHashes::new());
    for number in 0..size {
        log.append(&entry(number)).unwrap();
        hashes.append(leaf_hash(&entry(number)));
    }
    (log, hashes)
}

fn reader(files: &BTreeMap<TileId, Vec<u8>>) -> impl FnMut(TileId) -> Result<Vec<u8>> {
    |id| files.get(&id).cloned().ok_or_else(|| crate::Error::invalid(format!("no {id}")))
}

#[test]
fn a_log_has_the_tiles_of_the_specification() {
    let (mut log, mut hashes) = log(70_000);
    let files = published(&mut log);
    let count = |level| {
        let content = TileContent::Hashes { level };
        files.keys().filter(|id| id.content() == content).map(TileId::width).collect::<Vec<_>>()
    };
    assert_eq!((count(0).len(), count(0)[273]), (274, 112));
    assert_eq!(count(1), [256, 17]);
    assert_eq!((count(2), count(3)), (vec![1], vec![]));
    for (id, bytes) in &files {
        let first = id.index() * u64::from(TILE_WIDTH_MAX);
        match id.content() {
            TileContent::Hashes { level } => {
                let expected: Vec<_> = (first..first + u64::from(id.width()))
                    .flat_map(|place| *hashes.subtree(8 * level, place).unwrap().as_bytes())
                    .collect();
                assert_eq!(*bytes, expected, "{id}");
            }
            TileContent::Entries => {
                let entries = split_bundle(bytes, id.width()).unwrap();
                assert!((first..).map(entry).zip(entries).all(|(one, other)| one == other));
            }
        }
    }
    let entries = files.keys().filter(|id| id.content() == TileContent::Entries);
    assert_eq!(entries.map(|id| u64::from(id.width())).sum::<u64>(), 70_000);
}

#[test]
fn hashes_and_proofs_come_back_from_tiles() {
    for size in [1, 2, 255, 256, 257, 511, 600, 65_535, 65_536, 65_537, 66_000] {
        let (mut log, mut hashes) = log(size);
        let files = published(&mut log);
        let mut tiles = TileHashes::new(size, reader(&files));
        assert_eq!(root_at(size, &mut tiles).unwrap(), hashes.head().root);
        for index in [0, size / 3, size / 2, size - 1] {
            let proof = InclusionProof::of(index, size, &mut tiles).unwrap();
            assert_eq!(proof, InclusionProof::of(index, size, &mut hashes).unwrap());
            let proof = ConsistencyProof::of(index, size, &mut tiles).unwrap();
            assert_eq!(proof, ConsistencyProof::of(index, size, &mut hashes).unwrap());
        }
        for (level, index) in
            [(0, size), (1, size / 2), (8, size >> 8), (0, u64::MAX), (7, 1 << 57), (255, 0)]
        {
            assert!(tiles.subtree(level, index).is_err(), "{level} {index} of {size}");
        }
    }
}

#[test]
fn a_later_state_of_a_tile_stands_in_for_a_partial_one() {
    let (mut log, mut hashes) = log(600);
    let files = published(&mut log);
    let mut asked = Vec::new();
    let read = |id: TileId| {
        asked.push(id);
        let same_place = |other: &&TileId| other.full() == id.full();
        Ok(files.keys().find(same_place).map(|id| files[id].clone()).unwrap_or_default())
    };
    assert_eq!(
        root_at(300, &mut TileHashes::new(300, read)).unwrap(),
        root_at(300, &mut hashes).unwrap()
    );
    assert!(asked.iter().any(|id| id.is_partial() && files.contains_key(&id.full())));
}

#[test]
fn a_tile_of_the_wrong_length_is_refused() {
    let (mut log, _) = log(200);
    let files = published(&mut log);
    let root_of = |length: usize| {
        let read = |id: TileId| {
            let mut bytes = files[&id].clone();
            bytes.resize(length, 0);
            Ok(bytes)
        };
        root_at(200, &mut TileHashes::new(200, read))
    };
    for length in [0, 1, 32, 199 * 32, 200 * 32 - 1, 200 * 32 + 1, 8191, 8193, 257 * 32] {
        assert!(root_of(length).is_err(), "{length}");
    }
    for length in [200 * 32, 201 * 32, 8192] {
        assert_eq!(root_of(length).unwrap(), log.head().root);
    }
}

#[test]
fn tiles_that_were_just_used_are_not_read_again() {
    let (mut log, _) = log(66_000);
    let files = published(&mut log);
    let mut asked = Vec::new();
    let mut read = reader(&files);
    let mut tiles = TileHashes::new(66_000, |id| {
        asked.push(id);
        read(id)
    });
    for index in [33_333, 33_334] {
        InclusionProof::of(index, 66_000, &mut tiles).unwrap();
    }
    let reads = asked.len();
    asked.sort();
    asked.dedup();
    assert_eq!((reads, asked.len() <= 5), (asked.len(), true), "{asked:?}");
}

#[test]
fn a_resumed_log_goes_on_the_same() {
    for size in [0, 1, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537] {
        let (mut whole, mut hashes) = log(size);
        let files = published(&mut whole);
        let last = whole.partials().find(|file| file.id.content() == TileContent::Entries);
        let last = last.map(|file| file.bytes).unwrap_or_default();
        let mut tiles = TileHashes::new(size, reader(&files));
        let mut resumed = LogTiles::resume(size, &mut tiles, last.clone()).unwrap();
        for number in size..size + 600 {
            whole.append(&entry(number)).unwrap();
            resumed.append(&entry(number)).unwrap();
        }
        assert_eq!(whole.head(), resumed.head());
        assert_eq!(published(&mut whole), published(&mut resumed), "{size}");
        let mut damaged = last;
        if let Some(byte) = damaged.last_mut() {
            *byte ^= 1;
            assert!(LogTiles::resume(size, &mut hashes, damaged).is_err(), "{size}");
        }
        assert!(LogTiles::resume(size, &mut hashes, vec![0, 3, 1]).is_err());
    }
    assert!(HashTiles::resume(u64::MAX, &mut MemoryHashes::new()).is_err());
}

#[test]
fn an_entry_that_is_too_long_changes_nothing() {
    let mut log = LogTiles::new();
    log.append(&vec![b'x'; ENTRY_BYTES_MAX]).unwrap();
    let before = (log.head(), log.partials().collect::<Vec<_>>());
    assert!(log.append(&vec![b'x'; ENTRY_BYTES_MAX + 1]).is_err());
    assert_eq!(before, (log.head(), log.partials().collect()));
}

#[test]
fn bundles_hold_exactly_what_they_should() {
    let bundle = [0, 1, b'a', 0, 0, 0, 2, b'b', b'c'];
    assert_eq!(split_bundle(&bundle, 3).unwrap(), [&b"a"[..], b"", b"bc"]);
    assert!(split_bundle(&bundle, 2).is_err() && split_bundle(&bundle, 4).is_err());
    assert_eq!(split_bundle(&[], 0).unwrap().len(), 0);
    for length in [1, 2, 4, 6, 8] {
        assert!((0..=3).all(|width| split_bundle(&bundle[..length], width).is_err()), "{length}");
    }
}

#[test]
fn tiles_of_leaves_added_together_are_those_of_leaves_added_alone() {
    let (mut together, mut alone) = (HashTiles::new(), HashTiles::new());
    for batch in [1, 63, 64, 64, 700, 64, 0, 3, 66_000, 64, 131] {
        let first = alone.size();
        let leaves: Vec<_> = (first..first + batch).map(|it| leaf_hash(&entry(it))).collect();
        let raw: Vec<_> = leaves.iter().map(|leaf| *leaf.as_bytes()).collect();
        together.append_all(&raw);
        leaves.into_iter().for_each(|leaf| alone.append(leaf));
        let mut files: [Vec<_>; 2] = [&mut together, &mut alone].map(|tiles| {
            let full = std::iter::from_fn(|| tiles.take_full()).collect::<Vec<_>>();
            full.into_iter().chain(tiles.partials()).map(|file| (file.id, file.bytes)).collect()
        });
        files.iter_mut().for_each(|files| files.sort());
        assert_eq!(files[0], files[1], "{batch} more than {first}");
        assert_eq!(together.head(), alone.head());
    }
}

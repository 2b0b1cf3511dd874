//! `tlog_tiles`, an implementation of C2SP `tlog-tiles` that stems from Go's
//! `sumdb/tlog`. Its reader authenticates tiles against the root before it makes
//! a proof from them.

use std::cell::Cell;
use std::collections::BTreeMap;

use tlog_tiles::{Error, Hash, Tile, TileHashReader, TileReader, check_record, check_tree};
use tlog_tiles::{prove_record, prove_tree, record_hash, tree_hash};
use tracing_audit::proof::{ConsistencyProof, Digest, InclusionProof, TileContent, TileId};

use crate::published::{Published, entry, head, publish};

/// Our tiles for their reader.
struct Files<'a> {
    tiles: &'a BTreeMap<TileId, Vec<u8>>,
    read: Cell<usize>,
}

impl TileReader for Files<'_> {
    fn height(&self) -> u8 {
        8
    }

    fn read_tiles(&self, tiles: &[Tile]) -> Result<Vec<Vec<u8>>, Error> {
        self.read.set(self.read.get() + tiles.len());
        tiles.iter().map(|tile| self.find(tile).ok_or(Error::InvalidTile)).collect()
    }

    fn save_tiles(&self, _: &[Tile], _: &[Vec<u8>]) {}
}

impl Files<'_> {
    /// Their paths name the height of tiles, which `tlog-tiles` fixes.
    fn find(&self, tile: &Tile) -> Option<Vec<u8>> {
        let path = tile.path().replacen("tile/8/", "tile/", 1);
        let wanted: TileId = path.parse().unwrap();
        let found = self.tiles.keys().find(|id| id.full() == wanted.full())?;
        self.tiles[found].get(..usize::from(wanted.width()) * 32).map(<[u8]>::to_vec)
    }
}

fn hash(digest: &Digest) -> Hash {
    Hash(*digest.as_bytes())
}

fn hashes(path: &[Digest]) -> Vec<Hash> {
    path.iter().map(hash).collect()
}

#[test]
fn they_find_the_signed_root_and_prove_from_our_tiles() {
    for size in [1, 2, 255, 256, 257, 700, 65_536, 66_000] {
        let Published { tiles, mut hashes, .. } = publish(size);
        let head = head(size);
        let files = Files { tiles: &tiles, read: Cell::new(0) };
        let reader = TileHashReader::new(size, hash(&head.root), &files);
        assert_eq!(tree_hash(size, &reader).unwrap(), hash(&head.root));
        for index in [0, size / 2, size - 1] {
            let theirs = prove_record(size, index, &reader).unwrap();
            let ours = InclusionProof::of(index, size, &mut hashes).unwrap();
            assert_eq!(theirs, self::hashes(ours.path()));
        }
        for old in [1, size / 3 + 1, size] {
            let theirs = prove_tree(size, old, &reader).unwrap();
            let ours = ConsistencyProof::of(old, size, &mut hashes).unwrap();
            assert_eq!(theirs, self::hashes(ours.path()));
        }
        assert!(files.read.get() > 0);
    }
}

#[test]
fn they_accept_our_proofs_and_refuse_them_for_anything_else() {
    let (size, older) = (700, 300);
    let Published { mut hashes, .. } = publish(size);
    let (new, old) = (head(size), head(older));
    for index in [0, 255, 256, 511, 512, 699] {
        let proof = InclusionProof::of(index, size, &mut hashes).unwrap();
        let proof = self::hashes(proof.path());
        let leaf = record_hash(&entry(index));
        check_record(&proof, size, hash(&new.root), index, leaf).unwrap();
        assert!(check_record(&proof, size, hash(&old.root), index, leaf).is_err());
        assert!(check_record(&proof, size, hash(&new.root), index ^ 1, leaf).is_err());
    }
    let proof = ConsistencyProof::of(older, size, &mut hashes).unwrap();
    let proof = self::hashes(proof.path());
    check_tree(&proof, size, hash(&new.root), older, hash(&old.root)).unwrap();
    assert!(check_tree(&proof, size, hash(&new.root), older + 1, hash(&old.root)).is_err());
}

/// The size is one whose right edge has a single hash in each tile: with more
/// of them, their reader leaves as many of the other tiles unchecked.
#[test]
fn they_refuse_tiles_that_were_changed() {
    let (size, index) = (257, 100);
    let Published { tiles, .. } = publish(size);
    let root = hash(&head(size).root);
    let is_hashes = |id: &&TileId| id.content() != TileContent::Entries;
    for id in tiles.keys().filter(is_hashes) {
        for byte in 0..tiles[id].len() {
            let mut damaged = tiles.clone();
            damaged.get_mut(id).unwrap()[byte] ^= 1;
            let files = Files { tiles: &damaged, read: Cell::new(0) };
            let reader = TileHashReader::new(size, root, &files);
            assert!(prove_record(size, index, &reader).is_err(), "{id} {byte}");
        }
    }
}

#[test]
fn paths_are_the_same() {
    for index in [0, 1, 999, 1000, 1_234_067, 999_999_999, 1_000_000_000_000] {
        for width in [1, 255, 256] {
            let ours = TileId::hashes(3, index, width).unwrap();
            let theirs = Tile::new(8, 3, index, width.into(), false);
            assert_eq!(theirs.path().replacen("tile/8/", "tile/", 1), ours.to_string());
        }
    }
}

#[test]
fn the_tiles_are_those_that_they_say_a_log_needs() {
    for size in [1, 255, 256, 257, 65_536, 66_000] {
        let theirs: Vec<_> = Tile::new_tiles(8, 0, size)
            .iter()
            .map(|tile| tile.path().replacen("tile/8/", "tile/", 1))
            .collect();
        let ours: Vec<_> = publish(size)
            .tiles
            .keys()
            .filter(|id| id.content() != TileContent::Entries)
            .map(ToString::to_string)
            .collect();
        assert_eq!(theirs, ours);
    }
}

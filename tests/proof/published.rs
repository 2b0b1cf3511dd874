//! A log as an outsider sees it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use tracing_audit::proof::{
    Checkpoint, Frontier, LogTiles, MemoryHashes, SignedCheckpoint, SignerKey, TileId, TreeHead,
    leaf_hash,
};

pub(crate) const ORIGIN: &str = "audit.example/org/host/log";

/// What a log publishes, and the hashes that its own proofs are made from.
pub(crate) struct Published {
    pub(crate) vkey: String,
    pub(crate) checkpoint: SignedCheckpoint,
    pub(crate) tiles: BTreeMap<TileId, Vec<u8>>,
    pub(crate) hashes: MemoryHashes,
}

pub(crate) fn signer() -> SignerKey {
    SignerKey::from_seed(ORIGIN, &[42; 32]).unwrap()
}

pub(crate) fn entry(number: u64) -> Vec<u8> {
    format!("{{\"sequence\":{number},\"operation\":\"STORE\"}}").into_bytes()
}

/// The head of the log when it had `size` entries.
pub(crate) fn head(size: u64) -> TreeHead {
    let mut tree = Frontier::new();
    (0..size).for_each(|number| tree.append(leaf_hash(&entry(number))));
    tree.head()
}

/// A log of `size` entries.
pub(crate) fn publish(size: u64) -> Published {
    let (mut log, mut hashes, mut tiles) = (LogTiles::new(), MemoryHashes::new(), BTreeMap::new());
    for number in 0..size {
        log.append(&entry(number)).unwrap();
        hashes.append(leaf_hash(&entry(number)));
    }
    while let Some(file) = log.take_full() {
        tiles.insert(file.id, file.bytes);
    }
    tiles.extend(log.partials().map(|file| (file.id, file.bytes)));
    let signer = signer();
    let checkpoint = Checkpoint::new(ORIGIN, log.head()).unwrap().sign(&[&signer]).unwrap();
    Published { vkey: signer.verifier().to_string(), checkpoint, tiles, hashes }
}

impl Published {
    /// Writes it as the static files that `tlog-tiles` asks for.
    pub(crate) fn write(&self, directory: &Path) {
        for (id, bytes) in &self.tiles {
            let path = directory.join(id.to_string());
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        fs::write(directory.join("checkpoint"), self.checkpoint.to_string()).unwrap();
    }
}

/// All texts and bytes that differ from `bytes` in one bit.
pub(crate) fn flips(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    (0..bytes.len() * 8).map(|bit| {
        let mut flipped = bytes.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        flipped
    })
}

//! What proofs cost: `cargo bench --features journal --bench proof`.
//!
//! Prints nanoseconds, the best of several rounds, and beside them what `sha2`
//! alone needs for the same bytes.
#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
#![expect(clippy::indexing_slicing, reason = "a benchmark fails by panicking")]
#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]
#![expect(clippy::print_stdout, reason = "a benchmark prints")]

use std::hint::black_box;
use std::time::Instant;

use sha2::{Digest as _, Sha256};
use tracing_audit::proof::{
    Checkpoint, ConsistencyProof, Digest, Frontier, HashTiles, InclusionProof, LogTiles,
    MemoryHashes, SignedCheckpoint, SignerKey, leaf_hash, node_hash,
};

const ENTRY_BYTES: usize = 350;
const LEAVES: u64 = 1 << 20;

/// Rounds are short, so that some of them are not interrupted.
const ROUNDS: usize = 100;
const ROUND_CALLS: u64 = 2048;

/// The best time of a call, in nanoseconds.
fn show<T>(name: &str, mut call: impl FnMut(u64) -> T) {
    let mut next = 0..;
    let rounds = (0..ROUNDS).map(|_| {
        let start = Instant::now();
        next.by_ref().take(ROUND_CALLS as usize).for_each(|number| drop(black_box(call(number))));
        start.elapsed().as_nanos() as f64 / ROUND_CALLS as f64
    });
    println!("{name:<48} {:>9.1} ns", rounds.fold(f64::INFINITY, f64::min));
}

fn main() {
    let entry = [b'x'; ENTRY_BYTES];
    let leaf = leaf_hash(&entry);
    hashing(&entry, &leaf);
    appending(&entry, leaf);
    proving(leaf);
    signing();
}

fn hashing(entry: &[u8], leaf: &Digest) {
    let prefixed = [&[0], entry].concat();
    let bare = |bytes: &[u8]| <[u8; 32]>::from(Sha256::digest(black_box(bytes)));
    show("sha2, 351 bytes", |_| bare(&prefixed));
    show("leaf_hash, 350 bytes", |_| leaf_hash(black_box(entry)));
    show("sha2, 65 bytes", |_| bare(&prefixed[..65]));
    show("node_hash", |_| node_hash(black_box(leaf), black_box(leaf)));
}

fn appending(entry: &[u8], leaf: Digest) {
    let mut frontier = Frontier::new();
    show("Frontier::append", |_| frontier.append(black_box(leaf)));
    show("leaf_hash and Frontier::append", |_| frontier.append(leaf_hash(black_box(entry))));
    show("root", |_| frontier.root());
    let mut tiles = HashTiles::new();
    show("leaf_hash and HashTiles::append, tiles taken", |_| {
        tiles.append(leaf_hash(black_box(entry)));
        tiles.take_full()
    });
    let mut log = LogTiles::new();
    show("LogTiles::append, tiles taken", |_| {
        log.append(black_box(entry)).unwrap();
        log.take_full()
    });
}

fn proving(leaf: Digest) {
    let mut hashes = MemoryHashes::new();
    (0..LEAVES - 1).for_each(|_| hashes.append(leaf));
    let head = hashes.head();
    let proof = InclusionProof::of(LEAVES / 3, head.size, &mut hashes).unwrap();
    show("InclusionProof::verify, a million leaves", |_| {
        black_box(&proof).verify(&leaf, &head).unwrap()
    });
    show("InclusionProof::of", |index| {
        InclusionProof::of(index % head.size, head.size, &mut hashes).unwrap()
    });
    show("ConsistencyProof::of", |old| {
        ConsistencyProof::of(old % head.size, head.size, &mut hashes).unwrap()
    });
}

fn signing() {
    let signer = SignerKey::generate("audit.example/log").unwrap();
    let keys = [signer.verifier().clone()];
    let checkpoint = Checkpoint::new(signer.name(), Frontier::new().head()).unwrap();
    let sign = || checkpoint.sign(&[&signer]).unwrap().to_string();
    let text = sign();
    show("Checkpoint::sign, with its text", |_| sign());
    show("SignedCheckpoint::open", |_| {
        SignedCheckpoint::open(&text, signer.name(), &keys).unwrap()
    });
}

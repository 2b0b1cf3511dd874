//! Proofs about a log, in public formats: what an outsider needs to check one,
//! and what a log needs to be checkable.
//!
//! | part | specification |
//! |---|---|
//! | hashes, [`Frontier`], [`InclusionProof`], [`ConsistencyProof`] | RFC 6962 and RFC 9162, section 2.1, with SHA-256 |
//! | [`TileId`], [`HashTiles`], [`EntryBundles`], [`TileHashes`] | C2SP `tlog-tiles` |
//! | [`Note`] | C2SP `signed-note` |
//! | [`Checkpoint`], [`SignedCheckpoint`] | C2SP `tlog-checkpoint` |
//! | [`LogProof`] | C2SP `tlog-proof` |
//! | [`SignerKey`], [`VerifierKey`] | `signed-note`'s Ed25519 keys; the secret text form is that of Go's `sumdb/note` |
//!
//! Everything here is computation on the caller's thread; only reading and
//! writing a key file does I/O. Parsing is strict: a text is accepted only if
//! encoding what was parsed gives the same bytes again. Sizes, indices and
//! lengths that come from outside are never trusted with memory or with
//! panics.
//!
//! What this does not do: it knows nothing of events or of the journal, it
//! fetches nothing, and it trusts nothing that is not signed by a key that the
//! caller names.
//!
//! # Verifying a log from outside
//!
//! ```
//! use tracing_audit::proof::{
//!     Checkpoint, InclusionProof, LogTiles, SignedCheckpoint, SignerKey, TileHashes, VerifierKey,
//!     leaf_hash,
//! };
//!
//! # fn main() -> tracing_audit::Result<()> {
//! // The log: entries become tiles and a signed checkpoint.
//! let signer = SignerKey::generate("audit.example/org/host/log")?;
//! let mut log = LogTiles::new();
//! for entry in ["first", "second", "third"] {
//!     log.append(entry.as_bytes())?;
//! }
//! let checkpoint = Checkpoint::new(signer.name(), log.head())?;
//! let published = checkpoint.sign(&[&signer])?.to_string();
//! let vkey = signer.verifier().to_string();
//!
//! // An outsider, who has the key, the checkpoint, the tiles, and an entry.
//! let key: VerifierKey = vkey.parse()?;
//! let trusted = SignedCheckpoint::open(&published, key.name(), &[key.clone()])?;
//! let head = trusted.checkpoint().head();
//! let mut tiles = TileHashes::new(head.size, |wanted| {
//!     Ok(log.partials().find(|file| file.id == wanted).map(|file| file.bytes).unwrap_or_default())
//! });
//! let proof = InclusionProof::of(1, head.size, &mut tiles)?;
//! proof.verify(&leaf_hash(b"second"), &head)?;
//! assert!(proof.verify(&leaf_hash(b"forged"), &head).is_err());
//! # Ok(())
//! # }
//! ```

mod base64;
mod checkpoint;
mod decimal;
mod key;
mod log_proof;
mod merkle;
mod note;
mod tiles;

pub use checkpoint::{Checkpoint, SignedCheckpoint};
pub(crate) use key::check_name;
pub use key::{SignerKey, VerifierKey};
pub use log_proof::LogProof;
pub(crate) use merkle::leaf_hashes;
pub use merkle::{
    ConsistencyProof, DIGEST_BYTES, Digest, EMPTY_ROOT, Frontier, HashSource, InclusionProof,
    LEAVES_MAX, MemoryHashes, TreeHead, leaf_hash, node_hash, root_at,
};
pub use note::{NOTE_BYTES_MAX, NOTE_SIGNATURES_MAX, Note, NoteSignature};
pub use tiles::{
    ENTRY_BYTES_MAX, EntryBundles, HashTiles, LogTiles, TILE_WIDTH_MAX, TileContent, TileFile,
    TileHashes, TileId, split_bundle,
};

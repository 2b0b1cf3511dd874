//! Proofs and checkpoints of a log, read from its files beside its writer, or
//! without one. Never writes, takes no lock, and may run on any thread or in
//! any process.
//!
//! What it reads is not trusted: proofs that come from damaged tiles do not
//! verify, and [`proof`](LedgerReader::proof) finds that out before it hands
//! one out. Checking a whole log is not done here.

use std::path::Path;
use std::sync::Arc;

use super::disk_hashes::DiskHashes;
use super::files::{self, LedgerFiles};
use super::keys::LogKeys;
use super::tile_store::TileStore;
use crate::error::{Error, ErrorKind, Result};
use crate::event::Sequence;
use crate::fs::JournalFs;
use crate::journal::{LogId, LogReader};
use crate::proof::{
    ConsistencyProof, DIGEST_BYTES, Digest, HashSource, InclusionProof, LogProof, SignedCheckpoint,
    TILE_WIDTH_MAX, leaf_hash,
};
#[cfg(test)]
use crate::proof::{TreeHead, root_at};

/// Leaves that are hashed at most for want of tiles: 32 MiB of hashes.
const EDGE_LEAVES_MAX: u64 = 1 << 20;

/// A reader of one log's proofs.
#[derive(Debug)]
pub(crate) struct LedgerReader {
    fs: Arc<dyn JournalFs>,
    files: LedgerFiles,
    log: LogId,
    entries: LogReader,
}

impl LedgerReader {
    /// Looks at the log in a directory of its own.
    ///
    /// # Errors
    ///
    /// When there is none, or the directory can't be read.
    pub(crate) fn open(fs: Arc<dyn JournalFs>, directory: &Path) -> Result<Self> {
        let entries = LogReader::open(fs.clone(), directory)?;
        let Some(log) = entries.log() else {
            return Err(Error::invalid(format!(
                "there is no log in {}; name the directory of one (“log-…”)",
                directory.display()
            )));
        };
        Ok(LedgerReader { fs, files: LedgerFiles::new(directory), log, entries })
    }

    #[cfg(test)]
    /// Which log it is.
    pub(crate) fn log(&self) -> LogId {
        self.log
    }

    /// The log's origin and public keys, as they stand beside it. Who wants to
    /// trust the log has them from elsewhere.
    ///
    /// # Errors
    ///
    /// When they are missing or damaged.
    pub(crate) fn keys(&self) -> Result<LogKeys> {
        let keys = LogKeys::read(&*self.fs, self.files.directory(), self.log)?;
        keys.ok_or_else(|| self.files.keys_are_missing())
    }

    /// The newest checkpoint, which a key of the log has signed; none before
    /// the first.
    ///
    /// # Errors
    ///
    /// When it can't be read, or its signature does not hold.
    pub(crate) fn checkpoint(&self) -> Result<Option<SignedCheckpoint>> {
        let Some((text, _)) = files::read(&*self.fs, &self.files.checkpoint())? else {
            return Ok(None);
        };
        // A rotation adds the key before it is signed with.
        let keys = self.keys()?;
        SignedCheckpoint::open(text.as_bytes(), &keys.origin, &keys.verifiers).map(Some)
    }

    #[cfg(test)]
    /// Size and root of the tree over the first `size` entries.
    ///
    /// # Errors
    ///
    /// When there are not so many, or tiles are missing.
    pub(crate) fn head(&self, size: u64) -> Result<TreeHead> {
        let root = root_at(size, &mut self.tiles(size)?.hashes())?;
        Ok(TreeHead::new(size, root))
    }

    /// The hash of an entry, which may be pruned by now, from the tree.
    ///
    /// # Errors
    ///
    /// As [`head`](LedgerReader::head).
    pub(crate) fn leaf(&self, sequence: Sequence) -> Result<Digest> {
        let size = sequence.0.saturating_add(1);
        self.tiles(size)?.hashes().subtree(0, sequence.0)
    }

    /// The proof that an entry is among the first `size` ones.
    ///
    /// # Errors
    ///
    /// As [`head`](LedgerReader::head).
    pub(crate) fn inclusion(&self, sequence: Sequence, size: u64) -> Result<InclusionProof> {
        InclusionProof::of(sequence.0, size, &mut self.tiles(size)?.hashes())
    }

    /// The proof that the log of `old_size` entries is the beginning of that
    /// of `new_size`.
    ///
    /// # Errors
    ///
    /// As [`head`](LedgerReader::head).
    pub(crate) fn consistency(&self, old_size: u64, new_size: u64) -> Result<ConsistencyProof> {
        ConsistencyProof::of(old_size, new_size, &mut self.tiles(new_size)?.hashes())
    }

    /// The proof that an entry is in the log, complete with the newest
    /// checkpoint; verified before it is returned.
    ///
    /// # Errors
    ///
    /// When no checkpoint covers the entry yet, and when the tree on the disk
    /// is not the one that was signed.
    pub(crate) fn proof(&self, sequence: Sequence) -> Result<LogProof> {
        let signed =
            self.checkpoint()?.filter(|signed| signed.checkpoint().head().size > sequence.0);
        let Some(signed) = signed else {
            return Err(Error::invalid(format!(
                "no checkpoint covers entry {} yet; the writer signs one every `checkpoint_every` while there is news, and on closing",
                sequence.0
            )));
        };
        let head = signed.checkpoint().head();
        let inclusion = self.inclusion(sequence, head.size)?;
        let leaf = self.leaf(sequence)?;
        inclusion.verify(&leaf, &head).map_err(|error| {
            let message = format!(
                "the tree on the disk is not the one that was signed ({error}); remove the directory “tree”, and it is made again when the log is opened to be written to"
            );
            Error::new(ErrorKind::Damaged, message)
        })?;
        Ok(LogProof::new(inclusion, &signed))
    }

    /// What there is of the tree over the first `size` entries.
    fn tiles(&self, size: u64) -> Result<Tiles> {
        let mut store = TileStore::to_read(self.fs.clone(), &self.files);
        // Where more is stored, the tile with the last leaf is full by now.
        let first = store.stored(0)?;
        let leaves = self.leaves(first.saturating_mul(u64::from(TILE_WIDTH_MAX)), size)?;
        Ok(Tiles { store, first, leaves, size })
    }

    /// The hashes of the entries from `first` to before `size`.
    fn leaves(&self, first: u64, size: u64) -> Result<Vec<u8>> {
        let wanted = size.saturating_sub(first);
        if wanted > EDGE_LEAVES_MAX {
            return Err(Error::new(
                ErrorKind::Damaged,
                "the log's tree is missing; it is made again when the log is opened to be written to",
            ));
        }
        let mut leaves = Vec::with_capacity(wanted as usize * DIGEST_BYTES);
        let mut entries = self.entries.clone();
        entries.refresh()?;
        let mut entries = entries.entries_from(Sequence(first));
        let mut next = first;
        while next < size {
            match entries.next_entry()? {
                Some((sequence, entry)) if sequence.0 == next => {
                    leaves.extend_from_slice(leaf_hash(entry).as_bytes());
                    next += 1;
                }
                _ => return Err(Error::invalid(format!("the log has no {size} entries yet"))),
            }
        }
        Ok(leaves)
    }
}

/// The tree over so many entries, as it is on the disk.
struct Tiles {
    store: TileStore,
    first: u64,
    leaves: Vec<u8>,
    size: u64,
}

impl Tiles {
    fn hashes(&mut self) -> impl HashSource + '_ {
        let leaves = std::mem::take(&mut self.leaves);
        DiskHashes::new(&mut self.store, self.first, leaves).of_size(self.size)
    }
}

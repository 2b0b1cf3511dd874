//! The log as the static files of C2SP `tlog-tiles`.

use super::log::StoredLog;
use crate::error::{Error, ErrorKind, Result};
use crate::proof::{
    EntryBundles, HashTiles, SignedCheckpoint, TILE_WIDTH_MAX, TileFile, leaf_hash,
};
use crate::verify::pruned::PrunedLeaves;

impl StoredLog {
    /// Gives every tile of the log as it is at its newest checkpoint, full and
    /// partial, hashes and entries, and returns that checkpoint: to be written
    /// last. Of what was pruned there are hashes, but no entries.
    ///
    /// # Errors
    ///
    /// When the log can't be read, when its entries are not those that were
    /// signed, and what `write` fails with.
    pub fn tiles<E: From<Error>>(
        &self,
        mut write: impl FnMut(TileFile) -> Result<(), E>,
    ) -> Result<SignedCheckpoint, E> {
        let signed = self.signed_checkpoint()?;
        let head = signed.checkpoint().head();
        let mut entries = self.entries()?;
        let first = entries.first().0;
        let mut hashes = HashTiles::new();
        for leaf in PrunedLeaves::open(&*self.fs, &self.directory, first).map_err(Error::from)? {
            hashes.append(leaf.map_err(Error::from)?);
            take_full(|| hashes.take_full(), &mut write)?;
        }
        let width = u64::from(TILE_WIDTH_MAX);
        let bundled_from = first.div_ceil(width) * width;
        let mut bundles = EntryBundles::resume(bundled_from, Vec::new())?;
        while hashes.size() < head.size {
            let Some(entry) = entries.next_entry()? else { break };
            hashes.append(leaf_hash(entry.bytes));
            if entry.sequence.0 >= bundled_from {
                bundles.append(entry.bytes)?;
            }
            take_full(|| hashes.take_full(), &mut write)?;
            take_full(|| bundles.take_full(), &mut write)?;
        }
        if hashes.head() != head {
            let message = "the entries are not those that the log's checkpoint was signed for; verify the log";
            return Err(Error::new(ErrorKind::Verification, message).into());
        }
        bundles.partial().into_iter().chain(hashes.partials()).try_for_each(write)?;
        Ok(signed)
    }
}

fn take_full<E>(
    mut take: impl FnMut() -> Option<TileFile>,
    write: &mut impl FnMut(TileFile) -> Result<(), E>,
) -> Result<(), E> {
    while let Some(tile) = take() {
        write(tile)?;
    }
    Ok(())
}

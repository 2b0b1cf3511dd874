//! Proofs of inclusion and of consistency.

use super::log::StoredLog;
use crate::error::{Error, Result};
use crate::event::Sequence;
use crate::journal::LogReader;
use crate::ledger::LedgerReader;
use crate::proof::{ConsistencyProof, LogProof, leaf_hash};

impl StoredLog {
    /// Proof that the entry at `sequence` is in the log, by its newest
    /// checkpoint. The entry itself is the proof's
    /// [extra](LogProof::untrusted_extra), so that the proof is complete but
    /// for the log's key. Reads the entry and a few tiles of the tree.
    ///
    /// # Errors
    ///
    /// When the entry is not there or not covered by the checkpoint yet, when
    /// the log can't be read, and when its entries or its tree are not those
    /// that were signed.
    pub fn proof(&self, sequence: Sequence) -> Result<LogProof> {
        let signed = self.signed_checkpoint()?;
        let entry = self.entry(sequence)?;
        let leaf = leaf_hash(&entry);
        let proof = self.ledger()?.proof(sequence)?.extra(entry);
        proof.verify(&leaf, signed.checkpoint().origin(), &self.keys()?)?;
        Ok(proof)
    }

    /// Proof that the log of `old_size` entries is the beginning of that of
    /// `new_size`.
    ///
    /// # Errors
    ///
    /// When there are not so many entries, and when the log can't be read.
    pub fn consistency(&self, old_size: u64, new_size: u64) -> Result<ConsistencyProof> {
        self.ledger()?.consistency(old_size, new_size)
    }

    fn ledger(&self) -> Result<LedgerReader> {
        LedgerReader::open(self.fs.clone(), &self.directory)
    }

    fn entry(&self, sequence: Sequence) -> Result<Vec<u8>> {
        let reader = LogReader::open(self.fs.clone(), &self.directory)?;
        match reader.entries_from(sequence).next_entry()? {
            Some((found, entry)) if found == sequence => Ok(entry.to_vec()),
            Some(_) => {
                Err(Error::invalid(format!("the entry with sequence {sequence} was pruned")))
            }
            None => Err(Error::invalid(format!("the log has no entry with sequence {sequence}"))),
        }
    }
}

//! Proofs of inclusion, made from the entries.

use super::log::StoredLog;
use crate::error::{Error, Result};
use crate::event::Sequence;
use crate::proof::{Digest, EMPTY_ROOT, Frontier, HashSource, InclusionProof, LogProof, leaf_hash};
use crate::verify::pruned::PrunedLeaves;

impl StoredLog {
    /// Proof that the entry at `sequence` is in the log, by its newest
    /// checkpoint. The entry itself is the proof's
    /// [extra](LogProof::untrusted_extra), so that the proof is complete but
    /// for the log's key.
    ///
    /// # Errors
    ///
    /// When the entry is not there or not covered by the checkpoint yet, when
    /// the log can't be read, and when its entries are not those that were
    /// signed.
    pub fn proof(&self, sequence: Sequence) -> Result<LogProof> {
        let signed = self.signed_checkpoint()?;
        let size = signed.checkpoint().head().size;
        if sequence.0 >= size {
            return Err(Error::invalid(format!(
                "the newest checkpoint covers {size} entries, and sequence {sequence} is not among them; ask again when the next one is signed"
            )));
        }
        let mut wanted = Wanted::default();
        InclusionProof::of(sequence.0, size, &mut wanted)?;
        let entry = self.gather(size, sequence, &mut wanted)?;
        let inclusion = InclusionProof::of(sequence.0, size, &mut wanted)?;
        let leaf = leaf_hash(&entry);
        let proof = LogProof::new(inclusion, &signed).extra(entry);
        proof.verify(&leaf, signed.checkpoint().origin(), &self.keys()?)?;
        Ok(proof)
    }

    /// Reads the log up to `size`, and keeps an entry and the hashes that are
    /// wanted.
    fn gather(&self, size: u64, sequence: Sequence, wanted: &mut Wanted) -> Result<Vec<u8>> {
        let mut frontier = Frontier::new();
        let mut entries = self.entries()?;
        for leaf in PrunedLeaves::open(&*self.fs, &self.directory, entries.first().0)? {
            frontier.append_each(leaf?, |level, index, hash| wanted.put(level, index, hash));
        }
        let mut found = None;
        while frontier.size() < size {
            let Some(entry) = entries.next_entry()? else {
                let message = format!(
                    "the log holds {} entries, and its checkpoint covers {size}; verify it",
                    frontier.size()
                );
                return Err(Error::new(crate::ErrorKind::RolledBack, message));
            };
            if entry.sequence == sequence {
                found = Some(entry.bytes.to_vec());
            }
            let leaf = leaf_hash(entry.bytes);
            frontier.append_each(leaf, |level, index, hash| wanted.put(level, index, hash));
        }
        found
            .ok_or_else(|| Error::invalid(format!("the entry with sequence {sequence} was pruned")))
    }
}

/// The hashes that a proof is made of: asked for first, known later.
#[derive(Default)]
struct Wanted(Vec<(u8, u64, Digest)>);

impl Wanted {
    fn put(&mut self, level: u8, index: u64, hash: &Digest) {
        let place = self.0.iter_mut().find(|(l, i, _)| (*l, *i) == (level, index));
        if let Some((_, _, known)) = place {
            *known = *hash;
        }
    }
}

impl HashSource for Wanted {
    fn subtree(&mut self, level: u8, index: u64) -> Result<Digest> {
        let known = self.0.iter().find(|(l, i, _)| (*l, *i) == (level, index));
        if let Some((_, _, hash)) = known {
            return Ok(*hash);
        }
        self.0.push((level, index, EMPTY_ROOT));
        Ok(EMPTY_ROOT)
    }
}

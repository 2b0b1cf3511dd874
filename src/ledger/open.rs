//! Opening: lock, keys, journal, tree.

use std::sync::Arc;

use super::config::LedgerConfig;
use super::files::{self, LedgerFiles};
use super::keys;
use super::writer::Ledger;
use crate::error::Result;
use crate::event::Sequence;
use crate::fs::JournalFs;
use crate::journal::{LockedLog, LogReader, OpenReport};
use crate::proof::{HashTiles, SignedCheckpoint, VerifierKey, leaf_hash};

/// What was found on opening. The caller's first entry should say it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub(crate) struct Opened {
    /// What the journal found.
    pub(crate) report: OpenReport,
    /// What the log is called in its checkpoints.
    pub(crate) origin: String,
    /// The public half of the key that it is signed with.
    pub(crate) verifier: VerifierKey,
    /// Number of entries: the next sequence.
    pub(crate) size: u64,
    /// The newest checkpoint.
    pub(crate) checkpoint: Option<SignedCheckpoint>,
    /// Tiles of the tree that were damaged or missing and were made again.
    pub(crate) rebuilt_tiles: u64,
}

impl Ledger {
    /// Opens a log below the configured directory that no other writer has,
    /// or begins one.
    ///
    /// # Errors
    ///
    /// When it is damaged, older than a known checkpoint or missing, when a
    /// key is missing or another one, and when the system refuses a step.
    pub(crate) fn open(
        config: LedgerConfig,
        fs: Arc<dyn JournalFs>,
        now_ns: u64,
    ) -> Result<(Ledger, Opened)> {
        let locked = LockedLog::under(&config.journal, fs.clone())?;
        let files = LedgerFiles::new(locked.directory());
        let (journal, report) = locked.open(&config.journal, now_ns)?;
        let (signer, keys) =
            keys::open(&*fs, files.directory(), report.log, &config, report.size == 0)?;
        let latest = match files::read(&*fs, &files.checkpoint())? {
            Some(text) => {
                Some(SignedCheckpoint::open(text.as_str(), &keys.origin, &keys.verifiers)?)
            }
            None => None,
        };
        let mut tree = HashTiles::new();
        let mut entries = LogReader::open(fs.clone(), files.directory())?.entries_from(Sequence(0));
        while let Some((_, entry)) = entries.next_entry()? {
            tree.append(leaf_hash(entry));
        }
        let opened = Opened {
            origin: keys.origin.clone(),
            verifier: signer.verifier().clone(),
            size: report.size,
            checkpoint: latest.clone(),
            rebuilt_tiles: 0,
            report,
        };
        let ledger = Ledger {
            fs,
            config,
            files,
            journal,
            tree,
            signer,
            keys,
            latest,
            last_checkpoint_ns: None,
        };
        Ok((ledger, opened))
    }
}

//! Opening: lock, what is known, journal, keys, tree.

use std::sync::Arc;

use super::config::LedgerConfig;
use super::copies::Copies;
use super::files::LedgerFiles;
use super::keys::{self, LogKeys};
use super::known::FoundCopies;
use super::resume::Source;
use super::tile_store::TileStore;
use super::writer::Ledger;
use crate::error::{Error, Result};
use crate::fs::JournalFs;
use crate::journal::{KnownCheckpoint, LockedLog, LogReader, OpenReport};
use crate::proof::{SignedCheckpoint, VerifierKey};

/// What was found on opening. The caller's first entry should say it.
#[derive(Debug)]
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
    #[cfg_attr(not(test), expect(dead_code, reason = "the ledger has it, too"))]
    pub(crate) checkpoint: Option<SignedCheckpoint>,
    /// Tiles of the tree that were damaged or missing and were made again; a
    /// few after a kill.
    pub(crate) rebuilt_tiles: u64,
    /// A key that was made to be rotated to, and was given up: a `KEY` entry
    /// that names it has no effect.
    pub(crate) abandoned_key: Option<VerifierKey>,
    /// Directories for copies that could not be read, so that an older state
    /// of the log might not have been recognised.
    pub(crate) problems: Vec<Error>,
}

impl Ledger {
    /// Opens a log below the configured directory that no other writer has,
    /// or begins one. Reads the last segment and what was written since the
    /// newest checkpoint, not the whole log. Waits for the directories of the
    /// copies, however long they take.
    ///
    /// # Errors
    ///
    /// When the log is damaged, is not what a checkpoint says of it or is
    /// missing, when a key is missing, readable by others or another one, and
    /// when the system refuses a step.
    pub(crate) fn open(
        mut config: LedgerConfig,
        fs: Arc<dyn JournalFs>,
        now_ns: u64,
    ) -> Result<(Ledger, Opened)> {
        config.check()?;
        if let Some(path) = &config.signing_key {
            keys::read_named(&*fs, path)?;
        }
        let copies = FoundCopies::look(&*fs, &config.checkpoint_copies);
        config.journal.known_checkpoints.extend(copies.logs());
        let locked = LockedLog::under(&config.journal, fs.clone())?;
        let (files, log) = (LedgerFiles::new(locked.directory()), locked.log());
        let keys = LogKeys::read(&*fs, files.directory(), log)?;
        let known = copies.verify(&*fs, &files, log, keys.as_ref())?;
        config.journal.known_checkpoints.push(KnownCheckpoint { log, size: known.size() });
        let is_suspect = locked.is_suspect()?;
        let (journal, report) = locked.open(&config.journal, now_ns)?;
        let keys = keys::open(&*fs, &files, log, &config, keys, report.size)?;
        let source = Source {
            reader: &LogReader::open(fs.clone(), files.directory())?,
            first: report.first,
            size: report.size,
            active_first: journal.active_first(),
            heads: &known.heads(),
            is_suspect,
        };
        let resumed = source.resume(TileStore::to_write(fs.clone(), &files)?)?;
        let latest = known.checkpoints.last().cloned();
        let opened = Opened {
            origin: keys.public.origin.clone(),
            verifier: keys.signer.verifier().clone(),
            size: report.size,
            checkpoint: latest.clone(),
            rebuilt_tiles: resumed.rebuilt_tiles,
            abandoned_key: keys.abandoned,
            problems: copies.problems,
            report,
        };
        let copies = Copies::start(&config, &fs, log)?;
        let ledger = Ledger {
            fs,
            config,
            files,
            journal,
            tree: resumed.tree,
            hashed_to: 0,
            signer: keys.signer,
            retiring: keys.retiring,
            prepared: None,
            keys: keys.public,
            latest,
            last_checkpoint_ns: None,
            copies,
        };
        Ok((ledger, opened))
    }
}

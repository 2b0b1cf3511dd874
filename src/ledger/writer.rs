//! The ledger's state, and what it passes on to its journal.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::config::LedgerConfig;
use super::copies::{Copies, CopyState};
use super::files::LedgerFiles;
use super::keys::LogKeys;
use super::tree::Tree;
use crate::error::{Error, Result};
use crate::fs::JournalFs;
use crate::journal::index::EntryFacts;
use crate::journal::{GroupTaker, Journal, SealedSegment, log_directory_name, logs_under};
use crate::proof::{SignedCheckpoint, SignerKey, VerifierKey};

/// The one writer of a trail. Used by one thread at a time. Dropped without
/// [`close`](Ledger::close), it leaves what a kill would leave.
#[must_use = "a ledger that is dropped was not closed"]
pub(crate) struct Ledger {
    pub(super) fs: Arc<dyn JournalFs>,
    pub(super) config: LedgerConfig,
    pub(super) files: LedgerFiles,
    pub(super) journal: Journal,
    pub(super) tree: Tree,
    /// Where among the frames that wait to be synced those begin whose entries
    /// are not in the tree yet.
    pub(super) hashed_to: usize,
    pub(super) signer: SignerKey,
    /// The key before, until both have signed a checkpoint.
    pub(super) retiring: Option<SignerKey>,
    /// The key that will be rotated to.
    pub(super) prepared: Option<SignerKey>,
    pub(super) keys: LogKeys,
    pub(super) latest: Option<SignedCheckpoint>,
    /// When a checkpoint was last attempted; none: one is due at once.
    pub(super) last_checkpoint_ns: Option<u64>,
    pub(super) copies: Copies,
}

/// What closing came to.
#[derive(Debug)]
pub(crate) struct Closed {
    /// Number of entries, all durable.
    pub(crate) size: u64,
    /// The newest checkpoint.
    pub(crate) checkpoint: Option<SignedCheckpoint>,
    /// How the places for copies were left.
    pub(crate) copies: Vec<CopyState>,
    /// What could not be done beside.
    pub(crate) problems: Vec<Error>,
}

impl Ledger {
    /// The log's own directory.
    pub(crate) fn directory(&self) -> &Path {
        self.files.directory()
    }

    /// The directories of the other logs below the configured one.
    ///
    /// # Errors
    ///
    /// When that cannot be listed.
    pub(crate) fn other_logs(&self) -> Result<Vec<PathBuf>> {
        let parent = &self.config.journal.directory;
        let logs = logs_under(&*self.fs, parent)?.into_iter();
        let others = logs.map(|log| parent.join(log_directory_name(log)));
        Ok(others
            .filter(|directory| directory.file_name() != self.directory().file_name())
            .collect())
    }

    /// What the log is called in its checkpoints.
    pub(crate) fn origin(&self) -> &str {
        &self.keys.origin
    }

    /// The public half of the key that the log is signed with.
    pub(crate) fn verifier(&self) -> &VerifierKey {
        self.signer.verifier()
    }

    /// Number of entries: the next sequence.
    pub(crate) fn size(&self) -> u64 {
        self.journal.size()
    }

    /// Number of entries that are durable.
    pub(crate) fn durable(&self) -> u64 {
        self.journal.synced_size().0
    }

    /// Whether nothing can be stored until the log is opened again.
    pub(crate) fn is_poisoned(&self) -> bool {
        self.journal.is_poisoned()
    }

    /// How long the entries that wait may go on waiting; zero when a sync is
    /// due or under way, none when there are none.
    pub(crate) fn until_sync(&self, now_ns: u64) -> Option<Duration> {
        self.journal.sync_due(now_ns)
    }

    /// Makes all appended entries durable, and returns how many entries are.
    ///
    /// # Errors
    ///
    /// [`Full`](crate::ErrorKind::Full) and [`Io`](crate::ErrorKind::Io) leave
    /// the entries waiting: sync again.
    /// [`Poisoned`](crate::ErrorKind::Poisoned) is final: what was not
    /// acknowledged may be durable or not.
    pub(crate) fn sync(&mut self, now_ns: u64) -> Result<u64> {
        self.hash_waiting();
        let synced = self.journal.sync(now_ns);
        self.note_group_gone();
        let durable = synced?.0;
        self.tree.entries_are_durable(durable);
        Ok(durable)
    }

    /// Begins to make all appended entries durable, and does not wait for it;
    /// returns how many are by now. While an earlier attempt is under way, only
    /// looks how that has fared.
    ///
    /// # Errors
    ///
    /// As [`sync`](Ledger::sync).
    pub(crate) fn begin_sync(&mut self, now_ns: u64) -> Result<u64> {
        self.hash_waiting();
        let synced = self.journal.begin_sync(now_ns);
        self.note_group_gone();
        let durable = synced?.0;
        self.tree.entries_are_durable(durable);
        Ok(durable)
    }

    /// Seals the segment if it is large or old enough. A checkpoint is due
    /// then.
    ///
    /// # Errors
    ///
    /// As [`sync`](Ledger::sync). Unless poisoned, the segment stays open and
    /// can be written to.
    pub(crate) fn seal_if_due(&mut self, now_ns: u64) -> Result<Option<SealedSegment>> {
        if self.journal.is_seal_due(now_ns) { self.seal(now_ns) } else { Ok(None) }
    }

    /// Seals the segment; `None` if there is no entry in it.
    ///
    /// # Errors
    ///
    /// As [`seal_if_due`](Ledger::seal_if_due).
    pub(crate) fn seal(&mut self, now_ns: u64) -> Result<Option<SealedSegment>> {
        self.sync(now_ns)?;
        self.sync_tree()?;
        let sealed = self.journal.seal(now_ns)?;
        if sealed.is_some() {
            self.last_checkpoint_ns = None;
        }
        Ok(sealed)
    }

    /// Makes the tree's tiles durable. If that fails, no part of them can be
    /// trusted: the log is poisoned, and they are made again when it is opened.
    pub(super) fn sync_tree(&mut self) -> Result<()> {
        self.tree.write()?;
        self.tree.sync().map_err(|error| {
            let cause = format!("the tree could not be synced: {error}");
            self.journal.poisoned_by_sync(cause).into()
        })
    }

    /// Lets groups of entries be taken by somebody, once they are durable.
    pub(crate) fn hand_groups_to(&mut self, taker: Box<dyn GroupTaker>) {
        self.journal.hand_groups_to(taker);
    }

    /// Says what the entry that was appended last is to be found by, for
    /// whoever takes its group.
    #[inline]
    pub(crate) fn describe_last(&mut self, describe: impl FnOnce(&mut EntryFacts) -> bool) {
        self.journal.describe_last(describe);
    }

    /// How the places for copies of the checkpoints are doing.
    pub(crate) fn copies(&self) -> Vec<CopyState> {
        self.copies.states()
    }

    /// What went wrong with copies since this was asked last; once for each
    /// place, until it has worked again.
    pub(crate) fn take_copy_problems(&mut self) -> Vec<Error> {
        self.copies.take_problems()
    }

    /// Gives the reserve back to the disk, for the few entries that say that
    /// it is full.
    pub(crate) fn release_reserve(&mut self) -> Result<()> {
        Ok(self.journal.release_reserve()?)
    }

    #[cfg(test)]
    /// Takes the reserve again; returns its size in bytes, which is smaller
    /// than configured if there is no room for all of it.
    pub(crate) fn restore_reserve(&mut self) -> Result<u64> {
        Ok(self.journal.restore_reserve()?)
    }

    /// Syncs, signs a last checkpoint, says at the end of the log that it was
    /// closed, and releases it. Waits a while for the copies.
    ///
    /// # Errors
    ///
    /// As [`sync`](Ledger::sync). What was not acknowledged before is lost.
    /// What else goes wrong is told in the result.
    pub(crate) fn close(mut self, now_ns: u64) -> Result<Closed> {
        self.sync(now_ns)?;
        self.sync_tree()?;
        let mut problems: Vec<_> = self.checkpoint(now_ns).err().into_iter().collect();
        let size = self.journal.close(now_ns)?.0;
        problems.extend(self.copies.finish(self.config.copy_wait));
        Ok(Closed { size, checkpoint: self.latest, copies: self.copies.states(), problems })
    }
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger")
            .field("origin", &self.keys.origin)
            .field("size", &self.size())
            .field("durable", &self.durable())
            .finish_non_exhaustive()
    }
}

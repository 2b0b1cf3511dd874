//! The writer of a log: its state, and what can be asked about it.

#[cfg(test)]
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::background::{BackgroundSync, Flight, SharedFile, lock};
use super::config::JournalConfig;
use super::failure::{JournalError, Result};
use super::frame;
use super::handover::{GroupMemory, GroupTaker};
use super::index::{EntryFacts, GatheredFacts};
use super::lock::LogLock;
use super::names::{Layout, LogId};
use super::{suspect, sync::SyncedThrough};
#[cfg(test)]
use crate::event::Sequence;
use crate::fs::JournalFs;

/// The one writer of a log. Used by one thread at a time. Dropped without
/// [`close`](Journal::close), it leaves what a kill would leave.
#[derive(Debug)]
#[must_use = "a journal that is dropped was not closed"]
pub(crate) struct Journal {
    pub(super) fs: Arc<dyn JournalFs>,
    pub(super) config: JournalConfig,
    pub(super) layout: Layout,
    pub(super) log: LogId,
    /// Ends before the lock goes.
    pub(super) background: BackgroundSync,
    pub(super) lock: LogLock,
    pub(super) active: Active,
    pub(super) group: Group,
    /// The group that is being synced.
    pub(super) flight: Option<Flight>,
    /// Memory of a group that was synced, for another.
    pub(super) spare: GroupMemory,
    /// Gets what became durable.
    pub(super) taker: Option<Box<dyn GroupTaker>>,
    /// What is known of the entry that was appended last.
    pub(super) facts: EntryFacts,
    /// Number of entries that are durable.
    pub(super) synced: u64,
    pub(super) last_sync_ns: u64,
    /// Whether the record of cuts waits to be told of.
    pub(super) has_cut_record: bool,
    pub(super) poison: Option<String>,
}

/// The segment that is written to.
#[derive(Debug)]
pub(super) struct Active {
    pub(super) file: SharedFile,
    pub(super) path: PathBuf,
    pub(super) identity: (u64, u64),
    pub(super) first: u64,
    /// Durable bytes: where the last group ends.
    pub(super) length: u64,
    /// The length that the file should have: beyond the groups, zeros that were
    /// written ahead.
    pub(super) room_end: u64,
    /// Whether room may be written ahead: not after that has failed.
    pub(super) goes_ahead: bool,
    /// Whether it ends with the mark that closes a log.
    pub(super) is_closed: bool,
    pub(super) opened_ns: u64,
}

/// Entries that wait to be synced, as frames behind a mark.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) bytes: Vec<u8>,
    /// The last frames, which go there some at a time, with their checksums.
    /// What is written in small pieces is written to memory that is in the
    /// processor's cache; a group's own mostly is not.
    pub(super) fresh: Vec<u8>,
    /// What its entries are to be found by, if somebody takes groups.
    pub(super) facts: GatheredFacts,
    pub(super) bytes_limit: usize,
    /// The sequence that is given out next.
    pub(super) next: u64,
}

impl Journal {
    #[cfg(test)]
    /// Which log it is.
    pub(crate) fn log(&self) -> LogId {
        self.log
    }

    #[cfg(test)]
    /// The log's own directory.
    pub(crate) fn directory(&self) -> &Path {
        self.layout.directory()
    }

    /// Number of entries ever appended: the next sequence.
    pub(crate) fn size(&self) -> u64 {
        self.group.next
    }

    /// The first sequence of the segment that is written to.
    pub(crate) fn active_first(&self) -> u64 {
        self.active.first
    }

    /// Number of entries that are durable.
    pub(crate) fn synced_size(&self) -> SyncedThrough {
        SyncedThrough(self.synced)
    }

    /// Bytes of the frames that wait to be synced.
    pub(crate) fn unsynced_bytes(&self) -> usize {
        self.group.len()
    }

    /// Whether nothing can be stored until the log is opened again.
    pub(crate) fn is_poisoned(&self) -> bool {
        self.poison.is_some()
    }

    /// How long the entries that wait may go on waiting; zero when a sync is
    /// due or its outcome is to be asked for, `None` when there are none.
    pub(crate) fn sync_due(&self, now_ns: u64) -> Option<Duration> {
        if self.is_poisoned() {
            return None;
        }
        if self.flight.is_some() {
            return Some(Duration::ZERO);
        }
        if self.group.is_empty() {
            return None;
        }
        if self.group.len() >= self.config.group_bytes_max {
            return Some(Duration::ZERO);
        }
        let passed = Duration::from_nanos(now_ns.saturating_sub(self.last_sync_ns));
        Some(self.config.group_commit.saturating_sub(passed))
    }

    #[cfg(test)]
    /// Gives up the entries that wait; returns their sequences, which will be
    /// used again. For a full disk: they are lost, and the caller says so.
    pub(crate) fn discard_unsynced(&mut self) -> std::ops::Range<Sequence> {
        let lost = Sequence(self.synced)..Sequence(self.group.next);
        self.group.complete();
        drop(self.group.swap(GroupMemory::default()));
        self.group.next = self.synced;
        lost
    }

    /// Lets groups be taken by somebody, once they are durable.
    pub(crate) fn hand_groups_to(&mut self, taker: Box<dyn GroupTaker>) {
        self.taker = Some(taker);
    }

    /// Remembers what the entry that was appended last is to be found by, for
    /// whoever takes its group.
    #[inline]
    pub(crate) fn describe_last(&mut self, describe: impl FnOnce(&mut EntryFacts) -> bool) {
        if self.taker.is_some() {
            self.group.facts.gather(&mut self.facts, describe);
        }
    }

    pub(super) fn refuse_if_poisoned(&self) -> Result<()> {
        match &self.poison {
            Some(cause) => Err(JournalError::Poisoned { cause: cause.clone() }),
            None => Ok(()),
        }
    }

    /// Ends this writer's trust in its files after a failed sync. What was not
    /// acknowledged must not be taken for durable by whoever reads it next.
    pub(crate) fn poisoned_by_sync(&mut self, cause: impl Into<String>) -> JournalError {
        if suspect::mark(&*self.fs, &self.layout).is_err() {
            // Then it had better not be read at all.
            let _ = lock(&self.active.file).truncate(self.active.length);
        }
        self.poisoned(cause)
    }

    /// Ends this writer's trust in its files, for good.
    pub(super) fn poisoned(&mut self, cause: impl Into<String>) -> JournalError {
        let cause = cause.into();
        self.poison = Some(cause.clone());
        JournalError::Poisoned { cause }
    }
}

impl Group {
    /// Bytes of its frames.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.bytes.len() + self.fresh.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Brings the last frames to the others.
    pub(super) fn complete(&mut self) {
        frame::add_checksums(&mut self.fresh);
        self.bytes.extend_from_slice(&self.fresh);
        self.fresh.clear();
    }

    /// Takes the group out, whose frames are [all together](Group::complete), and goes
    /// on with empty memory.
    pub(super) fn swap(&mut self, spare: GroupMemory) -> GroupMemory {
        GroupMemory {
            bytes: std::mem::replace(&mut self.bytes, spare.bytes),
            facts: std::mem::replace(&mut self.facts, spare.facts),
        }
    }
}

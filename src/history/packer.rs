//! The thread that compresses sealed segments, one after the other.
//!
//! It is the journal's second writer, of files that the first never touches
//! any more: the worker tells it what was sealed, takes the outcome when it
//! has time, and says when a segment as it was written may go. It has to end
//! before the log is closed.
//!
//! What the worker makes durable is handed over to it as it stands in memory
//! ([`Packer::taker`]), so that a segment is compressed while it is being
//! written. Where that comes too fast, or from the middle of a segment on, the
//! segment is read when it was sealed.

use std::collections::VecDeque;
use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, unbounded};

use super::indexer::EventIndexer;
use crate::error::{Error, Result};
use crate::event::Sequence;
use crate::fs::JournalFs;
use crate::journal::{
    self, GroupMemory, GroupTaker, JournalError, PackStream, PackedSegment, WrittenGroup,
};

/// Bytes of small groups that are collected before the thread is woken for them.
const TOLD_BYTES: usize = if cfg!(test) { 1024 } else { 128 * 1024 };

/// Bytes of groups that may wait to be compressed; more are read again later.
const WAITING_BYTES_MAX: usize = if cfg!(test) { 32 * 1024 } else { 16 * 1024 * 1024 };

/// What the thread did.
#[derive(Debug)]
pub(crate) enum Packed {
    /// A segment was compressed. Its hashes belong into the log; once they are
    /// durable there, [`Packer::remove_raw`].
    Segment(Box<PackedSegment>),
    /// Something could not be done; the segment is as readable as before, and
    /// the next opening tries again.
    Failed(Error),
}

/// Groups on their way to the thread, which takes them before any other work.
type Groups = Arc<Mutex<VecDeque<WrittenGroup>>>;

enum Job {
    /// Groups are on their way.
    Groups,
    Pack(Sequence),
    Repair(Sequence),
    RemoveRaw(Sequence),
}

/// The handle to the thread. Dropping it ends the thread after what it is
/// doing, and waits for that.
pub(crate) struct Packer {
    jobs: Option<Sender<Job>>,
    groups: Groups,
    outcomes: Receiver<Packed>,
    spent: Receiver<GroupMemory>,
    waiting_bytes: Arc<AtomicUsize>,
    is_ending: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// Asks for an index to be made again.
#[derive(Clone)]
pub(crate) struct IndexRepair(Sender<Job>);

impl IndexRepair {
    pub(crate) fn ask(&self, first: Sequence) {
        // Without its thread there is nobody to do it; the next opening does.
        let _ = self.0.send(Job::Repair(first));
    }
}

impl Packer {
    /// Starts the thread for the log in a directory of its own. What an
    /// earlier run left uncompressed or without an index is done first.
    ///
    /// # Errors
    ///
    /// When the directory can't be read, or the thread not be started.
    pub(crate) fn start(fs: Arc<dyn JournalFs>, directory: impl Into<PathBuf>) -> Result<Self> {
        let directory = directory.into();
        let (jobs, queue) = unbounded();
        let (done, outcomes) = unbounded();
        let (spend, spent) = unbounded();
        let unfinished = journal::unfinished(&*fs, &directory)?;
        let unpacked = unfinished.unpacked.into_iter().map(Job::Pack);
        for job in unpacked.chain(unfinished.unindexed.into_iter().map(Job::Repair)) {
            let _ = jobs.send(job);
        }
        let is_ending = Arc::new(AtomicBool::new(false));
        let ending = Arc::clone(&is_ending);
        let waiting_bytes = Arc::new(AtomicUsize::new(0));
        let waiting = Arc::clone(&waiting_bytes);
        let groups = Groups::default();
        let coming = Arc::clone(&groups);
        let mut work =
            Work { fs, directory, groups: coming, stream: None, spend, waiting_bytes: waiting };
        let run = move || {
            for job in queue {
                if ending.load(Ordering::Relaxed) {
                    break;
                }
                let outcome = work.perform(job);
                if outcome.is_some_and(|outcome| done.send(outcome).is_err()) {
                    break;
                }
            }
            work.discard_stream();
        };
        let thread = std::thread::Builder::new().name("audit-packer".into()).spawn(run);
        let thread = thread.map_err(|error| {
            Error::new(
                crate::error::ErrorKind::Io,
                format!("the thread that compresses the journal could not be started: {error}"),
            )
        })?;
        let (jobs, thread) = (Some(jobs), Some(thread));
        Ok(Packer { jobs, groups, outcomes, spent, waiting_bytes, is_ending, thread })
    }

    /// Takes what the log's writer makes durable.
    pub(crate) fn taker(&self) -> Option<Box<dyn GroupTaker>> {
        Some(Box::new(Taker {
            jobs: self.jobs.clone()?,
            groups: Arc::clone(&self.groups),
            spent: self.spent.clone(),
            free: Vec::new(),
            waiting_bytes: Arc::clone(&self.waiting_bytes),
            untold_bytes: 0,
            left_out: None,
        }))
    }

    /// Compresses the sealed segment that begins with `first`.
    pub(crate) fn pack(&self, first: Sequence) {
        self.ask(Job::Pack(first));
    }

    /// Removes a segment as it was written; its compressed form takes its
    /// place.
    pub(crate) fn remove_raw(&self, first: Sequence) {
        self.ask(Job::RemoveRaw(first));
    }

    /// For those who find an index damaged.
    pub(crate) fn index_repair(&self) -> Option<IndexRepair> {
        self.jobs.clone().map(IndexRepair)
    }

    /// What was done since the last call. Waits for nothing.
    pub(crate) fn outcomes(&self) -> impl Iterator<Item = Packed> + '_ {
        self.outcomes.try_iter()
    }

    fn ask(&self, job: Job) {
        if let Some(jobs) = &self.jobs {
            let _ = jobs.send(job);
        }
    }
}

impl Drop for Packer {
    fn drop(&mut self) {
        self.is_ending.store(true, Ordering::Relaxed);
        // Wakes a thread that waits, whoever else can ask; it sees that it is to end.
        self.ask(Job::Groups);
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Packer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Packer").finish_non_exhaustive()
    }
}

/// The writer's end: gives groups to the thread, as long as it keeps up.
struct Taker {
    jobs: Sender<Job>,
    groups: Groups,
    spent: Receiver<GroupMemory>,
    /// Memory that came back. What came last is taken first: it is most likely to be in
    /// the processor's cache.
    free: Vec<GroupMemory>,
    waiting_bytes: Arc<AtomicUsize>,
    /// Bytes of groups that the thread was not woken for yet.
    untold_bytes: usize,
    /// A segment that will be read, since a group of it was not taken.
    left_out: Option<Sequence>,
}

impl GroupTaker for Taker {
    fn take(&mut self, group: WrittenGroup) -> GroupMemory {
        let bytes = group.memory.bytes.len();
        let waiting = self.waiting_bytes.load(Ordering::Relaxed);
        if self.left_out == Some(group.segment) || waiting + bytes > WAITING_BYTES_MAX {
            self.left_out = Some(group.segment);
            return group.memory;
        }
        self.waiting_bytes.fetch_add(bytes, Ordering::Relaxed);
        let spare = self.bring(group);
        self.untold_bytes += bytes;
        if self.untold_bytes >= TOLD_BYTES {
            self.untold_bytes = 0;
            // Without its thread there is nobody to do it; the next opening does.
            let _ = self.jobs.send(Job::Groups);
        }
        spare
    }
}

impl Taker {
    /// Adds a group to those on their way; a small one to the one before it.
    fn bring(&mut self, group: WrittenGroup) -> GroupMemory {
        let mut groups = lock(&self.groups);
        if let Some(last) = groups.back_mut().filter(|_| group.memory.bytes.len() < TOLD_BYTES) {
            if last.memory.bytes.len() < TOLD_BYTES && last.is_followed_by(&group) {
                last.memory.extend_from(&group.memory);
                return group.memory;
            }
        }
        groups.push_back(group);
        drop(groups);
        self.free.extend(self.spent.try_iter());
        self.free.pop().unwrap_or_default()
    }
}

fn lock(groups: &Groups) -> MutexGuard<'_, VecDeque<WrittenGroup>> {
    groups.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Taker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Taker").field("left_out", &self.left_out).finish_non_exhaustive()
    }
}

/// What the thread has.
struct Work {
    fs: Arc<dyn JournalFs>,
    directory: PathBuf,
    groups: Groups,
    /// The segment that is being written, as far as it is compressed.
    stream: Option<PackStream>,
    spend: Sender<GroupMemory>,
    waiting_bytes: Arc<AtomicUsize>,
}

impl Work {
    fn perform(&mut self, job: Job) -> Option<Packed> {
        self.take_groups();
        let (fs, directory) = (&*self.fs, &self.directory);
        let result = match job {
            Job::Groups => return None,
            Job::Pack(first) => {
                let packed = self.pack(first).map(|segment| Some(Packed::Segment(segment.into())));
                self.take_groups();
                packed
            }
            // Whoever found it damaged has told so.
            Job::Repair(first) => {
                journal::repair_index(fs, directory, first, &EventIndexer).map(|_| None)
            }
            Job::RemoveRaw(first) => journal::remove_raw(fs, directory, first).map(|()| None),
        };
        result.unwrap_or_else(|error| Some(Packed::Failed(error.into())))
    }

    /// Takes what is on its way. Groups of the next segment wait until the one
    /// before it is packed.
    fn take_groups(&mut self) {
        loop {
            let mut groups = lock(&self.groups);
            let is_due = groups.front().is_some_and(|group| match &self.stream {
                Some(stream) => stream.first() == group.segment,
                None => true,
            });
            let next = if is_due { groups.pop_front() } else { None };
            let Some(group) = next else { return };
            drop(groups);
            self.take(group);
        }
    }

    /// Compresses a group, if all of its segment before it was.
    fn take(&mut self, group: WrittenGroup) {
        if group.begins_segment() {
            self.discard_stream();
            let begun = PackStream::begin(Arc::clone(&self.fs), &self.directory, group.segment);
            self.stream = begun.ok();
        }
        if let Some(stream) = &mut self.stream {
            let is_next = stream.first() == group.segment;
            // What fails here is told when the segment is read.
            if !is_next || !stream.take(&group).unwrap_or(false) {
                self.discard_stream();
            }
        }
        self.waiting_bytes.fetch_sub(group.memory.bytes.len(), Ordering::Relaxed);
        let _ = self.spend.send(group.memory);
    }

    fn pack(&mut self, first: Sequence) -> Result<PackedSegment, JournalError> {
        let is_streamed = self.stream.as_ref().is_some_and(|stream| stream.first() == first);
        if let Some(stream) = self.stream.take_if(|_| is_streamed) {
            if let Ok(Some(segment)) = stream.finish() {
                return Ok(segment);
            }
        }
        journal::pack(&*self.fs, &self.directory, first, &EventIndexer)
    }

    fn discard_stream(&mut self) {
        if let Some(stream) = self.stream.take() {
            stream.discard();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::event::encode::encode;
    use crate::event::row::RowScratch;
    use crate::event::{AuditEvent, EventId};
    use crate::fs::OsFilesystem;
    use crate::history::describe_row;
    use crate::journal::{Journal, JournalConfig, LogId, LogReader, SyncPlace};

    fn append(journal: &mut Journal, events: usize) {
        let mut scratch = RowScratch::default();
        for number in 0..events {
            let mut event =
                AuditEvent::builder("store").user_id(format!("u{}", number % 7)).build();
            event.event_id = EventId::from_u128((number as u128) << 64);
            let (row, mut bytes) = (scratch.row(&event, 0), Vec::new());
            encode(&row, Sequence(journal.size()), &mut bytes);
            journal.append(&bytes).unwrap();
            journal.describe_last(|facts| describe_row(&row, facts));
        }
    }

    #[expect(clippy::disallowed_methods, reason = "waits for another thread")]
    fn packed(packer: &Packer) -> PackedSegment {
        let end = Instant::now() + Duration::from_secs(120);
        while Instant::now() < end {
            match packer.outcomes().next() {
                Some(Packed::Segment(segment)) => return *segment,
                Some(Packed::Failed(error)) => panic!("{error}"),
                None => std::thread::sleep(Duration::from_millis(1)),
            }
        }
        panic!("nothing was packed");
    }

    /// Writes and packs segments, the groups of which have so many events.
    fn pack_groups_of(sizes: &[usize]) {
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join("log");
        let fs: Arc<dyn JournalFs> = Arc::new(OsFilesystem);
        let config = JournalConfig {
            sync_place: SyncPlace::Thread,
            ..JournalConfig::new(&directory, LogId([4; 16]))
        };
        let (mut journal, _) = Journal::open(config, Arc::clone(&fs), 0).unwrap();
        let packer = Packer::start(Arc::clone(&fs), &directory).unwrap();
        journal.hand_groups_to(packer.taker().unwrap());
        let write = |journal: &mut Journal| {
            for events in sizes {
                append(journal, *events);
                journal.begin_sync(0).unwrap();
            }
            journal.seal(0).unwrap().unwrap()
        };
        // What follows may be on its way before a segment is asked for.
        let sealed = [write(&mut journal), write(&mut journal), write(&mut journal)];
        for sealed in sealed {
            packer.pack(sealed.first);
            let segment = packed(&packer);
            assert_eq!((segment.first, segment.next), (sealed.first, sealed.next));
            assert_eq!(segment.raw_bytes, sealed.bytes);
            packer.remove_raw(sealed.first);
            let repaired =
                journal::repair_index(&*fs, &directory, sealed.first, &EventIndexer).unwrap();
            assert!(!repaired, "the index follows from the segment");
        }
        let size = journal.close(0).unwrap().0;
        drop(packer);
        let reader = LogReader::open(fs, &directory).unwrap();
        let mut entries = reader.entries_from(Sequence(0));
        let mut read = 0;
        while entries.next_entry().unwrap().is_some() {
            read += 1;
        }
        assert_eq!(read, size);
    }

    #[test]
    fn what_is_handed_over_is_packed_as_it_was_written() {
        pack_groups_of(&[1, 20, 3]);
    }

    #[test]
    fn what_comes_too_fast_is_read_again() {
        pack_groups_of(&[5, 400, 30]);
    }
}

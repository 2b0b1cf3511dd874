//! Going through the entries of a log that may be wanted.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::{ControlFlow, Range};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::indexer::EventIndexer;
use super::wanted::Wanted;
use crate::error::{Error, ErrorKind, Result};
use crate::event::scan::ScannedEvent;
use crate::event::{Part, Sequence};
use crate::fs::JournalFs;
use crate::journal::{Block, IndexCache, JournalError, LogId, LogReader, SegmentBlocks};

/// How long, at most, entries are waited for that were not written yet: a group
/// commit may be on its way, to a disk that is slow.
const WAIT_MAX: Duration = Duration::from_secs(10);

/// Time between two looks at the end of the log, doubled up to a bound.
const LOOK_AGAIN: Duration = Duration::from_millis(2);
const LOOK_AGAIN_MAX: Duration = Duration::from_millis(50);

/// How long, at most, the rest of an event is waited for at the end of a log:
/// its entries are written together, unless a crash prevents it.
const PARTS_WAIT_MAX: Duration = Duration::from_secs(1);

/// What is told of a damaged index: whose it is, and what is wrong.
pub(crate) type OnDamage = Arc<dyn Fn(Sequence, Error) + Send + Sync>;

/// The entries of one log. Shared by all who ask.
pub(crate) struct History {
    fs: Arc<dyn JournalFs>,
    directory: PathBuf,
    log: LogId,
    cache: IndexCache,
    on_damage: OnDamage,
    told: Mutex<BTreeSet<Sequence>>,
    first: AtomicU64,
    /// An end of the log at which the rest of an event was waited for in vain.
    cut_short: AtomicU64,
}

/// What became of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Passed {
    /// Whether the visitor had enough.
    pub(crate) flow: ControlFlow<()>,
    /// Set if entries that were there when it began were pruned before it came to
    /// them: all before this one. Of those before, some may have been handed over.
    pub(crate) released_before: Option<Sequence>,
}

/// How a walk through a part of the log ended.
enum Walked {
    /// The visitor had enough.
    Broken,
    /// It saw all of that part.
    Complete,
    /// The log is not as long, or not yet: it saw what comes before `seen`.
    Short { seen: u64, flaw: Option<JournalError> },
}

impl History {
    /// The log in a directory of its own, whose oldest entry is `first`.
    /// `on_damage` is called on the threads that ask, when an index is found
    /// damaged or missing.
    pub(crate) fn new(
        fs: Arc<dyn JournalFs>,
        directory: impl Into<PathBuf>,
        log: LogId,
        first: Sequence,
        on_damage: OnDamage,
    ) -> Self {
        History {
            fs,
            directory: directory.into(),
            log,
            cache: IndexCache::new(Arc::new(EventIndexer)),
            on_damage,
            told: Mutex::default(),
            first: AtomicU64::new(first.0),
            cut_short: AtomicU64::new(0),
        }
    }

    /// Which log it is.
    pub(crate) fn log(&self) -> LogId {
        self.log
    }

    /// The sequence of the oldest entry, as it was when the log was last looked
    /// at. Reads nothing.
    pub(crate) fn first(&self) -> Sequence {
        Sequence(self.first.load(Ordering::Relaxed))
    }

    /// The sequences that are in it by now. What a crash left behind them counts
    /// as not there, as it does for whoever opens the log next. Where they end inside
    /// an event, its rest is waited for, up to [`PARTS_WAIT_MAX`] and once.
    ///
    /// # Errors
    ///
    /// When the log can't be read, or what is behind its last entry is damaged.
    pub(crate) fn sequences(&self) -> Result<Range<u64>> {
        let (mut waited, mut pause) = (Duration::ZERO, LOOK_AGAIN);
        loop {
            let (sequences, goes_on) = self.written()?;
            if !goes_on || self.cut_short.load(Ordering::Relaxed) == sequences.end {
                return Ok(sequences);
            }
            if waited >= PARTS_WAIT_MAX {
                self.cut_short.store(sequences.end, Ordering::Relaxed);
                return Ok(sequences);
            }
            std::thread::sleep(pause);
            waited += pause;
            pause = (pause * 2).min(LOOK_AGAIN_MAX);
        }
    }

    /// The sequences that are in it, and whether the last event goes on behind them.
    fn written(&self) -> Result<(Range<u64>, bool)> {
        let reader = self.reader()?;
        let segments = reader.segments();
        let first = segments.first().map_or(0, |oldest| oldest.first.0);
        let newest = segments.len().saturating_sub(1);
        // The newest is never pruned: it goes when the whole log does.
        let Some(mut segment) = reader.segment_blocks(newest, &self.cache)? else {
            return Ok((first..first, false));
        };
        self.tell(&mut segment);
        let (next, goes_on) = (segment.next().0, goes_on(&segment)?);
        segment.check_end()?;
        Ok((first..next, goes_on))
    }

    /// Hands over the entries in a range of sequences, in order or in reverse,
    /// until told to stop. Those of blocks that can't hold what is wanted are
    /// left out; those that were pruned are not there, and if that was meanwhile,
    /// it is said.
    ///
    /// # Errors
    ///
    /// When the log can't be read, is damaged, or ends before the range does.
    pub(crate) fn each(
        &self,
        wanted: &Wanted,
        sequences: Range<u64>,
        newest_first: bool,
        mut visit: impl FnMut(Sequence, &[u8]) -> Result<ControlFlow<()>>,
    ) -> Result<Passed> {
        let released = None;
        let mut walk =
            Walk { history: self, wanted, newest_first, released, block: Block::default() };
        let flow = match sequences.is_empty() {
            true => ControlFlow::Continue(()),
            false => self.walk(&mut walk, sequences, &mut visit)?,
        };
        Ok(Passed { flow, released_before: walk.released })
    }

    fn walk(
        &self,
        walk: &mut Walk<'_>,
        sequences: Range<u64>,
        visit: &mut impl FnMut(Sequence, &[u8]) -> Result<ControlFlow<()>>,
    ) -> Result<ControlFlow<()>> {
        let mut rest = sequences.clone();
        let (mut waited, mut pause) = (Duration::ZERO, LOOK_AGAIN);
        loop {
            let flaw = match walk.log(&self.reader()?, &rest, visit)? {
                Walked::Broken => return Ok(ControlFlow::Break(())),
                Walked::Complete => return Ok(ControlFlow::Continue(())),
                Walked::Short { seen, flaw } => {
                    rest.start = rest.start.max(seen);
                    flaw
                }
            };
            if waited >= WAIT_MAX {
                return Err(flaw.map_or_else(|| self.short(sequences.end), Error::from));
            }
            std::thread::sleep(pause);
            waited += pause;
            pause = (pause * 2).min(LOOK_AGAIN_MAX);
        }
    }

    fn short(&self, end: u64) -> Error {
        let message = format!(
            "the log on disk ends before entry {}, which was recorded; `health` says how the journal is doing: {}",
            end - 1,
            self.directory.display()
        );
        Error::new(ErrorKind::Damaged, message)
    }

    fn reader(&self) -> Result<LogReader> {
        let reader = LogReader::open(Arc::clone(&self.fs), &self.directory)?;
        if let Some(oldest) = reader.segments().first() {
            self.note_first(oldest.first);
        }
        Ok(reader)
    }

    /// What was pruned stays so, whichever listing is the older one.
    fn note_first(&self, first: Sequence) {
        self.first.fetch_max(first.0, Ordering::Relaxed);
    }

    fn tell(&self, segment: &mut SegmentBlocks<'_>) {
        let Some(problem) = segment.take_index_problem() else { return };
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.insert(segment.first()) {
            drop(told);
            (self.on_damage)(segment.first(), problem.into());
        }
    }
}

/// Whether the last entry of a segment is a part of an event, and not the last.
fn goes_on(segment: &SegmentBlocks<'_>) -> Result<bool> {
    let mut block = Block::default();
    for number in (0..segment.blocks().len()).rev() {
        segment.read(number, &mut block)?;
        if let Some((_, entry)) = block.entries().next_back() {
            let part = ScannedEvent::scan(entry).and_then(|event| event.part());
            return Ok(part.is_some_and(Part::goes_on));
        }
    }
    Ok(false)
}

/// One question, on its way through the log.
struct Walk<'a> {
    history: &'a History,
    wanted: &'a Wanted,
    newest_first: bool,
    /// What is before it was pruned before the walk came there.
    released: Option<Sequence>,
    block: Block,
}

impl Walk<'_> {
    fn log(
        &mut self,
        reader: &LogReader,
        sequences: &Range<u64>,
        visit: &mut impl FnMut(Sequence, &[u8]) -> Result<ControlFlow<()>>,
    ) -> Result<Walked> {
        let segments = reader.segments();
        let begin = segments.partition_point(|segment| segment.first.0 <= sequences.start);
        let end = segments.partition_point(|segment| segment.first.0 < sequences.end);
        let mut order: Vec<_> = (begin.saturating_sub(1)..end).collect();
        if self.newest_first {
            order.reverse();
        }
        if segments.is_empty() {
            return Ok(Walked::Short { seen: 0, flaw: None });
        }
        for index in order {
            let follower = segments.get(index + 1).map(|follower| follower.first);
            // What is gone was pruned meanwhile, with everything before it.
            let Some(mut segment) = reader.segment_blocks(index, &self.history.cache)? else {
                self.note_released(follower);
                continue;
            };
            self.history.tell(&mut segment);
            segment.check_follower(follower)?;
            let next = segment.next().0;
            let is_short = follower.is_none() && next < sequences.end;
            if is_short && self.newest_first {
                return Ok(Walked::Short { seen: 0, flaw: segment.into_flaw() });
            }
            if self.segment(&mut segment, sequences, visit)?.is_break() {
                return Ok(Walked::Broken);
            }
            if is_short {
                return Ok(Walked::Short { seen: next, flaw: segment.into_flaw() });
            }
        }
        Ok(Walked::Complete)
    }

    fn note_released(&mut self, follower: Option<Sequence>) {
        if let Some(follower) = follower {
            self.history.note_first(follower);
            self.released = self.released.max(Some(follower));
        }
    }

    fn segment(
        &mut self,
        segment: &mut SegmentBlocks<'_>,
        sequences: &Range<u64>,
        visit: &mut impl FnMut(Sequence, &[u8]) -> Result<ControlFlow<()>>,
    ) -> Result<ControlFlow<()>> {
        let mut candidates = self.wanted.candidates(segment, sequences)?;
        self.history.tell(segment);
        if self.newest_first {
            candidates.reverse();
        }
        for number in candidates {
            segment.read(number as usize, &mut self.block)?;
            if self.entries(sequences, visit)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn entries(
        &self,
        sequences: &Range<u64>,
        visit: &mut impl FnMut(Sequence, &[u8]) -> Result<ControlFlow<()>>,
    ) -> Result<ControlFlow<()>> {
        let mut each = |(sequence, entry): (Sequence, &[u8])| {
            if !sequences.contains(&sequence.0) {
                return Ok(ControlFlow::Continue(()));
            }
            visit(sequence, entry)
        };
        let mut entries = self.block.entries();
        loop {
            let entry = if self.newest_first { entries.next_back() } else { entries.next() };
            let Some(entry) = entry else { return Ok(ControlFlow::Continue(())) };
            if each(entry)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
    }
}

impl fmt::Debug for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("History")
            .field("directory", &self.directory)
            .field("log", &self.log)
            .finish_non_exhaustive()
    }
}

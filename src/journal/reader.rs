//! Reading a log, beside its writer or without one. Never writes, takes no
//! lock, and may run on any thread or in any process.
//!
//! A reader sees the segments that were there when it was opened or refreshed,
//! and of the last one whatever frames are complete when it gets there. Some
//! of those may not be durable yet; who needs to know asks the writer.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::failure::{JournalError, Result};
use super::frame::Flaw;
use super::header::SegmentHeader;
use super::names::{Layout, LogId};
use super::recover::{flawed, flawed_before, unread};
use super::scan::{Scan, Step};
use super::sealed_file::SealedFile;
use super::tail::{self, Tail};
use crate::event::Sequence;
use crate::fs::{JournalFile, JournalFs, OpenMode};

/// How often a listing is repeated that a writer may have changed meanwhile.
const LISTINGS_MAX: usize = 10;

/// How often a flaw is looked at again that a writer may just be filling.
const READINGS_MAX: usize = 3;

/// A reader of one log.
#[derive(Debug, Clone)]
pub(crate) struct LogReader {
    fs: Arc<dyn JournalFs>,
    layout: Layout,
    log: Option<LogId>,
    segments: Vec<SegmentRef>,
}

/// A segment of a log, as a reader saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SegmentRef {
    /// The sequence of its first entry.
    pub(crate) first: Sequence,
    /// Whether it was sealed.
    pub(crate) is_sealed: bool,
}

/// What follows the last complete frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trailing {
    /// The file.
    pub(crate) path: PathBuf,
    /// Where the last complete frame ends.
    pub(crate) offset: u64,
    /// Bytes behind it: a crash left them, or a writer is just adding them.
    pub(crate) bytes: u64,
}

/// Entries in the order of their sequence.
#[derive(Debug)]
pub(crate) struct Entries {
    reader: LogReader,
    from: u64,
    /// Index of the segment that is read after this one, and where to stop.
    upcoming: usize,
    until: usize,
    current: Option<Current>,
    /// The sequence that the next segment has to begin with.
    expected: Option<u64>,
    trailing: Option<Trailing>,
}

#[derive(Debug)]
pub(super) struct Current {
    pub(super) file: Box<dyn JournalFile>,
    pub(super) path: PathBuf,
    pub(super) scan: Scan,
    pub(super) is_sealed: bool,
    readings_left: usize,
    /// Whether nothing that stands at the position was read before a flaw was
    /// met there.
    is_read_anew: bool,
}

impl LogReader {
    /// Looks at the log in a directory. One without segments is empty.
    ///
    /// # Errors
    ///
    /// When the directory can't be read, or holds what no writer leaves.
    pub(crate) fn open(fs: Arc<dyn JournalFs>, directory: &Path) -> Result<Self> {
        let mut reader =
            LogReader { fs, layout: Layout::new(directory), log: None, segments: Vec::new() };
        reader.refresh()?;
        Ok(reader)
    }

    /// Looks again.
    ///
    /// # Errors
    ///
    /// As [`open`](LogReader::open).
    pub(crate) fn refresh(&mut self) -> Result<()> {
        for _ in 1..LISTINGS_MAX {
            match self.look() {
                // The whole log may have been moved away since it was listed.
                Err(error) if error.is_missing() => {}
                result => return result,
            }
        }
        self.look()
    }

    fn look(&mut self) -> Result<()> {
        // A writer may rename a segment while the directory is read, so that
        // it is seen twice or not at all: two listings have to agree.
        let mut last = self.list();
        for _ in 1..LISTINGS_MAX {
            let again = self.list();
            let agree = matches!((&last, &again), (Ok(one), Ok(other)) if one == other);
            last = again;
            if agree {
                break;
            }
        }
        self.segments = last?;
        if self.log.is_none() {
            self.log = self.log_of_oldest()?;
        }
        Ok(())
    }

    /// Which log the oldest segment says to be of. Those that were pruned since they
    /// were listed are passed over.
    fn log_of_oldest(&self) -> Result<Option<LogId>> {
        let mut missing = None;
        for index in 0..self.segments.len() {
            match self.open_segment(index) {
                Err(error) if error.is_missing() => missing = Some(error),
                result => return Ok(Some(result?.1.log)),
            }
        }
        missing.map_or(Ok(None), Err)
    }

    /// Which log it is; none if it is empty.
    pub(crate) fn log(&self) -> Option<LogId> {
        self.log
    }

    pub(super) fn fs(&self) -> &dyn JournalFs {
        &*self.fs
    }

    pub(super) fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The segments, in order. To go backwards, read
    /// [`segment_entries`](LogReader::segment_entries) of the last, then of
    /// the one before it.
    pub(crate) fn segments(&self) -> &[SegmentRef] {
        &self.segments
    }

    /// The entries from a sequence on, to the end of the log.
    ///
    /// # Errors
    ///
    /// None yet; they come with the entries.
    pub(crate) fn entries_from(&self, from: Sequence) -> Entries {
        let after = self.segments.partition_point(|segment| segment.first.0 <= from.0);
        self.entries(from.0, after.saturating_sub(1)..self.segments.len())
    }

    /// The entries of one segment.
    pub(crate) fn segment_entries(&self, index: usize) -> Entries {
        self.entries(0, index..index.saturating_add(1).min(self.segments.len()))
    }

    fn entries(&self, from: u64, segments: Range<usize>) -> Entries {
        Entries {
            reader: self.clone(),
            from,
            upcoming: segments.start,
            until: segments.end,
            current: None,
            expected: None,
            trailing: None,
        }
    }

    fn list(&self) -> Result<Vec<SegmentRef>> {
        let directory = self.layout.segments();
        let names = match self.fs.list(&directory) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            result => result.map_err(|error| JournalError::step("list", &directory, error))?,
        };
        let names = self.layout.sort(&names)?;
        let active = self.layout.only_active(&names)?;
        let sealed = names.sealed.iter().map(|first| (*first, true));
        let segments = sealed.chain(active.map(|first| (first, false)));
        Ok(segments
            .map(|(first, is_sealed)| SegmentRef { first: Sequence(first), is_sealed })
            .collect())
    }

    pub(super) fn open_segment(&self, index: usize) -> Result<(Current, SegmentHeader)> {
        let Some(segment) = self.segments.get(index) else {
            return Err(JournalError::Invalid(format!("the log has no segment {index}")));
        };
        let first = segment.first.0;
        let active = self.layout.active(first);
        let opened = match segment.is_sealed {
            true => None,
            // It may have been sealed since it was listed.
            false => match self.fs.open(&active, OpenMode::Read) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
                result => Some(result.map_err(|error| JournalError::step("open", &active, error))?),
            },
        };
        let is_sealed = opened.is_none();
        let (file, path) = match opened {
            Some(file) => (file, active),
            None => SealedFile::open(&*self.fs, &self.layout, first)?.into_parts(),
        };
        let header = SegmentHeader::read(&*file, &path, first, self.log)?;
        let scan = Scan::new(first);
        let readings_left = READINGS_MAX;
        let current =
            Current { file, path, scan, is_sealed, readings_left, is_read_anew: is_sealed };
        Ok((current, header))
    }
}

impl Entries {
    /// The next entry; `None` behind the last complete one. Asked again, it
    /// looks whether its last segment has grown.
    ///
    /// # Errors
    ///
    /// When the log is damaged: file, position, sequence, what belongs there
    /// and what is there. Asked again, it says the same.
    pub(crate) fn next_entry(&mut self) -> Result<Option<(Sequence, &[u8])>> {
        let found = loop {
            let Some(current) = &mut self.current else {
                if !self.open_next()? {
                    return Ok(None);
                }
                continue;
            };
            match current.step()? {
                Some(Step::Entry { sequence, at }) if sequence >= self.from => {
                    break (sequence, at);
                }
                Some(Step::Entry { .. } | Step::Mark) => {}
                _ if self.upcoming >= self.until => {
                    self.trailing = current.trailing()?;
                    return Ok(None);
                }
                _ => {
                    self.expected = Some(current.scan.next());
                    self.current = None;
                }
            }
        };
        let (sequence, at) = found;
        let bytes = self.current.as_ref().map_or(&[][..], |current| current.scan.bytes(at));
        Ok(Some((Sequence(sequence), bytes)))
    }

    #[cfg(test)]
    /// The sequence that comes next.
    pub(crate) fn next_sequence(&self) -> Option<Sequence> {
        let current = self.current.as_ref().map(|current| current.scan.next());
        current.or(self.expected).map(Sequence)
    }

    #[cfg(test)]
    /// What follows the last complete frame; known after the last entry.
    pub(crate) fn trailing(&self) -> Option<&Trailing> {
        self.trailing.as_ref()
    }

    /// Goes on to the next segment; whether there is one.
    fn open_next(&mut self) -> Result<bool> {
        if self.upcoming >= self.until {
            return Ok(false);
        }
        let (current, header) = self.reader.open_segment(self.upcoming)?;
        match self.expected {
            Some(expected) if expected != header.first => {
                let wanted = format!("sequence {expected}");
                let found = format!("a segment that begins with sequence {}", header.first);
                Err(JournalError::corrupt(&current.path, 0, expected, wanted, found))
            }
            _ => {
                self.upcoming += 1;
                self.current = Some(current);
                Ok(true)
            }
        }
    }
}

impl Current {
    /// A segment that is written to, from a position behind its header on.
    pub(super) fn behind(
        file: Box<dyn JournalFile>,
        path: PathBuf,
        offset: u64,
        next: u64,
    ) -> Self {
        Current {
            file,
            path,
            scan: Scan::resume(offset, next),
            is_sealed: false,
            readings_left: READINGS_MAX,
            is_read_anew: false,
        }
    }

    /// The next frame; `None` at the end.
    pub(super) fn step(&mut self) -> Result<Option<Step>> {
        loop {
            let step = match self.scan.step(&*self.file) {
                Ok(step) => step,
                Err(error) => return Err(self.failed(error)),
            };
            let flaw = match step {
                Step::Entry { .. } | Step::Mark => {
                    self.readings_left = READINGS_MAX;
                    self.is_read_anew = self.is_sealed;
                    return Ok(Some(step));
                }
                Step::End => return Ok(None),
                Step::Flawed(flaw) => flaw,
            };
            // What was read ahead may be zeros that a writer has written over since.
            if !self.is_read_anew {
                self.is_read_anew = true;
                self.scan.forget();
                continue;
            }
            match self.judge(flaw)? {
                None => {
                    self.is_read_anew = self.is_sealed;
                    return Ok(None);
                }
                // What was read may still be older than what was judged.
                Some(_) if self.readings_left > 0 => {
                    self.readings_left -= 1;
                    self.scan.forget();
                }
                Some(error) => return Err(error),
            }
        }
    }

    /// The damage that a flaw is, if it isn't just the end.
    fn judge(&self, flaw: Flaw) -> Result<Option<JournalError>> {
        if self.is_sealed {
            return Ok(Some(flawed(&self.path, &self.scan, flaw)));
        }
        let (tail, _) = tail::judge(&*self.file, self.scan.offset(), self.scan.next())
            .map_err(|error| self.failed(error))?;
        Ok(match tail {
            Tail::Torn | Tail::ZeroFill => None,
            Tail::Damaged { follower, sequence } => {
                Some(flawed_before(&self.path, &self.scan, flaw, follower, sequence))
            }
        })
    }

    fn trailing(&mut self) -> Result<Option<Trailing>> {
        // A later look starts from what is there by then.
        self.scan.forget();
        let length = self.file.stat().map_err(|error| self.failed(error))?.length;
        let bytes = length.saturating_sub(self.scan.offset());
        let (path, offset) = (self.path.clone(), self.scan.offset());
        Ok((bytes > 0).then_some(Trailing { path, offset, bytes }))
    }

    pub(super) fn failed(&self, error: std::io::Error) -> JournalError {
        unread(&self.path, &self.scan, error)
    }
}

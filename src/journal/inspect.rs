//! A segment frame by frame, with positions: for those who check a log and
//! have to say where it is wrong. Never writes.

use std::io;
use std::path::Path;

use super::failure::{JournalError, Result};
use super::frame::{self, FRAME_HEADER_BYTES};
use super::header::{SEGMENT_HEADER_BYTES, SegmentHeader};
use super::names::LogId;
use super::reader::{Current, LogReader};
use super::scan::Step;
use super::steps::read_up_to;

/// Bytes that are read at once to see whether they are zeros.
const CHUNK_BYTES: usize = 64 * 1024;

/// A segment, read from its beginning.
#[derive(Debug)]
pub(crate) struct Inspection {
    current: Current,
    header: SegmentHeader,
    header_bytes: [u8; SEGMENT_HEADER_BYTES],
}

/// What stands at a position.
#[derive(Debug)]
pub(crate) enum Seen<'a> {
    /// An entry; `frame` is all of its frame, `entry` the end of that.
    Entry { sequence: u64, offset: u64, frame: &'a [u8], entry: &'a [u8] },
    /// A mark.
    Mark { frame: &'a [u8] },
}

/// What follows the last complete frame of the segment that is written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Remainder {
    /// Where it begins.
    pub(crate) offset: u64,
    /// Length, in bytes.
    pub(crate) bytes: u64,
    /// As many of its first bytes as a mark has.
    pub(crate) head: Vec<u8>,
    /// Whether all of it is zeros.
    pub(crate) is_zero: bool,
}

impl LogReader {
    /// Looks at one of its segments.
    ///
    /// # Errors
    ///
    /// When it can't be read, and when its header is damaged.
    pub(crate) fn inspect(&self, index: usize) -> Result<Inspection> {
        let (current, header) = self.open_segment(index)?;
        let mut header_bytes = [0; SEGMENT_HEADER_BYTES];
        read_up_to(&*current.file, 0, &mut header_bytes).map_err(|error| current.failed(error))?;
        Ok(Inspection { current, header, header_bytes })
    }
}

impl Inspection {
    /// The file.
    pub(crate) fn path(&self) -> &Path {
        &self.current.path
    }

    /// Whether the segment was sealed.
    pub(crate) fn is_sealed(&self) -> bool {
        self.current.is_sealed
    }

    /// Which log it says to belong to.
    pub(crate) fn log(&self) -> LogId {
        self.header.log
    }

    /// Version of the schema of the events in it.
    pub(crate) fn event_schema_version(&self) -> u16 {
        self.header.event_schema_version
    }

    /// The bytes before its first frame.
    pub(crate) fn header_bytes(&self) -> &[u8] {
        &self.header_bytes
    }

    /// Where the next frame begins.
    pub(crate) fn offset(&self) -> u64 {
        self.current.scan.offset()
    }

    /// The sequence of the next entry.
    pub(crate) fn next(&self) -> u64 {
        self.current.scan.next()
    }

    /// Whether the last frame was the mark that closes a log.
    pub(crate) fn is_closed(&self) -> bool {
        self.current.scan.is_closed()
    }

    /// The next frame; `None` behind the last complete one.
    ///
    /// # Errors
    ///
    /// When the segment is damaged there, or can't be read.
    pub(crate) fn step(&mut self) -> Result<Option<Seen<'_>>> {
        let offset = self.offset();
        let Some(step) = self.current.step()? else { return Ok(None) };
        let scan = &self.current.scan;
        Ok(Some(match step {
            Step::Entry { sequence, at } => {
                let frame = scan.bytes(at.start - FRAME_HEADER_BYTES..at.end);
                Seen::Entry { sequence, offset, frame, entry: scan.bytes(at) }
            }
            _ => Seen::Mark { frame: scan.last_mark() },
        }))
    }

    /// What follows the last complete frame, if anything does.
    ///
    /// # Errors
    ///
    /// When it can't be read.
    pub(crate) fn remainder(&self) -> Result<Option<Remainder>> {
        let failed = |error| JournalError::step("read", self.path(), error);
        let offset = self.offset();
        let length = self.current.file.stat().map_err(failed)?.length;
        if length <= offset {
            return Ok(None);
        }
        let mut head = vec![0; FRAME_HEADER_BYTES];
        let read = read_up_to(&*self.current.file, offset, &mut head).map_err(failed)?;
        head.truncate(read);
        let is_zero = self.is_zero_from(offset).map_err(failed)?;
        Ok(Some(Remainder { offset, bytes: length - offset, head, is_zero }))
    }

    /// Whether there is nothing but zeros from an offset on.
    fn is_zero_from(&self, mut offset: u64) -> io::Result<bool> {
        let mut bytes = vec![0; CHUNK_BYTES];
        loop {
            let read = read_up_to(&*self.current.file, offset, &mut bytes)?;
            let read_bytes = bytes.get(..read).unwrap_or_default();
            if read_bytes.is_empty() || read_bytes.iter().any(|byte| *byte != 0) {
                return Ok(read_bytes.is_empty());
            }
            offset += read as u64;
        }
    }
}

/// The two marks that can stand where entry `next` comes next: before a group,
/// and at the end of a closed log.
pub(crate) fn marks_before(next: u64) -> [Vec<u8>; 2] {
    let (mut group, mut closing) = (Vec::new(), Vec::new());
    frame::push_mark(&mut group, next);
    frame::push_closing_mark(&mut closing, next);
    [group, closing]
}

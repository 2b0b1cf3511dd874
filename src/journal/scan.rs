//! Reading frames one after the other, with bounded memory.
//!
//! Used by the reader and by recovery; what a flaw means is theirs to decide.

use std::io;
use std::ops::Range;

use super::frame::{self, FRAME_BYTES_MAX, FRAME_HEADER_BYTES, Flaw};
use super::header::SEGMENT_HEADER_BYTES;
use super::steps::read_up_to;
use crate::fs::JournalFile;

/// Bytes that are read at once.
const READ_BYTES: usize = 256 * 1024;

/// A position in a segment, between two frames.
#[derive(Debug)]
pub(super) struct Scan {
    /// Room for bytes of the file around the position.
    buffer: Vec<u8>,
    /// Where in the buffer the next frame begins.
    start: usize,
    /// Where in the buffer the bytes that were read end.
    end: usize,
    /// Length of the frame before the position, while it is in the buffer.
    passed: usize,
    /// Where in the file that is.
    offset: u64,
    /// Where in the file the last mark begins, or where the first frame does.
    group_offset: u64,
    /// The sequence of the next entry.
    next: u64,
    is_closed: bool,
}

/// What was found at a position.
#[derive(Debug)]
pub(super) enum Step {
    /// An entry, and where [`Scan::bytes`] has it.
    Entry { sequence: u64, at: Range<usize> },
    /// A mark.
    Mark,
    /// The file ends here.
    End,
    /// Not the frame that belongs here; the position stays before it.
    Flawed(Flaw),
}

impl Scan {
    /// The position behind the header of a segment.
    pub(super) fn new(first: u64) -> Self {
        Scan {
            buffer: vec![0; FRAME_BYTES_MAX + READ_BYTES],
            start: 0,
            end: 0,
            passed: 0,
            offset: SEGMENT_HEADER_BYTES as u64,
            group_offset: SEGMENT_HEADER_BYTES as u64,
            next: first,
            is_closed: false,
        }
    }

    /// A position where a frame begins, with the sequence that comes there.
    pub(super) fn resume(offset: u64, next: u64) -> Self {
        Scan { offset, group_offset: offset, ..Scan::new(next) }
    }

    /// Where in the file the next frame begins.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// Where in the file the last group begins that was passed: with its mark.
    pub(super) fn group_offset(&self) -> u64 {
        self.group_offset
    }

    /// The sequence of the next entry.
    pub(super) fn next(&self) -> u64 {
        self.next
    }

    /// Whether the frame before the position closes the log.
    pub(super) fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// Bytes that a step found; gone with the next step.
    pub(super) fn bytes(&self, at: Range<usize>) -> &[u8] {
        self.buffer.get(at).unwrap_or_default()
    }

    /// The whole frame that the last step passed; gone with the next step.
    pub(super) fn frame(&self) -> &[u8] {
        self.buffer.get(self.start.saturating_sub(self.passed)..self.start).unwrap_or_default()
    }

    /// The bytes of the mark that was just passed; gone with the next step.
    pub(super) fn last_mark(&self) -> &[u8] {
        self.bytes(self.start.saturating_sub(FRAME_HEADER_BYTES)..self.start)
    }

    /// Forgets what was read ahead: the file may have changed since.
    pub(super) fn forget(&mut self) {
        self.start = 0;
        self.end = 0;
        self.passed = 0;
    }

    /// Reads the next frame.
    pub(super) fn step(&mut self, file: &dyn JournalFile) -> io::Result<Step> {
        loop {
            let rest = self.buffer.get(self.start..self.end).unwrap_or_default();
            match frame::parse(rest) {
                Ok(found) if found.position() != self.next => {
                    return Ok(Step::Flawed(Flaw::Sequence(found.sequence)));
                }
                Ok(found) => {
                    self.is_closed = found.is_closing();
                    let (length, is_mark) = (found.length(), found.is_mark());
                    return Ok(self.pass(length, is_mark));
                }
                Err(Flaw::Short { present, needed }) => {
                    if self.refill(file)? {
                        continue;
                    }
                    let flaw = Flaw::Short { present, needed };
                    return Ok(if present == 0 { Step::End } else { Step::Flawed(flaw) });
                }
                Err(flaw) => return Ok(Step::Flawed(flaw)),
            }
        }
    }

    fn pass(&mut self, length: usize, is_mark: bool) -> Step {
        let at = self.start + FRAME_HEADER_BYTES..self.start + length;
        self.start += length;
        self.passed = length;
        let frame_offset = self.offset;
        self.offset += length as u64;
        if is_mark {
            self.group_offset = frame_offset;
            return Step::Mark;
        }
        let sequence = self.next;
        self.next = self.next.saturating_add(1);
        Step::Entry { sequence, at }
    }

    /// Reads on; whether there was anything.
    fn refill(&mut self, file: &dyn JournalFile) -> io::Result<bool> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        self.passed = 0;
        let into = self.buffer.get_mut(self.end..).unwrap_or_default();
        let read = read_up_to(file, self.offset + self.end as u64, into)?;
        self.end += read;
        Ok(read > 0)
    }
}

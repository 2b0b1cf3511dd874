//! Cutting a segment into the blocks that are compressed and indexed.
//!
//! A block begins where a frame does (the first one with the segment's header)
//! and has as many whole frames as fit into 64 KiB, or a single longer one. So
//! the borders follow from the segment alone.

use std::ops::Range;
use std::path::Path;

use super::failure::{JournalError, Result};
use super::frame::{self, FRAME_HEADER_BYTES, Flaw};
use super::header::SEGMENT_HEADER_BYTES;
use super::recover::unread;
use super::scan::{Scan, Step};
use super::seek_table::BLOCK_BYTES;
use super::steps::read_up_to;
use crate::fs::JournalFile;

/// What is done with the parts of a segment, in order.
pub(super) trait BlockSink {
    /// An entry of the current block.
    fn entry(&mut self, entry: &[u8]);

    /// The current block is complete; these are its bytes.
    fn end_block(&mut self, bytes: &[u8]) -> Result<()>;
}

/// The block that is being filled.
#[derive(Debug)]
pub(super) struct BlockBuffer(Vec<u8>);

impl BlockBuffer {
    /// A block that has the header of its segment, or nothing yet.
    pub(super) fn beginning_with(header: &[u8]) -> Self {
        let mut block = Vec::with_capacity(BLOCK_BYTES);
        block.extend_from_slice(header);
        BlockBuffer(block)
    }

    /// Adds a frame; a block that has no room for it is complete.
    #[inline]
    pub(super) fn add(
        &mut self,
        frame: &[u8],
        end_block: &mut dyn FnMut(&[u8]) -> Result<()>,
    ) -> Result<()> {
        if !self.has_room(0, frame) {
            self.end(end_block)?;
        }
        self.add_all(frame);
        Ok(())
    }

    /// Whether a frame has room behind so many bytes that are yet to be added.
    #[inline]
    pub(super) fn has_room(&self, more: usize, frame: &[u8]) -> bool {
        self.0.len() + more + frame.len() <= BLOCK_BYTES
    }

    /// Adds frames that have room.
    pub(super) fn add_all(&mut self, frames: &[u8]) {
        self.0.extend_from_slice(frames);
    }

    /// The block is complete with these frames, which have room. They are not
    /// copied if they are all of it.
    pub(super) fn end_with(
        &mut self,
        frames: &[u8],
        end_block: &mut dyn FnMut(&[u8]) -> Result<()>,
    ) -> Result<()> {
        if self.0.is_empty() && !frames.is_empty() {
            return end_block(frames);
        }
        self.add_all(frames);
        self.end(end_block)
    }

    /// The block is complete, if there is anything in it.
    pub(super) fn end(&mut self, end_block: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
        if !self.0.is_empty() {
            end_block(&self.0)?;
            self.0.clear();
        }
        Ok(())
    }
}

/// Where cutting ended.
#[derive(Debug)]
pub(super) struct End {
    /// The position behind the last complete frame.
    pub(super) scan: Scan,
    /// Why what follows there is no frame, if anything follows.
    pub(super) flaw: Option<Flaw>,
}

/// Cuts what follows a position, where a block begins, to the end or the first
/// flaw. `next` is the sequence that comes there.
pub(super) fn cut(
    file: &dyn JournalFile,
    path: &Path,
    offset: u64,
    next: u64,
    sink: &mut dyn BlockSink,
) -> Result<End> {
    let mut header = [0; SEGMENT_HEADER_BYTES];
    let header = match offset {
        0 => &mut header[..],
        _ => &mut [],
    };
    read_up_to(file, 0, header).map_err(|error| JournalError::step("read", path, error))?;
    let mut block = BlockBuffer::beginning_with(header);
    let mut scan = Scan::resume(offset + header.len() as u64, next);
    let flaw = loop {
        let step = scan.step(file).map_err(|error| unread(path, &scan, error))?;
        let entry = match step {
            Step::Entry { at, .. } => Some(at),
            Step::Mark => None,
            Step::End => break None,
            Step::Flawed(flaw) => break Some(flaw),
        };
        block.add(scan.frame(), &mut |bytes| sink.end_block(bytes))?;
        if let Some(at) = entry {
            sink.entry(scan.bytes(at));
        }
    };
    block.end(&mut |bytes| sink.end_block(bytes))?;
    Ok(End { scan, flaw })
}

/// The entries of a block: sequence, and where in its bytes. `raw_at` says
/// where in the segment the block begins, `first` which entry.
///
/// # Errors
///
/// The offset in the block, the sequence and the flaw, where a frame should be
/// and is not.
pub(super) fn entries_of(
    bytes: &[u8],
    raw_at: u64,
    first: u64,
    entries: &mut Vec<(u64, Range<usize>)>,
) -> Result<(), (usize, u64, Flaw)> {
    entries.clear();
    let mut at = if raw_at == 0 { SEGMENT_HEADER_BYTES } else { 0 };
    let mut next = first;
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        let found = frame::parse(rest).map_err(|flaw| (at, next, flaw))?;
        if found.position() != next {
            return Err((at, next, Flaw::Sequence(found.sequence)));
        }
        if !found.is_mark() {
            entries.push((next, at + FRAME_HEADER_BYTES..at + found.length()));
            next += 1;
        }
        at += found.length();
    }
    Ok(())
}

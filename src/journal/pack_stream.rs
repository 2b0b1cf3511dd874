//! Compressing a segment while it is being written, from the groups that were
//! handed over, so that it need not be read when it is sealed.
//!
//! Runs on the thread that packs. A stream is only good for something if it saw
//! the whole segment; where it did not, the segment is packed from its file.

use std::path::Path;
use std::sync::Arc;

use super::blocks::BlockBuffer;
use super::failure::Result;
use super::frame;
use super::handover::WrittenGroup;
use super::header::{SEGMENT_HEADER_BYTES, SegmentHeader};
use super::names::Layout;
use super::pack::{PackedSegment, Packing};
use super::pack_writer::PackWriter;
use super::sealed_file::open_raw;
use super::steps::read_up_to;
use crate::event::Sequence;
use crate::fs::{JournalFile, JournalFs, OpenMode};

/// A segment that is compressed as it grows.
pub(crate) struct PackStream {
    fs: Arc<dyn JournalFs>,
    layout: Layout,
    first: Sequence,
    /// How much of the segment was seen.
    end: u64,
    block: BlockBuffer,
    writer: PackWriter,
}

impl WrittenGroup {
    /// Whether it is the first of its segment.
    pub(crate) fn begins_segment(&self) -> bool {
        self.offset == SEGMENT_HEADER_BYTES as u64
    }
}

impl PackStream {
    /// Begins with a segment that has been begun.
    ///
    /// # Errors
    ///
    /// When its header can't be read, or the new file not be made.
    pub(crate) fn begin(fs: Arc<dyn JournalFs>, directory: &Path, first: Sequence) -> Result<Self> {
        let layout = Layout::new(directory);
        let (header, bytes) = read_header(&*fs, &layout, first.0)?;
        let path = layout.packed_unfinished(first.0);
        let writer = PackWriter::create(&*fs, path, header.log, first.0)?;
        let block = BlockBuffer::beginning_with(&bytes);
        Ok(PackStream { fs, layout, first, end: bytes.len() as u64, block, writer })
    }

    /// The first sequence of the segment.
    pub(crate) fn first(&self) -> Sequence {
        self.first
    }

    /// Takes the next group of the segment; whether it was that.
    ///
    /// # Errors
    ///
    /// When the file can't be written. The stream is good for nothing then.
    pub(crate) fn take(&mut self, group: &WrittenGroup) -> Result<bool> {
        if group.offset != self.end {
            return Ok(false);
        }
        let mut facts = group.memory.facts.each();
        let bytes = &group.memory.bytes[..];
        let (mut unadded, mut rest) = (bytes, bytes);
        while let Some((frame, has_entry, after)) = frame::split_first(rest) {
            let more = unadded.len() - rest.len();
            if !self.block.has_room(more, frame) {
                let (frames, behind) = unadded.split_at(more);
                let writer = &mut self.writer;
                self.block.end_with(frames, &mut |block| writer.end_block(block))?;
                unadded = behind;
            }
            if has_entry {
                let Some(entry) = facts.next() else { return Ok(false) };
                self.writer.index.include(entry);
            }
            rest = after;
        }
        self.block.add_all(unadded);
        self.end += bytes.len() as u64;
        Ok(rest.is_empty() && facts.next().is_none())
    }

    /// Ends it, for a segment that was sealed; none if it did not see all of
    /// that.
    ///
    /// # Errors
    ///
    /// When the system refuses a step: the segment is as readable as before.
    pub(crate) fn finish(mut self) -> Result<Option<PackedSegment>> {
        let length = open_raw(&*self.fs, &self.layout, self.first.0)?.file().stat();
        if length.map_or(true, |found| found.length != self.end) {
            return Ok(None);
        }
        let writer = &mut self.writer;
        self.block.end(&mut |block| writer.end_block(block))?;
        Packing::new(&*self.fs, self.layout.clone(), self.first.0)
            .publish_made(self.writer)
            .map(Some)
    }

    /// Removes what was made so far.
    pub(crate) fn discard(self) {
        let path = self.layout.packed_unfinished(self.first.0);
        drop(self.writer);
        // What stays is ignored, and made anew when the segment is packed.
        let _ = self.fs.remove_file(&path);
    }
}

/// The header of a segment that may be sealed meanwhile.
fn read_header(
    fs: &dyn JournalFs,
    layout: &Layout,
    first: u64,
) -> Result<(SegmentHeader, [u8; SEGMENT_HEADER_BYTES])> {
    let path = layout.active(first);
    let (file, path) = match fs.open(&path, OpenMode::Read) {
        Ok(file) => (file, path),
        Err(_) => open_raw(fs, layout, first)?.into_parts(),
    };
    let file: Box<dyn JournalFile> = file;
    let header = SegmentHeader::read(&*file, &path, first, None)?;
    let mut bytes = [0; SEGMENT_HEADER_BYTES];
    read_up_to(&*file, 0, &mut bytes)
        .map_err(|error| super::failure::JournalError::step("read", &path, error))?;
    Ok((header, bytes))
}

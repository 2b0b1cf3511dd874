//! The index of a compressed segment, made again while the segment is read,
//! and compared with the stored one: a doctored index could hide an event from
//! whoever asks for it.

use std::path::Path;

use super::files;
use super::finding::{Finding, FindingKind, Severity};
use crate::fs::{JournalFs, OpenMode};
use crate::history::EventIndexer;
use crate::journal::index::BuiltIndex;
use crate::journal::steps::read_up_to;
use crate::journal::{BLOCK_BYTES, Inspection};

/// An index on its way.
#[derive(Debug)]
pub(super) struct IndexCheck {
    built: BuiltIndex,
    block_bytes: usize,
}

impl IndexCheck {
    /// For a segment that has an index, before its first frame.
    pub(super) fn of(segment: &Inspection) -> Option<Self> {
        let is_packed = segment.path().extension().is_some_and(|extension| extension == "zst");
        is_packed.then(|| IndexCheck {
            built: BuiltIndex::new(segment.log(), segment.next()),
            block_bytes: segment.header_bytes().len(),
        })
    }

    /// Takes the next frame, with its entry if it has one.
    pub(super) fn frame(&mut self, frame: &[u8], entry: Option<&[u8]>) {
        if self.block_bytes > 0 && self.block_bytes + frame.len() > BLOCK_BYTES {
            self.built.end_block(self.block_bytes);
            self.block_bytes = 0;
        }
        self.block_bytes += frame.len();
        if let Some(entry) = entry {
            self.built.add(&EventIndexer, entry);
        }
    }

    /// Compares, behind the last frame of the segment at `path`.
    pub(super) fn finish(mut self, fs: &dyn JournalFs, path: &Path) -> Option<Finding> {
        self.built.end_block(self.block_bytes);
        let right = self.built.encode();
        let path = path.with_extension("idx");
        let finding = |expected: String, found: String, at: usize| {
            let finding = Finding::new(Severity::Rebuildable, FindingKind::Index, expected, found);
            Some(finding.file(&path).offset(at as u64))
        };
        let file = match fs.open(&path, OpenMode::Read) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return finding("the index of the segment".into(), "none".into(), 0);
            }
            Err(error) => return Some(Finding::unreadable(path, error)),
            Ok(file) => file,
        };
        // One more, to see whether something follows.
        let mut stored = vec![0; right.len() + 1];
        match read_up_to(&*file, 0, &mut stored) {
            Ok(length) => stored.truncate(length),
            Err(error) => return Some(Finding::unreadable(path, error)),
        }
        if stored == right {
            return None;
        }
        let same = stored.iter().zip(&right).take_while(|(stored, right)| stored == right).count();
        finding(files::byte_at(&right, same), files::byte_at(&stored, same), same)
    }
}

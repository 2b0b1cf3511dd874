//! What a verification found, and where.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::{Error, ErrorKind};
use crate::journal::{Corruption, JournalError};
use crate::report::escaped;

/// How much a [`Finding`] weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Severity {
    /// Worth knowing; it happens to logs that nobody touched.
    Notice,
    /// A file that is made from the entries is not what they give. The entries
    /// themselves are not concerned; opening the log makes the file again.
    Rebuildable,
    /// Something could not be read, so that nothing is known about it.
    Unreadable,
    /// The log is not what was written, or not what was signed.
    Tampered,
}

/// What a [`Finding`] is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum FindingKind {
    /// A segment's header, or one of its frames.
    Frame,
    /// The bytes of an entry are not the canonical JSON of an event.
    Entry,
    /// The entries of an event that takes several.
    Part,
    /// The order of openings, closings and other entries about the log.
    Lifecycle,
    /// Entries are missing at the end: the log is older than a checkpoint.
    RolledBack,
    /// A log of which there is a checkpoint is not there.
    MissingLog,
    /// There is no checkpoint of the log. Where there are no entries either,
    /// nor anything from outside that says there were, this is no tampering: a
    /// first start that failed leaves such a log.
    Unsigned,
    /// A checkpoint can't be parsed, is of another log, or has no signature by
    /// a trusted key.
    Checkpoint,
    /// The entries have another root than a checkpoint says.
    Root,
    /// A file of keys, or a change of keys.
    Key,
    /// A sealed segment is not what its `SEAL` entry says.
    Seal,
    /// Segments are missing at the beginning and no `PRUNE` entry says so.
    Prune,
    /// A file of tree hashes.
    Tree,
    /// The index of a segment.
    Index,
    /// What a crash left behind the last entry.
    Tail,
    /// The log was opened without having been closed before: what was not
    /// acknowledged then may be missing.
    UncleanOpen,
    /// What recovery cut from the log.
    Cut,
    /// What the log itself tells of losses.
    Gap,
    /// A file or directory can't be read.
    Io,
}

/// One thing that was found: what, where, what belongs there and what is there.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// How much it weighs.
    pub severity: Severity,
    /// What it is about.
    pub kind: FindingKind,
    /// The file it is in.
    pub file: Option<PathBuf>,
    /// Position in the file, in bytes: the first byte that is wrong, or the
    /// begin of the frame that holds it.
    pub offset: Option<u64>,
    /// The sequence of the entry that it is about.
    pub sequence: Option<u64>,
    /// What belongs there.
    pub expected: String,
    /// What is there.
    pub found: String,
}

/// A position in a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) path: Arc<Path>,
    pub(super) offset: u64,
    pub(super) sequence: u64,
}

impl Finding {
    pub(super) fn new(
        severity: Severity,
        kind: FindingKind,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> Self {
        let (expected, found) = (expected.into(), found.into());
        Finding { severity, kind, file: None, offset: None, sequence: None, expected, found }
    }

    pub(super) fn tampered(
        kind: FindingKind,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> Self {
        Finding::new(Severity::Tampered, kind, expected, found)
    }

    pub(super) fn notice(kind: FindingKind, found: impl Into<String>) -> Self {
        Finding::new(Severity::Notice, kind, "", found)
    }

    pub(super) fn unreadable(path: impl Into<PathBuf>, error: impl fmt::Display) -> Self {
        let found = error.to_string();
        Finding::new(Severity::Unreadable, FindingKind::Io, "a readable file", found).file(path)
    }

    pub(super) fn file(mut self, path: impl Into<PathBuf>) -> Self {
        self.file = Some(path.into());
        self
    }

    pub(super) fn offset(mut self, offset: u64) -> Self {
        self.offset = Some(offset);
        self
    }

    pub(super) fn sequence(mut self, sequence: u64) -> Self {
        self.sequence = Some(sequence);
        self
    }

    pub(super) fn at(self, place: &Place) -> Self {
        self.file(&*place.path).offset(place.offset).sequence(place.sequence)
    }
}

impl From<JournalError> for Finding {
    fn from(error: JournalError) -> Self {
        match error {
            JournalError::Corrupt(corruption) => {
                let Corruption { path, offset, sequence, expected, found } = *corruption;
                Finding::tampered(FindingKind::Frame, expected, found)
                    .file(path)
                    .offset(offset)
                    .sequence(sequence)
            }
            JournalError::Io { path, source, .. } => Finding::unreadable(path, source),
            other => {
                Finding::new(Severity::Unreadable, FindingKind::Io, "a log", other.to_string())
            }
        }
    }
}

impl From<Finding> for Error {
    fn from(finding: Finding) -> Self {
        let kind = match finding.kind {
            FindingKind::Io => ErrorKind::Io,
            _ => ErrorKind::Damaged,
        };
        Error::new(kind, finding.to_string())
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Severity::Notice => "notice",
            Severity::Rebuildable => "rebuildable",
            Severity::Unreadable => "unreadable",
            Severity::Tampered => "tampered",
        })
    }
}

/// One line, whatever stands in a log: what could hide, reorder or command is
/// escaped.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.severity)?;
        if let Some(file) = &self.file {
            write!(f, "{}: ", escaped(&file.to_string_lossy()))?;
        }
        if let Some(offset) = self.offset {
            write!(f, "byte {offset}: ")?;
        }
        if let Some(sequence) = self.sequence {
            write!(f, "sequence {sequence}: ")?;
        }
        let found = escaped(&self.found);
        match self.expected.as_str() {
            "" => f.write_str(&found),
            expected => write!(f, "expected {}, found {found}", escaped(expected)),
        }
    }
}

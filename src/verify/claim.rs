//! A checkpoint's claim about a log, from the log's own directory or from
//! outside, and whether it holds.

use std::path::PathBuf;

use super::finding::{Finding, FindingKind, Place};
use crate::error::Result;
use crate::proof::{Checkpoint, Digest, Note, SignedCheckpoint, VerifierKey};

/// That a log had so many entries with this root.
#[derive(Debug, Clone)]
pub(super) struct Claim {
    /// Where the checkpoint was found.
    pub(super) path: PathBuf,
    pub(super) source: Source,
    note: Note,
    checkpoint: Checkpoint,
    /// What the entries gave at that size.
    reached: Option<Reached>,
}

/// Who makes a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// The log, in its newest checkpoint.
    Newest,
    /// The log, in a checkpoint that an old and a new key signed.
    Rotation,
    /// Whoever kept it elsewhere.
    Outside,
}

#[derive(Debug, Clone)]
struct Reached {
    root: Digest,
    /// The first entry that no full tile, compared with the file of it,
    /// speaks for.
    unproven: Option<Place>,
}

/// The texts of checkpoints that follow each other, with an empty line between
/// them. There is another one in each, before its signatures.
pub(super) fn texts(mut text: &[u8]) -> Vec<&[u8]> {
    const SIGNATURE: &[u8] = "\u{2014} ".as_bytes();
    let mut texts = Vec::new();
    let mut lines = 0;
    let mut is_behind_signature = false;
    while let Some(line) = text.get(lines..).filter(|rest| !rest.is_empty()) {
        let length = line.iter().position(|byte| *byte == b'\n').map_or(line.len(), |at| at + 1);
        let rest = line.get(length..).unwrap_or_default();
        let is_between = length == 1 && is_behind_signature && !rest.starts_with(SIGNATURE);
        is_behind_signature = line.starts_with(SIGNATURE);
        if is_between && !rest.is_empty() {
            texts.extend(text.get(..lines));
            (text, lines) = (rest, 0);
        } else {
            lines += length;
        }
    }
    texts.push(text);
    texts
}

impl Claim {
    pub(super) fn parse(path: impl Into<PathBuf>, text: &[u8], source: Source) -> Result<Self> {
        let note = Note::try_from(text)?;
        let checkpoint = note.text().parse()?;
        Ok(Claim { path: path.into(), source, note, checkpoint, reached: None })
    }

    pub(super) fn is_outside(&self) -> bool {
        self.source == Source::Outside
    }

    pub(super) fn size(&self) -> u64 {
        self.checkpoint.head().size
    }

    pub(super) fn origin(&self) -> &str {
        self.checkpoint.origin()
    }

    /// The id of the log it is about: the last part of the origin.
    pub(super) fn log(&self) -> &str {
        self.origin().rsplit('/').next().unwrap_or_default()
    }

    /// The entries have this root at the claim's size.
    pub(super) fn reach(&mut self, root: Digest, unproven: Option<Place>) {
        self.reached = Some(Reached { root, unproven });
    }

    /// Whether the log has as many entries as are claimed.
    pub(super) fn is_reached(&self) -> bool {
        self.reached.is_some()
    }

    /// Whether all of `keys` have signed it.
    pub(super) fn is_signed_by_all(&self, keys: &[VerifierKey]) -> bool {
        self.note.verify_all(keys).is_ok()
    }

    /// Fails unless it is signed by one of `keys`, and about the log `origin`.
    pub(super) fn check_signature(
        &self,
        origin: &str,
        keys: &[VerifierKey],
    ) -> Result<(), Finding> {
        let opened = SignedCheckpoint::open(self.note.to_string(), origin, keys);
        opened.map(|_| ()).map_err(|error| {
            let expected = format!("a checkpoint of {origin} by a trusted key");
            Finding::tampered(FindingKind::Checkpoint, expected, error.to_string()).file(&self.path)
        })
    }

    /// Fails unless the entries have the root that is claimed; `suspect` is
    /// the first entry that differs from the stored tree.
    pub(super) fn check_root(&self, suspect: Option<&Place>) -> Result<(), Finding> {
        let Some(reached) = &self.reached else { return Ok(()) };
        let (claimed, size) = (self.checkpoint.head().root, self.size());
        if reached.root == claimed {
            return Ok(());
        }
        let expected = format!(
            "entries whose root at size {size} is {claimed}, as {} says",
            self.path.display()
        );
        let finding =
            Finding::tampered(FindingKind::Root, expected, format!("root {}", reached.root));
        let suspect = suspect.filter(|place| place.sequence < size);
        Err(match (suspect, &reached.unproven) {
            (Some(place), _) => Finding {
                found: format!("{}: this entry is not the one in the stored tree", finding.found),
                ..finding.at(place)
            },
            (None, Some(place)) => Finding {
                found: format!(
                    "{}: the first wrong entry is this one or a later one",
                    finding.found
                ),
                ..finding.at(place)
            },
            (None, None) => finding.file(&self.path),
        })
    }

    /// What it means that the log ends before the claim's size.
    pub(super) fn rolled_back(&self, end: &Place) -> Finding {
        let expected = format!("at least {} entries, as {} says", self.size(), self.path.display());
        let found = format!("{}: entries were cut, or an older copy was put back", end.sequence);
        Finding::tampered(FindingKind::RolledBack, expected, found).at(end)
    }
}

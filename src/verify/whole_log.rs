//! One log, from its first byte to its last.

use std::path::Path;
use std::sync::Arc;

use super::canonical;
use super::claim::{Claim, Source};
use super::files;
use super::finding::{Finding, FindingKind, Place};
use super::index::IndexCheck;
use super::pruned::PrunedLeaves;
use super::request::{Progress, Verification};
use super::story::{SealedContent, Story};
use super::tail;
use super::tree::TreeCheck;
use super::trust;
use super::verdict::LogVerdict;
use crate::journal::{Inspection, LogReader, Seen, log_of_directory};
use crate::proof::{Digest, leaf_hash};

/// The schema of events that this crate knows.
const EVENT_SCHEMA_VERSION: u16 = 1;

/// Entries between two reports of progress.
const PROGRESS_ENTRIES: u64 = 4096;

/// Length of what precedes an entry in its frame.
const FRAME_HEADER_BYTES: u64 = 16;

pub(super) fn verify(
    request: &mut Verification<'_>,
    directory: &Path,
    progress: Progress,
) -> LogVerdict {
    let mut log = WholeLog::new(request, directory, progress);
    if let Err(finding) = log.read() {
        log.is_broken = true;
        log.verdict.note(finding);
    }
    log.conclude()
}

struct WholeLog<'r, 'a> {
    request: &'r mut Verification<'a>,
    directory: &'r Path,
    verdict: LogVerdict,
    /// By size.
    claims: Vec<Claim>,
    claims_reached: usize,
    tree: Option<TreeCheck>,
    story: Story,
    /// Where the last segment ends.
    end: Place,
    progress: Progress,
    /// Nothing is known of what comes after a finding.
    is_broken: bool,
    has_closing_mark: bool,
}

impl<'r, 'a> WholeLog<'r, 'a> {
    fn new(request: &'r mut Verification<'a>, directory: &'r Path, progress: Progress) -> Self {
        let end = Place { path: directory.into(), offset: 0, sequence: 0 };
        WholeLog {
            request,
            directory,
            verdict: LogVerdict::new(directory.to_owned()),
            claims: Vec::new(),
            claims_reached: 0,
            tree: None,
            story: Story::new(0),
            end,
            progress,
            is_broken: false,
            has_closing_mark: false,
        }
    }

    /// Reads what the log's checkpoint claims before the entries, so that a
    /// live writer can only have added to them since.
    fn read(&mut self) -> Result<(), Finding> {
        let named = log_of_directory(self.directory);
        self.verdict.log = named.map(|log| log.to_string());
        self.read_claims();
        let tree = TreeCheck::open(&*self.request.fs, self.directory)?;
        let reader = LogReader::open(self.request.fs.clone(), self.directory)?;
        if let Some(log) = reader.log() {
            self.verdict.log = Some(log.to_string());
            if let Some(named) = named.filter(|named| *named != log) {
                let (expected, found) = (format!("log {named}"), format!("log {log}"));
                let finding = Finding::tampered(FindingKind::Frame, expected, found);
                return Err(finding.file(self.directory));
            }
        }
        self.gather_claims();
        self.progress.bytes_total = self.segment_bytes();
        let first = reader.segments().first().map_or(0, |segment| segment.first.0);
        (self.verdict.first, self.verdict.size) = (first, first);
        self.story = Story::new(first);
        self.end.sequence = first;
        self.read_entries(tree, &reader)
    }

    fn read_entries(&mut self, tree: TreeCheck, reader: &LogReader) -> Result<(), Finding> {
        let first = self.verdict.first;
        self.tree = Some(tree);
        self.reach_claims();
        for leaf in PrunedLeaves::open(&*self.request.fs, self.directory, first)? {
            self.pruned(leaf?)?;
        }
        for index in 0..reader.segments().len() {
            let inspection = reader.inspect(index)?;
            let (expected, found) = (self.verdict.size, inspection.next());
            if expected != found {
                let expected = format!("a segment that begins with sequence {expected}");
                let found = format!("one that begins with {found}");
                let finding = Finding::tampered(FindingKind::Frame, expected, found);
                return Err(finding.at(&self.end).file(inspection.path()).offset(0));
            }
            self.segment(inspection)?;
        }
        self.story.part(None, &self.end);
        self.story.findings.drain(..).for_each(|finding| self.verdict.note(finding));
        Ok(())
    }

    fn pruned(&mut self, leaf: Digest) -> Result<(), Finding> {
        if let Some(tree) = &mut self.tree {
            tree.append_pruned(leaf)?;
        }
        self.reach_claims();
        Ok(())
    }

    fn segment(&mut self, mut segment: Inspection) -> Result<(), Finding> {
        let path: Arc<Path> = segment.path().into();
        let first = segment.next();
        let mut index = IndexCheck::of(&segment);
        let is_known_schema = self.is_known_schema(&segment, &path);
        let read = loop {
            match segment.step() {
                Ok(Some(Seen::Entry { sequence, offset, frame, entry })) => {
                    if let Some(index) = &mut index {
                        index.frame(frame, Some(entry));
                    }
                    let place = Place { path: path.clone(), offset, sequence };
                    self.entry(entry, place, is_known_schema)?;
                }
                Ok(Some(Seen::Mark { frame })) => {
                    if let Some(index) = &mut index {
                        index.frame(frame, None);
                    }
                }
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        self.end = Place { path, offset: segment.offset(), sequence: segment.next() };
        read?;
        self.has_closing_mark = segment.is_closed();
        let indexed = index.and_then(|index| index.finish(&*self.request.fs, segment.path()));
        indexed.into_iter().for_each(|finding| self.verdict.note(finding));
        match segment.is_sealed() {
            true => self.sealed(first, &segment),
            false => self.judge_tail(&segment),
        }
    }

    fn entry(&mut self, entry: &[u8], place: Place, is_known_schema: bool) -> Result<(), Finding> {
        let sequence = place.sequence;
        let shape = canonical::check(entry, sequence);
        self.story.part(shape.as_ref().is_ok_and(|shape| shape.is_part).then_some(entry), &place);
        match shape {
            Ok(shape) if shape.is_about_log => self.story.entry(entry, &place),
            Ok(_) => self.story.event(&place),
            Err(deviation) if is_known_schema => {
                let at = place.offset + FRAME_HEADER_BYTES + deviation.at as u64;
                let found = excerpt(entry, deviation.at);
                let finding = Finding::tampered(FindingKind::Entry, deviation.expected, found);
                self.verdict.note(finding.at(&place).offset(at));
            }
            Err(_) => {}
        }
        self.story.findings.drain(..).for_each(|finding| self.verdict.note(finding));
        if let Some(tree) = &mut self.tree {
            tree.append(leaf_hash(entry), place)?;
        }
        self.verdict.size = sequence + 1;
        self.reach_claims();
        self.progress.bytes += FRAME_HEADER_BYTES + entry.len() as u64;
        self.progress.entries += 1;
        if self.progress.entries.is_multiple_of(PROGRESS_ENTRIES) {
            (self.request.on_progress)(self.progress);
        }
        Ok(())
    }

    fn sealed(&mut self, first: u64, segment: &Inspection) -> Result<(), Finding> {
        let path = segment.path();
        let is_packed = path.extension().is_some_and(|extension| extension == "zst");
        let packed_sha256 = match is_packed {
            true => Some(
                files::sha256(&*self.request.fs, path)
                    .map_err(|error| Finding::unreadable(path, error))?,
            ),
            false => None,
        };
        let (next, bytes) = (segment.next(), segment.offset());
        self.story.sealed(first, SealedContent { next, bytes, packed_sha256 });
        Ok(())
    }

    fn judge_tail(&mut self, segment: &Inspection) -> Result<(), Finding> {
        if let Some(remainder) = segment.remainder()? {
            self.verdict.note(tail::judge(&remainder, segment.next()).at(&self.end));
        }
        Ok(())
    }

    fn is_known_schema(&mut self, segment: &Inspection, path: &Path) -> bool {
        let version = segment.event_schema_version();
        if version != EVENT_SCHEMA_VERSION {
            let found = format!(
                "events of schema {version}, whose form is not checked; a newer tracing-audit does"
            );
            self.verdict.note(Finding::notice(FindingKind::Entry, found).file(path));
        }
        version == EVENT_SCHEMA_VERSION
    }

    /// The newest checkpoint, and those of key rotations.
    fn read_claims(&mut self) {
        self.read_claim("checkpoint", Source::Newest);
        // What can't be listed is told by those who read more of it.
        for name in self.request.fs.list(self.directory).unwrap_or_default() {
            if is_rotation(&name) {
                self.read_claim(&name, Source::Rotation);
            }
        }
    }

    fn read_claim(&mut self, name: &str, source: Source) {
        let path = self.directory.join(name);
        let claim = match files::inside(&*self.request.fs, &path) {
            Ok(Some(text)) => Claim::parse(&path, &text, source),
            Ok(None) => return,
            Err(error) => return self.verdict.note(Finding::unreadable(path, error)),
        };
        match claim {
            Ok(claim) => self.claims.push(claim),
            Err(error) => {
                let (kind, found) = (FindingKind::Checkpoint, error.to_string());
                self.verdict.note(Finding::tampered(kind, "a checkpoint", found).file(path));
            }
        }
    }

    /// Those from outside that are about this log.
    fn gather_claims(&mut self) {
        let log = self.verdict.log.as_deref().unwrap_or_default();
        let outside = self.request.outside.iter().filter(|claim| claim.log() == log);
        self.claims.extend(outside.cloned());
        self.claims.sort_by_key(Claim::size);
    }

    /// Claims about logs of the size that was just read.
    fn reach_claims(&mut self) {
        let Some(tree) = &self.tree else { return };
        while let Some(claim) = self.claims.get_mut(self.claims_reached) {
            if claim.size() != tree.size() {
                break;
            }
            claim.reach(tree.head().root, tree.unproven().cloned());
            self.claims_reached += 1;
        }
    }

    fn segment_bytes(&self) -> u64 {
        let segments = self.directory.join("segments");
        let names = self.request.fs.list(&segments).unwrap_or_default();
        let stats = names.iter().filter_map(|name| self.request.fs.stat(&segments.join(name)).ok());
        stats.map(|stat| stat.length).sum()
    }

    fn conclude(mut self) -> LogVerdict {
        (self.request.on_progress)(self.progress);
        trust::judge(
            trust::Case {
                request: self.request,
                directory: self.directory,
                claims: &self.claims,
                tree: self.tree.as_ref(),
                story: &self.story,
                end: &self.end,
                is_broken: self.is_broken,
                has_closing_mark: self.has_closing_mark,
            },
            &mut self.verdict,
        );
        self.verdict
    }
}

/// Whether this is the name of a checkpoint that an old and a new key signed.
fn is_rotation(name: &str) -> bool {
    let id = name.strip_prefix("checkpoint-").unwrap_or_default();
    id.len() == 8 && id.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The bytes at a position, as far as they can be shown.
fn excerpt(entry: &[u8], at: usize) -> String {
    const SHOWN_BYTES: usize = 24;
    match entry.get(at..) {
        None | Some([]) => "the end of the entry".to_owned(),
        Some(rest) => {
            rest.get(..SHOWN_BYTES.min(rest.len())).unwrap_or_default().escape_ascii().to_string()
        }
    }
}

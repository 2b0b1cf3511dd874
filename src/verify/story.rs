//! What the entries about the log itself tell: openings and closings, keys,
//! sealed and pruned segments, losses.
//!
//! | operation | facts in `metadata` |
//! |---|---|
//! | `OPEN` | `origin`, `vkey`, `cuts` |
//! | `CLOSE` | |
//! | `SEAL` | `first`, `next`, `bytes`, `zst_sha256` |
//! | `KEY` | `vkey` |
//! | `PRUNE` | `first` |
//! | `GAP` | `reason`, `count` |

use std::collections::BTreeMap;

use serde_json::Value;

use super::finding::{Finding, FindingKind, Place};
use crate::channel::LossReason;
use crate::event::{AuditEvent, EventId, Part};
use crate::proof::{Digest, VerifierKey, check_name};

/// A key that the log told of.
#[derive(Debug, Clone)]
pub(super) struct ToldKey {
    pub(super) key: VerifierKey,
    /// Where it did.
    pub(super) sequence: u64,
    /// Whether it came into use: a key that is announced may be given up.
    pub(super) is_used: bool,
}

/// What a sealed segment was found to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SealedContent {
    pub(super) next: u64,
    pub(super) bytes: u64,
    /// Of the compressed file, if it is one.
    pub(super) packed_sha256: Option<Digest>,
}

/// The story so far.
#[derive(Debug, Default)]
pub(super) struct Story {
    /// What the first opening that is still there called the log.
    pub(super) origin: Option<String>,
    /// The keys that the log told of, the oldest first.
    pub(super) keys: Vec<ToldKey>,
    /// The first sequence that the newest `PRUNE` entry leaves.
    pub(super) pruned_to: u64,
    /// The tree was stored for at least so many entries.
    pub(super) tree_stored: u64,
    pub(super) findings: Vec<Finding>,
    /// An event that has to go on with the next entry.
    unfinished: Option<(EventId, Part)>,
    sealed: BTreeMap<u64, SealedContent>,
    state: State,
    is_complete: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Entries before the first that is there are gone.
    #[default]
    Unknown,
    /// No entry yet.
    Empty,
    Opened,
    Closed,
}

impl Story {
    /// The story of a log whose first entries may have been pruned.
    pub(super) fn new(first: u64) -> Self {
        let state = if first == 0 { State::Empty } else { State::Unknown };
        Story { state, is_complete: first == 0, ..Story::default() }
    }

    /// Whether it tells all keys the log ever had.
    pub(super) fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// Whether it tells of a key.
    pub(super) fn tells(&self, key: &VerifierKey) -> bool {
        self.keys.iter().any(|told| told.key == *key)
    }

    /// A sealed segment was read.
    pub(super) fn sealed(&mut self, first: u64, content: SealedContent) {
        self.sealed.insert(first, content);
    }

    /// Whether the entry goes on with the event before, and no other event does.
    /// Comes before what else is told of an entry.
    pub(super) fn part(&mut self, entry: Option<&[u8]>, place: &Place) {
        if entry.is_none() && self.unfinished.is_none() {
            return;
        }
        let event: Option<AuditEvent> = entry.and_then(|entry| serde_json::from_slice(entry).ok());
        let found = event.and_then(|event| Some((event.event_id, event.part?)));
        let goes_on = |(event, last): (EventId, Part)| {
            found.is_some_and(|(found, part)| found == event && part.follows(last))
        };
        let before = self.unfinished.take();
        if let Some((event, last)) = before.filter(|before| !goes_on(*before)) {
            let found = format!("event {event} ends with part {last}: a crash came between");
            self.findings.push(Finding::notice(FindingKind::Part, found).at(place));
        }
        // What comes before the first entry was pruned.
        let is_first = self.state == State::Unknown;
        let is_begin = found.is_none_or(|(_, part)| part.before() == 0);
        if !is_begin && !before.is_some_and(goes_on) && !is_first {
            let found = found.map_or_else(String::new, |(_, part)| format!("part {part}"));
            let expected = "the first part of an event, or the next one";
            self.findings.push(Finding::tampered(FindingKind::Part, expected, found).at(place));
        }
        self.unfinished = found.filter(|(_, part)| part.goes_on());
    }

    /// An entry about the program.
    pub(super) fn event(&mut self, place: &Place) {
        match self.state {
            State::Empty => self.unexpected("OPEN, the first entry of every log", "another", place),
            State::Closed => self.unexpected("OPEN, since the log was closed", "another", place),
            State::Unknown | State::Opened => {}
        }
        self.state = State::Opened;
    }

    /// An entry about the log.
    pub(super) fn entry(&mut self, entry: &[u8], place: &Place) {
        let event: AuditEvent = match serde_json::from_slice(entry) {
            Ok(event) => event,
            Err(error) => {
                return self.unexpected("an entry about the log", &error.to_string(), place);
            }
        };
        match event.operation.as_str() {
            "OPEN" => return self.open(&event, place),
            "CLOSE" => {
                self.event(place);
                self.state = State::Closed;
                return;
            }
            "SEAL" => self.seal(&event, place),
            "KEY" => self.key(&event, place, false),
            "PRUNE" => self.prune(&event),
            "GAP" => {
                self.findings.push(Finding::notice(FindingKind::Gap, losses(&event)).at(place));
            }
            _ => {}
        }
        self.event(place);
    }

    fn open(&mut self, event: &AuditEvent, place: &Place) {
        if self.state == State::Opened {
            let found = "the log was not closed before it was opened here; entries that were not acknowledged may be missing";
            self.findings.push(Finding::notice(FindingKind::UncleanOpen, found).at(place));
        }
        let cuts = event.metadata.get("cuts").and_then(Value::as_array);
        if let Some(cuts) = cuts.filter(|cuts| !cuts.is_empty()) {
            let finding = Finding::notice(FindingKind::Cut, cuts_told(cuts));
            self.findings.push(finding.at(place));
        }
        if self.origin.is_none() {
            self.origin = text(event, "origin").map(str::to_owned);
            let strange = self.origin.clone().filter(|origin| check_name(origin).is_err());
            if let Some(origin) = strange {
                self.unexpected("an origin that can be in a checkpoint", &origin, place);
            }
        }
        self.key(event, place, true);
        self.state = State::Opened;
    }

    fn key(&mut self, event: &AuditEvent, place: &Place, is_used: bool) {
        let key: VerifierKey = match text(event, "vkey").map(str::parse) {
            Some(Ok(key)) => key,
            Some(Err(error)) => {
                return self.unexpected("a verifier key", &error.to_string(), place);
            }
            None => return,
        };
        match self.keys.iter_mut().find(|told| told.key == key) {
            Some(told) => told.is_used |= is_used,
            None => self.keys.push(ToldKey { key, sequence: place.sequence, is_used }),
        }
    }

    fn seal(&mut self, event: &AuditEvent, place: &Place) {
        let Some(first) = event.metadata.number("first") else { return };
        let Some(found) = self.sealed.get(&first).copied() else { return };
        self.tree_stored = self.tree_stored.max(found.next);
        let facts = [
            (
                "next",
                event.metadata.number("next").map(|next| next.to_string()),
                found.next.to_string(),
            ),
            (
                "bytes",
                event.metadata.number("bytes").map(|bytes| bytes.to_string()),
                found.bytes.to_string(),
            ),
            (
                "zst_sha256",
                found.packed_sha256.and_then(|_| text(event, "zst_sha256").map(str::to_owned)),
                found.packed_sha256.as_ref().map(hex).unwrap_or_default(),
            ),
        ];
        for (fact, told, found) in facts {
            if let Some(told) = told.filter(|told| *told != found) {
                let expected = format!("a segment from {first} on with {fact} {told}");
                let finding = Finding::tampered(FindingKind::Seal, expected, found);
                self.findings.push(finding.at(place));
            }
        }
    }

    fn prune(&mut self, event: &AuditEvent) {
        let first = event.metadata.number("first").unwrap_or_default();
        self.pruned_to = self.pruned_to.max(first);
        self.tree_stored = self.tree_stored.max(first);
    }

    fn unexpected(&mut self, expected: &str, found: &str, place: &Place) {
        self.findings.push(Finding::tampered(FindingKind::Lifecycle, expected, found).at(place));
    }
}

/// What a cut was: zeros alone are mostly no sign of a crash of the machine.
fn cuts_told(cuts: &[Value]) -> String {
    let told = Value::from(cuts).to_string();
    let are_zeros =
        cuts.iter().all(|cut| cut.get("reason").and_then(Value::as_str) == Some("zero_fill"));
    match are_zeros {
        true => format!(
            "recovery cut zeros, which held no entry; a writer that did not close the log had written them ahead, or a crash left them: {told}"
        ),
        false => format!("recovery cut {told}"),
    }
}

fn text<'e>(event: &'e AuditEvent, key: &str) -> Option<&'e str> {
    event.metadata.get(key).and_then(Value::as_str)
}

fn hex(digest: &Digest) -> String {
    digest.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What an entry about a gap tells, as far as it tells it in known words.
fn losses(event: &AuditEvent) -> String {
    let reason = event.metadata.get("reason").and_then(Value::as_str);
    let known = LossReason::ALL.iter().find(|known| reason == Some(known.as_str()));
    match (event.metadata.number("count"), known) {
        (Some(count), Some(known)) => {
            format!("the log tells of losses: {count} events, {}", known.as_str())
        }
        _ => "the log tells of losses".to_owned(),
    }
}

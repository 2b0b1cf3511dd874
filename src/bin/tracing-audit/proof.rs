//! `proof` and `verify-proof`: that one event is in a log.

use std::io::Read as _;
use std::path::Path;

use tracing_audit::event::Kind;
use tracing_audit::proof::{LogProof, VerifierKey, leaf_hash};
use tracing_audit::verify::StoredLog;
use tracing_audit::{AuditEvent, EventId, Part, Sequence};

use crate::arguments::{ProofArguments, VerifyProofArguments};
use crate::output::{Output, complain};
use crate::{Failure, Outcome, keys};

/// What each proof begins with.
const PROOF_HEADER: &str = "c2sp.org/tlog-proof@v1\n";

pub(crate) fn make(arguments: &ProofArguments) -> Outcome<u8> {
    let logs = StoredLog::all_at(&arguments.dir)?;
    let (log, places) = find(&logs, &arguments.event)?;
    let mut out = Output::new();
    let (mut parts, mut intent) = (Vec::new(), None);
    for sequence in places {
        let proof = log.proof(sequence)?;
        parts.extend(proof.untrusted_extra().and_then(part));
        intent = intent.or(proof.untrusted_extra().and_then(self::intent));
        out.text(proof.to_string())?;
    }
    out.finish()?;
    tell_intent(intent);
    tell_missing(&parts);
    Ok(0)
}

pub(crate) fn verify(arguments: &VerifyProofArguments) -> Outcome<u8> {
    let keys = keys::parse(&arguments.key)?;
    let text = read(&arguments.proof)?;
    let proofs: Vec<LogProof> =
        proofs(&text).into_iter().map(str::parse).collect::<Result<_, _>>()?;
    let mut entries = Vec::new();
    for proof in &proofs {
        let Some(entry) = proof.untrusted_extra() else {
            return Err(Failure::Message("the proof does not carry its entry".into()));
        };
        if let Err(why) = prove(proof, entry, &keys) {
            complain(&format!("NOT PROVEN: {why}"));
            return Ok(1);
        }
        entries.push(entry);
    }
    let mut out = Output::new();
    for entry in &entries {
        out.line(entry)?;
    }
    out.finish()?;
    tell_intent(entries.iter().copied().find_map(intent));
    tell_missing(&entries.into_iter().filter_map(part).collect::<Vec<_>>());
    Ok(0)
}

/// Whether one of the keys proves it; if none, why.
fn prove(proof: &LogProof, entry: &[u8], keys: &[VerifierKey]) -> Result<(), String> {
    let leaf = leaf_hash(entry);
    let mut refusals = Vec::new();
    for key in keys {
        match proof.verify(&leaf, key.name(), std::slice::from_ref(key)) {
            Ok(_) => return Ok(()),
            Err(error) => refusals.push(error.to_string()),
        }
    }
    Err(refusals.join("; "))
}

/// The proofs of a text: of one entry, or of each entry of an event.
fn proofs(text: &str) -> Vec<&str> {
    // A checkpoint's first line, which could look the same, follows an empty one.
    let begins = text.match_indices(PROOF_HEADER).map(|(at, _)| at).filter(|at| {
        let before = text.get(..*at).unwrap_or_default();
        before.ends_with('\n') && !before.ends_with("\n\n")
    });
    let mut starts = vec![0];
    starts.extend(begins);
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    starts.iter().zip(ends).filter_map(|(start, end)| text.get(*start..end)).collect()
}

/// The event of an entry that is a part of one, and which.
fn part(entry: &[u8]) -> Option<(EventId, Part)> {
    let event: AuditEvent = serde_json::from_slice(entry).ok()?;
    Some((event.event_id, event.part?))
}

/// The event that an entry announces, if it does that.
fn intent(entry: &[u8]) -> Option<EventId> {
    let event: AuditEvent = serde_json::from_slice(entry).ok()?;
    let is_intent = event.kind == Kind::Log && event.operation.as_str() == "INTENT";
    is_intent.then_some(event.event_id)
}

/// Says that an operation was proven to be announced, and nothing more.
fn tell_intent(event: Option<EventId>) {
    if let Some(event) = event {
        complain(&format!("this is the intent of event {event}, which tells of no outcome"));
    }
}

/// Says which parts of an event these are, if not all.
fn tell_missing(parts: &[(EventId, Part)]) {
    let Some((event, Part { count, .. })) = parts.first() else { return };
    let of_event = || parts.iter().filter(|(other, _)| other == event);
    let is_there = |number| of_event().any(|(_, part)| part.number == number);
    if !(1..=*count).all(is_there) {
        let these: Vec<_> = of_event().map(|(_, part)| part.to_string()).collect();
        complain(&format!("this is not all of event {event}, but part {}", these.join(", ")));
    }
}

fn find<'l>(logs: &'l [StoredLog], event: &str) -> Outcome<(&'l StoredLog, Vec<Sequence>)> {
    if let (Ok(sequence), [log]) = (event.parse(), logs) {
        return Ok((log, vec![Sequence(sequence)]));
    }
    if let (Ok(sequence), 2..) = (event.parse::<u64>(), logs.len()) {
        return Err(Failure::Message(format!(
            "there are {} logs, and each has a sequence {sequence} of its own; name one of them, or give the id of the event",
            logs.len()
        )));
    }
    let id: EventId = event.parse()?;
    for log in logs {
        let places = log.places(id)?;
        if !places.is_empty() {
            return Ok((log, places));
        }
    }
    Err(Failure::Message(format!("{event} is in none of {} logs", logs.len())))
}

#[expect(clippy::disallowed_methods, reason = "only the library has a filesystem gate")]
fn read(path: &Path) -> Outcome<String> {
    let mut text = String::new();
    let read = match path.to_str() {
        Some("-") => std::io::stdin().read_to_string(&mut text).map(|_| text),
        _ => std::fs::read_to_string(path),
    };
    read.map_err(|error| Failure::Message(format!("{}: {error}", path.display())))
}

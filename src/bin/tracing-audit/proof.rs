//! `proof` and `verify-proof`: that one event is in a log.

use std::io::Read as _;
use std::path::Path;

use tracing_audit::proof::{LogProof, VerifierKey, leaf_hash};
use tracing_audit::verify::StoredLog;
use tracing_audit::{EventId, Sequence};

use crate::arguments::{ProofArguments, VerifyProofArguments};
use crate::output::{Output, complain};
use crate::{Failure, Outcome, keys};

pub(crate) fn make(arguments: &ProofArguments) -> Outcome<u8> {
    let logs = StoredLog::all_at(&arguments.dir)?;
    let (log, sequence) = find(&logs, &arguments.event)?;
    let mut out = Output::new();
    out.text(log.proof(sequence)?.to_string())?;
    out.finish()?;
    Ok(0)
}

pub(crate) fn verify(arguments: &VerifyProofArguments) -> Outcome<u8> {
    let keys = keys::parse(&arguments.key)?;
    let proof: LogProof = read(&arguments.proof)?.parse()?;
    let Some(entry) = proof.untrusted_extra() else {
        return Err(Failure::Message("the proof does not carry its entry".into()));
    };
    let leaf = leaf_hash(entry);
    let is_proven = |key: &VerifierKey| proof.verify(&leaf, key.name(), std::slice::from_ref(key));
    let mut refusals = Vec::new();
    for key in &keys {
        match is_proven(key) {
            Ok(_) => {
                let mut out = Output::new();
                out.line(entry)?;
                out.finish()?;
                return Ok(0);
            }
            Err(error) => refusals.push(error.to_string()),
        }
    }
    complain(&format!("NOT PROVEN: {}", refusals.join("; ")));
    Ok(1)
}

fn find<'l>(logs: &'l [StoredLog], event: &str) -> Outcome<(&'l StoredLog, Sequence)> {
    if let (Ok(sequence), [log]) = (event.parse(), logs) {
        return Ok((log, Sequence(sequence)));
    }
    let id: EventId = event.parse()?;
    for log in logs {
        if let Some(sequence) = log.find(id)? {
            return Ok((log, sequence));
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

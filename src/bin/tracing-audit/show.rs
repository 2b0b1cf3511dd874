//! `cat`, `checkpoint` and `keys`: what logs hold, as it is.

use tracing_audit::proof::SignedCheckpoint;
use tracing_audit::verify::StoredLog;

use crate::arguments::LogArguments;
use crate::output::{Output, complain};
use crate::{Failure, Outcome};

pub(crate) fn cat(arguments: &LogArguments) -> Outcome<u8> {
    let mut out = Output::new();
    for log in StoredLog::all_at(&arguments.dir)? {
        let mut entries = log.entries()?;
        while let Some(entry) = entries.next_entry()? {
            out.line(entry.bytes)?;
        }
    }
    out.finish()?;
    Ok(0)
}

pub(crate) fn checkpoint(arguments: &LogArguments) -> Outcome<u8> {
    let (mut code, mut texts) = (0, Vec::new());
    for log in StoredLog::all_at(&arguments.dir)? {
        match signed(&log) {
            Ok(text) => texts.push(text),
            Err(why) => {
                complain(&format!("{}: {why}", log.directory().display()));
                code = crate::FAILED;
            }
        }
    }
    let mut out = Output::new();
    // An empty line between those of several logs.
    match out.text(texts.join("\n")).and_then(|()| out.finish()) {
        // What is missing is said by the exit status, whoever reads on.
        Err(Failure::OutputClosed) if code != 0 => Ok(code),
        printed => printed.map(|()| code),
    }
}

/// A log's checkpoint, if it is one by the log's own keys: who keeps it
/// elsewhere must not find out years later that it is worth nothing.
fn signed(log: &StoredLog) -> Result<String, String> {
    // In this order: a new key is among the keys before it signs anything.
    let text = log.checkpoint().map_err(|error| error.to_string())?;
    let text = text.ok_or("it has no checkpoint yet")?;
    let keys = log.keys().map_err(|error| error.to_string())?;
    let origin = keys.first().ok_or("its public key, log.vkey, is missing")?.name();
    let opened = SignedCheckpoint::open(&text, origin, &keys);
    opened.map_err(|error| format!("its checkpoint is worth nothing elsewhere: {error}"))?;
    Ok(text)
}

pub(crate) fn keys(arguments: &LogArguments) -> Outcome<u8> {
    let mut out = Output::new();
    for log in StoredLog::all_at(&arguments.dir)? {
        for key in log.keys()? {
            out.line(key.to_string())?;
        }
    }
    out.finish()?;
    Ok(0)
}

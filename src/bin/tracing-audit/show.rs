//! `cat`, `checkpoint` and `keys`: what logs hold, as it is.

use tracing_audit::verify::StoredLog;

use crate::Outcome;
use crate::arguments::LogArguments;
use crate::output::{Output, complain};

pub(crate) fn cat(arguments: &LogArguments) -> Outcome<u8> {
    let mut out = Output::new();
    for log in StoredLog::all_at(&arguments.dir)? {
        let mut entries = log.entries()?;
        while let Some(entry) = entries.next_entry()? {
            if out.is_terminal() {
                out.line(entry.terminal_text())?;
            } else {
                out.line(entry.bytes)?;
            }
        }
    }
    out.finish()?;
    Ok(0)
}

pub(crate) fn checkpoint(arguments: &LogArguments) -> Outcome<u8> {
    let mut out = Output::new();
    let mut code = 0;
    for (number, log) in StoredLog::all_at(&arguments.dir)?.iter().enumerate() {
        match log.checkpoint()? {
            Some(_) if number > 0 => out.line("")?,
            Some(_) => {}
            None => {
                complain(&format!("{} has no checkpoint yet", log.directory().display()));
                code = crate::FAILED;
            }
        }
        out.text(log.checkpoint()?.unwrap_or_default())?;
    }
    out.finish()?;
    Ok(code)
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

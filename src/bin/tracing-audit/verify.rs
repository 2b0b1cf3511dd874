//! `verify`: what it comes to, and why.

use tracing_audit::verify::{LogVerdict, Standing, Verdict, Verification, terminal_text};

use crate::arguments::VerifyArguments;
use crate::output::Output;
use crate::progress::ProgressLine;
use crate::{Outcome, keys};

pub(crate) fn run(arguments: &VerifyArguments) -> Outcome<u8> {
    let mut line = ProgressLine::new();
    let mut verification = Verification::of(&arguments.dir);
    for key in keys::parse(&arguments.key)? {
        verification = verification.key(key);
    }
    for checkpoint in &arguments.checkpoint {
        verification = verification.checkpoint_file(checkpoint)?;
    }
    let verdict = verification.on_progress(|progress| line.show(progress)).run();
    drop(line);
    let mut out = Output::new();
    // What it comes to is said by the exit status too, whoever reads on.
    let _ = show(&verdict, &mut out).and_then(|()| out.finish());
    Ok(verdict.standing().exit_code())
}

fn show(verdict: &Verdict, out: &mut Output) -> Outcome<()> {
    for log in &verdict.logs {
        show_log(log, out)?;
    }
    for finding in &verdict.findings {
        out.line(finding.to_string())?;
    }
    out.line(match verdict.standing() {
        Standing::Anchored => "well: every entry is as written, and anchored as far as said",
        Standing::SelfAttested => {
            "well, by the log's own word alone: give a checkpoint that was kept elsewhere (--checkpoint)"
        }
        Standing::Tampered => "TAMPERED: do not trust this log",
        _ => "UNKNOWN: not everything could be read, or there was nothing to read",
    })
}

fn show_log(log: &LogVerdict, out: &mut Output) -> Outcome<()> {
    let name = log.origin.as_deref().or(log.log.as_deref()).unwrap_or("a log without a name");
    // Also where it is read from a file: a name must not look like a verdict.
    let name = terminal_text(name.as_bytes());
    out.line(format!("{name}: {}", log.directory.display()))?;
    let (entries, unsigned) = (log.entries(), log.entries().saturating_sub(log.signed));
    out.line(format!(
        "  {entries} entries from sequence {}: {} anchored outside, {} self-attested, {unsigned} not signed",
        log.first,
        log.anchored,
        log.signed.saturating_sub(log.anchored),
    ))?;
    if !log.is_key_given {
        out.line("  the log's own word was taken for its key; give the key that you know (--key)")?;
    }
    for finding in &log.findings {
        out.line(format!("  {finding}"))?;
    }
    if log.findings_left_out > 0 {
        out.line(format!("  and {} more", log.findings_left_out))?;
    }
    Ok(())
}

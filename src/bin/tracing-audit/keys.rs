//! Keys from arguments.

use std::path::Path;

use tracing_audit::proof::VerifierKey;

use crate::{Failure, Outcome};

/// The keys that these arguments give: texts, or files with one a line, where
/// empty lines and those that begin with `#` say nothing. An argument without a
/// key is a mistake: with no key at all, a log's own word would count.
pub(crate) fn parse(arguments: &[String]) -> Outcome<Vec<VerifierKey>> {
    let mut keys = Vec::new();
    for argument in arguments {
        if let Ok(key) = argument.parse() {
            keys.push(key);
            continue;
        }
        let text = read(Path::new(argument)).map_err(|error| {
            let message =
                format!("{argument} is neither a key (name+id+base64) nor a file of keys: {error}");
            Failure::Message(message)
        })?;
        keys.extend(in_file(argument, &text)?);
    }
    Ok(keys)
}

fn in_file(name: &str, text: &str) -> Outcome<Vec<VerifierKey>> {
    let lines = text.lines().map(str::trim);
    let said = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    let parsed = said.map(|line| {
        let key = line.parse::<VerifierKey>();
        key.map_err(|error| Failure::Message(format!("{name}: {error}")))
    });
    let keys: Vec<_> = parsed.collect::<Outcome<_>>()?;
    if keys.is_empty() {
        let message = format!(
            "{name} has no key in it; put the log's key there, as `tracing-audit keys` printed it when the log could be trusted"
        );
        return Err(Failure::Message(message));
    }
    Ok(keys)
}

#[expect(clippy::disallowed_methods, reason = "only the library has a filesystem gate")]
fn read(path: &Path) -> std::io::Result<String> {
    std::fs::read_to_string(path)
}

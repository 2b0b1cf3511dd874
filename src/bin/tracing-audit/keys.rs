//! Keys from arguments.

use std::path::Path;

use tracing_audit::proof::VerifierKey;

use crate::{Failure, Outcome};

/// The keys that these arguments give: texts, or files with one a line.
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
        for line in text.lines() {
            let key = line.parse::<VerifierKey>();
            keys.push(key.map_err(|error| Failure::Message(format!("{argument}: {error}")))?);
        }
    }
    Ok(keys)
}

#[expect(clippy::disallowed_methods, reason = "only the library has a filesystem gate")]
fn read(path: &Path) -> std::io::Result<String> {
    std::fs::read_to_string(path)
}

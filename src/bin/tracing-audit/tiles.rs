//! `tiles`: a log as static files, the checkpoint last, so that whoever reads
//! them meanwhile finds everything that a checkpoint speaks of.

#![expect(clippy::disallowed_methods, reason = "only the library has a filesystem gate")]

use std::fs;
use std::path::{Component, Path, PathBuf};

use tracing_audit::verify::StoredLog;

use crate::arguments::TilesArguments;
use crate::{Failure, Outcome};

pub(crate) fn run(arguments: &TilesArguments) -> Outcome<u8> {
    let logs = StoredLog::all_at(&arguments.dir)?;
    let [log] = logs.as_slice() else {
        let message = format!(
            "there are {} logs in {}; name one of them",
            logs.len(),
            arguments.dir.display()
        );
        return Err(Failure::Message(message));
    };
    for of_log in [log.directory(), &arguments.dir] {
        refuse(&arguments.out, of_log)?;
    }
    let checkpoint =
        log.tiles(|tile| put(&arguments.out.join(tile.id.to_string()), &tile.bytes))?;
    put(&arguments.out.join("checkpoint"), checkpoint.to_string().as_bytes())?;
    Ok(0)
}

/// Fails where the output would be in a log, or among logs: the directory that
/// was named, and all below a log's own.
fn refuse(out: &Path, of_log: &Path) -> Outcome<()> {
    let (whole, of_log) = (resolved(out)?, resolved(of_log)?);
    let is_log = of_log.join("segments").is_dir();
    if whole == of_log || is_log && whole.starts_with(&of_log) {
        let message = format!(
            "{} is where the log is, and nothing else is to be written there; name another directory",
            out.display()
        );
        return Err(Failure::Message(message));
    }
    Ok(())
}

/// The path, with symbolic links followed as far as it exists.
fn resolved(path: &Path) -> Outcome<PathBuf> {
    let failed = |error| Failure::Message(format!("{}: {error}", path.display()));
    let absolute = std::path::absolute(path).map_err(failed)?;
    let mut there = PathBuf::new();
    for component in absolute.components() {
        match component {
            Component::ParentDir => _ = there.pop(),
            other => there.push(other),
        }
        there = there.canonicalize().unwrap_or(there);
    }
    Ok(there)
}

/// Puts a file in the place of another, or of none; whole, whoever reads it.
fn put(path: &Path, bytes: &[u8]) -> Outcome<()> {
    let failed = |error| Failure::Message(format!("{}: {error}", path.display()));
    let directory = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(directory).map_err(failed)?;
    if fs::read(path).is_ok_and(|there| there == bytes) {
        return Ok(());
    }
    let unfinished = path.with_extension("new");
    fs::write(&unfinished, bytes).and_then(|()| fs::rename(&unfinished, path)).map_err(failed)
}

//! A file with one event a line, in canonical JSON.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use crate::error::{Error, Result};
use crate::event::AuditEvent;
use crate::fs::{Filesystem, OsFilesystem, SyncWrite};

use super::Sink;

/// Appends events to a file, one a line. Handed to the system whenever no
/// event waits; synced when it is dropped, that is, at shutdown.
pub struct JsonLinesFile {
    out: BufWriter<Box<dyn SyncWrite>>,
    line: Vec<u8>,
}

impl JsonLinesFile {
    /// Opens the file at its end, or makes it, readable by its owner alone.
    /// If it ends within a line, as after a kill, that line is ended first: it
    /// stays as it is, and no event is appended to it.
    ///
    /// # Errors
    ///
    /// When it cannot be opened.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let file = OsFilesystem
            .open_append(path)
            .map_err(|error| Error::io("the JSON Lines file could not be opened", path, error))?;
        let mut out = BufWriter::new(file);
        if OsFilesystem.ends_within_line(path) {
            out.write_all(b"\n").map_err(|error| {
                Error::io("the JSON Lines file could not be written to", path, error)
            })?;
        }
        Ok(JsonLinesFile { out, line: Vec::new() })
    }
}

impl Sink for JsonLinesFile {
    fn write(&mut self, event: &AuditEvent) -> io::Result<()> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, event)?;
        self.line.push(b'\n');
        self.out.write_all(&self.line)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl Drop for JsonLinesFile {
    fn drop(&mut self) {
        // Nobody is left to be told; the lines are with the system by then.
        let _ = self.out.flush().and_then(|()| self.out.get_mut().sync());
    }
}

impl std::fmt::Debug for JsonLinesFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JsonLinesFile").finish_non_exhaustive()
    }
}

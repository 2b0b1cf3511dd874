//! A file with one event a line, in canonical JSON.

use std::io::{self, Write};
use std::path::Path;

use crate::error::{Error, Result};
use crate::event::AuditEvent;
use crate::fs::{Filesystem, OsFilesystem, SyncWrite};

use super::Sink;

/// Handed to the system when there is so much of it.
const PENDING_BYTES_MAX: usize = 8 * 1024;

/// Appends events to a file, one a line. Handed to the system whenever no
/// event waits; synced when it is dropped, that is, at shutdown.
///
/// What a full disk takes a part of goes on where that ended, as soon as there is
/// room: an event is refused, or is a line of its own.
pub struct JsonLinesFile {
    file: Box<dyn SyncWrite>,
    /// What the file does not have yet. A part of a line only where it has the other.
    pending: Vec<u8>,
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
        let is_torn = OsFilesystem.ends_within_line(path);
        let pending = if is_torn { b"\n".to_vec() } else { Vec::new() };
        Ok(JsonLinesFile { file, pending })
    }

    fn write_pending(&mut self) -> io::Result<()> {
        let mut written = 0;
        let outcome = loop {
            let rest = self.pending.get(written..).unwrap_or_default();
            if rest.is_empty() {
                break Ok(());
            }
            match self.file.write(rest) {
                Ok(0) => break Err(io::ErrorKind::WriteZero.into()),
                Ok(bytes) => written += bytes,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => break Err(error),
            }
        };
        self.pending.drain(..written.min(self.pending.len()));
        outcome
    }
}

impl Sink for JsonLinesFile {
    fn write(&mut self, event: &AuditEvent) -> io::Result<()> {
        // Before the event is taken, so that memory stays bounded on a disk that stays full.
        if self.pending.len() >= PENDING_BYTES_MAX {
            self.write_pending()?;
        }
        let taken = self.pending.len();
        let line = serde_json::to_writer(&mut self.pending, event);
        if line.is_err() {
            self.pending.truncate(taken);
        }
        line?;
        self.pending.push(b'\n');
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.write_pending()
    }
}

impl Drop for JsonLinesFile {
    fn drop(&mut self) {
        // Nobody is left to be told; the lines are with the system by then.
        let _ = self.write_pending().and_then(|()| self.file.sync());
    }
}

impl std::fmt::Debug for JsonLinesFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JsonLinesFile").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// A disk with so much room, and what it holds.
    #[derive(Clone)]
    struct Disk(Arc<Mutex<(usize, Vec<u8>)>>);

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let (room, held) = &mut *self.0.lock().unwrap();
            let taken = bytes.get(..bytes.len().min(*room)).unwrap();
            if taken.is_empty() {
                return Err(io::ErrorKind::StorageFull.into());
            }
            *room -= taken.len();
            held.extend(taken);
            Ok(taken.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl SyncWrite for Disk {
        fn sync(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn event(number: usize, bytes: usize) -> AuditEvent {
        AuditEvent::builder("store")
            .session_id(number.to_string())
            .metadata("a", "x".repeat(bytes))
            .metadata("b", "x".repeat(bytes))
            .build()
    }

    #[test]
    fn what_was_taken_on_a_full_disk_is_there_when_it_has_room_again() {
        for (bytes, room) in [(10, 300), (6_000, 30_000), (6_000, 12_500), (6_000, 0)] {
            let disk = Disk(Arc::new(Mutex::new((room, Vec::new()))));
            let mut file = JsonLinesFile { file: Box::new(disk.clone()), pending: Vec::new() };
            let mut taken = Vec::new();
            for number in 0..12 {
                if number == 8 {
                    assert!(file.flush().is_err());
                    disk.0.lock().unwrap().0 = usize::MAX;
                }
                if file.write(&event(number, bytes)).is_ok() {
                    taken.push(number.to_string());
                }
                let _ = file.flush();
                assert!(file.pending.len() < PENDING_BYTES_MAX + 13_000, "memory is bounded");
            }
            drop(file);
            let text = disk.0.lock().unwrap().1.clone();
            let events: Result<Vec<_>> = crate::export::json_lines(&*text).collect();
            let read = events.unwrap().into_iter().filter_map(|event| event.session_id);
            assert_eq!(read.collect::<Vec<_>>(), taken, "{bytes} {room}");
            assert!(taken.ends_with(&["8", "9", "10", "11"].map(str::to_owned)));
        }
    }
}

//! Which log, and its small files.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::entries::StoredEntries;
use crate::error::{Error, ErrorKind, Result};
use crate::event::{AuditEvent, EventId, Kind, Part, Sequence};
use crate::fs::{JournalFs, OsFilesystem};
use crate::journal::{LogReader, logs_at};
use crate::proof::{SignedCheckpoint, VerifierKey};
use crate::verify::files;

/// What an entry is called by which an operation is announced.
const INTENT: &str = "INTENT";

/// A log as it lies on disk.
///
/// ```no_run
/// use tracing_audit::verify::StoredLog;
///
/// # fn main() -> tracing_audit::Result<()> {
/// for log in StoredLog::all_at("./audit")? {
///     let mut entries = log.entries()?;
///     while let Some(entry) = entries.next_entry()? {
///         println!("{} {}", entry.sequence, String::from_utf8_lossy(entry.bytes));
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct StoredLog {
    pub(super) fs: Arc<dyn JournalFs>,
    pub(super) directory: PathBuf,
}

impl StoredLog {
    /// The log in this directory, or all logs below it, by id.
    ///
    /// # Errors
    ///
    /// When it can't be read, and when there is no log.
    pub fn all_at(directory: impl AsRef<Path>) -> Result<Vec<Self>> {
        StoredLog::all_in(Arc::new(OsFilesystem), directory.as_ref())
    }

    pub(in crate::verify) fn all_in(fs: Arc<dyn JournalFs>, directory: &Path) -> Result<Vec<Self>> {
        let logs = logs_at(&*fs, directory).map_err(|error| {
            Error::io("the directory of a log could not be read", directory, error)
        })?;
        if logs.is_empty() {
            let message = format!("there is no log in {}", directory.display());
            return Err(Error::invalid(message));
        }
        Ok(logs.into_iter().map(|directory| StoredLog { fs: fs.clone(), directory }).collect())
    }

    /// Its directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The keys that it says to be signed with, the oldest first. Whoever
    /// verifies should have them from elsewhere.
    ///
    /// # Errors
    ///
    /// When they can't be read or parsed.
    pub fn keys(&self) -> Result<Vec<VerifierKey>> {
        self.small_file("log.vkey")?.unwrap_or_default().lines().map(str::parse).collect()
    }

    /// Its newest checkpoint, as published; `None` before the first.
    ///
    /// # Errors
    ///
    /// When it can't be read.
    pub fn checkpoint(&self) -> Result<Option<String>> {
        self.small_file("checkpoint")
    }

    /// Its entries, from the oldest that is still there on.
    ///
    /// # Errors
    ///
    /// When the log can't be read.
    pub fn entries(&self) -> Result<StoredEntries> {
        let reader = LogReader::open(self.fs.clone(), &self.directory)?;
        let first = reader.segments().first().map_or(0, |segment| segment.first.0);
        Ok(StoredEntries::new(first, reader.entries_from(Sequence(first))))
    }

    /// Where the event with this id stands, with its first entry if it takes
    /// several; `None` if it is not in the log. Of an operation that was begun
    /// beforehand, that is its intent. Reads the log until it is found.
    ///
    /// # Errors
    ///
    /// When the log can't be read.
    pub fn find(&self, event: EventId) -> Result<Option<Sequence>> {
        let is_of_event = self::is_of(event);
        let mut entries = self.entries()?;
        while let Some(entry) = entries.next_entry()? {
            if is_of_event(entry.bytes) {
                return Ok(Some(entry.sequence));
            }
        }
        Ok(None)
    }

    /// Where the entries of the event with this id stand: one, or several that
    /// follow each other; none if it is not in the log. Of an operation that
    /// was begun beforehand, those that tell how it ended; those of its intent,
    /// if there are no others. Reads the log until they are found.
    ///
    /// # Errors
    ///
    /// When the log can't be read.
    pub fn places(&self, event: EventId) -> Result<Vec<Sequence>> {
        let Some(first) = self.find(event)? else { return Ok(Vec::new()) };
        let is_of_event = self::is_of(event);
        let reader = LogReader::open(self.fs.clone(), &self.directory)?;
        let mut entries = reader.entries_from(first);
        let mut found = Places::default();
        while let Some((sequence, entry)) = entries.next_entry()? {
            let is_complete = match is_of_event(entry) {
                true => found.add(sequence, serde_json::from_slice(entry).ok()),
                false => !found.are_intent,
            };
            if is_complete {
                break;
            }
        }
        Ok(found.places)
    }

    /// The checkpoint, if the log's own keys signed it.
    pub(super) fn signed_checkpoint(&self) -> Result<SignedCheckpoint> {
        let keys = self.keys()?;
        let origin = keys.first().map(VerifierKey::name).unwrap_or_default();
        let text = self.checkpoint()?.ok_or_else(|| {
            let message = format!("there is no checkpoint in {}", self.directory.display());
            Error::new(ErrorKind::Verification, message)
        })?;
        SignedCheckpoint::open(text, origin, &keys)
    }

    fn small_file(&self, name: &str) -> Result<Option<String>> {
        let path = self.directory.join(name);
        let unreadable = |error| Error::io("a file of the log could not be read", &path, error);
        match files::inside(&*self.fs, &path).map_err(unreadable)? {
            Some(bytes) => String::from_utf8(bytes)
                .map(Some)
                .map_err(|error| unreadable(std::io::Error::other(error))),
            None => Ok(None),
        }
    }
}

/// The entries of an event, as they are found.
#[derive(Default)]
struct Places {
    places: Vec<Sequence>,
    last: Option<Part>,
    are_intent: bool,
}

impl Places {
    /// Takes the next entry with the event's id; whether that was the last one.
    fn add(&mut self, sequence: Sequence, entry: Option<AuditEvent>) -> bool {
        let is_intent = entry
            .as_ref()
            .is_some_and(|entry| entry.kind == Kind::Log && entry.operation.as_str() == INTENT);
        let part = entry.and_then(|entry| entry.part);
        if self.are_intent && !is_intent {
            *self = Places::default();
        }
        let goes_on = part.zip(self.last).is_some_and(|(part, last)| part.follows(last));
        if !self.places.is_empty() && !goes_on {
            return true;
        }
        self.places.push(sequence);
        self.last = part.filter(|part| part.goes_on());
        self.are_intent = is_intent;
        !is_intent && self.last.is_none()
    }
}

/// Tells whether an entry is of this event.
fn is_of(event: EventId) -> impl Fn(&[u8]) -> bool {
    let wanted = format!("\"event_id\":\"{event}\"");
    let finder = memchr::memmem::Finder::new(&wanted).into_owned();
    // Keys before it hold numbers alone, so that no text can pretend.
    move |entry| finder.find(entry).is_some_and(|at| entry.get(..at).is_some_and(is_head))
}

/// Whether this is what precedes an event's id.
fn is_head(bytes: &[u8]) -> bool {
    let rest = bytes.strip_prefix(b"{\"sequence\":").unwrap_or_default();
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let rest = rest.get(digits..).unwrap_or_default();
    digits > 0 && (rest == b"," || rest == br#","kind":"log","#)
}

impl fmt::Debug for StoredLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredLog").field("directory", &self.directory).finish_non_exhaustive()
    }
}

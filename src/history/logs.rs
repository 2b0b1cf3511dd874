//! The logs of a directory, each of which another process writes, or wrote.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use super::reader::{History, OnDamage};
use crate::error::{Error, Result};
use crate::fs::JournalFs;
use crate::journal::{LogReader, log_of_directory, logs_at, refuse_moved};

/// The logs at a place, as they are whenever they are asked for. Shared by all
/// who ask.
pub(crate) struct Logs {
    fs: Arc<dyn JournalFs>,
    directory: PathBuf,
    /// The log that is not among them.
    except: Option<PathBuf>,
    on_damage: OnDamage,
    /// What was learnt about the logs is kept from question to question.
    known: Mutex<BTreeMap<PathBuf, Arc<History>>>,
}

/// A log, and the sequences that are in it by now.
pub(crate) type Extent = (Arc<History>, Range<u64>);

impl Logs {
    /// The log in a directory, or the logs below it, without the one of this
    /// directory. `on_damage` is called on the threads that ask, when an index is
    /// found damaged or missing.
    pub(crate) fn new(
        fs: Arc<dyn JournalFs>,
        directory: impl Into<PathBuf>,
        except: Option<PathBuf>,
        on_damage: OnDamage,
    ) -> Self {
        let directory = directory.into();
        Logs { fs, directory, except, on_damage, known: Mutex::default() }
    }

    /// The directories of the logs, sorted.
    ///
    /// # Errors
    ///
    /// When they can't be listed.
    pub(crate) fn directories(&self) -> Result<Vec<PathBuf>> {
        let mut directories = logs_at(&*self.fs, &self.directory).map_err(|error| {
            Error::io("the logs of a directory could not be listed", &self.directory, error)
        })?;
        directories.retain(|directory| Some(directory) != self.except.as_ref());
        Ok(directories)
    }

    /// The logs, and how far each goes by now. One without entries is left out.
    ///
    /// # Errors
    ///
    /// When one of them can't be read, its end is damaged, or it is not the log that
    /// its directory is named after.
    pub(crate) fn extents(&self) -> Result<Vec<Extent>> {
        let directories = self.directories()?;
        self.forget_others(&directories);
        let mut extents = Vec::with_capacity(directories.len());
        for directory in directories {
            let Some(history) = self.history(directory)? else { continue };
            let sequences = history.sequences()?;
            if !sequences.is_empty() {
                extents.push((history, sequences));
            }
        }
        Ok(extents)
    }

    /// The log of a directory; `None` if it has no entries yet.
    fn history(&self, directory: PathBuf) -> Result<Option<Arc<History>>> {
        if let Some(history) = self.known().get(&directory) {
            return Ok(Some(Arc::clone(history)));
        }
        let reader = LogReader::open(Arc::clone(&self.fs), &directory)?;
        let Some((log, first)) = reader.log().zip(reader.segments().first()) else {
            return Ok(None);
        };
        if let Some(named) = log_of_directory(&directory) {
            refuse_moved(&directory, named, log, first.first.0)?;
        }
        let (fs, on_damage) = (Arc::clone(&self.fs), Arc::clone(&self.on_damage));
        let history = Arc::new(History::new(fs, &directory, log, first.first, on_damage));
        self.known().insert(directory, Arc::clone(&history));
        Ok(Some(history))
    }

    /// A log that is gone takes no memory.
    fn forget_others(&self, directories: &[PathBuf]) {
        self.known().retain(|known, _| directories.contains(known));
    }

    fn known(&self) -> std::sync::MutexGuard<'_, BTreeMap<PathBuf, Arc<History>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Logs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Logs")
            .field("directory", &self.directory)
            .field("except", &self.except)
            .finish_non_exhaustive()
    }
}

//! Opening a log: lock, look, recover, or begin.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::background::{BackgroundSync, share};
use super::block_reader::open_index;
use super::config::JournalConfig;
use super::cut_record::{self, Cut};
use super::failure::{JournalError, Result};
use super::handover::GroupMemory;
use super::header::SegmentHeader;
use super::index::{BlockFacts, EntryFacts, GatheredFacts, TermHasher};
use super::lock::LogLock;
use super::names::{Layout, LogId, SegmentNames};
use super::recover::{self, Recovered};
use super::reserve;
use super::seal;
use super::sealed_file::SealedFile;
use super::writer::{Active, Group, Journal};
use crate::fs::{JournalFs, OpenMode, PathKind};

/// What was found on opening. The caller's first entry should say it: once
/// that is durable, the cuts are not reported again.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub(crate) struct OpenReport {
    /// Which log it is.
    pub(crate) log: LogId,
    /// Its own directory.
    pub(crate) directory: PathBuf,
    /// Whether it was created.
    pub(crate) is_new: bool,
    /// Whether its last writer closed it. If not, entries that were not
    /// acknowledged may be missing, nobody knows how many.
    pub(crate) was_closed: bool,
    /// Number of entries: the next sequence.
    pub(crate) size: u64,
    /// The first sequence that is still there.
    pub(crate) first: u64,
    /// What recovery cut, here or before a crash in an earlier opening.
    pub(crate) cuts: Vec<Cut>,
    /// Size of the reserve, in bytes; less than configured on a full disk.
    pub(crate) reserve_bytes: u64,
}

impl Journal {
    /// Opens the log in a directory of its own, or begins one there.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn open(
        config: JournalConfig,
        fs: Arc<dyn JournalFs>,
        now_ns: u64,
    ) -> Result<(Journal, OpenReport)> {
        config.check()?;
        let layout = Layout::new(&config.directory);
        make_directory(&*fs, layout.directory())?;
        match LogLock::attempt(&*fs, &layout.lock(), &config.host)? {
            Some(lock) => Journal::open_locked(config, fs, layout, lock, now_ns),
            None => {
                let holder = super::lock::read_holder(&*fs, &layout.lock());
                Err(JournalError::Locked { path: layout.lock(), holder })
            }
        }
    }

    /// Opens a log that is locked.
    ///
    /// # Errors
    ///
    /// When it is damaged or older than a known checkpoint, and when the
    /// system refuses a step. Nothing has been changed then, except that an
    /// unfinished opening can be continued.
    pub(super) fn open_locked(
        config: JournalConfig,
        fs: Arc<dyn JournalFs>,
        layout: Layout,
        lock: LogLock,
        now_ns: u64,
    ) -> Result<(Journal, OpenReport)> {
        refuse_link(&*fs, &layout.segments())?;
        make_directory(&*fs, &layout.segments())?;
        let found = Found::look(&*fs, &layout)?;
        let log = found.log.unwrap_or(config.new_log);
        refuse_strange_log(&config, &layout, log)?;
        let known_size = config.known_size(log);
        let (active, size, was_closed) =
            found.make_active(&*fs, &layout, &config, log, known_size, now_ns)?;
        if size < known_size {
            let path = layout.directory().to_owned();
            return Err(JournalError::RolledBack { path, known: known_size, found: size });
        }
        let cuts = cut_record::read(&*fs, &layout)?;
        let report = OpenReport {
            log,
            directory: layout.directory().to_owned(),
            is_new: found.log.is_none(),
            was_closed,
            size,
            first: found.first().unwrap_or(0),
            cuts,
            reserve_bytes: reserve::fill(&*fs, &layout.reserve(), config.reserve_bytes)?,
        };
        let group = Group {
            bytes: Vec::new(),
            fresh: Vec::new(),
            facts: GatheredFacts::default(),
            bytes_limit: config.group_bytes_limit(),
            next: size,
        };
        let journal = Journal {
            log,
            lock,
            active,
            group,
            background: BackgroundSync::start(config.sync_place)?,
            flight: None,
            spare: GroupMemory::default(),
            taker: None,
            facts: EntryFacts::new(TermHasher::new(log)),
            synced: size,
            last_sync_ns: now_ns,
            has_cut_record: !report.cuts.is_empty(),
            poison: None,
            fs,
            config,
            layout,
        };
        Ok((journal, report))
    }
}

/// The segments of a log.
struct Found {
    names: SegmentNames,
    active: Option<u64>,
    log: Option<LogId>,
}

impl Found {
    /// Sorts the names, and checks that all segments belong to one log, and each
    /// begins where the one before it ends.
    fn look(fs: &dyn JournalFs, layout: &Layout) -> Result<Self> {
        let segments = layout.segments();
        let names =
            fs.list(&segments).map_err(|error| JournalError::step("list", &segments, error))?;
        let names = layout.sort(&names)?;
        let active = layout.only_active(&names)?;
        let (mut log, mut next) = (None, None);
        for first in &names.sealed {
            let sealed = SealedFile::open(fs, layout, *first)?;
            let header = SegmentHeader::read(sealed.file(), sealed.path(), *first, log)?;
            refuse_gap(sealed.path(), next, *first)?;
            log = Some(header.log);
            next = end_of(fs, layout, header.log, *first, &sealed);
        }
        if let Some(first) = active {
            let path = layout.active(first);
            log = Some(header_of(fs, &path, first, log)?.log);
            refuse_gap(&path, next, first)?;
        }
        Ok(Found { names, active, log })
    }

    fn first(&self) -> Option<u64> {
        self.names.sealed.first().copied().or(self.active)
    }

    /// Recovers the segment that is written to, or makes one.
    fn make_active(
        &self,
        fs: &dyn JournalFs,
        layout: &Layout,
        config: &JournalConfig,
        log: LogId,
        known_size: u64,
        now_ns: u64,
    ) -> Result<(Active, u64, bool)> {
        self.remove_unfinished(fs, layout)?;
        self.make_names_durable(fs, layout)?;
        if let Some(first) = self.active {
            let recovered = recover::recover(fs, layout, first, known_size)?;
            return continued(layout, first, recovered, now_ns);
        }
        let first = match self.names.sealed.last() {
            Some(last) => recover::sealed_end(fs, layout, *last)?,
            None => 0,
        };
        let event_schema_version = config.event_schema_version;
        let header = SegmentHeader { log, event_schema_version, first };
        if first < known_size {
            let path = layout.directory().to_owned();
            return Err(JournalError::RolledBack { path, known: known_size, found: first });
        }
        let file = seal::prepare(fs, layout, header)?;
        let active = seal::publish(fs, layout, header, file, now_ns)?;
        // Without segments there was nothing to close.
        Ok((active, first, self.log.is_none()))
    }

    /// A writer that was killed may have left names in the system's memory
    /// alone; what is written under them would be lost with them.
    fn make_names_durable(&self, fs: &dyn JournalFs, layout: &Layout) -> Result<()> {
        let segments = layout.segments();
        let is_new = self.log.is_none();
        let above =
            segments.ancestors().skip(1).take_while(|path| is_new && *path != Path::new(""));
        for directory in std::iter::once(segments.as_path()).chain(above) {
            match fs.sync_directory(directory) {
                // Somebody else's directory, and so was made by somebody else.
                Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {}
                result => {
                    result.map_err(|error| JournalError::step("sync", directory, error))?;
                }
            }
        }
        Ok(())
    }

    fn remove_unfinished(&self, fs: &dyn JournalFs, layout: &Layout) -> Result<()> {
        for name in &self.names.unfinished {
            let path = layout.segments().join(name);
            fs.remove_file(&path).map_err(|error| JournalError::step("remove", &path, error))?;
        }
        Ok(())
    }
}

/// Makes a directory and those above it. Their names are made durable before
/// anything is written below them.
pub(crate) fn make_directory(fs: &dyn JournalFs, path: &Path) -> Result<()> {
    let failed = |error| JournalError::step("make the directory", path, error);
    match fs.kind(path).map_err(failed)? {
        PathKind::Directory => return Ok(()),
        PathKind::Missing => {}
        // Where a log is kept is the user's choice, and may be a link.
        PathKind::Other if fs.list(path).is_ok() => return Ok(()),
        PathKind::File | PathKind::Other => {
            return Err(failed(std::io::ErrorKind::NotADirectory.into()));
        }
    }
    let parent = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    make_directory(fs, parent)?;
    match fs.create_directory(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(failed(error)),
        _ => Ok(()),
    }
}

/// What is inside a log stays inside.
fn refuse_link(fs: &dyn JournalFs, path: &Path) -> Result<()> {
    match fs.kind(path).map_err(|error| JournalError::step("look up", path, error))? {
        PathKind::Missing | PathKind::Directory => Ok(()),
        PathKind::File | PathKind::Other => {
            Err(JournalError::step("use", path, std::io::ErrorKind::NotADirectory.into()))
        }
    }
}

/// The sequence after the last of a sealed segment: as its index says, else as
/// its frames do. None if it is damaged, which is told by who reads it.
fn end_of(
    fs: &dyn JournalFs,
    layout: &Layout,
    log: LogId,
    first: u64,
    sealed: &SealedFile,
) -> Option<u64> {
    let index = sealed.table().and_then(|table| open_index(fs, layout, log, first, table).ok());
    match index.and_then(|index| index.blocks().last().map(BlockFacts::next)) {
        Some(next) => Some(next),
        None => recover::sealed_end(fs, layout, first).ok(),
    }
}

/// Segments are removed from the beginning of a log alone.
fn refuse_gap(path: &Path, expected: Option<u64>, first: u64) -> Result<()> {
    match expected {
        Some(expected) if expected != first => {
            let wanted = format!("a segment that begins with sequence {expected}");
            let found = format!("this one, which begins with {first}");
            Err(JournalError::corrupt(path, 0, expected, wanted, found))
        }
        _ => Ok(()),
    }
}

fn header_of(
    fs: &dyn JournalFs,
    path: &Path,
    first: u64,
    log: Option<LogId>,
) -> Result<SegmentHeader> {
    let file =
        fs.open(path, OpenMode::Read).map_err(|error| JournalError::step("open", path, error))?;
    SegmentHeader::read(&*file, path, first, log)
}

/// Who keeps checkpoints and finds another log in its place was robbed of one.
fn refuse_strange_log(config: &JournalConfig, layout: &Layout, log: LogId) -> Result<()> {
    let known = &config.known_checkpoints;
    match known.first() {
        Some(first) if known.iter().all(|known| known.log != log) => Err(JournalError::Missing {
            path: layout.directory().to_owned(),
            log: first.log.to_string(),
        }),
        _ => Ok(()),
    }
}

fn continued(
    layout: &Layout,
    first: u64,
    recovered: Recovered,
    now_ns: u64,
) -> Result<(Active, u64, bool)> {
    let path = layout.active(first);
    let stat =
        recovered.file.stat().map_err(|error| JournalError::step("look up", &path, error))?;
    let active = Active {
        file: share(recovered.file),
        path,
        identity: stat.identity,
        first,
        length: recovered.length,
        room_end: recovered.length,
        goes_ahead: true,
        is_closed: recovered.was_closed,
        opened_ns: now_ns,
    };
    Ok((active, recovered.next, recovered.was_closed))
}

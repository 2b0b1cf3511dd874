//! Finding the end of a log after whatever happened, and making it the end of
//! the file. The only place that cuts what another run wrote.
//!
//! Every step can be repeated: a crash in recovery leaves a log from which
//! recovery comes to the same result.

use std::path::Path;

use super::cut_record::{self, Cut, CutReason};
use super::failure::{JournalError, Result};
use super::frame::Flaw;
use super::names::Layout;
use super::scan::{Scan, Step};
use super::sealed_file::SealedFile;
use super::tail::{self, Tail};
use super::{steps, suspect};
use crate::fs::{JournalFile, JournalFs, OpenMode};

/// A segment that can be written to.
#[derive(Debug)]
pub(super) struct Recovered {
    pub(super) file: Box<dyn JournalFile>,
    pub(super) length: u64,
    pub(super) next: u64,
    /// Whether its writer closed it.
    pub(super) was_closed: bool,
}

/// Opens the segment that was written to last, cuts what never became durable
/// and makes the rest durable.
///
/// # Errors
///
/// When the segment is damaged, or would have to be cut below `known_size`.
pub(super) fn recover(
    fs: &dyn JournalFs,
    layout: &Layout,
    first: u64,
    known_size: u64,
) -> Result<Recovered> {
    let path = layout.active(first);
    let mut file = fs
        .open(&path, OpenMode::Write)
        .map_err(|error| JournalError::step("open", &path, error))?;
    let mut scan = Scan::new(first);
    let flaw = last_good(&mut scan, &*file, &path)?;
    let (length, next) = (scan.offset(), scan.next());
    if next < known_size {
        return Err(below_checkpoint(&*file, &path, &scan, flaw, known_size));
    }
    if let Some(flaw) = flaw {
        let cut = judge(&*file, &path, first, &scan, flaw)?;
        cut_record::write(fs, layout, &cut)?;
        file.truncate(length).map_err(|error| JournalError::step("cut", &path, error))?;
    }
    let was_closed = flaw.is_none() && scan.is_closed();
    let from = if suspect::is_marked(fs, layout)? { 0 } else { scan.group_offset() };
    suspect::rewrite(&mut *file, &path, from..length)?;
    // What a killed writer left may be in the system's memory alone. If this
    // fails, so may what the next one to open the log finds.
    match suspect::mark(fs, layout) {
        Err(error) if !error.is_full() => return Err(error),
        // A full disk keeps nobody from opening a log.
        _ => {}
    }
    steps::sync(&mut *file).map_err(|error| JournalError::step("sync", &path, error))?;
    suspect::clear(fs, layout)?;
    Ok(Recovered { file, length, next, was_closed })
}

/// The sequence after the last of a sealed segment.
///
/// # Errors
///
/// Any flaw is damage: a segment is durable before it is sealed. So is one
/// without entries, which is never sealed: the next would get its name.
pub(super) fn sealed_end(fs: &dyn JournalFs, layout: &Layout, first: u64) -> Result<u64> {
    let sealed = SealedFile::open(fs, layout, first)?;
    let mut scan = Scan::new(first);
    match last_good(&mut scan, sealed.file(), sealed.path())? {
        Some(flaw) => Err(flawed(sealed.path(), &scan, flaw)),
        None if scan.next() == first => {
            let (expected, found) = ("an entry", "the end of the file");
            Err(JournalError::corrupt(sealed.path(), scan.offset(), first, expected, found))
        }
        None => Ok(scan.next()),
    }
}

/// For a failed reading at the position of a scan.
pub(super) fn unread(path: &Path, scan: &Scan, error: std::io::Error) -> JournalError {
    JournalError::unread(path, scan.offset(), scan.next(), error)
}

/// Damage at the position of a scan.
pub(super) fn flawed(path: &Path, scan: &Scan, flaw: Flaw) -> JournalError {
    let expected = flaw.expected(scan.next());
    JournalError::corrupt(path, scan.offset(), scan.next(), expected, flaw.to_string())
}

/// Damage at the position of a scan, with a valid frame behind it.
pub(super) fn flawed_before(
    path: &Path,
    scan: &Scan,
    flaw: Flaw,
    follower: u64,
    sequence: u64,
) -> JournalError {
    let found = format!("{flaw}, and at byte {follower} a valid frame with sequence {sequence}");
    JournalError::corrupt(path, scan.offset(), scan.next(), flaw.expected(scan.next()), found)
}

/// Reads to the end or the first flaw.
fn last_good(scan: &mut Scan, file: &dyn JournalFile, path: &Path) -> Result<Option<Flaw>> {
    loop {
        match scan.step(file).map_err(|error| unread(path, scan, error))? {
            Step::Entry { .. } | Step::Mark => {}
            Step::End => return Ok(None),
            Step::Flawed(flaw) => return Ok(Some(flaw)),
        }
    }
}

fn judge(file: &dyn JournalFile, path: &Path, first: u64, scan: &Scan, flaw: Flaw) -> Result<Cut> {
    let (tail, bytes) = tail::judge(file, scan.offset(), scan.next())
        .map_err(|error| JournalError::step("read", path, error))?;
    let reason = match tail {
        Tail::Torn => CutReason::Torn,
        Tail::ZeroFill => CutReason::ZeroFill,
        Tail::Damaged { follower, sequence } => {
            return Err(flawed_before(path, scan, flaw, follower, sequence));
        }
    };
    Ok(Cut { segment: first, offset: scan.offset(), bytes, sequence: scan.next(), reason })
}

fn below_checkpoint(
    file: &dyn JournalFile,
    path: &Path,
    scan: &Scan,
    flaw: Option<Flaw>,
    known: u64,
) -> JournalError {
    // Zeros are how an older state ends that was copied from a writer at work.
    let is_zero =
        || matches!(tail::judge(file, scan.offset(), scan.next()), Ok((Tail::ZeroFill, _)));
    match flaw.filter(|_| !is_zero()) {
        Some(flaw) => flawed(path, scan, flaw),
        None => JournalError::RolledBack { path: path.to_owned(), known, found: scan.next() },
    }
}

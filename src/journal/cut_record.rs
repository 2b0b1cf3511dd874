//! What recovery cut from a log, kept until the log itself tells of it.
//!
//! The record is durable before anything is cut, so that a crash in between
//! can't make the cut pass in silence. It is removed when the first entry
//! after an open is durable: the caller writes what the report says there.

use std::path::Path;

use super::failure::{JournalError, Result};
use super::names::Layout;
use super::steps;
use crate::fs::{JournalFs, OpenMode, PathKind};

/// Longest record that is read.
const RECORD_BYTES_MAX: usize = 64 * 1024;

/// Something that recovery cut from the end of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cut {
    /// First sequence of the segment it was cut from.
    pub(crate) segment: u64,
    /// Where in the segment's file the cut is.
    pub(crate) offset: u64,
    /// Number of bytes that were cut.
    pub(crate) bytes: u64,
    /// The sequence of the first entry that is not there any more, if the
    /// bytes held one.
    pub(crate) sequence: u64,
    /// What the bytes were.
    pub(crate) reason: CutReason,
}

/// What was cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub(crate) enum CutReason {
    /// Frames that a crash left incomplete. Damage to the last frame of a log
    /// that wasn't closed looks the same.
    Torn,
    /// Zeros.
    ZeroFill,
    /// Unknown: the record of an earlier cut can't be read.
    Unknown,
}

/// Adds a cut to the record of a log, durably.
pub(super) fn write(fs: &dyn JournalFs, layout: &Layout, cut: &Cut) -> Result<()> {
    let mut cuts = read(fs, layout)?;
    if !cuts.contains(cut) {
        cuts.push(cut.clone());
        replace(fs, layout, &cuts)?;
    }
    // Also if it was there: who wrote it may have been killed before this.
    fs.sync_directory(layout.directory())
        .map_err(|error| JournalError::step("name", &layout.cut(), error))
}

fn replace(fs: &dyn JournalFs, layout: &Layout, cuts: &[Cut]) -> Result<()> {
    let text: String = cuts.iter().map(encode).collect();
    let unfinished = layout.cut_unfinished();
    let step = |action, path: &Path, error| JournalError::step(action, path, error);
    remove(fs, &unfinished)?;
    let mut file = fs
        .open(&unfinished, OpenMode::CreateNew)
        .map_err(|error| step("create", &unfinished, error))?;
    steps::write_all(&mut *file, 0, text.as_bytes())
        .and_then(|()| steps::sync(&mut *file))
        .map_err(|error| step("write", &unfinished, error))?;
    fs.rename(&unfinished, &layout.cut()).map_err(|error| step("name", &layout.cut(), error))
}

/// The cuts that no durable entry tells of.
pub(super) fn read(fs: &dyn JournalFs, layout: &Layout) -> Result<Vec<Cut>> {
    let path = layout.cut();
    let step = |error| JournalError::step("read", &path, error);
    if fs.kind(&path).map_err(step)? == PathKind::Missing {
        return Ok(Vec::new());
    }
    let file = fs.open(&path, OpenMode::Read).map_err(step)?;
    let mut bytes = vec![0; RECORD_BYTES_MAX];
    let length = steps::read_up_to(&*file, 0, &mut bytes).map_err(step)?;
    let text = String::from_utf8_lossy(bytes.get(..length).unwrap_or_default());
    if text.is_empty() {
        return Ok(vec![unknown()]);
    }
    Ok(text.split_inclusive('\n').map(|line| parse(line).unwrap_or_else(unknown)).collect())
}

/// Ends the record: an entry that tells of the cuts is durable.
pub(super) fn clear(fs: &dyn JournalFs, layout: &Layout) -> Result<()> {
    remove(fs, &layout.cut())
}

fn remove(fs: &dyn JournalFs, path: &Path) -> Result<()> {
    match fs.remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(JournalError::step("remove", path, error))
        }
        _ => Ok(()),
    }
}

fn encode(cut: &Cut) -> String {
    let reason = match cut.reason {
        CutReason::Torn => "torn",
        CutReason::ZeroFill => "zeros",
        CutReason::Unknown => "unknown",
    };
    let Cut { segment, offset, bytes, sequence, .. } = cut;
    let text = format!("{reason} {segment} {offset} {bytes} {sequence}");
    format!("{text} {:08x}\n", crc32c::crc32c(text.as_bytes()))
}

fn parse(line: &str) -> Option<Cut> {
    let mut words = line.split_whitespace();
    let reason = match words.next()? {
        "torn" => CutReason::Torn,
        "zeros" => CutReason::ZeroFill,
        _ => CutReason::Unknown,
    };
    let mut number = || words.next()?.parse().ok();
    let cut = Cut {
        reason,
        segment: number()?,
        offset: number()?,
        bytes: number()?,
        sequence: number()?,
    };
    (encode(&cut) == line).then_some(cut)
}

fn unknown() -> Cut {
    Cut { segment: 0, offset: 0, bytes: 0, sequence: 0, reason: CutReason::Unknown }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_as_it_was_written_or_is_known_to_be_unknown() {
        let cut =
            Cut { segment: 5, offset: 99, bytes: 12, sequence: 7, reason: CutReason::ZeroFill };
        let line = encode(&cut);
        assert_eq!(parse(&line), Some(cut));
        for bit in 0..line.len() * 8 {
            let mut bytes = line.clone().into_bytes();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(parse(&String::from_utf8_lossy(&bytes)), None, "bit {bit}");
        }
    }
}

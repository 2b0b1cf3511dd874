//! The one place that knows the names of a log's files.

use std::fmt;
use std::path::{Path, PathBuf};

use super::failure::{JournalError, Result};

const SEALED: &str = "seg";
const ACTIVE: &str = "open";
const UNFINISHED: &str = "new";
const PACKED: &str = "zst";
const PACKED_UNFINISHED: &str = "zst.new";
const INDEX: &str = "idx";
const INDEX_UNFINISHED: &str = "idx.new";
const EXTENSIONS: [&str; 7] =
    [SEALED, ACTIVE, UNFINISHED, PACKED, PACKED_UNFINISHED, INDEX, INDEX_UNFINISHED];
const SEQUENCE_DIGITS: usize = 20;
const LOG_PREFIX: &str = "log-";

/// Which log it is; unique among all logs, given when one is created.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct LogId(pub(crate) [u8; 16]);

impl LogId {
    /// The id of a new log.
    ///
    /// # Errors
    ///
    /// When the system has no randomness.
    pub(crate) fn generate() -> Result<Self> {
        let mut id = [0; 16];
        getrandom::fill(&mut id).map_err(|error| {
            JournalError::Invalid(format!("the system gives no randomness for a new log: {error}"))
        })?;
        Ok(LogId(id))
    }

    /// The id in the one spelling that it has.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let log = LogId(u128::from_str_radix(text, 16).ok()?.to_be_bytes());
        (log.to_string() == text).then_some(log)
    }
}

impl fmt::Display for LogId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The paths of one log.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    directory: PathBuf,
}

/// What a segments directory holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct SegmentNames {
    /// First sequences of the sealed segments, ascending; compressed or not.
    pub(super) sealed: Vec<u64>,
    /// Of those, the ones that are there uncompressed, ascending.
    pub(super) raw: Vec<u64>,
    /// Of those, the ones that are there compressed, ascending.
    pub(super) packed: Vec<u64>,
    /// First sequences of the segments that have an index, ascending.
    pub(super) indices: Vec<u64>,
    /// First sequences of segments that are written to: one, or none after a
    /// crash.
    pub(super) active: Vec<u64>,
    /// Names of files that were never finished.
    pub(super) unfinished: Vec<String>,
}

impl Layout {
    pub(super) fn new(directory: impl Into<PathBuf>) -> Self {
        Layout { directory: directory.into() }
    }

    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    pub(super) fn segments(&self) -> PathBuf {
        self.directory.join("segments")
    }

    pub(super) fn lock(&self) -> PathBuf {
        self.directory.join("lock")
    }

    pub(super) fn reserve(&self) -> PathBuf {
        self.directory.join("reserve")
    }

    pub(super) fn cut(&self) -> PathBuf {
        self.directory.join("cut")
    }

    pub(super) fn cut_unfinished(&self) -> PathBuf {
        self.directory.join("cut.new")
    }

    pub(super) fn suspect(&self) -> PathBuf {
        self.directory.join("suspect")
    }

    pub(super) fn sealed(&self, first: u64) -> PathBuf {
        self.segment(first, SEALED)
    }

    pub(super) fn active(&self, first: u64) -> PathBuf {
        self.segment(first, ACTIVE)
    }

    pub(super) fn unfinished(&self, first: u64) -> PathBuf {
        self.segment(first, UNFINISHED)
    }

    pub(super) fn packed(&self, first: u64) -> PathBuf {
        self.segment(first, PACKED)
    }

    pub(super) fn packed_unfinished(&self, first: u64) -> PathBuf {
        self.segment(first, PACKED_UNFINISHED)
    }

    pub(super) fn index(&self, first: u64) -> PathBuf {
        self.segment(first, INDEX)
    }

    pub(super) fn index_unfinished(&self, first: u64) -> PathBuf {
        self.segment(first, INDEX_UNFINISHED)
    }

    /// Sorts the names of a segments directory.
    ///
    /// # Errors
    ///
    /// When the same segment is there twice, or two are being written to: the
    /// writer leaves neither, whenever it dies.
    pub(super) fn sort(&self, names: &[String]) -> Result<SegmentNames> {
        let mut sorted = SegmentNames::default();
        for name in names {
            let Some((first, extension)) = parse_segment(name) else { continue };
            match extension {
                SEALED => sorted.raw.push(first),
                PACKED => sorted.packed.push(first),
                ACTIVE => sorted.active.push(first),
                INDEX => sorted.indices.push(first),
                _ => sorted.unfinished.push(name.clone()),
            }
        }
        sorted.sealed.extend(sorted.raw.iter().chain(&sorted.packed));
        let all = [
            &mut sorted.sealed,
            &mut sorted.raw,
            &mut sorted.packed,
            &mut sorted.indices,
            &mut sorted.active,
        ];
        all.into_iter().for_each(|firsts| firsts.sort_unstable());
        sorted.sealed.dedup();
        Ok(sorted)
    }

    /// The segment that is written to, if the names are as a writer leaves them.
    ///
    /// # Errors
    ///
    /// When two are, or when a sealed one follows it.
    pub(super) fn only_active(&self, names: &SegmentNames) -> Result<Option<u64>> {
        let Some((&first, others)) = names.active.split_first() else { return Ok(None) };
        let follower = others.first().or(names.sealed.iter().rfind(|sealed| **sealed >= first));
        match follower {
            None => Ok(Some(first)),
            Some(&follower) => Err(JournalError::corrupt(
                &self.active(first),
                0,
                first,
                "no segment after the one that is written to",
                format!("one that begins with sequence {follower}"),
            )),
        }
    }

    fn segment(&self, first: u64, extension: &str) -> PathBuf {
        self.segments().join(format!("{first:0SEQUENCE_DIGITS$}.{extension}"))
    }
}

/// The name of a log's directory under a parent that holds several.
pub(crate) fn log_directory_name(log: LogId) -> String {
    format!("{LOG_PREFIX}{log}")
}

/// The log whose directory has this name.
pub(super) fn parse_log_directory_name(name: &str) -> Option<LogId> {
    LogId::parse(name.strip_prefix(LOG_PREFIX)?)
}

/// The log that a directory is named after.
pub(crate) fn log_of_directory(directory: &Path) -> Option<LogId> {
    directory.file_name()?.to_str().and_then(parse_log_directory_name)
}

/// Whether a file belongs to the segment that begins with `first`, whatever it
/// is of it.
pub(super) fn is_of_segment(name: &str, first: u64) -> bool {
    let digits = format!("{first:0SEQUENCE_DIGITS$}");
    name.strip_prefix(&digits).is_some_and(|rest| rest.starts_with('.'))
}

fn parse_segment(name: &str) -> Option<(u64, &str)> {
    let (digits, extension) = name.split_once('.')?;
    let known = EXTENSIONS.contains(&extension);
    let plain = digits.len() == SEQUENCE_DIGITS && digits.bytes().all(|b| b.is_ascii_digit());
    if !known || !plain {
        return None;
    }
    Some((digits.parse().ok()?, extension))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_parsed_as_they_are_made_and_others_are_none_of_ours() {
        let layout = Layout::new("/log");
        for first in [0, 7, u64::MAX] {
            for extension in EXTENSIONS {
                let path = layout.segment(first, extension);
                let name = path.file_name().unwrap().to_str().unwrap();
                assert_eq!(parse_segment(name), Some((first, extension)));
            }
        }
        let others = ["7.seg", "99999999999999999999.seg", "00000000000000000007.tmp", "x"];
        assert!(others.iter().all(|name| parse_segment(name).is_none()));
        assert_eq!(parse_segment("+0000000000000000007.seg"), None);
    }

    #[test]
    fn directories_of_logs_have_one_spelling() {
        let log = LogId([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0xab, 0xcd, 0xef, 0xfe, 0xff]);
        let name = log_directory_name(log);
        assert_eq!(name, "log-000102030405060708090aabcdeffeff");
        assert_eq!(parse_log_directory_name(&name), Some(log));
        for other in [name.to_uppercase(), name.replace("log-00", "log-"), "log-+1".into()] {
            assert_eq!(parse_log_directory_name(&other), None, "{other}");
        }
    }

    #[test]
    fn two_segments_that_are_written_to_are_refused() {
        let layout = Layout::new("/log");
        let sort = |names: &[&str]| {
            let names: Vec<_> =
                names.iter().map(|name| format!("{:0>26}", name)[..].to_owned()).collect();
            let names: Vec<_> =
                names.iter().map(|name| name[name.len() - 25..].to_owned()).collect();
            layout.only_active(&layout.sort(&names).unwrap())
        };
        assert_eq!(sort(&["5.open"]).unwrap(), Some(5));
        assert_eq!(sort(&[]).unwrap(), None);
        assert!(sort(&["5.open", "9.open"]).unwrap_err().corruption().is_some());
    }
}

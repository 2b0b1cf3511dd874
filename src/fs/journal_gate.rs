//! What the journal asks of a filesystem: positions, lengths, syncing, locks.
//!
//! The other gate hands out streams for documents that are written once. A
//! journal writes at positions of its own choosing, cuts files, and has to
//! know whether the file it holds is still the one that its path names.

use std::fmt::Debug;
use std::io;
use std::path::{Path, PathBuf};

/// How a file is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OpenMode {
    /// An existing file, for reading alone.
    Read,
    /// An existing file, for reading and writing.
    Write,
    /// A new file (0600 on Unix), for reading and writing; `AlreadyExists` if
    /// the name is taken.
    CreateNew,
}

/// What a name stands for. Links are not followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PathKind {
    /// Nothing has this name.
    Missing,
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A link, a device, a pipe: nothing that a journal makes.
    Other,
}

/// What is known about a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileStat {
    /// Which file it is: device and inode on Unix; always the same elsewhere,
    /// so that only a missing file is noticed there.
    pub(crate) identity: (u64, u64),
    /// Its length, in bytes.
    pub(crate) length: u64,
    /// When it was written to last, in nanoseconds, as coarse as the system has
    /// it; 0 where it has none. Good for telling that a file was changed, whose
    /// length may be what it was.
    pub(crate) modified_ns: u64,
    /// Whether its owner alone may read and write it. Always true where there
    /// are no such modes.
    pub(crate) is_private: bool,
}

/// An open file. Closing it releases its lock.
pub(crate) trait JournalFile: Send + Sync + Debug {
    /// Reads at a position; 0 at the end.
    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<usize>;

    /// Writes at a position; may write less than it was given.
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<usize>;

    /// Returns when what was written, and the length, survive a power cut.
    fn sync(&mut self) -> io::Result<()>;

    /// Cuts the file, or fills it up with zeros.
    fn truncate(&mut self, length: u64) -> io::Result<()>;

    /// Which file this is, and its length.
    fn stat(&self) -> io::Result<FileStat>;
}

/// The operations on names. Errors are the system's own.
pub(crate) trait JournalFs: Send + Sync + Debug {
    /// Makes one directory (0700 on Unix); `AlreadyExists` if the name is taken.
    fn create_directory(&self, path: &Path) -> io::Result<()>;

    /// Opens a file. A link in the last place of the path is refused, and so
    /// is what isn't a regular file.
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Box<dyn JournalFile>>;

    /// Opens or creates (0600) a file and locks it against every other holder;
    /// `None` when somebody holds it.
    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn JournalFile>>>;

    /// The path itself, with all links on the way followed.
    fn resolve(&self, path: &Path) -> io::Result<PathBuf>;

    /// What has this name.
    fn kind(&self, path: &Path) -> io::Result<PathKind>;

    /// The file that has this name.
    fn stat(&self, path: &Path) -> io::Result<FileStat>;

    /// Names in a directory, sorted. Names that are not UTF-8 are left out:
    /// none of ours are.
    fn list(&self, directory: &Path) -> io::Result<Vec<String>>;

    /// Renames a file, over whatever has the new name.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a name.
    fn remove_file(&self, path: &Path) -> io::Result<()>;

    /// Makes the names in a directory durable, where the system can.
    fn sync_directory(&self, directory: &Path) -> io::Result<()>;
}

//! What this crate asks of a filesystem.

use std::io::{self, Write};
use std::path::Path;

/// An open file that can be made durable.
pub(crate) trait SyncWrite: Write + Send {
    /// Returns when everything written so far, and the file's length, survive
    /// a power cut.
    fn sync(&mut self) -> io::Result<()>;
}

/// The operations on files and directories. Errors are the system's own.
pub(crate) trait Filesystem: Send + Sync + std::fmt::Debug {
    /// Makes the directory and those above it, for the owner alone (0700 on
    /// Unix). A directory that exists is left as it is.
    fn create_directory(&self, path: &Path) -> io::Result<()>;

    /// Creates a file, readable by the owner alone (0600 on Unix).
    /// `AlreadyExists` if the name is taken, be it by a dangling symlink.
    fn create_new(&self, path: &Path) -> io::Result<Box<dyn SyncWrite>>;

    /// Opens a file for writing at its end, or creates it (0600 on Unix). A
    /// symlink in the last place of the path is refused.
    fn open_append(&self, path: &Path) -> io::Result<Box<dyn SyncWrite>>;

    /// Opens a file for reading.
    #[cfg(any(feature = "journal", feature = "policy"))]
    fn open_read(&self, path: &Path) -> io::Result<Box<dyn io::Read + Send>>;

    /// Names in a directory, sorted. Names that are not UTF-8 are left out:
    /// none of ours are.
    #[cfg(test)]
    fn list(&self, directory: &Path) -> io::Result<Vec<String>>;

    /// Whether something has this name, be it a dangling symlink.
    fn exists(&self, path: &Path) -> io::Result<bool>;

    /// Gives a file a second name. `AlreadyExists` if that name is taken.
    fn link_new(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Renames a file, over whatever has the new name.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a name.
    fn remove_file(&self, path: &Path) -> io::Result<()>;

    /// Makes the names in a directory durable, where the system can.
    fn sync_directory(&self, directory: &Path) -> io::Result<()>;

    /// A whole file.
    #[cfg(test)]
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;
}

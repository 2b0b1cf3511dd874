//! The journal's gate to the filesystem of the operating system.
//!
//! Windows has no way to sync a directory: there, a power cut may take the
//! name of a file that was just made, and its entries with it.

#![expect(clippy::disallowed_methods, reason = "this is the gate")]

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use super::os::{is_a_symlink, private, refuse_other_file};
use super::{FileStat, Filesystem, JournalFile, JournalFs, OpenMode, OsFilesystem, PathKind};

impl JournalFs for OsFilesystem {
    fn create_directory(&self, path: &Path) -> io::Result<()> {
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(path)
    }

    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Box<dyn JournalFile>> {
        let file = match mode {
            OpenMode::Read => open_regular(path, OpenOptions::new().read(true))?,
            OpenMode::Write => open_regular(path, OpenOptions::new().read(true).write(true))?,
            OpenMode::CreateNew => private().read(true).write(true).create_new(true).open(path)?,
        };
        Ok(Box::new(OsJournalFile(file)))
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn JournalFile>>> {
        let mut options = private();
        let file = open_regular(path, options.read(true).write(true).create(true))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Box::new(LockedFile(OsJournalFile(file))))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn resolve(&self, path: &Path) -> io::Result<PathBuf> {
        fs::canonicalize(path)
    }

    fn kind(&self, path: &Path) -> io::Result<PathKind> {
        match fs::symlink_metadata(path) {
            Ok(found) if found.is_file() => Ok(PathKind::File),
            Ok(found) if found.is_dir() => Ok(PathKind::Directory),
            Ok(_) => Ok(PathKind::Other),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(PathKind::Missing),
            Err(error) => Err(error),
        }
    }

    fn stat(&self, path: &Path) -> io::Result<FileStat> {
        fs::symlink_metadata(path).map(|found| file_stat(&found))
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(directory)? {
            names.extend(entry?.file_name().into_string());
        }
        names.sort_unstable();
        Ok(names)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn sync_directory(&self, directory: &Path) -> io::Result<()> {
        Filesystem::sync_directory(self, directory)
    }
}

#[derive(Debug)]
struct OsJournalFile(File);

impl JournalFile for OsJournalFile {
    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        #[cfg(unix)]
        return std::os::unix::fs::FileExt::read_at(&self.0, into, offset);
        #[cfg(windows)]
        return std::os::windows::fs::FileExt::seek_read(&self.0, into, offset);
    }

    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        #[cfg(unix)]
        return std::os::unix::fs::FileExt::write_at(&self.0, bytes, offset);
        #[cfg(windows)]
        return std::os::windows::fs::FileExt::seek_write(&self.0, bytes, offset);
    }

    fn sync(&mut self) -> io::Result<()> {
        // fdatasync; F_FULLFSYNC on macOS.
        self.0.sync_data()
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.0.set_len(length)
    }

    fn stat(&self) -> io::Result<FileStat> {
        self.0.metadata().map(|found| file_stat(&found))
    }
}

/// A file with a lock, which is given back by name: a process that is being
/// started has copies of all open files for a moment, and the lock would be
/// held for as long.
#[derive(Debug)]
struct LockedFile(OsJournalFile);

impl JournalFile for LockedFile {
    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        self.0.read_at(offset, into)
    }

    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        self.0.write_at(offset, bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.0.sync()
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.0.truncate(length)
    }

    fn stat(&self) -> io::Result<FileStat> {
        self.0.stat()
    }
}

impl Drop for LockedFile {
    fn drop(&mut self) {
        // Closing it does the same, if a little later.
        let _ = self.0.0.unlock();
    }
}

/// Opens a file that is one: a pipe would hang, a link may lead out.
fn open_regular(path: &Path, options: &OpenOptions) -> io::Result<File> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_symlink() => return Err(is_a_symlink()),
        Ok(found) if !found.is_file() => {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
        }
        _ => {}
    }
    let file = options.open(path)?;
    refuse_other_file(path, &file)?;
    Ok(file)
}

fn file_stat(found: &fs::Metadata) -> FileStat {
    #[cfg(unix)]
    let (identity, is_private) = {
        use std::os::unix::fs::MetadataExt;
        ((found.dev(), found.ino()), found.mode() & 0o077 == 0)
    };
    #[cfg(not(unix))]
    let (identity, is_private) = ((0, 0), true);
    let modified = found.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    let modified_ns = modified.map_or(0, |since| since.as_nanos() as u64);
    FileStat { identity, length: found.len(), modified_ns, is_private }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_given_back_although_a_copy_of_the_file_is_still_open() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("lock");
        let attempt = || JournalFs::lock(&OsFilesystem, &path).unwrap();
        let file = private().read(true).write(true).create(true).open(&path).unwrap();
        file.try_lock().unwrap();
        // As a process has that is being started.
        let copy = file.try_clone().unwrap();
        let held = LockedFile(OsJournalFile(file));
        assert!(attempt().is_none());
        drop(held);
        let next = attempt().unwrap();
        drop(copy);
        assert!(attempt().is_none(), "the copy has no part in the next lock");
        drop(next);
        assert!(attempt().is_some());
    }
}

//! The filesystem of the operating system.

#![expect(clippy::disallowed_methods, reason = "this is the gate")]

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, Write};
use std::path::Path;

use super::{Filesystem, SyncWrite};

/// The filesystem of the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct OsFilesystem;

impl OsFilesystem {
    /// Whether a file has bytes behind the end of its last line; also, if it has
    /// bytes that can't be read.
    pub(crate) fn ends_within_line(self, path: &Path) -> bool {
        let has_bytes = fs::metadata(path).is_ok_and(|found| found.is_file() && found.len() > 0);
        let last = || {
            let (mut file, mut last) = (File::open(path)?, [0]);
            file.seek(io::SeekFrom::End(-1))?;
            file.read_exact(&mut last)?;
            io::Result::Ok(last)
        };
        has_bytes && last().ok() != Some(*b"\n")
    }
}

impl Filesystem for OsFilesystem {
    fn create_directory(&self, path: &Path) -> io::Result<()> {
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.recursive(true).create(path)
    }

    fn create_new(&self, path: &Path) -> io::Result<Box<dyn SyncWrite>> {
        let file = private().write(true).create_new(true).open(path)?;
        Ok(Box::new(OsFile(file)))
    }

    fn open_append(&self, path: &Path) -> io::Result<Box<dyn SyncWrite>> {
        // Before, so that no target is created; after, against a swap in between.
        refuse_symlink(path)?;
        let file = private().append(true).create(true).open(path)?;
        refuse_other_file(path, &file)?;
        Ok(Box::new(OsFile(file)))
    }

    #[cfg(any(feature = "journal", feature = "policy"))]
    fn open_read(&self, path: &Path) -> io::Result<Box<dyn io::Read + Send>> {
        Ok(Box::new(File::open(path)?))
    }

    #[cfg(test)]
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        fs::read(path)
    }

    #[cfg(test)]
    fn list(&self, directory: &Path) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(directory)? {
            names.extend(entry?.file_name().into_string());
        }
        names.sort_unstable();
        Ok(names)
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        match fs::symlink_metadata(path) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn link_new(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::hard_link(from, to)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn sync_directory(&self, directory: &Path) -> io::Result<()> {
        // Elsewhere directories can't be opened, and names are durable without.
        if cfg!(unix) { File::open(directory)?.sync_all() } else { Ok(()) }
    }
}

struct OsFile(File);

impl Write for OsFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl SyncWrite for OsFile {
    fn sync(&mut self) -> io::Result<()> {
        self.0.sync_all()
    }
}

pub(super) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn refuse_symlink(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_symlink() => Err(is_a_symlink()),
        _ => Ok(()),
    }
}

/// Fails unless `path` itself, and not something it points to, is the open
/// `file`.
pub(super) fn refuse_other_file(path: &Path, file: &File) -> io::Result<()> {
    let named = fs::symlink_metadata(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let open = file.metadata()?;
        if (named.dev(), named.ino()) != (open.dev(), open.ino()) {
            return Err(is_a_symlink());
        }
    }
    let _ = file;
    if named.is_symlink() { Err(is_a_symlink()) } else { Ok(()) }
}

pub(super) fn is_a_symlink() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidInput,
        "it is a symbolic link, which is not followed; name the file itself",
    )
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn what_is_made_is_for_the_owner_alone() {
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join("a/b");
        OsFilesystem.create_directory(&directory).unwrap();
        OsFilesystem.create_directory(&directory).unwrap();
        assert_eq!((mode(&directory), mode(&home.path().join("a"))), (0o700, 0o700));
        OsFilesystem.create_new(&directory.join("new")).unwrap();
        OsFilesystem.open_append(&directory.join("appended")).unwrap();
        assert_eq!(mode(&directory.join("new")), 0o600);
        assert_eq!(mode(&directory.join("appended")), 0o600);
        assert_eq!(OsFilesystem.list(&directory).unwrap(), ["appended", "new"]);
    }

    #[test]
    fn appending_keeps_what_is_there_and_follows_no_symlink() {
        let home = tempfile::tempdir().unwrap();
        let (file, link) = (home.path().join("file"), home.path().join("link"));
        for text in ["one ", "two"] {
            let mut open = OsFilesystem.open_append(&file).unwrap();
            open.write_all(text.as_bytes()).unwrap();
            open.sync().unwrap();
        }
        assert_eq!(OsFilesystem.read(&file).unwrap(), b"one two");
        symlink(&file, &link).unwrap();
        assert!(OsFilesystem.open_append(&link).is_err());
        let dangling = home.path().join("dangling");
        symlink(home.path().join("nowhere"), &dangling).unwrap();
        assert!(OsFilesystem.open_append(&dangling).is_err());
        assert!(!OsFilesystem.exists(&home.path().join("nowhere")).unwrap());
        assert!(OsFilesystem.exists(&dangling).unwrap());
    }

    #[test]
    fn a_swap_between_check_and_opening_is_seen() {
        let home = tempfile::tempdir().unwrap();
        let (file, link) = (home.path().join("file"), home.path().join("link"));
        let open = File::create(&file).unwrap();
        symlink(&file, &link).unwrap();
        assert!(refuse_other_file(&file, &open).is_ok());
        assert!(refuse_other_file(&link, &open).is_err());
    }

    #[test]
    fn a_taken_name_is_not_created_again() {
        let home = tempfile::tempdir().unwrap();
        let taken = home.path().join("taken");
        OsFilesystem.create_new(&taken).unwrap();
        let error = OsFilesystem.create_new(&taken).err().unwrap();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        let other = home.path().join("other");
        OsFilesystem.create_new(&other).unwrap();
        let error = OsFilesystem.link_new(&other, &taken).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
    }
}

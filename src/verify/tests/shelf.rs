//! Files in memory that can only be read: cheap to copy and to tamper with.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::fs::simulated::SimulatedFs;
use crate::fs::{FileStat, JournalFile, JournalFs, OpenMode, PathKind};

/// Files by path.
#[derive(Debug, Clone, Default)]
pub(super) struct Shelf(BTreeMap<PathBuf, Arc<Vec<u8>>>);

impl Shelf {
    /// All files of a simulated disk below a directory.
    pub(super) fn copy_of(fs: &SimulatedFs, directory: &Path) -> Self {
        let mut shelf = Shelf::default();
        for name in fs.names(directory) {
            let path = directory.join(name);
            match fs.kind(&path).unwrap() {
                PathKind::Directory => shelf.0.extend(Shelf::copy_of(fs, &path).0),
                _ => shelf.put(&path, fs.bytes(&path)),
            }
        }
        shelf
    }

    pub(super) fn paths(&self) -> impl Iterator<Item = &Path> {
        self.0.keys().map(PathBuf::as_path)
    }

    pub(super) fn bytes(&self, path: &Path) -> &[u8] {
        &self.0[path]
    }

    pub(super) fn put(&mut self, path: &Path, bytes: Vec<u8>) {
        self.0.insert(path.to_owned(), Arc::new(bytes));
    }

    pub(super) fn remove(&mut self, path: &Path) {
        self.0.remove(path).unwrap();
    }

    /// Changes one file.
    pub(super) fn tamper(&mut self, path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
        change(Arc::make_mut(self.0.get_mut(path).unwrap()));
    }
}

#[derive(Debug)]
struct Shelved(Arc<Vec<u8>>);

impl JournalFile for Shelved {
    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        let rest = self.0.get(offset as usize..).unwrap_or_default();
        let length = rest.len().min(into.len());
        into[..length].copy_from_slice(&rest[..length]);
        Ok(length)
    }

    fn write_at(&mut self, _: u64, _: &[u8]) -> io::Result<usize> {
        panic!("a verification writes")
    }

    fn sync(&mut self) -> io::Result<()> {
        panic!("a verification syncs")
    }

    fn truncate(&mut self, _: u64) -> io::Result<()> {
        panic!("a verification cuts")
    }

    fn stat(&self) -> io::Result<FileStat> {
        let length = self.0.len() as u64;
        Ok(FileStat { identity: (0, 0), length, modified_ns: 0, is_private: true })
    }
}

impl JournalFs for Shelf {
    fn create_directory(&self, _: &Path) -> io::Result<()> {
        panic!("a verification makes a directory")
    }

    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Box<dyn JournalFile>> {
        assert_eq!(mode, OpenMode::Read, "a verification writes");
        let bytes = self.0.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(Shelved(bytes.clone())))
    }

    fn lock(&self, _: &Path) -> io::Result<Option<Box<dyn JournalFile>>> {
        panic!("a verification locks")
    }

    fn resolve(&self, path: &Path) -> io::Result<PathBuf> {
        Ok(path.to_owned())
    }

    fn kind(&self, path: &Path) -> io::Result<PathKind> {
        let below = self.0.range(path.to_owned()..).next();
        Ok(match below {
            Some((found, _)) if found == path => PathKind::File,
            Some((found, _)) if found.starts_with(path) => PathKind::Directory,
            _ => PathKind::Missing,
        })
    }

    fn stat(&self, path: &Path) -> io::Result<FileStat> {
        self.open(path, OpenMode::Read)?.stat()
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<String>> {
        let below = self.0.keys().filter_map(|path| path.strip_prefix(directory).ok());
        let first = below.filter_map(|path| path.iter().next()?.to_str().map(str::to_owned));
        let mut names: Vec<_> = first.collect();
        names.dedup();
        match names.is_empty() {
            true => Err(io::ErrorKind::NotFound.into()),
            false => Ok(names),
        }
    }

    fn rename(&self, _: &Path, _: &Path) -> io::Result<()> {
        panic!("a verification renames")
    }

    fn remove_file(&self, _: &Path) -> io::Result<()> {
        panic!("a verification removes")
    }

    fn sync_directory(&self, _: &Path) -> io::Result<()> {
        panic!("a verification syncs")
    }
}

//! The simulated disk behind the journal's gate.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use super::disk::{Call, Disk, Node};
use crate::fs::{FileStat, JournalFile, JournalFs, OpenMode, PathKind};

/// A simulated disk. Clones share it; [`fork`](SimulatedFs::fork) copies it.
#[derive(Debug, Clone, Default)]
pub(crate) struct SimulatedFs(Arc<Mutex<Disk>>);

impl SimulatedFs {
    /// The disk, to plan faults or to see what was called.
    pub(crate) fn disk(&self) -> MutexGuard<'_, Disk> {
        self.0.lock().unwrap()
    }

    /// A disk of its own with the same contents.
    pub(crate) fn fork(&self) -> SimulatedFs {
        SimulatedFs(Arc::new(Mutex::new(self.disk().clone())))
    }

    /// What a file holds.
    pub(crate) fn bytes(&self, path: &Path) -> Vec<u8> {
        let disk = self.disk();
        let Some(Node::File(inode)) = disk.names.get(path) else { panic!("no file {path:?}") };
        disk.inodes[*inode].seen.clone()
    }

    /// Puts bytes into a file behind everybody's back, durably.
    pub(crate) fn tamper(&self, path: &Path, bytes: &[u8]) {
        let mut disk = self.disk();
        let Some(Node::File(inode)) = disk.names.get(path).copied() else { panic!("{path:?}") };
        disk.inodes[inode].seen = bytes.to_vec();
        disk.inodes[inode].changes += 1;
        disk.settle();
    }

    /// Puts another file in the place of one, durably.
    pub(crate) fn replace(&self, path: &Path, bytes: &[u8]) {
        let mut disk = self.disk();
        disk.inodes.push(Default::default());
        let inode = disk.inodes.len() - 1;
        disk.inodes[inode].seen = bytes.to_vec();
        disk.set_name(path, Node::File(inode));
        disk.settle();
    }

    /// Removes a directory with all that is in it, durably.
    pub(crate) fn remove_tree(&self, directory: &Path) {
        let mut disk = self.disk();
        disk.names.retain(|path, _| !path.starts_with(directory));
        disk.settle();
    }

    /// Lets others read a file, or not any more.
    pub(crate) fn set_public(&self, path: &Path, is_public: bool) {
        let mut disk = self.disk();
        let Some(Node::File(inode)) = disk.names.get(path).copied() else { panic!("{path:?}") };
        match is_public {
            true => disk.public.insert(inode),
            false => disk.public.remove(&inode),
        };
    }

    /// Names below a directory.
    pub(crate) fn names(&self, directory: &Path) -> Vec<String> {
        JournalFs::list(self, directory).unwrap()
    }
}

impl JournalFs for SimulatedFs {
    fn create_directory(&self, path: &Path) -> io::Result<()> {
        let mut disk = self.disk();
        disk.step(Call::CreateDirectory)?;
        if disk.names.contains_key(path) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        disk.set_name(path, Node::Directory);
        Ok(())
    }

    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Box<dyn JournalFile>> {
        let mut disk = self.disk();
        disk.alive()?;
        let inode = match (disk.names.get(path).copied(), mode) {
            (Some(_), OpenMode::CreateNew) => return Err(io::ErrorKind::AlreadyExists.into()),
            (None, OpenMode::CreateNew) => create(&mut disk, path)?,
            (Some(Node::File(inode)), _) => inode,
            (Some(Node::Directory), _) => return Err(io::ErrorKind::IsADirectory.into()),
            (None, _) => return Err(io::ErrorKind::NotFound.into()),
        };
        let (run, is_writable) = (disk.run, mode != OpenMode::Read);
        Ok(Box::new(SimulatedFile { fs: self.clone(), inode, run, is_writable, is_lock: false }))
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn JournalFile>>> {
        let mut disk = self.disk();
        disk.alive()?;
        let inode = match disk.names.get(path).copied() {
            Some(Node::File(inode)) => inode,
            Some(Node::Directory) => return Err(io::ErrorKind::IsADirectory.into()),
            None => create(&mut disk, path)?,
        };
        if !disk.locked.insert(inode) {
            return Ok(None);
        }
        if std::mem::take(&mut disk.lock_loses_name) {
            disk.remove_name(path);
        }
        let (fs, run) = (self.clone(), disk.run);
        Ok(Some(Box::new(SimulatedFile { fs, inode, run, is_writable: true, is_lock: true })))
    }

    fn resolve(&self, path: &Path) -> io::Result<PathBuf> {
        Ok(path.to_owned())
    }

    fn kind(&self, path: &Path) -> io::Result<PathKind> {
        let disk = self.disk();
        disk.alive()?;
        Ok(match disk.names.get(path) {
            Some(Node::File(_)) => PathKind::File,
            Some(Node::Directory) => PathKind::Directory,
            None => PathKind::Missing,
        })
    }

    fn stat(&self, path: &Path) -> io::Result<FileStat> {
        let disk = self.disk();
        disk.alive()?;
        match disk.names.get(path) {
            Some(Node::File(inode)) => Ok(stat(&disk, *inode)),
            _ => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<String>> {
        let disk = self.disk();
        disk.alive()?;
        match disk.names.get(directory) {
            Some(Node::Directory) => {}
            Some(Node::File(_)) => return Err(io::ErrorKind::NotADirectory.into()),
            None => return Err(io::ErrorKind::NotFound.into()),
        }
        let inside = disk.names.keys().filter(|path| path.parent() == Some(directory));
        let names = inside.map(|path| path.file_name().unwrap().to_str().unwrap().to_owned());
        Ok(names.collect())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut disk = self.disk();
        disk.step(Call::Rename)?;
        if !disk.names.contains_key(from) {
            return Err(io::ErrorKind::NotFound.into());
        }
        disk.rename(from, to);
        Ok(())
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        let mut disk = self.disk();
        if !disk.names.contains_key(path) {
            disk.alive()?;
            return Err(io::ErrorKind::NotFound.into());
        }
        disk.step(Call::Remove)?;
        disk.remove_name(path);
        Ok(())
    }

    fn sync_directory(&self, directory: &Path) -> io::Result<()> {
        self.disk().sync_directory(directory)
    }
}

#[derive(Debug)]
struct SimulatedFile {
    fs: SimulatedFs,
    inode: usize,
    run: u64,
    is_writable: bool,
    is_lock: bool,
}

impl SimulatedFile {
    fn disk(&self) -> io::Result<MutexGuard<'_, Disk>> {
        let disk = self.fs.disk();
        disk.alive()?;
        if disk.run != self.run {
            return Err(io::Error::other("the machine was started again since"));
        }
        Ok(disk)
    }

    fn disk_to_write(&self) -> io::Result<MutexGuard<'_, Disk>> {
        assert!(self.is_writable, "a file that was opened for reading is written to");
        self.disk()
    }
}

impl JournalFile for SimulatedFile {
    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        let disk = self.disk()?;
        let bytes = &disk.inodes[self.inode].seen;
        let rest = bytes.get(offset as usize..).unwrap_or_default();
        let length = rest.len().min(into.len());
        into[..length].copy_from_slice(&rest[..length]);
        Ok(length)
    }

    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        self.disk_to_write()?.write(self.inode, offset as usize, bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.disk_to_write()?.sync(self.inode)
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.disk_to_write()?.truncate(self.inode, length as usize)
    }

    fn stat(&self) -> io::Result<FileStat> {
        Ok(stat(&*self.disk()?, self.inode))
    }
}

impl Drop for SimulatedFile {
    fn drop(&mut self) {
        let mut disk = self.fs.disk();
        if self.is_lock && disk.run == self.run {
            disk.locked.remove(&self.inode);
        }
    }
}

fn create(disk: &mut Disk, path: &Path) -> io::Result<usize> {
    disk.step(Call::Create)?;
    if disk.capacity.is_some_and(|capacity| disk.bytes_used() >= capacity) {
        return Err(io::ErrorKind::StorageFull.into());
    }
    disk.inodes.push(Default::default());
    let inode = disk.inodes.len() - 1;
    disk.set_name(path, Node::File(inode));
    Ok(inode)
}

fn stat(disk: &Disk, inode: usize) -> FileStat {
    FileStat {
        identity: (1, inode as u64),
        length: disk.inodes[inode].seen.len() as u64,
        modified_ns: disk.inodes[inode].changes,
        is_private: !disk.public.contains(&inode),
    }
}

//! The full tiles of the tree, on disk.
//!
//! `tree/<level>` holds the full tiles of a level one after the other, tile
//! `index` at offset `8192 * index`. Partial tiles are not stored. Everything
//! here can be made again from the entries, while those are there. While that
//! is being done, there is a file `tree/rebuilding`: tiles are trusted by their
//! number, which says nothing of those that a crash left half made again.
//!
//! Used by the writer on its thread, and by readers beside it: a tile counts
//! only when all of it lies within the file, and never changes after.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::files::{self, LedgerFiles};
use crate::error::{Error, Result};
use crate::fs::{JournalFile, JournalFs, OpenMode, PathKind};
use crate::journal::{JournalError, make_directory, steps};
use crate::proof::{DIGEST_BYTES, TILE_WIDTH_MAX};

/// Length of a full tile, in bytes.
pub(super) const TILE_BYTES: usize = TILE_WIDTH_MAX as usize * DIGEST_BYTES;

/// Levels that a tree of the largest size has tiles of.
const LEVELS_MAX: u8 = 8;

/// The files of one log's tree.
#[derive(Debug)]
pub(super) struct TileStore {
    fs: Arc<dyn JournalFs>,
    directory: PathBuf,
    mode: OpenMode,
    /// One for each level that was used already.
    levels: Vec<Option<Box<dyn JournalFile>>>,
    /// Whether a name in the directory may not be durable yet.
    has_new_names: bool,
}

impl TileStore {
    /// For the writer. Makes the directory where it is missing.
    pub(super) fn to_write(fs: Arc<dyn JournalFs>, files: &LedgerFiles) -> Result<Self> {
        let directory = files.tree();
        match fs.kind(&directory).map_err(|error| failed("look up", &directory, error))? {
            PathKind::Directory => {}
            PathKind::Missing => make_directory(&*fs, &directory)?,
            _ => return Err(failed("use", &directory, io::ErrorKind::NotADirectory.into())),
        }
        let (mode, levels) = (OpenMode::Write, Vec::new());
        // Who was killed may have left names and bytes that are not durable.
        Ok(TileStore { fs, directory, mode, levels, has_new_names: true })
    }

    /// For readers, who change nothing.
    pub(super) fn to_read(fs: Arc<dyn JournalFs>, files: &LedgerFiles) -> Self {
        let (mode, levels) = (OpenMode::Read, Vec::new());
        TileStore { fs, directory: files.tree(), mode, levels, has_new_names: false }
    }

    /// Number of full tiles of a level.
    pub(super) fn stored(&mut self, level: u8) -> Result<u64> {
        let path = self.path(level);
        let Some(file) = self.file(level)? else { return Ok(0) };
        let length = file.stat().map_err(|error| failed("look up", &path, error))?.length;
        Ok(length / TILE_BYTES as u64)
    }

    /// A full tile; none if it is not there.
    pub(super) fn tile(&mut self, level: u8, index: u64) -> Result<Option<Vec<u8>>> {
        let path = self.path(level);
        let Some(file) = self.file(level)? else { return Ok(None) };
        let mut bytes = vec![0; TILE_BYTES];
        let read = steps::read_up_to(&**file, offset(index), &mut bytes)
            .map_err(|error| failed("read", &path, error))?;
        Ok((read == TILE_BYTES).then_some(bytes))
    }

    /// Writes consecutive full tiles, the first of which is `index`.
    pub(super) fn write(&mut self, level: u8, index: u64, tiles: &[u8]) -> Result<()> {
        let path = self.path(level);
        if self.file(level)?.is_none() {
            let file = self
                .fs
                .open(&path, OpenMode::CreateNew)
                .map_err(|error| failed("create", &path, error))?;
            self.keep(level, file);
            self.has_new_names = true;
        }
        let Some(Some(file)) = self.levels.get_mut(usize::from(level)) else { return Ok(()) };
        steps::write_all(&mut **file, offset(index), tiles)
            .map_err(|error| failed("write to", &path, error))
    }

    /// Whether somebody began to make all tiles again, and did not finish.
    pub(super) fn is_half_rebuilt(&self) -> Result<bool> {
        Ok(!files::is_missing(&*self.fs, &self.rebuilding())?)
    }

    /// From now on no tile is trusted until [`end_rebuild`](Self::end_rebuild),
    /// whatever happens between.
    pub(super) fn begin_rebuild(&mut self) -> Result<()> {
        files::replace(&*self.fs, &self.rebuilding(), "")
    }

    /// All tiles were written again: makes them durable, and says so.
    pub(super) fn end_rebuild(&mut self) -> Result<()> {
        self.sync()?;
        files::remove(&*self.fs, &self.rebuilding())
    }

    /// Makes everything durable that was ever written.
    pub(super) fn sync(&mut self) -> Result<()> {
        for level in 0..LEVELS_MAX {
            let path = self.path(level);
            let Some(file) = self.file(level)? else { break };
            steps::sync(&mut **file).map_err(|error| failed("sync", &path, error))?;
        }
        if self.has_new_names {
            let log = self.directory.parent().unwrap_or(Path::new("."));
            self.fs
                .sync_directory(&self.directory)
                .and_then(|()| self.fs.sync_directory(log))
                .map_err(|error| failed("sync", &self.directory, error))?;
            self.has_new_names = false;
        }
        Ok(())
    }

    /// The file of a level, if it exists.
    fn file(&mut self, level: u8) -> Result<Option<&mut Box<dyn JournalFile>>> {
        let is_open = self.levels.get(usize::from(level)).is_some_and(Option::is_some);
        if !is_open {
            let path = self.path(level);
            match self.fs.open(&path, self.mode) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                result => {
                    let file = result.map_err(|error| failed("open", &path, error))?;
                    self.keep(level, file);
                }
            }
        }
        Ok(self.levels.get_mut(usize::from(level)).and_then(Option::as_mut))
    }

    fn keep(&mut self, level: u8, file: Box<dyn JournalFile>) {
        while self.levels.len() <= usize::from(level) {
            self.levels.push(None);
        }
        if let Some(place) = self.levels.get_mut(usize::from(level)) {
            *place = Some(file);
        }
    }

    fn rebuilding(&self) -> PathBuf {
        self.directory.join("rebuilding")
    }

    fn path(&self, level: u8) -> PathBuf {
        self.directory.join(format!("{level:02}"))
    }
}

fn offset(index: u64) -> u64 {
    index.saturating_mul(TILE_BYTES as u64)
}

fn failed(action: &'static str, path: &Path, error: io::Error) -> Error {
    JournalError::step(action, path, error).into()
}

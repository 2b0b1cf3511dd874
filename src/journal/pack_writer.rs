//! Writing a compressed segment and making its index, block after block.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use zstd::bulk::Compressor;
use zstd::zstd_safe::{CParameter, compress_bound};

use super::failure::{JournalError, Result};
use super::index::BuiltIndex;
use super::names::LogId;
use super::pack::PackedFileFacts;
use super::seek_table::{BLOCK_BYTES_MAX, BLOCKS_MAX, SeekTable};
use super::steps;
use crate::fs::{JournalFile, JournalFs, OpenMode};

/// The fastest level; higher ones cost much time and gain little on ids.
const LEVEL: i32 = 1;

/// Shorter repetitions, as ids and numbers have them by chance, cost more than
/// they save.
const MATCH_BYTES_MIN: u32 = 7;

/// Bytes that are collected before they are written.
pub(super) const WRITE_BYTES: usize = 1024 * 1024;

/// Compresses and indexes block after block.
pub(super) struct PackWriter {
    pub(super) index: BuiltIndex,
    out: HashingFile,
    compressor: Compressor<'static>,
    block: Vec<u8>,
    table: SeekTable,
    path: PathBuf,
}

impl PackWriter {
    /// Begins the file at `path`, of the segment that begins with `first`.
    pub(super) fn create(
        fs: &dyn JournalFs,
        path: PathBuf,
        log: LogId,
        first: u64,
    ) -> Result<Self> {
        Ok(PackWriter {
            index: BuiltIndex::new(log, first),
            out: HashingFile::create(fs, &path)?,
            compressor: compressor(&path)?,
            block: Vec::with_capacity(compress_bound(BLOCK_BYTES_MAX)),
            table: SeekTable::default(),
            path,
        })
    }

    /// The entries of a block are in the index; these are its bytes.
    pub(super) fn end_block(&mut self, bytes: &[u8]) -> Result<()> {
        if self.table.len() >= BLOCKS_MAX {
            return Err(JournalError::Invalid("a segment has too many blocks".into()));
        }
        self.compressor
            .compress_to_buffer(bytes, &mut self.block)
            .map_err(|error| JournalError::step("compress", &self.path, error))?;
        self.table.push(self.block.len(), bytes.len());
        self.index.end_block(bytes.len());
        self.out.write(&self.block)
    }

    /// Ends the file, durably.
    pub(super) fn finish(mut self) -> Result<(BuiltIndex, PackedFileFacts)> {
        self.out.write(&self.table.encode())?;
        Ok((self.index, self.out.finish()?))
    }
}

/// A new file, hashed as it is written.
pub(super) struct HashingFile {
    file: Box<dyn JournalFile>,
    path: PathBuf,
    hash: Sha256,
    waiting: Vec<u8>,
    written: u64,
}

impl HashingFile {
    pub(super) fn create(fs: &dyn JournalFs, path: &Path) -> Result<Self> {
        // Left by an attempt that failed.
        let _ = fs.remove_file(path);
        let file = fs
            .open(path, OpenMode::CreateNew)
            .map_err(|error| JournalError::step("create", path, error))?;
        let path = path.to_owned();
        Ok(HashingFile { file, path, hash: Sha256::new(), waiting: Vec::new(), written: 0 })
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.hash.update(bytes);
        self.waiting.extend_from_slice(bytes);
        if self.waiting.len() >= WRITE_BYTES { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<()> {
        steps::write_all(&mut *self.file, self.written, &self.waiting)
            .map_err(|error| JournalError::step("write to", &self.path, error))?;
        self.written += self.waiting.len() as u64;
        self.waiting.clear();
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<PackedFileFacts> {
        self.flush()?;
        steps::sync(&mut *self.file)
            .map_err(|error| JournalError::step("sync", &self.path, error))?;
        let sha256 = self.hash.finalize().into();
        Ok(PackedFileFacts { path: self.path, bytes: self.written, sha256 })
    }
}

fn compressor(path: &Path) -> Result<Compressor<'static>> {
    let failed = |error| JournalError::step("compress", path, error);
    let mut compressor = Compressor::new(LEVEL).map_err(failed)?;
    compressor.set_parameter(CParameter::MinMatch(MATCH_BYTES_MIN)).map_err(failed)?;
    Ok(compressor)
}

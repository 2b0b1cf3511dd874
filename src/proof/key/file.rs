//! The file that keeps a secret key: its text form and a newline, mode 0600.

use std::io::Read;
use std::path::Path;

use zeroize::Zeroizing;

use super::signer::SignerKey;
use crate::error::{Error, Result};
use crate::fs::{Filesystem, OsFilesystem, write_new_file};

/// No key file is longer: what is, is something else.
const KEY_FILE_BYTES_MAX: usize = 4096;

impl SignerKey {
    /// Makes a key and keeps it in a new file that only the owner can read
    /// (0600 on Unix).
    ///
    /// # Errors
    ///
    /// When there is a file already, which is never overwritten, and when it
    /// can't be written.
    pub fn create_file(path: impl AsRef<Path>, name: &str) -> Result<Self> {
        SignerKey::create_file_in(&OsFilesystem, path.as_ref(), name)
    }

    /// Reads a key from its file.
    ///
    /// # Errors
    ///
    /// When the file can't be read, or holds anything but one key.
    pub fn read_file(path: impl AsRef<Path>) -> Result<Self> {
        SignerKey::read_file_in(&OsFilesystem, path.as_ref())
    }

    pub(crate) fn create_file_in(fs: &dyn Filesystem, path: &Path, name: &str) -> Result<Self> {
        let key = SignerKey::generate(name)?;
        let text = key.secret_text();
        if text.len() >= KEY_FILE_BYTES_MAX {
            return Err(Error::invalid("the name of the key is too long for a key file"));
        }
        write_new_file(fs, path, |file| {
            file.write_all(text.as_bytes())?;
            file.write_all(b"\n")
        })?;
        Ok(key)
    }

    pub(crate) fn read_file_in(fs: &dyn Filesystem, path: &Path) -> Result<Self> {
        let unreadable = |error| Error::io("the key file could not be read", path, error);
        // With room for the longest key file, so that no copy is left behind.
        let mut text = Zeroizing::new(String::with_capacity(KEY_FILE_BYTES_MAX + 1));
        fs.open_read(path)
            .map_err(unreadable)?
            .take(KEY_FILE_BYTES_MAX as u64)
            .read_to_string(&mut text)
            .map_err(unreadable)?;
        match text.strip_suffix('\n') {
            Some(key) => SignerKey::parse(key),
            None => Err(Error::invalid("the key file does not end with a newline; is it whole?")),
        }
    }
}

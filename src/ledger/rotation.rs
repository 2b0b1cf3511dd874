//! Rotating the signing key.
//!
//! 1. [`prepare_key`](Ledger::prepare_key) makes the new key (`log.key.next`),
//!    and the caller appends a `KEY` entry that names it.
//! 2. [`rotate_key`](Ledger::rotate_key) makes that entry durable and adds the
//!    new public key to `log.vkey`: from here on the rotation goes through.
//! 3. A checkpoint is signed by both keys; it is kept as `checkpoint-<id of
//!    the old key>`, for those who know the old key alone.
//! 4. The old key's file is overwritten, and replaced by the new one.
//!
//! A crash before the end of step 2 leaves the old key in use, and the new one
//! is wiped on opening; after it, opening goes on with step 3.

use std::path::Path;

use super::files::{self, LedgerFiles};
use super::keys::{self, LogKeys, OpenedKeys};
use super::writer::Ledger;
use crate::error::{Error, Result};
use crate::fs::JournalFs;
use crate::proof::{SignedCheckpoint, SignerKey, VerifierKey};

impl Ledger {
    /// Makes the key to rotate to, or reads it from a file where the log's key
    /// was given as one. The caller appends an entry that names it. A rotation
    /// that was interrupted is finished before.
    ///
    /// # Errors
    ///
    /// When a file is given to a log that has its own key or the other way
    /// round, when it is the key that is in use or was before, and when a file
    /// can't be read or written.
    pub(crate) fn prepare_key(&mut self, given: Option<&Path>, now_ns: u64) -> Result<VerifierKey> {
        if self.retiring.is_some() {
            // The key in use is still in the file that the next one goes to.
            self.checkpoint(now_ns)?;
        }
        if self.prepared.is_some() {
            // An attempt that failed may have announced that key.
            self.keys.write(&*self.fs, self.files.directory())?;
        }
        let key = match (given, &self.config.signing_key) {
            (Some(path), Some(_)) => keys::read_given(&*self.fs, path, &self.keys.origin)?,
            (None, None) => {
                let key = SignerKey::generate(&self.keys.origin)?;
                keys::write_signer(&*self.fs, &self.files.next_signing_key(), &key)?;
                key
            }
            (None, Some(_)) => {
                return Err(Error::invalid(
                    "the log's key was given as a file; give the next one so",
                ));
            }
            (Some(_), None) => {
                return Err(Error::invalid("the log makes its own keys; give no file"));
            }
        };
        if self.keys.verifiers.contains(key.verifier()) {
            return Err(Error::invalid("this key has signed the log before; make another one"));
        }
        let verifier = key.verifier().clone();
        self.prepared = Some(key);
        Ok(verifier)
    }

    /// Goes over to the prepared key. The caller has appended an entry that
    /// names it. Returns the checkpoint that both keys have signed.
    ///
    /// # Errors
    ///
    /// As [`checkpoint`](Ledger::checkpoint), and when no key was prepared.
    /// If only the last steps failed, the new key is in use, and the next
    /// checkpoint goes on with them.
    pub(crate) fn rotate_key(&mut self, now_ns: u64) -> Result<Option<&SignedCheckpoint>> {
        self.sync(now_ns)?;
        let Some(next) = self.prepared.take() else {
            return Err(Error::invalid("no key was prepared to rotate to"));
        };
        let mut public = self.keys.clone();
        public.verifiers.push(next.verifier().clone());
        if let Err(error) = public.write(&*self.fs, self.files.directory()) {
            self.prepared = Some(next);
            return Err(error);
        }
        self.keys = public;
        self.retiring = Some(std::mem::replace(&mut self.signer, next));
        self.checkpoint(now_ns)
    }

    /// Ends a rotation: both keys have signed the newest checkpoint.
    pub(super) fn retire(&mut self) -> Result<()> {
        let (Some(old), Some(signed)) = (&self.retiring, &self.latest) else { return Ok(()) };
        let path = self.files.rotation(old.verifier());
        files::replace(&*self.fs, &path, &signed.to_string())?;
        if self.config.signing_key.is_none() {
            finish(&*self.fs, &self.files)?;
        }
        self.retiring = None;
        Ok(())
    }
}

/// The keys of a log that makes its own, whatever a crash left of a rotation.
pub(super) fn recover(
    fs: &dyn JournalFs,
    files: &LedgerFiles,
    public: LogKeys,
) -> Result<OpenedKeys> {
    let next = read_next(fs, files)?;
    let Some(next) = next else {
        let path = files.signing_key();
        let signer = keys::read_signer(fs, &path)?.ok_or_else(|| keys::missing(&path))?;
        public.expect_newest(signer.verifier())?;
        return Ok(OpenedKeys { signer, retiring: None, public, abandoned: None });
    };
    if public.verifiers.last() != Some(next.verifier()) {
        files::wipe(fs, &files.next_signing_key())?;
        let abandoned = Some(next.verifier().clone());
        return Ok(OpenedKeys { abandoned, ..recover(fs, files, public)? });
    }
    let retiring = read_old(fs, files)?;
    if retiring.is_none() {
        finish(fs, files)?;
    }
    Ok(OpenedKeys { signer: next, retiring, public, abandoned: None })
}

/// The key that was rotated from, unless it is overwritten: then both had
/// signed.
fn read_old(fs: &dyn JournalFs, files: &LedgerFiles) -> Result<Option<SignerKey>> {
    let path = files.signing_key();
    if is_overwritten(fs, &path)? { Ok(None) } else { keys::read_signer(fs, &path) }
}

/// Whether a key was wiped, but for its name.
fn is_overwritten(fs: &dyn JournalFs, path: &Path) -> Result<bool> {
    let found = files::read(fs, path)?;
    Ok(found.is_some_and(|(text, _)| text.bytes().all(|byte| byte == 0)))
}

/// The key that was to be rotated to. One that a crash left incomplete never
/// came into use, nor did one that it left overwritten: it was given up.
fn read_next(fs: &dyn JournalFs, files: &LedgerFiles) -> Result<Option<SignerKey>> {
    let path = files.next_signing_key();
    files::wipe(fs, &files::unfinished(&path))?;
    if is_overwritten(fs, &path)? {
        files::remove(fs, &path)?;
    }
    keys::read_signer(fs, &path)
}

/// Puts the new key's file in the place of the old one's. If that was done
/// before and only not known to be durable, the new key has the old one's name,
/// and must not be overwritten.
fn finish(fs: &dyn JournalFs, files: &LedgerFiles) -> Result<()> {
    let (old, next) = (files.signing_key(), files.next_signing_key());
    if files::is_missing(fs, &next)? {
        return files::keep_name(fs, &old);
    }
    files::overwrite(fs, &old)?;
    files::rename(fs, &next, &old)
}

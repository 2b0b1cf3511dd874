//! The keys of a log: the secret one it signs with, and the public ones that
//! it was ever signed with.
//!
//! `log.vkey` is also where a log's origin is kept: it is the name of all its
//! keys, and does not change when the host or a setting does.

use std::path::Path;

use zeroize::Zeroizing;

use super::config::LedgerConfig;
use super::files::{self, LedgerFiles};
use super::rotation;
use crate::error::{Error, ErrorKind, Result};
use crate::fs::JournalFs;
use crate::journal::LogId;
use crate::proof::{SignerKey, VerifierKey};

/// What a log is called, and its public keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LogKeys {
    /// The name of the log in its checkpoints.
    pub(crate) origin: String,
    /// The public keys, the oldest first; at least one.
    pub(crate) verifiers: Vec<VerifierKey>,
}

impl LogKeys {
    /// Reads `log.vkey`; none if there is none.
    ///
    /// # Errors
    ///
    /// When it can't be read, holds anything but keys, or those of another log.
    pub(crate) fn read(fs: &dyn JournalFs, directory: &Path, log: LogId) -> Result<Option<Self>> {
        let path = LedgerFiles::new(directory).verifier_keys();
        let Some((text, _)) = files::read(fs, &path)? else { return Ok(None) };
        let damaged = |why: String| {
            Error::new(ErrorKind::Damaged, format!("{}: {why}; restore it", path.display()))
        };
        let verifiers: Vec<VerifierKey> = text
            .lines()
            .map(str::parse)
            .collect::<Result<_>>()
            .map_err(|error| damaged(error.to_string()))?;
        let Some(origin) = verifiers.first().map(|key| key.name().to_owned()) else {
            return Err(damaged("there is no key in it".into()));
        };
        let is_of_log = origin.ends_with(&format!("/{log}"))
            && verifiers.iter().all(|key| key.name() == origin);
        if !is_of_log || !text.ends_with('\n') {
            return Err(damaged(format!("its keys are not those of log {log}")));
        }
        Ok(Some(LogKeys { origin, verifiers }))
    }

    /// Fails unless this is the key that the log is signed with.
    pub(super) fn expect_newest(&self, key: &VerifierKey) -> Result<()> {
        if self.verifiers.last() == Some(key) {
            return Ok(());
        }
        let newest = self.verifiers.last().map(VerifierKey::short).unwrap_or_default();
        let message = format!(
            "the log is signed with the key {newest}, and not with {}; give that one, or rotate to the other while the log is open",
            key.short()
        );
        Err(Error::new(ErrorKind::Verification, message))
    }

    pub(super) fn write(&self, fs: &dyn JournalFs, directory: &Path) -> Result<()> {
        let lines: String = self.verifiers.iter().map(|key| format!("{key}\n")).collect();
        files::replace(fs, &LedgerFiles::new(directory).verifier_keys(), &lines)
    }
}

/// The keys of an opened log.
#[derive(Debug)]
pub(super) struct OpenedKeys {
    pub(super) signer: SignerKey,
    /// The key before it, if a rotation was interrupted before both had signed.
    pub(super) retiring: Option<SignerKey>,
    pub(super) public: LogKeys,
    /// A key that never came into use.
    pub(super) abandoned: Option<VerifierKey>,
}

/// The keys of a log that has so many entries, made where it is new.
pub(super) fn open(
    fs: &dyn JournalFs,
    files: &LedgerFiles,
    log: LogId,
    config: &LedgerConfig,
    known: Option<LogKeys>,
    size: u64,
) -> Result<OpenedKeys> {
    match (known, &config.signing_key) {
        (Some(public), Some(path)) => given(fs, path, public),
        (Some(public), None) => rotation::recover(fs, files, public),
        (None, _) if size > 0 => Err(files.keys_are_missing()),
        (None, path) => {
            let origin = format!("{}/{log}", config.origin_prefix);
            let signer = match path {
                Some(path) => read_given(fs, path, &origin)?,
                None => read_or_make(fs, &files.signing_key(), &origin)?,
            };
            let public = LogKeys { origin, verifiers: vec![signer.verifier().clone()] };
            public.write(fs, files.directory())?;
            Ok(OpenedKeys { signer, retiring: None, public, abandoned: None })
        }
    }
}

fn given(fs: &dyn JournalFs, path: &Path, public: LogKeys) -> Result<OpenedKeys> {
    let signer = read_given(fs, path, &public.origin)?;
    public.expect_newest(signer.verifier())?;
    Ok(OpenedKeys { signer, retiring: None, public, abandoned: None })
}

/// The key in a file that the user named, under the log's name.
pub(super) fn read_given(fs: &dyn JournalFs, path: &Path, origin: &str) -> Result<SignerKey> {
    read_named(fs, path)?.named(origin)
}

/// Reads a key in a file that the user named, so that nothing is begun that
/// cannot be signed.
pub(super) fn read_named(fs: &dyn JournalFs, path: &Path) -> Result<SignerKey> {
    // Where secrets are mounted, their files often are links.
    let resolved = match fs.resolve(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(not_there(path)),
        resolved => {
            resolved.map_err(|error| Error::io("the signing key cannot be read", path, error))?
        }
    };
    read_signer(fs, &resolved)?.ok_or_else(|| not_there(path))
}

fn not_there(path: &Path) -> Error {
    Error::io(
        "the file with the signing key is not there; make one with `SignerKey::create_file`, or put it back",
        path,
        std::io::ErrorKind::NotFound.into(),
    )
}

/// The key in one of the log's own files.
///
/// # Errors
///
/// When others may read it, and when it is no key.
pub(super) fn read_signer(fs: &dyn JournalFs, path: &Path) -> Result<Option<SignerKey>> {
    let Some((text, stat)) = files::read(fs, path)? else { return Ok(None) };
    let refused = |why: &str| {
        Error::invalid(format!("the signing key is not used: {why}: {}", path.display()))
    };
    if !stat.is_private {
        return Err(refused("others may read its file; run “chmod 600” on it"));
    }
    match text.strip_suffix('\n') {
        Some(key) => SignerKey::parse(key).map(Some),
        None => Err(refused("its file does not end with a newline; is it whole?")),
    }
}

/// The key of a log that has no public one yet. A kill may have left the
/// secret one.
fn read_or_make(fs: &dyn JournalFs, path: &Path, origin: &str) -> Result<SignerKey> {
    if let Some(key) = read_signer(fs, path)? {
        return key.named(origin);
    }
    let key = SignerKey::generate(origin)?;
    write_signer(fs, path, &key)?;
    Ok(key)
}

/// Keeps a secret key, durably.
pub(super) fn write_signer(fs: &dyn JournalFs, path: &Path, key: &SignerKey) -> Result<()> {
    let text = key.secret_text();
    let mut line = Zeroizing::new(String::with_capacity(text.len() + 1));
    line.push_str(&text);
    line.push('\n');
    files::replace(fs, path, &line)
}

/// For a secret key that is not where it should be.
pub(super) fn missing(path: &Path) -> Error {
    Error::io(
        "the signing key of the log is missing; put it back, name it by `signing_key` if it is kept elsewhere, or begin \
         a log in another directory",
        path,
        std::io::ErrorKind::NotFound.into(),
    )
}

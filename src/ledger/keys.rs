//! The keys of a log: the secret one it signs with, and the public ones that
//! it was ever signed with.
//!
//! `log.vkey` is also where a log's origin is kept: it is the name of all its
//! keys, and does not change when the host or a setting does.

use std::path::{Path, PathBuf};

use super::config::LedgerConfig;
use super::files::{self, LedgerFiles};
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
        let Some(text) = files::read(fs, &path)? else { return Ok(None) };
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

    pub(super) fn write(&self, fs: &dyn JournalFs, directory: &Path) -> Result<()> {
        let lines: String = self.verifiers.iter().map(|key| format!("{key}\n")).collect();
        files::replace(fs, &LedgerFiles::new(directory).verifier_keys(), &lines)
    }
}

/// The key that a log signs with, and its public ones, made where the log is
/// new.
pub(super) fn open(
    fs: &dyn JournalFs,
    directory: &Path,
    log: LogId,
    config: &LedgerConfig,
    is_empty: bool,
) -> Result<(SignerKey, LogKeys)> {
    let known = LogKeys::read(fs, directory, log)?;
    let origin = match &known {
        Some(keys) => keys.origin.clone(),
        None if is_empty => format!("{}/{log}", config.origin_prefix),
        None => return Err(missing(LedgerFiles::new(directory).verifier_keys())),
    };
    let signer = signer(fs, directory, config, &origin, known.is_none())?;
    match known {
        Some(keys) if keys.verifiers.last() == Some(signer.verifier()) => Ok((signer, keys)),
        Some(keys) => Err(Error::new(
            ErrorKind::Verification,
            format!(
                "the log is signed with the key {}, not with {}; give that one, or rotate to the new one while the log is open",
                keys.verifiers.last().map(VerifierKey::short).unwrap_or_default(),
                signer.verifier().short()
            ),
        )),
        None => {
            let keys = LogKeys { origin, verifiers: vec![signer.verifier().clone()] };
            keys.write(fs, directory)?;
            Ok((signer, keys))
        }
    }
}

fn signer(
    fs: &dyn JournalFs,
    directory: &Path,
    config: &LedgerConfig,
    origin: &str,
    is_new: bool,
) -> Result<SignerKey> {
    let own = LedgerFiles::new(directory).signing_key();
    let path = config.signing_key.clone().unwrap_or_else(|| own.clone());
    match read_signer(fs, &path)? {
        Some(key) => key.named(origin),
        None if is_new && path == own => {
            let key = SignerKey::generate(origin)?;
            let text = key.secret_text();
            files::replace(fs, &own, &format!("{}\n", text.as_str()))?;
            Ok(key)
        }
        None => Err(missing(path)),
    }
}

fn read_signer(fs: &dyn JournalFs, path: &Path) -> Result<Option<SignerKey>> {
    let Some(text) = files::read(fs, path)? else { return Ok(None) };
    match text.strip_suffix('\n') {
        Some(key) => SignerKey::parse(key).map(Some),
        None => Err(Error::invalid(format!(
            "the key file does not end with a newline; is it whole? {}",
            path.display()
        ))),
    }
}

fn missing(path: PathBuf) -> Error {
    Error::io(
        "a key of the log is missing; put it back, or begin a new log elsewhere",
        path,
        std::io::ErrorKind::NotFound.into(),
    )
}

//! Which keys a log has, and which of them count.
//!
//! With keys from outside, those count, and the keys that they were rotated
//! to: a checkpoint that the old and the new key signed, over entries that
//! announce the new one, hands the trust on. Without any, the log's own word
//! is taken.

use std::path::Path;

use super::claim::{Claim, Source};
use super::files;
use super::finding::{Finding, FindingKind, Severity};
use super::request::Verification;
use super::story::Story;
use crate::proof::VerifierKey;

/// The keys of a log, as its own files tell.
#[derive(Debug, Default)]
pub(super) struct OwnKeys {
    /// Those in `log.vkey`, the oldest first.
    pub(super) stored: Vec<VerifierKey>,
    /// Whether `log.vkey` has anything but keys in it.
    is_garbled: bool,
}

impl OwnKeys {
    pub(super) fn read(request: &Verification<'_>, directory: &Path) -> Result<Self, Finding> {
        let path = directory.join("log.vkey");
        let bytes = files::inside(&*request.fs, &path)
            .map_err(|error| Finding::unreadable(&path, error))?;
        let text = String::from_utf8_lossy(bytes.as_deref().unwrap_or_default()).into_owned();
        let stored: Vec<VerifierKey> = text.lines().filter_map(|line| line.parse().ok()).collect();
        let again: String = stored.iter().map(|key| format!("{key}\n")).collect();
        Ok(OwnKeys { is_garbled: again != text || stored.is_empty(), stored })
    }

    /// What is wrong with `log.vkey`, by what the log tells and by the keys
    /// that are trusted.
    pub(super) fn finding(
        &self,
        directory: &Path,
        story: &Story,
        trusted: &[VerifierKey],
    ) -> Option<Finding> {
        let told = |key: &VerifierKey| story.keys.iter().any(|told| told.key == *key);
        let used = story.keys.iter().filter(|told| told.is_used).map(|told| &told.key);
        let missing = used.chain(trusted).find(|key| !self.stored.contains(key));
        let strange = self.stored.iter().find(|key| story.is_complete() && !told(key));
        let (expected, found) = match (missing, strange) {
            (Some(key), _) => (format!("the key {key} among others"), "another"),
            (None, Some(key)) => ("keys that the log tells of".to_owned(), key.name()),
            (None, None) if self.is_garbled => ("keys, one a line".to_owned(), "something else"),
            (None, None) => return None,
        };
        let finding = Finding::new(Severity::Rebuildable, FindingKind::Key, expected, found);
        Some(finding.file(directory.join("log.vkey")))
    }
}

/// The keys from outside, under the log's name, since several logs may be
/// signed with one key, each under its own name; and those that were rotated
/// to.
pub(super) fn trusted(
    given: &[VerifierKey],
    origin: &str,
    story: &Story,
    claims: &[Claim],
) -> Vec<VerifierKey> {
    let named = given.iter().filter_map(|key| VerifierKey::new(origin, key.public_key()).ok());
    let mut trusted: Vec<VerifierKey> = named.collect();
    let is_rotation = |claim: &&Claim| claim.source == Source::Rotation;
    let rotations: Vec<&Claim> = claims.iter().filter(is_rotation).collect();
    // Each round hands the trust on at least once, or ends.
    for _ in 0..rotations.len() {
        for told in &story.keys {
            let hands_on = |claim: &&Claim| {
                claim.size() > told.sequence
                    && claim.is_reached()
                    && claim.check_root(None).is_ok()
                    && trusted
                        .iter()
                        .any(|old| claim.is_signed_by_all(&[old.clone(), told.key.clone()]))
            };
            if !trusted.contains(&told.key)
                && rotations.iter().copied().any(|claim| hands_on(&claim))
            {
                trusted.push(told.key.clone());
            }
        }
    }
    trusted
}

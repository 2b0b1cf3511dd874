//! C2SP `tlog-checkpoint`: what a log says of itself, signed.
//!
//! ```text
//! audit.example/org/host/log
//! 20852163
//! CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
//! ```

use std::fmt;
use std::str::FromStr;

use super::decimal;
use super::key::{SignerKey, VerifierKey};
use super::merkle::{EMPTY_ROOT, TreeHead};
use super::note::{Note, refuse_control_characters};
use crate::error::{Error, ErrorKind, Result};

/// Which log, how many entries, and the root of their tree. Its text form is
/// the text that gets signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    origin: String,
    head: TreeHead,
    /// Each with its newline.
    extensions: String,
}

impl Checkpoint {
    /// The checkpoint of the log that `origin` names. Logs name themselves like
    /// `audit.example/org/host/log`: unique, and without a scheme.
    ///
    /// # Errors
    ///
    /// When the origin is empty or has control characters, and when a tree
    /// without leaves does not have the root that such a tree has.
    pub fn new(origin: impl Into<String>, head: TreeHead) -> Result<Self> {
        let origin = origin.into();
        if origin.is_empty() || origin.contains('\n') {
            return Err(malformed("the origin has to be one line that is not empty"));
        }
        refuse_control_characters(&origin)?;
        if head.size == 0 && head.root != EMPTY_ROOT {
            return Err(malformed("the root is not that of a log without entries"));
        }
        Ok(Checkpoint { origin, head, extensions: String::new() })
    }

    /// The log it is about.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Number of entries, and the root of their tree.
    pub fn head(&self) -> TreeHead {
        self.head
    }

    /// Further lines, which this crate neither writes nor interprets.
    pub fn extensions(&self) -> impl Iterator<Item = &str> {
        self.extensions.lines()
    }

    /// Signs with every one of these keys: one, or at a rotation the old and
    /// the new one.
    ///
    /// Whoever signs has to see to it that the log only grew since anything
    /// was signed before.
    ///
    /// # Errors
    ///
    /// When `keys` is empty: an unsigned checkpoint proves nothing.
    pub fn sign(&self, keys: &[&SignerKey]) -> Result<SignedCheckpoint> {
        if keys.is_empty() {
            return Err(Error::invalid("a checkpoint needs at least one key to be signed with"));
        }
        let mut note = Note::new(self.to_string())?;
        keys.iter().for_each(|key| note.sign(key));
        Ok(SignedCheckpoint { checkpoint: self.clone(), note })
    }
}

impl FromStr for Checkpoint {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let mut parts = text.splitn(4, '\n');
        let (Some(origin), Some(size), Some(root), Some(extensions)) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(malformed("it has fewer than three lines"));
        };
        let head = TreeHead::new(decimal::parse(size)?, root.parse()?);
        let has_empty_line = extensions.starts_with('\n') || extensions.contains("\n\n");
        if has_empty_line || !(extensions.is_empty() || extensions.ends_with('\n')) {
            return Err(malformed("it has an empty or an unfinished line"));
        }
        refuse_control_characters(extensions)?;
        Ok(Checkpoint { extensions: extensions.to_owned(), ..Checkpoint::new(origin, head)? })
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n{}", self.origin, self.head.size, self.head.root)?;
        f.write_str(&self.extensions)
    }
}

/// A checkpoint with its signatures: made by signing, or opened with trusted
/// keys. Its text form is the note, as published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCheckpoint {
    checkpoint: Checkpoint,
    note: Note,
}

impl SignedCheckpoint {
    /// Opens a published checkpoint of the log `origin`, which has to be signed
    /// by one of `keys`. Signatures by others are kept and ignored.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Verification`] when the signature is missing or wrong, or
    /// when it is of another log; [`ErrorKind::Format`] when it is no
    /// checkpoint.
    pub fn open(text: impl AsRef<[u8]>, origin: &str, keys: &[VerifierKey]) -> Result<Self> {
        let note = Note::try_from(text.as_ref())?;
        note.verify(keys)?;
        let checkpoint: Checkpoint = note.text().parse()?;
        if checkpoint.origin != origin {
            let found = &checkpoint.origin;
            let message = format!("the checkpoint is of the log {found:?}, not of {origin:?}");
            return Err(Error::new(ErrorKind::Verification, message));
        }
        Ok(SignedCheckpoint { checkpoint, note })
    }

    /// What was signed.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The note that carries it, for further signatures or stricter demands.
    pub fn note(&self) -> &Note {
        &self.note
    }
}

impl fmt::Display for SignedCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.note.fmt(f)
    }
}

fn malformed(why: &str) -> Error {
    Error::new(ErrorKind::Format, format!("this is not a checkpoint: {why}"))
}

#[cfg(test)]
mod tests;

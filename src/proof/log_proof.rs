//! C2SP `tlog-proof`: an inclusion proof and the checkpoint it leads to, as one
//! text that can be verified offline.
//!
//! ```text
//! c2sp.org/tlog-proof@v1
//! index 73894
//! gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=
//!
//! (the checkpoint, as published)
//! ```

use std::fmt;
use std::str::FromStr;

use super::checkpoint::{Checkpoint, SignedCheckpoint};
use super::key::VerifierKey;
use super::merkle::{Digest, InclusionProof};
use super::note::Note;
use super::{base64, decimal};
use crate::error::{Error, ErrorKind, Result};

const HEADER: &str = "c2sp.org/tlog-proof@v1";
const EXTRA: &str = "extra ";
const INDEX: &str = "index ";

/// Proof that an entry is in a log, complete but for the entry itself and the
/// log's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogProof {
    extra: Option<Vec<u8>>,
    inclusion: InclusionProof,
    checkpoint: Note,
}

impl LogProof {
    /// The proof that leads to this checkpoint.
    pub fn new(inclusion: InclusionProof, checkpoint: &SignedCheckpoint) -> Self {
        LogProof { extra: None, inclusion, checkpoint: checkpoint.note().clone() }
    }

    /// With bytes beside it, which no signature covers.
    #[must_use]
    pub fn extra(mut self, extra: impl Into<Vec<u8>>) -> Self {
        self.extra = Some(extra.into());
        self
    }

    /// The bytes beside it. They are not to be trusted: no signature covers
    /// them.
    pub fn untrusted_extra(&self) -> Option<&[u8]> {
        self.extra.as_deref()
    }

    /// Position of the entry and the hashes.
    pub fn inclusion(&self) -> &InclusionProof {
        &self.inclusion
    }

    /// Verifies that `leaf` (see [`leaf_hash`](super::leaf_hash)) is in the log
    /// `origin`, by a checkpoint that one of `keys` signed, and returns that
    /// checkpoint.
    ///
    /// # Errors
    ///
    /// As [`SignedCheckpoint::open`] and [`InclusionProof::verify`].
    pub fn verify(
        &self,
        leaf: &Digest,
        origin: &str,
        keys: &[VerifierKey],
    ) -> Result<SignedCheckpoint> {
        let opened = SignedCheckpoint::open(self.checkpoint.to_string(), origin, keys)?;
        self.inclusion.verify(leaf, &opened.checkpoint().head())?;
        Ok(opened)
    }
}

/// Accepts exactly what encoding it again gives.
impl FromStr for LogProof {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (proof, checkpoint) =
            text.split_once("\n\n").ok_or_else(|| malformed("it has no checkpoint"))?;
        let mut lines = proof.split('\n').peekable();
        if lines.next() != Some(HEADER) {
            return Err(malformed("its first line is another"));
        }
        let extra = lines.next_if(|line| line.starts_with(EXTRA));
        let extra = extra.and_then(|line| line.strip_prefix(EXTRA)).map(base64::decode);
        let index = lines
            .next()
            .and_then(|line| line.strip_prefix(INDEX))
            .ok_or_else(|| malformed("it has no index"))?;
        let path = lines.map(str::parse).collect::<Result<_>>()?;
        let checkpoint: Note = checkpoint.parse()?;
        checkpoint.text().parse::<Checkpoint>()?;
        Ok(LogProof {
            extra: extra.transpose()?,
            inclusion: InclusionProof::new(decimal::parse(index)?, path),
            checkpoint,
        })
    }
}

impl fmt::Display for LogProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "{EXTRA}{}", base64::encode(extra))?;
        }
        writeln!(f, "{INDEX}{}", self.inclusion.index())?;
        self.inclusion.path().iter().try_for_each(|hash| writeln!(f, "{hash}"))?;
        write!(f, "\n{}", self.checkpoint)
    }
}

fn malformed(why: &str) -> Error {
    Error::new(ErrorKind::Format, format!("this is not a tlog-proof: {why}"))
}

#[cfg(test)]
mod tests;

//! C2SP `signed-note`: a text, an empty line, and signature lines.
//!
//! ```text
//! text, which may hold several lines
//!
//! — key.name base64(key id ‖ signature)
//! ```

use std::fmt;
use std::str::FromStr;

use super::base64;
use super::key::{SignerKey, VerifierKey, check_name};
use crate::error::{Error, ErrorKind, Result};

/// Longest note that is parsed, in bytes. `signed-note` asks for a limit.
pub const NOTE_BYTES_MAX: usize = 1_000_000;

/// Most signatures that a parsed note can have. `signed-note` asks for 16 at
/// least.
pub const NOTE_SIGNATURES_MAX: usize = 100;

const SIGNATURE_PREFIX: &str = "— ";
const KEY_ID_BYTES: usize = 4;

/// A text with signatures. What it says counts only once
/// [`verify`](Note::verify) has found a signature by a trusted key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<NoteSignature>,
}

impl Note {
    /// A text that is not signed yet.
    ///
    /// # Errors
    ///
    /// When the text does not end with a newline, or has control characters
    /// other than newlines.
    pub fn new(text: impl Into<String>) -> Result<Self> {
        let text = text.into();
        if !text.ends_with('\n') {
            return Err(malformed("its text does not end with a newline"));
        }
        refuse_control_characters(&text)?;
        Ok(Note { text, signatures: Vec::new() })
    }

    /// The signed text, with its last newline.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signatures, as they stand in the note; not all of them need to be
    /// valid.
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// Adds a signature by this key.
    pub fn sign(&mut self, key: &SignerKey) {
        self.add(key.sign(&self.text));
    }

    /// Adds a signature that somebody else made, such as a witness.
    pub fn add(&mut self, signature: NoteSignature) {
        self.signatures.push(signature);
    }

    /// Verifies the signatures by `keys`, and returns those of the keys that
    /// signed. Signatures by other keys are ignored.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Verification`] when none of `keys` has signed, or when a
    /// signature that claims to be by one of them is not.
    pub fn verify<'k>(&self, keys: &'k [VerifierKey]) -> Result<Vec<&'k VerifierKey>> {
        let mut signers = Vec::new();
        for key in keys {
            let mut claimed = self.signatures.iter().filter(|signature| key.is_key_of(signature));
            if claimed.clone().next().is_none() {
                continue;
            }
            claimed.try_for_each(|signature| key.verify(&self.text, signature))?;
            signers.push(key);
        }
        if signers.is_empty() {
            return Err(Error::new(ErrorKind::Verification, self.why_unsigned(keys)));
        }
        Ok(signers)
    }

    /// Verifies that every one of `keys` has signed: an old and a new key, at a
    /// rotation.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Verification`] when one has not; an error also when `keys`
    /// is empty.
    pub fn verify_all(&self, keys: &[VerifierKey]) -> Result<()> {
        let signers = self.verify(keys)?;
        match keys.iter().find(|key| !signers.contains(key)) {
            None => Ok(()),
            Some(key) => {
                let message = format!("the note is not signed by {}", key.short());
                Err(Error::new(ErrorKind::Verification, message))
            }
        }
    }

    fn why_unsigned(&self, keys: &[VerifierKey]) -> String {
        let trusted: Vec<_> = keys.iter().map(VerifierKey::short).collect();
        let present: Vec<_> = self.signatures.iter().map(NoteSignature::short).collect();
        format!(
            "the note is not signed by a trusted key: trusted are [{}], it is signed by [{}]",
            trusted.join(", "),
            present.join(", ")
        )
    }
}

/// Parses a note with at least one signature line. Accepts exactly what
/// encoding it again gives.
impl FromStr for Note {
    type Err = Error;

    fn from_str(note: &str) -> Result<Self> {
        if note.len() > NOTE_BYTES_MAX {
            return Err(malformed("it is longer than any that is accepted"));
        }
        let (body, signatures) = note
            .rsplit_once("\n\n")
            .ok_or_else(|| malformed("it has no empty line between text and signatures"))?;
        let lines = signatures
            .strip_suffix('\n')
            .ok_or_else(|| malformed("its last line does not end with a newline"))?;
        if lines.split('\n').count() > NOTE_SIGNATURES_MAX {
            return Err(malformed("it has more signatures than are accepted"));
        }
        let mut parsed = Note::new(format!("{body}\n"))?;
        parsed.signatures = lines.split('\n').map(str::parse).collect::<Result<_>>()?;
        Ok(parsed)
    }
}

impl TryFrom<&[u8]> for Note {
    type Error = Error;

    fn try_from(note: &[u8]) -> Result<Self> {
        let text = std::str::from_utf8(note)
            .map_err(|error| Error::caused(ErrorKind::Format, "a note has to be UTF-8", error))?;
        text.parse()
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|signature| writeln!(f, "{signature}"))
    }
}

/// One signature of a note, by whatever algorithm. Its text form is its line
/// in the note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteSignature {
    name: String,
    key_id: u32,
    signature: Vec<u8>,
}

impl NoteSignature {
    pub(super) fn new(name: String, key_id: u32, signature: Vec<u8>) -> Self {
        NoteSignature { name, key_id, signature }
    }

    /// Name of the key that is said to have signed.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Id of the key that is said to have signed.
    pub fn key_id(&self) -> u32 {
        self.key_id
    }

    /// The signature itself, in the form of its algorithm.
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }

    fn short(&self) -> String {
        format!("{}+{:08x}", self.name, self.key_id)
    }
}

impl FromStr for NoteSignature {
    type Err = Error;

    fn from_str(line: &str) -> Result<Self> {
        let (name, encoded) = line
            .strip_prefix(SIGNATURE_PREFIX)
            .and_then(|rest| rest.split_once(' '))
            .ok_or_else(|| malformed("a signature line is not “— name signature”"))?;
        check_name(name)?;
        let bytes = base64::decode(encoded)?;
        match bytes.split_first_chunk::<KEY_ID_BYTES>() {
            Some((key_id, signature)) if !signature.is_empty() => Ok(NoteSignature {
                name: name.to_owned(),
                key_id: u32::from_be_bytes(*key_id),
                signature: signature.to_vec(),
            }),
            _ => Err(malformed("a signature is too short")),
        }
    }
}

impl fmt::Display for NoteSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&self.key_id.to_be_bytes()[..], &self.signature].concat();
        write!(f, "{SIGNATURE_PREFIX}{} {}", self.name, base64::encode(&bytes))
    }
}

/// Fails where `text` has a control character that a note can't have.
pub(super) fn refuse_control_characters(text: &str) -> Result<()> {
    if text.bytes().any(|byte| byte < b' ' && byte != b'\n') {
        return Err(malformed("it has control characters other than newlines"));
    }
    Ok(())
}

fn malformed(why: &str) -> Error {
    Error::new(ErrorKind::Format, format!("this is not a signed note: {why}"))
}

#[cfg(test)]
mod tests;

//! The public half.

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::{Signature, VerifyingKey};

use super::name::{ED25519, check_name, key_id};
use crate::error::{Error, ErrorKind, Result};
use crate::proof::base64;
use crate::proof::note::NoteSignature;

/// The public half of a log's key. Its text form is the `vkey` of
/// `signed-note`: `name+key id+base64(0x01 ‖ public key)`.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    key_id: u32,
    key: VerifyingKey,
}

impl VerifierKey {
    pub(super) fn of(name: &str, key: VerifyingKey) -> Self {
        VerifierKey { name: name.to_owned(), key_id: key_id(name, key.as_bytes()), key }
    }

    /// The key with this name and these public bytes (RFC 8032).
    ///
    /// # Errors
    ///
    /// When the name can't be a key's, and when the bytes are no Ed25519 key or
    /// one of the weak ones, under which anything can be signed.
    pub fn new(name: &str, public_key: &[u8; 32]) -> Result<Self> {
        check_name(name)?;
        let key = VerifyingKey::from_bytes(public_key)
            .ok()
            .filter(|key| !key.is_weak())
            .ok_or_else(|| malformed("its bytes are not a usable Ed25519 public key"))?;
        Ok(VerifierKey::of(name, key))
    }

    /// Its name, usually the origin of its log.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its id, which tells keys of one name apart. Short: no fingerprint.
    pub fn key_id(&self) -> u32 {
        self.key_id
    }

    /// The public key itself (RFC 8032).
    pub fn public_key(&self) -> &[u8; 32] {
        self.key.as_bytes()
    }

    /// Whether `signature` claims to be by this key.
    pub(crate) fn is_key_of(&self, signature: &NoteSignature) -> bool {
        signature.key_id() == self.key_id && signature.name() == self.name
    }

    /// Fails unless `signature` is one by this key of this text.
    pub(crate) fn verify(&self, text: &str, signature: &NoteSignature) -> Result<()> {
        Signature::from_slice(signature.signature())
            .and_then(|signature| self.key.verify_strict(text.as_bytes(), &signature))
            .map_err(|error| {
                let message = format!(
                    "the signature by {} is wrong; the text or the signature was changed",
                    self.short()
                );
                Error::caused(ErrorKind::Verification, message, error)
            })
    }

    /// Name and id, as an error message tells them.
    pub(crate) fn short(&self) -> String {
        format!("{}+{:08x}", self.name, self.key_id)
    }
}

impl FromStr for VerifierKey {
    type Err = Error;

    fn from_str(vkey: &str) -> Result<Self> {
        let mut parts = vkey.splitn(3, '+');
        let (Some(name), Some(_), Some(encoded)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(malformed("it is not “name+key id+key”"));
        };
        let bytes = base64::decode(encoded)?;
        let key = match bytes.split_first() {
            Some((&ED25519, key)) => {
                key.try_into().map_err(|_| malformed("its length is wrong"))?
            }
            _ => return Err(malformed("it is not of type 1 (Ed25519)")),
        };
        let key = VerifierKey::new(name, key)?;
        if key.to_string() != vkey {
            return Err(malformed("its id does not belong to its name and key"));
        }
        Ok(key)
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&[ED25519], &self.public_key()[..]].concat();
        write!(f, "{}+{:08x}+{}", self.name, self.key_id, base64::encode(&bytes))
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifierKey({self})")
    }
}

fn malformed(why: &str) -> Error {
    Error::new(ErrorKind::Format, format!("this is not a verifier key: {why}"))
}

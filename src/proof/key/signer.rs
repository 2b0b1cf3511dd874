//! The secret half.

use std::fmt;

use ed25519_dalek::{Signer as _, SigningKey};
use zeroize::Zeroizing;

use super::name::{ED25519, check_name};
use super::verifier::VerifierKey;
use crate::error::{Error, ErrorKind, Result};
use crate::proof::base64;
use crate::proof::note::NoteSignature;

const PREFIX: &str = "PRIVATE+KEY+";

/// Room for what follows the name in the text form.
const TEXT_BYTES: usize = 64;

/// The secret half of a log's key. It is wiped from memory when dropped, and
/// `Debug` does not show it.
pub struct SignerKey {
    key: SigningKey,
    verifier: VerifierKey,
}

impl SignerKey {
    /// Makes a key from the randomness of the operating system. Its name is
    /// usually the origin of its log.
    ///
    /// # Errors
    ///
    /// When the name can't be a key's, or when the system has no randomness.
    pub fn generate(name: &str) -> Result<Self> {
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *seed).map_err(|error| {
            let message = "the system gives no randomness, without which no key can be made";
            Error::caused(ErrorKind::Io, message, error)
        })?;
        SignerKey::from_seed(name, &seed)
    }

    /// The key that RFC 8032 derives from these 32 secret bytes.
    ///
    /// # Errors
    ///
    /// When the name can't be a key's.
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<Self> {
        check_name(name)?;
        let key = SigningKey::from_bytes(seed);
        let verifier = VerifierKey::of(name, key.verifying_key());
        Ok(SignerKey { key, verifier })
    }

    /// Parses the text form that [`secret_text`](SignerKey::secret_text) gives.
    ///
    /// # Errors
    ///
    /// When it is not exactly that.
    pub fn parse(text: &str) -> Result<Self> {
        let mut parts = text.strip_prefix(PREFIX).unwrap_or_default().splitn(3, '+');
        let (Some(name), Some(_), Some(encoded)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(malformed("it is not “PRIVATE+KEY+name+key id+key”"));
        };
        let bytes = Zeroizing::new(base64::decode(encoded)?);
        let seed = match bytes.split_first() {
            Some((&ED25519, seed)) => {
                seed.try_into().map_err(|_| malformed("its length is wrong"))?
            }
            _ => return Err(malformed("it is not of type 1 (Ed25519)")),
        };
        let key = SignerKey::from_seed(name, seed)?;
        if key.secret_text().as_str() != text {
            return Err(malformed("its id does not belong to its name and key"));
        }
        Ok(key)
    }

    /// The same secret under another name, and so with another id: one secret
    /// can serve several logs, each under its own origin.
    ///
    /// # Errors
    ///
    /// When the name can't be a key's.
    pub fn named(&self, name: &str) -> Result<Self> {
        SignerKey::from_seed(name, self.key.as_bytes())
    }

    /// The secret as text, for safekeeping:
    /// `PRIVATE+KEY+name+key id+base64(0x01 ‖ seed)`. It is wiped from memory
    /// when dropped.
    pub fn secret_text(&self) -> Zeroizing<String> {
        let mut bytes = Zeroizing::new([ED25519; 33]);
        for (byte, seed) in bytes.iter_mut().skip(1).zip(self.key.as_bytes()) {
            *byte = *seed;
        }
        let name = self.verifier.name();
        let mut text =
            Zeroizing::new(String::with_capacity(PREFIX.len() + name.len() + TEXT_BYTES));
        for part in [PREFIX, name, &format!("+{:08x}+", self.verifier.key_id())] {
            text.push_str(part);
        }
        base64::encode_into(&*bytes, &mut text);
        text
    }

    /// Its name, usually the origin of its log.
    pub fn name(&self) -> &str {
        self.verifier.name()
    }

    /// The public half, to be kept elsewhere by those who verify.
    pub fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    pub(crate) fn sign(&self, text: &str) -> NoteSignature {
        let signature = self.key.sign(text.as_bytes());
        NoteSignature::new(
            self.name().to_owned(),
            self.verifier.key_id(),
            signature.to_bytes().to_vec(),
        )
    }
}

impl fmt::Debug for SignerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignerKey({}, secret not shown)", self.verifier.short())
    }
}

fn malformed(why: &str) -> Error {
    Error::new(ErrorKind::Format, format!("this is not a secret key: {why}"))
}

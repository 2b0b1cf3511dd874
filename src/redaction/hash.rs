//! Values that stay joinable and cannot be read: HMAC-SHA-256 under a key.

use std::fmt::{self, Write};
use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::error::{Error, Result};

/// Fewest bytes of a key.
const KEY_BYTES_MIN: usize = 32;

/// How many bytes of the code are kept: 128 bits, half of it, as RFC 2104
/// allows.
const CODE_BYTES: usize = 16;

/// A key under which values are hashed. Made from at least 32 random bytes that
/// are kept elsewhere, with the key material of the service.
///
/// Its id is in every value that is hashed under it, so that values of several
/// keys can live in one trail.
#[derive(Clone)]
pub struct HashKey {
    id: Box<str>,
    keyed: Hmac<Sha256>,
}

impl HashKey {
    /// A key from its secret bytes. The id is derived from them, so one key has
    /// the same id everywhere.
    ///
    /// # Errors
    ///
    /// When there are fewer than 32 bytes: values could be guessed by trying keys.
    pub fn new(secret: impl AsRef<[u8]>) -> Result<HashKey> {
        let secret = secret.as_ref();
        let keyed =
            Hmac::<Sha256>::new_from_slice(secret).ok().filter(|_| secret.len() >= KEY_BYTES_MIN);
        let Some(keyed) = keyed else {
            return Err(Error::invalid(format!(
                "a key for hashing has {} bytes; give at least {KEY_BYTES_MIN} random ones, for \
                 example from `head -c 32 /dev/urandom`",
                secret.len()
            )));
        };
        let mut id = String::new();
        write_hex(&code(&keyed, b"tracing-audit hash key id"), 4, &mut id);
        Ok(HashKey { id: id.into(), keyed })
    }

    /// What tells this key from others; no secret.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The form in which `text` stands in the trail.
    pub fn hashed(&self, text: &str) -> String {
        let mut form = String::new();
        self.write(text, &mut form);
        form
    }

    fn write(&self, text: &str, out: &mut String) {
        out.push_str("hmac:");
        out.push_str(&self.id);
        out.push(':');
        write_hex(&code(&self.keyed, text.as_bytes()), CODE_BYTES, out);
    }
}

impl fmt::Debug for HashKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HashKey").field("id", &self.id).finish_non_exhaustive()
    }
}

/// The keys of a service: values are hashed under the first; the others were
/// used before. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct HashKeys(Arc<Vec<HashKey>>);

impl HashKeys {
    pub(super) fn add(&mut self, key: HashKey) {
        Arc::make_mut(&mut self.0).push(key);
    }

    /// These keys, and then those others that are not among them.
    #[cfg(feature = "policy")]
    pub(super) fn and(&self, others: &HashKeys) -> HashKeys {
        let mut keys = self.0.to_vec();
        for key in others.0.iter() {
            if !keys.iter().any(|known| known.id == key.id) {
                keys.push(key.clone());
            }
        }
        HashKeys(Arc::new(keys))
    }

    /// Appends the hashed form of `text`; `false` where there is no key.
    pub(super) fn write(&self, text: &str, out: &mut String) -> bool {
        let Some(key) = self.0.first() else { return false };
        key.write(text, out);
        true
    }

    /// The forms in which `text` may stand in the trail, newest key first.
    pub(crate) fn forms(&self, text: &str) -> Vec<String> {
        self.0.iter().map(|key| key.hashed(text)).collect()
    }
}

fn code(keyed: &Hmac<Sha256>, bytes: &[u8]) -> [u8; 32] {
    keyed.clone().chain_update(bytes).finalize().into_bytes().into()
}

fn write_hex(bytes: &[u8], count: usize, out: &mut String) {
    for byte in bytes.iter().take(count) {
        // Writing to a string never fails.
        let _ = write!(out, "{byte:02x}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_hmac_sha_256() {
        // RFC 4231, test case 6: a key of 131 bytes.
        let key = HashKey::new([0xaa; 131]).unwrap();
        let form = key.hashed("Test Using Larger Than Block-Size Key - Hash Key First");
        assert_eq!(form, format!("hmac:{}:60e431591ee0b67f0d8a26aacbf5b77f", key.id()));
        assert_eq!(key.id().len(), 8);
    }

    #[test]
    fn keys_differ_and_equal_values_are_equal() {
        let (old, new) = (HashKey::new([1; 32]).unwrap(), HashKey::new([2; 32]).unwrap());
        assert_eq!(old.hashed("alice"), old.clone().hashed("alice"));
        assert_ne!(old.hashed("alice"), old.hashed("alicf"));
        assert_ne!(old.hashed("alice"), new.hashed("alice"));
        assert_ne!(old.id(), new.id());
        assert!(!format!("{new:?}").contains("2, 2"));
        let error = HashKey::new("short").unwrap_err();
        assert!(error.is_invalid_input() && error.to_string().contains("at least 32"));
    }
}

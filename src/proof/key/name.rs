//! What a key can be called, and the id that follows from name and key.

use sha2::{Digest as _, Sha256};

use crate::error::{Error, ErrorKind, Result};

/// The type byte of plain Ed25519 signatures.
pub(super) const ED25519: u8 = 1;

/// Fails where `name` can't be a key's name.
pub(crate) fn check_name(name: &str) -> Result<()> {
    let is_valid = !name.is_empty()
        && !name.chars().any(|char| char.is_whitespace() || char == '+' || char < ' ');
    if is_valid {
        return Ok(());
    }
    let message = format!(
        "{name:?} can't be the name of a key: it has to have characters, but neither spaces nor “+” nor control characters"
    );
    Err(Error::new(ErrorKind::Format, message))
}

/// The first four bytes of `SHA-256(name ‖ LF ‖ 0x01 ‖ public key)`.
pub(super) fn key_id(name: &str, public_key: &[u8; 32]) -> u32 {
    let hasher =
        Sha256::new().chain_update(name).chain_update([b'\n', ED25519]).chain_update(public_key);
    let [a, b, c, d, ..] = <[u8; 32]>::from(hasher.finalize());
    u32::from_be_bytes([a, b, c, d])
}

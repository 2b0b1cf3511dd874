//! Standard base64 (RFC 4648, section 4), strict: one text for one value.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::error::{Error, ErrorKind, Result};

pub(super) fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Appends the encoding to a text that has room for it, so that no other copy
/// of a secret is left in memory.
pub(super) fn encode_into(bytes: &[u8], text: &mut String) {
    STANDARD.encode_string(bytes, text);
}

/// Decodes; missing padding, stray bits and line ends are errors.
pub(super) fn decode(text: &str) -> Result<Vec<u8>> {
    STANDARD
        .decode(text)
        .map_err(|error| Error::caused(ErrorKind::Format, "this is not canonical base64", error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_has_one_text() {
        for bytes in [&b""[..], b"f", b"fo", b"foo", b"\xff\xfe\xfb"] {
            assert_eq!(decode(&encode(bytes)).unwrap(), bytes);
        }
        for text in ["Zg", "Zg=", "Zh==", "Zg==\n", " Zg==", "Zg===", "Zm9=", "__79"] {
            assert!(decode(text).is_err(), "{text:?}");
        }
    }
}

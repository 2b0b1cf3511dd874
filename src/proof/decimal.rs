//! Decimal numbers, strict: one text for one value.

use crate::error::{Error, ErrorKind, Result};

/// Parses digits only, without leading zeros.
pub(super) fn parse(text: &str) -> Result<u64> {
    let is_canonical =
        text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| is_canonical).ok_or_else(|| {
        Error::new(
            ErrorKind::Format,
            format!("{text:?} is not a decimal number below 2^64 without leading zeros"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_without_leading_zeros() {
        assert_eq!(parse("0").unwrap(), 0);
        assert_eq!(parse("18446744073709551615").unwrap(), u64::MAX);
        for text in ["", "00", "01", "+1", "-1", " 1", "1 ", "1_0", "18446744073709551616", "١"] {
            assert!(parse(text).is_err(), "{text:?}");
        }
    }
}

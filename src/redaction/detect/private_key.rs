//! Private keys in PEM, PGP and SSH armour.

use std::sync::LazyLock;

use memchr::memmem::{self, Finder};

use super::detector::Detector;
use super::scan::Scan;

/// Shorter texts hold no key, not even the beginning of one.
const TEXT_BYTES_MIN: usize = 32;

/// How far before the words its line may begin.
const HEADER_BYTES_MAX: usize = 48;

static WORDS: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("PRIVATE KEY"));

#[inline]
pub(super) fn look(scan: &mut Scan<'_>) {
    if scan.bytes.len() < TEXT_BYTES_MIN || !scan.detectors.contains(Detector::PrivateKey) {
        return;
    }
    let mut from = 0;
    while let Some(words) = scan.bytes.get(from..).and_then(|rest| WORDS.find(rest)) {
        from = look_at(scan, from + words);
    }
}

/// Looks at the words at `words`; where to go on from.
#[cold]
fn look_at(scan: &mut Scan<'_>, words: usize) -> usize {
    let after = words + WORDS.needle().len();
    let earliest = words.saturating_sub(HEADER_BYTES_MAX);
    let before = scan.bytes.get(earliest..words).unwrap_or_default();
    let Some(begin) = memmem::rfind(before, b"BEGIN ") else { return after };
    let dashes = before.get(..begin).unwrap_or_default();
    let dashed = dashes.iter().rev().take_while(|byte| matches!(byte, b'-' | b' ')).count();
    let start = earliest + begin - dashed;
    let start = start + before_dashes(scan.bytes.get(start..).unwrap_or_default());
    let end = end_of_block(scan.bytes, after);
    scan.add(start, end, Detector::PrivateKey);
    end
}

/// How many spaces stand before the dashes; they belong to the text around.
fn before_dashes(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| **byte == b' ').count()
}

/// The end of the line that ends the block; of the text, if there is none.
fn end_of_block(bytes: &[u8], from: usize) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    let Some(end) = memmem::find(rest, b"END ") else { return bytes.len() };
    let tail = rest.get(end..).unwrap_or_default();
    let Some(dashes) = memmem::find(tail, b"----") else { return bytes.len() };
    let dashes = from + end + dashes;
    let closing = bytes.get(dashes..).unwrap_or_default();
    dashes + closing.iter().take_while(|byte| **byte == b'-').count()
}

#[cfg(test)]
mod tests {
    use super::super::scan::findings;
    use super::*;

    #[test]
    fn armour_is_found_from_its_first_line_to_its_last() {
        for block in [
            "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA\nx9==\n-----END RSA PRIVATE KEY-----",
            "-----BEGIN PRIVATE KEY-----\\nMIIEowIBAAKCAQEA\\n-----END PRIVATE KEY-----",
            "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nlQOYBF\n-----END PGP PRIVATE KEY BLOCK-----",
            "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\nP2/56\n---- END SSH2 ENCRYPTED PRIVATE KEY ----",
        ] {
            assert_eq!(
                findings(&format!("read {block}, then more")),
                [(block, Detector::PrivateKey)]
            );
        }
        assert_eq!(findings("there is a PRIVATE KEY somewhere in this file"), []);
        assert_eq!(findings("-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----"), []);
    }
}

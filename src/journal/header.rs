//! The header of a segment.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | magic: `TAUDSEG` and a line feed |
//! | 2 | format version, little endian: 1 |
//! | 16 | log id |
//! | 2 | version of the schema of the events in it, little endian |
//! | 8 | sequence of its first entry, little endian |
//! | 4 | CRC-32C over the bytes before, little endian |

use std::path::Path;

use super::failure::{JournalError, Result};
use super::names::LogId;
use super::steps::read_up_to;
use crate::fs::JournalFile;

/// Length of the header, in bytes.
pub(super) const SEGMENT_HEADER_BYTES: usize = 40;

const MAGIC: &[u8; 8] = b"TAUDSEG\n";
const FORMAT_VERSION: u16 = 1;

/// What the header of a segment says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SegmentHeader {
    pub(super) log: LogId,
    pub(super) event_schema_version: u16,
    pub(super) first: u64,
}

impl SegmentHeader {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(SEGMENT_HEADER_BYTES);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
        bytes.extend_from_slice(&self.log.0);
        bytes.extend_from_slice(&self.event_schema_version.to_le_bytes());
        bytes.extend_from_slice(&self.first.to_le_bytes());
        bytes.extend_from_slice(&crc32c::crc32c(&bytes).to_le_bytes());
        bytes
    }

    /// Reads the header of a segment that should begin with `first`, and
    /// belong to `log` where that is known already.
    ///
    /// # Errors
    ///
    /// Besides those of reading, when the header is damaged, of a newer
    /// version, or that of another segment or log.
    pub(super) fn read(
        file: &dyn JournalFile,
        path: &Path,
        first: u64,
        log: Option<LogId>,
    ) -> Result<Self> {
        let mut bytes = [0; SEGMENT_HEADER_BYTES];
        let length = read_up_to(file, 0, &mut bytes)
            .map_err(|error| JournalError::unread(path, 0, first, error))?;
        let wrong = |offset, expected: String, found: String| {
            JournalError::corrupt(path, offset, first, expected, found)
        };
        if length < SEGMENT_HEADER_BYTES {
            return Err(wrong(0, "a segment header of 40 bytes".into(), format!("{length} bytes")));
        }
        let header = decode(&bytes).map_err(|(at, expected, found)| wrong(at, expected, found))?;
        if header.first != first {
            let (expected, found) = (format!("first sequence {first}"), header.first.to_string());
            return Err(wrong(28, expected, found));
        }
        match log {
            Some(log) if log != header.log => {
                Err(wrong(10, format!("log {log}"), format!("log {}", header.log)))
            }
            _ => Ok(header),
        }
    }
}

type Wrong = (u64, String, String);

fn decode(bytes: &[u8; SEGMENT_HEADER_BYTES]) -> Result<SegmentHeader, Wrong> {
    let mut rest = &bytes[..];
    let magic = take::<8>(&mut rest);
    let version = u16::from_le_bytes(take(&mut rest));
    let log = LogId(take(&mut rest));
    let event_schema_version = u16::from_le_bytes(take(&mut rest));
    let first = u64::from_le_bytes(take(&mut rest));
    let stated = u32::from_le_bytes(take(&mut rest));
    let computed = crc32c::crc32c(bytes.split_last_chunk::<4>().map_or(&[], |(head, _)| head));
    if magic != *MAGIC {
        return Err((0, "the magic of a segment".into(), format!("{magic:02x?}")));
    }
    if stated != computed {
        return Err((36, format!("checksum {computed:08x}"), format!("checksum {stated:08x}")));
    }
    if version != FORMAT_VERSION {
        let expected = format!("format version {FORMAT_VERSION}, or a newer tracing-audit");
        return Err((8, expected, format!("version {version}")));
    }
    Ok(SegmentHeader { log, event_schema_version, first })
}

/// The next bytes; zeros past the end, which the lengths here never reach.
fn take<const N: usize>(rest: &mut &[u8]) -> [u8; N] {
    match rest.split_first_chunk::<N>() {
        Some((head, tail)) => {
            *rest = tail;
            *head
        }
        None => [0; N],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: SegmentHeader =
        SegmentHeader { log: LogId([0xa5; 16]), event_schema_version: 3, first: 0x0908 };

    #[test]
    fn the_bytes_are_those_of_the_table() {
        let bytes = HEADER.encode();
        assert_eq!(bytes.len(), SEGMENT_HEADER_BYTES);
        assert_eq!(&bytes[..10], b"TAUDSEG\n\x01\x00");
        assert_eq!(bytes[10..26], [0xa5; 16]);
        assert_eq!(bytes[26..36], [3, 0, 8, 9, 0, 0, 0, 0, 0, 0]);
        assert_eq!(decode(&bytes.try_into().unwrap()), Ok(HEADER));
    }

    #[test]
    fn every_flipped_bit_is_seen() {
        for bit in 0..SEGMENT_HEADER_BYTES * 8 {
            let mut bytes = HEADER.encode();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(decode(&bytes.try_into().unwrap()).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn a_newer_format_is_named() {
        let mut bytes = HEADER.encode();
        bytes[8] = 2;
        let checksum = crc32c::crc32c(&bytes[..36]).to_le_bytes();
        bytes[36..].copy_from_slice(&checksum);
        let (offset, _, found) = decode(&bytes.try_into().unwrap()).unwrap_err();
        assert_eq!((offset, found.as_str()), (8, "version 2"));
    }
}

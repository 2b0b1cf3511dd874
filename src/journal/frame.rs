//! A frame: one entry with its length, checksum and sequence number.
//!
//! | bytes | what |
//! |---|---|
//! | 4 | length of the entry, little endian, at most 65,535 |
//! | 4 | CRC-32C over the length, the sequence and the entry, little endian |
//! | 8 | sequence, little endian |
//! | length | the entry |
//!
//! A frame without an entry is a *mark*. The writer puts one before each group
//! that it syncs, and one at the end when it closes the log: it says that
//! whatever stands before it in the file was durable before it was written.
//! Its sequence is that of the entry that comes next, and it uses none up. In
//! the mark that closes the log, the highest bit of the sequence is set; hence
//! entries have sequences below 2^63 - 1, so that the one after the last has
//! room for that bit, too.

use std::fmt;

/// Longest entry, in bytes.
pub(crate) const ENTRY_BYTES_MAX: usize = 65_535;

/// Length of what precedes the entry, in bytes.
pub(super) const FRAME_HEADER_BYTES: usize = 16;

/// Length of the longest frame, in bytes.
pub(super) const FRAME_BYTES_MAX: usize = FRAME_HEADER_BYTES + ENTRY_BYTES_MAX;

/// The bit of a mark's sequence that says that the log was closed.
const CLOSED: u64 = 1 << 63;

/// The sequence that no entry has any more.
pub(super) const SEQUENCE_END: u64 = CLOSED - 1;

/// A frame as it stands in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Frame<'a> {
    pub(super) sequence: u64,
    pub(super) entry: &'a [u8],
}

/// Why bytes are not the frame that belongs there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flaw {
    /// The file ends before the frame does.
    Short { needed: usize, present: usize },
    /// No entry is that long.
    Length(u32),
    /// The checksum is another one.
    Checksum { stated: u32, computed: u32 },
    /// It is another entry.
    Sequence(u64),
}

impl Frame<'_> {
    pub(super) fn is_mark(&self) -> bool {
        self.entry.is_empty()
    }

    /// Whether it is the mark that closes a log.
    pub(super) fn is_closing(&self) -> bool {
        self.is_mark() && self.sequence & CLOSED != 0
    }

    /// The sequence of the entry that it holds, or that comes next.
    pub(super) fn position(&self) -> u64 {
        position(self.sequence, self.entry.len() as u32)
    }

    /// Length of the whole frame, in bytes.
    pub(super) fn length(&self) -> usize {
        FRAME_HEADER_BYTES + self.entry.len()
    }
}

impl Flaw {
    /// What a reader expected where it met the flaw.
    pub(super) fn expected(self, sequence: u64) -> String {
        match self {
            Flaw::Short { needed, .. } => format!("a frame of {needed} bytes"),
            Flaw::Length(_) => format!("a length of at most {ENTRY_BYTES_MAX}"),
            Flaw::Checksum { computed, .. } => format!("checksum {computed:08x}"),
            Flaw::Sequence(_) => format!("sequence {sequence}"),
        }
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Flaw::Short { present, .. } => write!(f, "{present} bytes"),
            Flaw::Length(length) => write!(f, "length {length}"),
            Flaw::Checksum { stated, .. } => write!(f, "checksum {stated:08x}"),
            Flaw::Sequence(sequence) => write!(f, "sequence {sequence}"),
        }
    }
}

/// What a sequence stands for in a frame with an entry of that length.
pub(super) fn position(sequence: u64, entry_bytes: u32) -> u64 {
    if entry_bytes == 0 { sequence & !CLOSED } else { sequence }
}

/// Appends a frame. The entry has to be short enough; the caller checks.
#[inline]
pub(super) fn push(bytes: &mut Vec<u8>, sequence: u64, entry: &[u8]) {
    bytes.reserve(FRAME_HEADER_BYTES + entry.len());
    let start = begin(bytes, sequence);
    bytes.extend_from_slice(entry);
    end(bytes, start);
    add_checksums(bytes.get_mut(start..).unwrap_or_default());
}

/// Appends the header of a frame whose entry is written behind it next, and
/// returns where it stands.
#[inline]
pub(super) fn begin(bytes: &mut Vec<u8>, sequence: u64) -> usize {
    let start = bytes.len();
    let [a, b, c, d, e, f, g, h] = sequence.to_le_bytes();
    bytes.extend_from_slice(&[0, 0, 0, 0, 0, 0, 0, 0, a, b, c, d, e, f, g, h]);
    start
}

/// Ends the frame that begins at `start`: it has its length, and no checksum.
#[inline]
pub(super) fn end(bytes: &mut [u8], start: usize) {
    let entry_bytes = bytes.len().saturating_sub(start + FRAME_HEADER_BYTES) as u32;
    if let Some(length) = bytes.get_mut(start..).and_then(<[u8]>::first_chunk_mut::<4>) {
        *length = entry_bytes.to_le_bytes();
    }
}

/// Gives frames that have ended their checksums. Some at a time, since what was
/// just written in small pieces is slow to read again.
pub(super) fn add_checksums(mut frames: &mut [u8]) {
    while let Some(bytes) = split_first(frames).map(|(frame, _, _)| frame.len()) {
        let (frame, rest) = std::mem::take(&mut frames).split_at_mut(bytes);
        frames = rest;
        let (head, checked) = frame.split_at_mut(FRAME_HEADER_BYTES / 2);
        let (length, checksum) = head.split_at_mut(4);
        let computed = crc32c::crc32c_append(crc32c::crc32c(length), checked);
        checksum.copy_from_slice(&computed.to_le_bytes());
    }
}

/// Appends the mark before a group whose first entry is `next`.
pub(super) fn push_mark(bytes: &mut Vec<u8>, next: u64) {
    push(bytes, next, &[]);
}

/// Appends the mark that closes a log.
pub(super) fn push_closing_mark(bytes: &mut Vec<u8>, next: u64) {
    push(bytes, next | CLOSED, &[]);
}

/// Splits the first frame off bytes that this process has written: it, whether
/// it has an entry, and the rest. Checks nothing but lengths.
#[inline]
pub(super) fn split_first(bytes: &[u8]) -> Option<(&[u8], bool, &[u8])> {
    let entry_bytes = u32::from_le_bytes(*bytes.first_chunk::<4>()?) as usize;
    let (frame, rest) = bytes.split_at_checked(FRAME_HEADER_BYTES + entry_bytes)?;
    Some((frame, entry_bytes > 0, rest))
}

/// The frame at the start of `bytes`, whatever its sequence.
pub(super) fn parse(bytes: &[u8]) -> Result<Frame<'_>, Flaw> {
    let short = |needed| Flaw::Short { needed, present: bytes.len() };
    let header = || short(FRAME_HEADER_BYTES);
    let (length, rest) = bytes.split_first_chunk::<4>().ok_or_else(header)?;
    let (stated, rest) = rest.split_first_chunk::<4>().ok_or_else(header)?;
    let stated_length = u32::from_le_bytes(*length);
    let entry_bytes = stated_length as usize;
    if entry_bytes > ENTRY_BYTES_MAX {
        return Err(Flaw::Length(stated_length));
    }
    let covered =
        rest.get(..8 + entry_bytes).ok_or_else(|| short(FRAME_HEADER_BYTES + entry_bytes))?;
    let stated = u32::from_le_bytes(*stated);
    let computed = crc32c::crc32c_append(crc32c::crc32c(length), covered);
    if stated != computed {
        return Err(Flaw::Checksum { stated, computed });
    }
    let (sequence, entry) = covered.split_first_chunk::<8>().ok_or_else(header)?;
    Ok(Frame { sequence: u64::from_le_bytes(*sequence), entry })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_are_those_of_the_table() {
        let mut bytes = Vec::new();
        push(&mut bytes, 0x0102, b"123456789");
        assert_eq!(bytes[..4], [9, 0, 0, 0]);
        assert_eq!(bytes[8..16], [2, 1, 0, 0, 0, 0, 0, 0]);
        assert_eq!(&bytes[16..], b"123456789");
        // The check value of CRC-32C, so that the polynomial is the right one.
        assert_eq!(crc32c::crc32c(b"123456789"), 0xe306_9283);
        let covered = [&bytes[..4], &bytes[8..]].concat();
        assert_eq!(bytes[4..8], crc32c::crc32c(&covered).to_le_bytes());
        assert_eq!(parse(&bytes), Ok(Frame { sequence: 0x0102, entry: b"123456789" }));
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_a_flaw() {
        let mut bytes = Vec::new();
        push(&mut bytes, 77, br#"{"sequence":77,"operation":"STORE"}"#);
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(parse(&flipped).is_err(), "bit {bit}");
        }
        for length in 0..bytes.len() {
            assert!(matches!(parse(&bytes[..length]), Err(Flaw::Short { .. })), "{length}");
        }
    }

    #[test]
    fn zeros_are_no_frame() {
        assert!(parse(&[0; 64]).is_err());
    }

    #[test]
    fn a_length_beyond_the_limit_is_refused_before_anything_is_read() {
        let mut bytes = Vec::new();
        push(&mut bytes, 0, &vec![b'x'; ENTRY_BYTES_MAX]);
        assert!(parse(&bytes).is_ok());
        bytes[..4].copy_from_slice(&65_536_u32.to_le_bytes());
        assert_eq!(parse(&bytes), Err(Flaw::Length(65_536)));
    }
}

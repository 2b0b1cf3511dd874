//! A second reader of frames: the plainest that the format's table allows.

/// What a segment holds behind its header.
pub(super) struct Reading<'a> {
    /// The entries, as frames with consecutive sequences, in order.
    pub(super) entries: Vec<&'a [u8]>,
    /// Bytes of whole frames, marks included.
    pub(super) good: usize,
    /// The sequence that comes next.
    pub(super) next: u64,
    /// Whether the last frame is the mark that closes a log.
    pub(super) is_closed: bool,
}

/// Reads frames until there is something else.
pub(super) fn read(body: &[u8], first: u64) -> Reading<'_> {
    let mut reading = Reading { entries: Vec::new(), good: 0, next: first, is_closed: false };
    while let Some((sequence, entry)) = frame(&body[reading.good..]) {
        let is_mark = entry.is_empty();
        if (if is_mark { sequence << 1 >> 1 } else { sequence }) != reading.next {
            break;
        }
        reading.good += 16 + entry.len();
        reading.is_closed = is_mark && sequence >> 63 == 1;
        if !is_mark {
            reading.entries.push(entry);
            reading.next = reading.next.saturating_add(1);
        }
    }
    reading
}

/// The frame at the beginning of some bytes.
pub(super) fn frame(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let length = u32::from_le_bytes(bytes.get(..4)?.try_into().ok()?);
    let checksum = u32::from_le_bytes(bytes.get(4..8)?.try_into().ok()?);
    let sequence = u64::from_le_bytes(bytes.get(8..16)?.try_into().ok()?);
    let entry = bytes.get(16..16 + usize::try_from(length).ok()?)?;
    let covered = [&bytes[..4], &bytes[8..16], entry].concat();
    (length <= 65_535 && crc32c::crc32c(&covered) == checksum).then_some((sequence, entry))
}

//! What it means that a frame is not what it should be: the end of what a
//! crash left, or damage. Pure judgement; nothing is changed here.
//!
//! A crash can only hurt the group that was not synced yet. Of that group,
//! any 512-byte sector may be missing (the file holds zeros there) while later
//! ones are there. So a flaw is the end of the log
//!
//! - if nothing but zeros follows, or
//! - if no valid frame follows, or
//! - if valid frames of the same group follow, and between them and the flaw
//!   a whole rest of a sector is zero.
//!
//! It is damage if a mark follows, because then everything before the mark was
//! durable, and if valid frames follow without a sector missing. A valid frame of
//! a later entry in the place of the one that is missed follows it, too.

use std::io;

use super::frame::{self, FRAME_BYTES_MAX, FRAME_HEADER_BYTES, Frame};
use super::steps::read_up_to;
use crate::fs::JournalFile;

const SECTOR_BYTES: u64 = 512;
const WINDOW_BYTES: usize = 256 * 1024;

/// Zeros up to the end of a sector that are more than a frame has by itself.
const LOST_BYTES_MIN: u64 = FRAME_HEADER_BYTES as u64;

/// Bytes that are checksummed in search of frames, per byte of the tail. Where
/// every other sector of a group is missing, it takes up to 80. A file that was
/// made to need more is damaged.
const CHECKSUM_FACTOR: u64 = 256;

/// What follows the last good frame of a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Tail {
    /// The rest of a group that never became durable.
    Torn,
    /// Zeros to the end of the file.
    ZeroFill,
    /// Damage; there are valid frames behind it.
    Damaged { follower: u64, sequence: u64 },
}

/// Judges what stands from `from` to the end of the file, where the frame of
/// entry `next` (or a mark before it) should begin and does not. Returns the
/// number of bytes as well.
pub(super) fn judge(file: &dyn JournalFile, from: u64, next: u64) -> io::Result<(Tail, u64)> {
    let length = file.stat()?.length;
    let buffer = vec![0; WINDOW_BYTES + FRAME_BYTES_MAX];
    let mut window = Window { file, buffer, end: 0, base: from };
    let mut judge = Judge::new(from, next, length);
    let mut at = from;
    while at < length {
        let bytes = window.at(at)?;
        if bytes.is_empty() {
            break;
        }
        at += match judge.pass_zeros(at, bytes) {
            0 => judge.see(at, bytes),
            passed => passed,
        };
        if let Some(tail) = judge.settled.take() {
            return Ok((tail, length - from));
        }
    }
    Ok((judge.conclude(), length.saturating_sub(from)))
}

struct Judge {
    from: u64,
    next: u64,
    /// Highest sequence that the tail has room for.
    last: u64,
    all_zero: bool,
    zero_run: u64,
    sector_lost: bool,
    follower: Option<(u64, u64)>,
    checksum_bytes_left: u64,
    settled: Option<Tail>,
}

impl Judge {
    fn new(from: u64, next: u64, length: u64) -> Self {
        let bytes = length.saturating_sub(from);
        Judge {
            from,
            next,
            last: next.saturating_add(bytes / FRAME_HEADER_BYTES as u64),
            all_zero: true,
            zero_run: 0,
            sector_lost: false,
            follower: None,
            checksum_bytes_left: (bytes.saturating_add(FRAME_BYTES_MAX as u64))
                .saturating_mul(CHECKSUM_FACTOR),
            settled: None,
        }
    }

    /// Looks at a position; returns how far to go on.
    fn see(&mut self, at: u64, bytes: &[u8]) -> u64 {
        if let Some(found) = self.frame(at, bytes) {
            let place = (at, found.position());
            if self.follower.is_none() {
                self.count_first_zeros(at, bytes);
            }
            self.all_zero = false;
            self.follower.get_or_insert(place);
            if found.is_mark() {
                self.settled = Some(self.damaged(at, found.position()));
            }
            return found.length() as u64;
        }
        if self.follower.is_none() {
            self.count_zeros(at, bytes.first().is_some_and(|byte| *byte == 0));
        }
        1
    }

    /// Passes positions at which sixteen zeros stand, all at once; how many there
    /// were. No frame begins with those: the checksum of such a mark is not zero.
    fn pass_zeros(&mut self, at: u64, bytes: &[u8]) -> u64 {
        let (pieces, _) = bytes.as_chunks::<FRAME_HEADER_BYTES>();
        let zero_pieces = pieces.iter().take_while(|piece| **piece == [0; _]).count();
        let zeros = zero_pieces * FRAME_HEADER_BYTES;
        let passed = (zeros + 1).saturating_sub(FRAME_HEADER_BYTES) as u64;
        if passed > 0 && self.follower.is_none() {
            self.count_run(at, passed);
        }
        passed
    }

    /// As [`count_zeros`](Judge::count_zeros) of each. The longer a run of zeros
    /// is, the more it says: what matters is the last sector that ends in it.
    fn count_run(&mut self, at: u64, zeros: u64) {
        let sectors_end = (at + zeros) / SECTOR_BYTES * SECTOR_BYTES;
        if sectors_end > at {
            let run = self.zero_run + (sectors_end - at);
            self.sector_lost |= run >= LOST_BYTES_MIN || run == sectors_end - self.from;
        }
        self.zero_run += zeros;
    }

    fn frame<'a>(&mut self, at: u64, bytes: &'a [u8]) -> Option<Frame<'a>> {
        let sequence = bytes.get(8..).and_then(|rest| rest.first_chunk::<8>())?;
        let length = bytes.first_chunk::<4>().map_or(0, |length| u32::from_le_bytes(*length));
        let sequence = frame::position(u64::from_le_bytes(*sequence), length);
        // A reader may see the frame that was missed, written meanwhile.
        let is_next = at == self.from && sequence == self.next;
        if is_next || !(self.next..=self.last).contains(&sequence) {
            return None;
        }
        let needed = length as usize + FRAME_HEADER_BYTES;
        if needed > bytes.len().min(FRAME_BYTES_MAX) {
            // No frame, which shows without a checksum.
            return None;
        }
        match self.checksum_bytes_left.checked_sub(needed as u64) {
            Some(left) => self.checksum_bytes_left = left,
            None => self.settled = Some(self.damaged(at, sequence)),
        }
        frame::parse(bytes).ok()
    }

    fn count_zeros(&mut self, at: u64, is_zero: bool) {
        self.all_zero &= is_zero;
        self.zero_run = if is_zero { self.zero_run + 1 } else { 0 };
        let ends_sector = (at + 1).is_multiple_of(SECTOR_BYTES);
        let is_long = self.zero_run >= LOST_BYTES_MIN || self.zero_run == at + 1 - self.from;
        self.sector_lost |= ends_sector && self.zero_run > 0 && is_long;
    }

    /// What is missing may end within a frame that begins with zeros, as one of 256
    /// bytes does.
    fn count_first_zeros(&mut self, at: u64, frame: &[u8]) {
        for (place, _) in (at..).zip(frame).take_while(|(_, byte)| **byte == 0) {
            self.count_zeros(place, true);
        }
    }

    fn damaged(&self, at: u64, sequence: u64) -> Tail {
        let (follower, sequence) = self.follower.unwrap_or((at, sequence));
        Tail::Damaged { follower, sequence }
    }

    fn conclude(self) -> Tail {
        match self.follower {
            _ if self.all_zero => Tail::ZeroFill,
            None => Tail::Torn,
            Some(_) if self.sector_lost => Tail::Torn,
            Some((follower, sequence)) => Tail::Damaged { follower, sequence },
        }
    }
}

/// A part of the file in memory.
struct Window<'f> {
    file: &'f dyn JournalFile,
    buffer: Vec<u8>,
    /// Where in the buffer the bytes that were read end.
    end: usize,
    base: u64,
}

impl Window<'_> {
    /// The bytes at a position: a longest frame of them, if the file has them.
    fn at(&mut self, at: u64) -> io::Result<&[u8]> {
        let have = (self.base + self.end as u64).saturating_sub(at);
        let is_last = self.end > 0 && self.end < self.buffer.len();
        if have < FRAME_BYTES_MAX as u64 && !is_last {
            self.end = read_up_to(self.file, at, &mut self.buffer)?;
            self.base = at;
        }
        Ok(self.buffer.get((at - self.base) as usize..self.end).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::fs::simulated::SimulatedFs;
    use crate::fs::{JournalFs, OpenMode};

    const NEXT: u64 = 70;

    fn judged(bytes: &[u8], from: usize, passes_zeros: bool) -> (Tail, usize) {
        let mut judge = Judge::new(from as u64, NEXT, bytes.len() as u64);
        let (mut at, mut steps) = (from, 0);
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            let passed = if passes_zeros { judge.pass_zeros(at as u64, rest) } else { 0 };
            at += if passed == 0 { judge.see(at as u64, rest) } else { passed } as usize;
            steps += 1;
            if let Some(tail) = judge.settled.take() {
                return (tail, steps);
            }
        }
        (judge.conclude(), steps)
    }

    /// Something random that may follow a flaw.
    fn tail(random: &mut impl FnMut(usize) -> usize) -> Vec<u8> {
        let mut bytes = vec![b'e'; random(1100)];
        let mut sequence = NEXT;
        for _ in 0..random(7) {
            match random(9) {
                0..=3 => bytes.resize(bytes.len() + random(40), 0),
                4 => bytes.resize(bytes.len() + random(1300), 0),
                5 => bytes.resize(bytes.len() + random(30), 1),
                6 if random(3) == 0 => frame::push_mark(&mut bytes, sequence),
                _ => {
                    frame::push(&mut bytes, sequence, &vec![b'x'; 1 + random(90)]);
                    sequence += 1;
                }
            }
        }
        bytes
    }

    #[test]
    fn zeros_that_are_passed_at_once_mean_the_same() {
        let mut state = 1_u64;
        let mut random = |below: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as usize % below
        };
        let mut seen = [0; 3];
        for _ in 0..3_000 {
            let bytes = tail(&mut random);
            let from = random(600).min(bytes.len());
            let (expected, _) = judged(&bytes, from, false);
            assert_eq!(judged(&bytes, from, true).0, expected, "from {from}: {bytes:?}");
            let kind = match expected {
                Tail::Torn => 0,
                Tail::ZeroFill => 1,
                Tail::Damaged { .. } => 2,
            };
            seen[kind] += 1;
        }
        assert!(seen.iter().all(|seen| *seen > 50), "{seen:?}");
    }

    #[test]
    fn room_that_was_written_ahead_takes_few_steps() {
        let (tail, steps) = judged(&vec![0; 256 * 1024 + 99], 99, true);
        assert_eq!(tail, Tail::ZeroFill);
        assert!(steps < 20, "{steps}");
    }

    #[test]
    fn a_mark_is_found_wherever_a_reading_ends() {
        let path = Path::new("/segment");
        let judged = |bytes: &[u8]| {
            let fs = SimulatedFs::default();
            fs.replace(path, bytes);
            judge(&*fs.open(path, OpenMode::Read).unwrap(), 0, NEXT).unwrap()
        };
        let read_at_once = WINDOW_BYTES + FRAME_BYTES_MAX;
        for follower in read_at_once - FRAME_HEADER_BYTES..=read_at_once + 1 {
            let mut bytes = vec![b'e'; follower];
            frame::push_mark(&mut bytes, NEXT);
            let length = bytes.len() as u64;
            let found = Tail::Damaged { follower: follower as u64, sequence: NEXT };
            assert_eq!(judged(&bytes), (found, length));
        }
        let zeros = vec![0; 3 * read_at_once];
        assert_eq!(judged(&zeros).0, Tail::ZeroFill);
        assert_eq!(judged(&[&zeros[..], b"e"].concat()).0, Tail::Torn);
    }

    #[test]
    fn a_missing_sector_may_end_in_a_frame_that_begins_with_a_zero() {
        let mut bytes = vec![b'e'; 300];
        bytes.resize(SECTOR_BYTES as usize - 1, 0);
        frame::push(&mut bytes, NEXT + 1, &[b'x'; 256]);
        assert_eq!(judged(&bytes, 300, true).0, Tail::Torn);
        // Without a sector's end it is damage.
        bytes.remove(0);
        assert!(matches!(judged(&bytes, 299, true).0, Tail::Damaged { .. }));
    }
}

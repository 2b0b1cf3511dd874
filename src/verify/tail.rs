//! What stands behind the last complete frame of a log: what a crash leaves,
//! or a mark that somebody damaged.
//!
//! What follows the last entry is either nothing or a mark, whose bytes are
//! known in advance. A crash leaves a part of them, or zeros in place of whole
//! sectors. Anything else that is nearly a mark was one. What is no mark at
//! all may be the rest of a group that never became durable; nobody can tell.

use super::finding::{Finding, FindingKind};
use crate::journal::{Remainder, marks_before};

const SECTOR_BYTES: u64 = 512;

/// Bytes of a mark that may be wrong before it is taken for something else. The
/// head of a short entry's frame differs from a mark in its length and its
/// checksum alone, of which one byte may agree by chance.
const WRONG_BYTES_MAX: usize = 2;

/// Judges what follows the last frame, where entry `next` comes next.
pub(super) fn judge(remainder: &Remainder, next: u64) -> Finding {
    let marks = marks_before(next);
    let is_torn = marks.iter().any(|mark| is_torn(remainder, mark));
    match marks.iter().find(|mark| !is_torn && is_nearly(remainder, mark)) {
        Some(mark) => Finding::tampered(
            FindingKind::Frame,
            format!("the mark {}", hex(mark)),
            hex(&remainder.head),
        ),
        None => Finding::notice(FindingKind::Tail, told(remainder)),
    }
}

fn told(remainder: &Remainder) -> String {
    let bytes = remainder.bytes;
    if remainder.is_zero {
        return format!(
            "{bytes} zeros behind the last entry, as a writer writes ahead of what it adds next, and leaves if it does not close the log"
        );
    }
    format!(
        "{bytes} bytes behind the last entry that are none: a crash left them, or a writer is adding to them, or entries that were never signed were damaged"
    )
}

fn is_nearly(remainder: &Remainder, mark: &[u8]) -> bool {
    let wrong = remainder.head.iter().zip(mark).filter(|(found, right)| found != right).count();
    remainder.head.len() == mark.len() && wrong <= WRONG_BYTES_MAX
}

/// Whether each sector has its part of the mark, or nothing.
fn is_torn(remainder: &Remainder, mark: &[u8]) -> bool {
    let to_border = (SECTOR_BYTES - remainder.offset % SECTOR_BYTES) as usize;
    let split = to_border.min(mark.len());
    let is_there_or_lost =
        |found: &[u8], right: &[u8]| found == right || found.iter().all(|byte| *byte == 0);
    let (found, right) = (remainder.head.split_at_checked(split), mark.split_at_checked(split));
    match (found, right) {
        (Some((found_1, found_2)), Some((right_1, right_2))) => {
            is_there_or_lost(found_1, right_1) && is_there_or_lost(found_2, right_2)
        }
        _ => true,
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::finding::Severity;

    fn severity(offset: u64, head: Vec<u8>) -> Severity {
        judge(&remainder(offset, head), 9).severity
    }

    fn remainder(offset: u64, head: Vec<u8>) -> Remainder {
        let is_zero = head.iter().all(|byte| *byte == 0);
        Remainder { offset, bytes: head.len() as u64, head, is_zero }
    }

    #[test]
    fn zeros_are_told_as_what_they_mostly_are() {
        let found = |head| judge(&remainder(1000, head), 9).found;
        assert!(found(vec![0; 300]).starts_with("300 zeros behind the last entry"));
        assert!(found(vec![1; 300]).starts_with("300 bytes behind the last entry that are none"));
    }

    #[test]
    fn every_flipped_bit_of_a_mark_is_seen() {
        for mark in marks_before(9) {
            for bit in 0..mark.len() * 8 {
                let mut flipped = mark.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                assert_eq!(severity(1000, flipped), Severity::Tampered, "{bit}");
            }
        }
    }

    #[test]
    fn what_a_crash_leaves_is_no_tampering() {
        for mark in marks_before(9) {
            for length in 0..mark.len() {
                assert_eq!(severity(1000, mark[..length].to_vec()), Severity::Notice);
            }
            for lost in 0..mark.len() {
                // The border of a sector is `lost` bytes behind its begin.
                let offset = 1024 - lost as u64;
                let mut torn = mark.clone();
                torn[lost..].fill(0);
                assert_eq!(severity(offset, torn), Severity::Notice);
                let mut torn = mark.clone();
                torn[..lost].fill(0);
                assert_eq!(severity(offset, torn), Severity::Notice);
            }
        }
        assert_eq!(severity(1000, b"the rest of an e".to_vec()), Severity::Notice);
    }

    #[test]
    fn the_frame_of_a_torn_entry_is_no_damaged_mark() {
        for mark in marks_before(9) {
            // A length of one byte, and a checksum that agrees in one byte.
            let mut frame = mark.clone();
            frame[0] = 0xfc;
            (4..7).for_each(|at| frame[at] ^= 0x5a);
            assert_eq!(severity(1000, frame), Severity::Notice);
        }
    }
}

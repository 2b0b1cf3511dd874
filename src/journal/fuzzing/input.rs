//! Bytes of the fuzzer as bytes of a segment. A fuzzer does not find checksums
//! by itself, so that it may ask for right ones.

use crate::journal::frame::{self, ENTRY_BYTES_MAX, FRAME_HEADER_BYTES};
use crate::journal::header::SEGMENT_HEADER_BYTES;

/// Longest segment that is made, in bytes.
const BODY_BYTES_MAX: usize = 128 * 1024;

const SECTOR_BYTES: usize = 512;

/// Bytes that are taken from the front.
pub(super) struct Input<'a>(pub(super) &'a [u8]);

impl<'a> Input<'a> {
    /// The next byte; 0 at the end.
    pub(super) fn byte(&mut self) -> u8 {
        self.bytes(1).first().copied().unwrap_or(0)
    }

    /// The next two bytes as a number.
    pub(super) fn number(&mut self) -> usize {
        usize::from(self.byte()) | usize::from(self.byte()) << 8
    }

    /// The next bytes, as many as there are.
    pub(super) fn bytes(&mut self, length: usize) -> &'a [u8] {
        let (head, tail) = self.0.split_at(length.min(self.0.len()));
        self.0 = tail;
        head
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What follows the header of a segment: as given, with right checksums, with
/// right checksums and sequences, or as a script says.
pub(super) fn body(mode: u8, first: u64, given: &[u8]) -> Vec<u8> {
    match mode % 4 {
        0 => given.to_vec(),
        1 => with_checksums(given, None),
        2 => with_checksums(given, Some(first)),
        _ => Script::new(first).run(Input(given)),
    }
}

/// Frames as far as the lengths say, with what makes them valid.
fn with_checksums(given: &[u8], mut next: Option<u64>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(given.len());
    let mut rest = given;
    while let Some((head, entry)) = rest.split_first_chunk::<FRAME_HEADER_BYTES>() {
        let length = usize::from(u16::from_le_bytes([head[0], head[1]])).min(entry.len());
        let [.., a, b, c, d, e, f, g, h] = *head;
        let stated = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
        let closed = stated & (1 << 63);
        let sequence = next.map_or(stated, |next| if length == 0 { next | closed } else { next });
        frame::push(&mut bytes, sequence, &entry[..length]);
        next = next.map(|next| next.saturating_add(u64::from(length > 0)));
        rest = &entry[length..];
    }
    bytes.extend_from_slice(rest);
    bytes
}

/// A writer that makes mistakes on demand.
struct Script {
    body: Vec<u8>,
    next: u64,
    /// Where the last frame begins.
    last: usize,
}

impl Script {
    fn new(first: u64) -> Self {
        Script { body: Vec::new(), next: first, last: 0 }
    }

    fn run(mut self, mut input: Input<'_>) -> Vec<u8> {
        while !input.is_empty() && self.body.len() < BODY_BYTES_MAX {
            self.step(&mut input);
        }
        self.body
    }

    fn step(&mut self, input: &mut Input<'_>) {
        let (deed, shift) = (input.byte(), |by: u8| i64::from(by as i8) as u64);
        match deed % 12 {
            0 => {
                let length = usize::from(input.byte());
                self.entry(self.next, input.bytes(length));
            }
            1 => {
                let length = input.number().min(ENTRY_BYTES_MAX);
                self.entry(self.next, &vec![input.byte(); length]);
            }
            2 => self.mark(self.next),
            3 => self.mark(self.next | 1 << 63),
            4 => self.body.resize(self.body.len() + 16 * usize::from(input.byte()), 0),
            5 => self.entry(self.next.wrapping_add(shift(input.byte())), b"elsewhere"),
            6 => self.mark(self.next.wrapping_add(shift(input.byte()))),
            7 => {
                let length = usize::from(input.byte());
                self.body.extend_from_slice(input.bytes(length));
            }
            8 => {
                let end = (self.body.len() + SEGMENT_HEADER_BYTES).next_multiple_of(SECTOR_BYTES);
                self.body.resize(end - SEGMENT_HEADER_BYTES, 0);
            }
            9 => self.flip(input.number()),
            10 => self.body.truncate(self.body.len().saturating_sub(input.byte().into())),
            _ => self.zero_sector(input.byte().into()),
        }
    }

    fn entry(&mut self, sequence: u64, entry: &[u8]) {
        self.last = self.body.len();
        frame::push(&mut self.body, sequence, entry);
        if sequence == self.next && !entry.is_empty() {
            self.next = self.next.saturating_add(1);
        }
    }

    fn mark(&mut self, sequence: u64) {
        self.last = self.body.len();
        frame::push(&mut self.body, sequence, &[]);
    }

    /// Flips a bit of the last frame, or behind it.
    fn flip(&mut self, bit: usize) {
        if let Some(byte) = self.body.get_mut(self.last + bit / 8) {
            *byte ^= 1 << (bit % 8);
        }
    }

    /// Loses a sector, as a power cut may.
    fn zero_sector(&mut self, number: usize) {
        let begin = (number * SECTOR_BYTES).saturating_sub(SEGMENT_HEADER_BYTES);
        let end = (number + 1) * SECTOR_BYTES - SEGMENT_HEADER_BYTES;
        let end = end.min(self.body.len());
        if let Some(sector) = self.body.get_mut(begin..end) {
            sector.fill(0);
        }
    }
}

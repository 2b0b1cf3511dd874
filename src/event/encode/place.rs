//! What every entry begins with: its sequence. Neighbours differ in the last
//! digit, nine times in ten, so that the text before that is kept.

use super::super::Sequence;
use super::room::Room;
use super::values::push_unsigned;

const KEY: &[u8; 12] = b"{\"sequence\":";

/// Length of the key and of the longest number.
const BYTES_MAX: usize = KEY.len() + 20;

/// Room that writing a number may need beside its digits.
const SPARE: usize = 8;

/// The text of the entry before.
#[derive(Debug)]
pub(super) struct Place {
    /// The sequence whose last digit is zero; none yet where it has another.
    ten: u64,
    /// Up to the last digit of the sequence, and what fills it up to one length.
    text: [u8; BYTES_MAX],
    len: usize,
}

impl Default for Place {
    fn default() -> Self {
        Place { ten: u64::MAX, text: [0; BYTES_MAX], len: 0 }
    }
}

impl Place {
    #[inline]
    pub(super) fn push(&mut self, sequence: Sequence, out: &mut Room<'_>) {
        let Sequence(sequence) = sequence;
        if sequence - sequence % 10 != self.ten {
            self.rewrite(sequence);
        }
        out.put_first(self.len, self.text);
        out.put(&[b'0' + (sequence % 10) as u8]);
    }

    #[cold]
    fn rewrite(&mut self, sequence: u64) {
        let mut text = [0; BYTES_MAX + SPARE];
        let mut room = Room::new(&mut text);
        room.put(KEY);
        push_unsigned(&mut room, sequence);
        self.len = BYTES_MAX + SPARE - room.left() - 1;
        self.ten = sequence - sequence % 10;
        self.text.iter_mut().zip(text).for_each(|(place, byte)| *place = byte);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequences_in_any_order_are_written_as_others_write_them() {
        let mut place = Place::default();
        let in_order = (0..1_050).chain(99_999_985..100_000_015).chain(u64::MAX - 25..=u64::MAX);
        for sequence in in_order.chain([7, 8, 108, 8, u64::MAX - 3, 0, 999, 1_000]) {
            let mut space = [0; 64];
            let mut room = Room::new(&mut space);
            place.push(Sequence(sequence), &mut room);
            let written = 64 - room.left();
            let text = format!("{{\"sequence\":{sequence}");
            assert_eq!(space[..written], *text.as_bytes());
        }
    }
}

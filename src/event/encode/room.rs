//! Where an entry is written: room that is there already.
//!
//! A vector that grows stores its length with each piece, and reads it again before
//! the next one. Room of a known size is two registers. What does not fit is not
//! written, and nothing behind it: so only the last piece has to be asked about, and
//! whoever wrote tries again with more room.

use std::fmt;
use std::io;
use std::mem::take;

/// The room that is left. Handed on by value where it goes out of sight of the
/// compiler, which keeps it in registers otherwise.
#[derive(Debug, Default)]
pub(super) struct Room<'a>(&'a mut [u8]);

impl<'a> Room<'a> {
    pub(super) fn new(room: &'a mut [u8]) -> Self {
        Room(room)
    }

    /// How many bytes are left; none, if something did not fit.
    #[inline(always)]
    pub(super) fn left(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing more fits.
    #[inline(always)]
    pub(super) fn is_spent(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes so many bytes of the room. If there are fewer, there is nothing to have,
    /// and all of the room is spent: nothing that comes behind is written then.
    #[inline(always)]
    pub(super) fn take(&mut self, len: usize) -> Option<&'a mut [u8]> {
        let (taken, left) = take(&mut self.0).split_at_mut_checked(len)?;
        self.0 = left;
        Some(taken)
    }

    /// The same of a number that is known beforehand.
    #[inline(always)]
    pub(super) fn take_chunk<const N: usize>(&mut self) -> Option<&'a mut [u8; N]> {
        let (taken, left) = take(&mut self.0).split_first_chunk_mut()?;
        self.0 = left;
        Some(taken)
    }

    /// Writes bytes; whether they fit. Good for a number of bytes that is known
    /// beforehand.
    #[inline(always)]
    pub(super) fn put(&mut self, bytes: &[u8]) -> bool {
        match self.take(bytes.len()) {
            Some(place) => {
                place.copy_from_slice(bytes);
                true
            }
            None => false,
        }
    }

    /// Writes bytes; few of them without a call.
    #[inline(always)]
    pub(super) fn put_text(&mut self, text: &[u8]) {
        match text.len() {
            4..=7 => self.put_overlapping::<4>(text),
            8..=16 => self.put_overlapping::<8>(text),
            17..=32 => self.put_overlapping::<16>(text),
            _ => {
                self.put(text);
            }
        }
    }

    /// Writes from `N` to `2 N` bytes, as two pieces that overlap.
    #[inline(always)]
    fn put_overlapping<const N: usize>(&mut self, text: &[u8]) {
        let Some(place) = self.take(text.len()) else { return };
        if let (Some(first), Some(place)) = (text.first_chunk::<N>(), place.first_chunk_mut()) {
            *place = *first;
        }
        if let (Some(last), Some(place)) = (text.last_chunk::<N>(), place.last_chunk_mut()) {
            *place = *last;
        }
    }

    /// Writes the first `len` of some bytes. There has to be room for all of them.
    #[inline(always)]
    pub(super) fn put_first<const N: usize>(&mut self, len: usize, bytes: [u8; N]) {
        let room = take(&mut self.0);
        let Some(place) = room.first_chunk_mut() else { return };
        *place = bytes;
        self.0 = room.get_mut(len.min(N)..).unwrap_or_default();
    }

    /// Lets a function write that is not to become a part of its caller.
    #[inline(always)]
    pub(super) fn pass(&mut self, write: impl FnOnce(Room<'a>) -> Room<'a>) {
        *self = write(take(self));
    }
}

/// Never fails: what does not fit is noticed at the end.
impl fmt::Write for Room<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.put(text.as_bytes());
        Ok(())
    }
}

/// The same.
impl io::Write for Room<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.put(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_every_length_are_written_if_they_fit_and_nothing_behind_what_does_not() {
        let bytes: Vec<u8> = (1..=100).collect();
        for length in 0..=bytes.len() {
            for space in [length, length + 1, 200] {
                let mut space = vec![0; space];
                let mut room = Room::new(&mut space);
                room.put_text(&bytes[..length]);
                let left = room.left();
                assert_eq!(left, space.len() - length);
                assert_eq!(space[..length], bytes[..length]);
                assert!(space[length..].iter().all(|byte| *byte == 0));
            }
            if length > 0 {
                let mut space = vec![0; length - 1];
                let mut room = Room::new(&mut space);
                room.put_text(&bytes[..length]);
                assert!(!room.put(b"!"));
                assert!(space.iter().all(|byte| *byte == 0));
            }
        }
    }

    #[test]
    fn the_first_of_some_bytes_need_room_for_all() {
        let mut space = [0; 9];
        let mut room = Room::new(&mut space);
        room.put_first(1, *b"12345678");
        assert_eq!(room.left(), 8);
        room.put_first(8, *b"abcdefgh");
        assert_eq!((room.left(), space), (0, *b"1abcdefgh"));
        let mut room = Room::new(&mut space);
        room.put_first(2, *b"12345678");
        room.put_first(0, *b"12345678");
        assert!(room.left() == 0 && !room.put(b"x"));
    }
}

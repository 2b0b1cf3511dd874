//! Bytes that lie in place while they are few, and on the heap when they are
//! many. No allocation, and nothing to read before it can be written, for what
//! an ordinary span records.

use std::fmt;

/// Bytes that lie in place.
const IN_PLACE: usize = 236;

/// What the length in place says when everything is on the heap.
const ON_HEAP: u32 = u32::MAX;

/// A growing buffer. What went to the heap stays there until it is cleared.
#[derive(Clone)]
#[repr(C)]
pub(super) struct Bytes {
    /// In place, or [`ON_HEAP`].
    len: u32,
    place: [u8; IN_PLACE],
    heap: Vec<u8>,
}

impl Bytes {
    /// Empties a buffer that [is in place](Self::is_in_place), without looking
    /// at it.
    #[inline]
    pub(super) fn restart(&mut self) {
        self.len = 0;
    }

    pub(super) fn clear(&mut self) {
        self.len = 0;
        self.heap = Vec::new();
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        if self.is_in_place() { self.len as usize } else { self.heap.len() }
    }

    #[inline]
    pub(super) fn is_in_place(&self) -> bool {
        self.len != ON_HEAP
    }

    /// Whether a head and a body of so many bytes lie in place when they are
    /// appended.
    #[inline(always)]
    pub(super) fn fits(&self, body_bytes: usize) -> bool {
        fits_at(self.len as usize, body_bytes)
    }

    #[inline]
    pub(super) fn as_slice(&self) -> &[u8] {
        match self.place.get(..self.len as usize) {
            Some(bytes) => bytes,
            None => self.heap_slice(),
        }
    }

    /// Apart, so that nobody reads where it lies unless something is there.
    #[cold]
    #[inline(never)]
    fn heap_slice(&self) -> &[u8] {
        &self.heap
    }

    /// Where the next head goes, if what is appended [fits](Self::fits).
    #[inline(always)]
    pub(super) fn end_in_place(&self) -> usize {
        self.len as usize
    }

    /// Appends, at the end in place, what is known to [fit there](fits_at) and not to be
    /// empty. Of the head the lower half is given; the upper one is the length of the body.
    #[inline(always)]
    pub(super) fn append_in_place(&mut self, start: usize, head: u32, body: &[u8]) {
        let place = self.place.get_mut(start..).and_then(|place| place.split_first_chunk_mut());
        let Some((head_place, room)) = place else { return };
        // As far as the last byte, which is what is known to fit.
        if let Some(body_place) = room.get_mut(..=body.len().wrapping_sub(1)) {
            self.len = (start + HEAD_BYTES + body.len()) as u32;
            *head_place = (u64::from(head) | (body.len() as u64) << 32).to_le_bytes();
            body_place.copy_from_slice(body);
        }
    }

    /// The room behind the next head; none, if it does not lie in place.
    #[inline(always)]
    pub(super) fn room_in_place(&mut self) -> &mut [u8] {
        self.place.get_mut(self.len as usize + HEAD_BYTES..).unwrap_or_default()
    }

    /// Appends, at the end in place, a head and the bytes that lie behind it.
    #[inline(always)]
    pub(super) fn keep_in_place(&mut self, start: usize, head: u64, body_bytes: usize) {
        let place = self.place.get_mut(start..);
        if let Some(head_place) = place.and_then(|place| place.first_chunk_mut()) {
            *head_place = head.to_le_bytes();
            self.len = (start + HEAD_BYTES + body_bytes) as u32;
        }
    }

    /// Appends `head` and `body`. Copying `body` comes last, so that whoever has
    /// nothing to do after that has nothing to keep meanwhile.
    #[inline(always)]
    pub(super) fn append(&mut self, head: u64, body: &[u8]) {
        let (start, head) = (self.len as usize, head.to_le_bytes());
        let end = start + HEAD_BYTES + body.len();
        let place = self.place.get_mut(start..end);
        match place.and_then(|place| place.split_first_chunk_mut()) {
            Some((head_place, body_place)) => {
                self.len = end as u32;
                *head_place = head;
                body_place.copy_from_slice(body);
            }
            None => self.append_on_heap(head, body),
        }
    }

    #[cold]
    #[inline(never)]
    fn append_on_heap(&mut self, head: [u8; HEAD_BYTES], body: &[u8]) {
        self.move_to_heap(head.len() + body.len());
        self.heap.extend_from_slice(&head);
        self.heap.extend_from_slice(body);
    }

    /// Moves everything to the heap, unless it is there, with room for more.
    pub(super) fn move_to_heap(&mut self, more_bytes: usize) {
        if let Some(in_place) = self.place.get(..self.len as usize) {
            self.heap = Vec::with_capacity(2 * (in_place.len() + more_bytes));
            self.heap.extend_from_slice(in_place);
            self.len = ON_HEAP;
        }
    }
}

/// Whether a head and a body of so many bytes lie in place from there on. Asked in two
/// steps, behind which the compiler knows that no sum overflows, and checks nothing again.
#[inline(always)]
pub(super) fn fits_at(start: usize, body_bytes: usize) -> bool {
    LAST_START.checked_sub(start).is_some_and(|room| body_bytes <= room)
}

/// Bytes of a head.
pub(super) const HEAD_BYTES: usize = 8;

/// Where a head lies in place at the latest.
pub(super) const LAST_START: usize = IN_PLACE - HEAD_BYTES;

impl Default for Bytes {
    fn default() -> Self {
        Bytes { len: 0, place: [0; IN_PLACE], heap: Vec::new() }
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_slice().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_every_length_are_copied_whole() {
        let text: Vec<u8> = (0..80).collect();
        for len in 1..text.len() {
            let mut bytes = Bytes::default();
            bytes.append_in_place(0, 7, &text[..len]);
            assert_eq!(bytes.as_slice()[HEAD_BYTES..], text[..len]);
        }
    }

    #[test]
    fn what_was_appended_is_there_in_place_and_on_the_heap() {
        let (mut bytes, mut model) = (Bytes::default(), Vec::new());
        for number in 0..40_u8 {
            bytes.append(number.into(), &[number; 18]);
            model.extend_from_slice(&[number, 0, 0, 0, 0, 0, 0, 0]);
            model.extend_from_slice(&[number; 18]);
            assert_eq!(bytes.as_slice(), model);
            assert_eq!(bytes.is_in_place(), model.len() <= IN_PLACE);
            assert_eq!(bytes.fits(18), model.len() + 26 <= IN_PLACE);
            assert_eq!(bytes.len(), model.len());
        }
        bytes.clear();
        assert!(bytes.as_slice().is_empty() && bytes.is_in_place());
        assert_eq!(bytes.heap.capacity(), 0);
    }
}

//! Bytes that lie in place while they are few, and on the heap when they are
//! many. No allocation, and nothing to read before it can be written, for what
//! an ordinary span records.

use std::fmt;

/// Bytes that lie in place.
const IN_PLACE: usize = 236;

/// A growing buffer.
#[derive(Clone)]
#[repr(C)]
pub(super) struct Bytes {
    len: u32,
    place: [u8; IN_PLACE],
    /// Everything is here once it exceeds `IN_PLACE`.
    heap: Vec<u8>,
}

impl Bytes {
    /// Empties a buffer that [is in place](Self::is_in_place), without looking
    /// at it.
    #[inline]
    pub(super) fn restart(&mut self) {
        self.len = 0;
        // Asks for the lines behind the one in which writing begins.
        (self.place[LINE_BYTES], self.place[2 * LINE_BYTES]) = (0, 0);
    }

    pub(super) fn clear(&mut self) {
        self.len = 0;
        self.heap = Vec::new();
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.len as usize
    }

    #[inline]
    pub(super) fn is_in_place(&self) -> bool {
        self.len() <= IN_PLACE
    }

    #[inline]
    pub(super) fn as_slice(&self) -> &[u8] {
        self.place.get(..self.len()).unwrap_or(&self.heap)
    }

    /// Appends `head` and `body`. Copying `body` comes last, so that whoever has
    /// nothing to do after that has nothing to keep meanwhile.
    #[inline(always)]
    pub(super) fn append(&mut self, head: u64, body: &[u8]) {
        let (start, head) = (self.len(), head.to_le_bytes());
        let end = start + head.len() + body.len();
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
    fn append_on_heap(&mut self, head: [u8; 8], body: &[u8]) {
        let end = self.len() + head.len() + body.len();
        if self.is_in_place() {
            let in_place = self.place.get(..self.len()).unwrap_or_default();
            self.heap = Vec::with_capacity(2 * (in_place.len() + body.len()));
            self.heap.extend_from_slice(in_place);
        }
        self.heap.extend_from_slice(&head);
        self.heap.extend_from_slice(body);
        self.len = end as u32;
    }
}

/// A line of the cache, on most machines.
const LINE_BYTES: usize = 64;

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
    fn what_was_appended_is_there_in_place_and_on_the_heap() {
        let (mut bytes, mut model) = (Bytes::default(), Vec::new());
        for number in 0..40_u8 {
            bytes.append(number.into(), &[number; 18]);
            model.extend_from_slice(&[number, 0, 0, 0, 0, 0, 0, 0]);
            model.extend_from_slice(&[number; 18]);
            assert_eq!(bytes.as_slice(), model);
            assert_eq!(bytes.is_in_place(), model.len() <= IN_PLACE);
        }
        bytes.clear();
        assert!(bytes.as_slice().is_empty() && bytes.is_in_place());
        assert_eq!(bytes.heap.capacity(), 0);
    }
}

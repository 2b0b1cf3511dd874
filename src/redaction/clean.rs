//! Short texts in which nothing was found, remembered.
//!
//! Bounded and direct-mapped: one text pushes out another. What is remembered
//! is compared byte by byte, so a wrong answer is impossible.

/// Longest text that is remembered.
const TEXT_BYTES_MAX: usize = 48;

const SLOTS: usize = 1024;

/// Texts in which nothing was found.
#[derive(Debug)]
pub(super) struct Clean(Box<[Slot]>);

#[derive(Debug, Clone, Copy)]
struct Slot {
    /// By which rules; none yet where the length is zero.
    whose: u64,
    length: u8,
    bytes: [u8; TEXT_BYTES_MAX],
}

impl Clean {
    #[inline]
    pub(super) fn contains(&self, whose: u64, text: &[u8]) -> bool {
        let slot = self.0.get(slot_of(whose, text));
        slot.is_some_and(|slot| {
            slot.whose == whose && slot.bytes.get(..usize::from(slot.length)) == Some(text)
        })
    }

    #[inline]
    pub(super) fn insert(&mut self, whose: u64, text: &[u8]) {
        let Some(slot) = self.0.get_mut(slot_of(whose, text)) else { return };
        if let Some(bytes) = slot.bytes.get_mut(..text.len()) {
            bytes.copy_from_slice(text);
            (slot.whose, slot.length) = (whose, text.len() as u8);
        }
    }
}

impl Default for Clean {
    fn default() -> Self {
        Clean(vec![Slot { whose: 0, length: 0, bytes: [0; TEXT_BYTES_MAX] }; SLOTS].into())
    }
}

/// From the length and the first and last eight bytes.
#[inline]
fn slot_of(whose: u64, text: &[u8]) -> usize {
    let head = text.first_chunk().map_or_else(|| short(text), |head| u64::from_le_bytes(*head));
    let tail = text.last_chunk().map_or(0, |tail| u64::from_le_bytes(*tail));
    let mixed = (head ^ tail.rotate_left(29) ^ (text.len() as u64) << 48 ^ whose << 56)
        .wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed >> (u64::BITS - SLOTS.ilog2())) as usize
}

#[inline]
fn short(text: &[u8]) -> u64 {
    text.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_in_is_found_until_something_else_takes_its_place() {
        let mut clean = Clean::default();
        let long = [b'x'; TEXT_BYTES_MAX + 1];
        clean.insert(7, &long);
        assert!(!clean.contains(7, &long));
        for number in 0..10_000_u32 {
            let text = format!("user_{number}");
            clean.insert(7, text.as_bytes());
            assert!(clean.contains(7, text.as_bytes()));
            assert!(!clean.contains(8, text.as_bytes()));
            assert!(!clean.contains(7, format!("user_{number}x").as_bytes()));
        }
    }
}

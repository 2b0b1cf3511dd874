//! A first look at a text, eight bytes at a time: most have nothing in them
//! that any secret could begin with, and are done with.
//!
//! A word is a run of bytes without spaces. What is here only says that there
//! may be something; what looks closely decides.

/// No key or token is shorter than this, with its prefix.
pub(super) const KEY_BYTES_MIN: usize = 20;

/// Shorter words behind the name of an HTTP scheme are no credentials.
pub(super) const CREDENTIAL_BYTES_MIN: usize = 12;

/// Card numbers have so many digits at least, and nothing but spaces and
/// dashes between them.
pub(super) const CARD_BYTES_MIN: usize = 14;

const _: () = assert!(KEY_BYTES_MIN == CREDENTIAL_BYTES_MIN + 8 && CARD_BYTES_MIN == 12 + 2);

/// A window is what fits into the bits of a word of the machine; the next one
/// begins before it ends, so that each run is whole in one of them.
const WINDOW_BYTES: usize = 64;
const STEP_BYTES: usize = WINDOW_BYTES - KEY_BYTES_MIN;

/// What may be in a text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Signs {
    /// A word as long as a key, or one after a space that is as long as a
    /// credential.
    pub(super) has_words: bool,
    /// So many digits and punctuation in a row that they may be a card's number.
    pub(super) has_digits: bool,
    /// One of `:;<=>?@`.
    pub(super) has_signs: bool,
    /// `%`, which begins an escape in URLs.
    pub(super) has_percent: bool,
    /// A capital V, as in `PRIVATE KEY`.
    pub(super) has_v: bool,
}

impl Signs {
    #[inline]
    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut seen = Seen::default();
        let (mut from, mut is_inside) = (0, false);
        loop {
            let window = bytes.get(from..).unwrap_or_default();
            let window = window.get(..WINDOW_BYTES).unwrap_or(window);
            is_inside = seen.add(window, from > 0, is_inside);
            if from + WINDOW_BYTES >= bytes.len() {
                return seen.signs();
            }
            from += STEP_BYTES;
        }
    }

    /// Whether there is nothing to look for.
    #[inline]
    pub(super) fn is_nothing(self) -> bool {
        self == Signs::default()
    }
}

/// What has been seen in the windows so far. Zero is nothing.
#[derive(Debug, Default)]
struct Seen {
    words: u64,
    digits: u64,
    signs: u64,
    percent: u64,
    v: u64,
}

impl Seen {
    /// Looks at a window. `is_inside`: the byte before belongs to a word.
    /// Whether the byte before the next window does.
    #[inline]
    fn add(&mut self, window: &[u8], is_later: bool, is_inside: bool) -> bool {
        let (mut words, mut low) = (0, 0);
        let mut shift = 0;
        for eight in window.chunks(8) {
            let eight = load(eight);
            words |= gather(visible(eight)) << shift;
            low |= gather(low_visible(eight)) << shift;
            self.signs |= within(eight, b':', b'@');
            self.percent |= equal(eight, b'%');
            self.v |= equal(eight, b'V');
            shift += 8;
        }
        let (two, low_two) = (words & words >> 1, low & low >> 1);
        let (four, low_four) = (two & two >> 2, low_two & low_two >> 2);
        let eight = four & four >> 4;
        let twelve = eight & four >> 8;
        let begins = !(words << 1 | u64::from(is_inside || !is_later));
        self.words |= twelve & eight >> CREDENTIAL_BYTES_MIN | twelve & begins;
        let low_eight = low_four & low_four >> 4;
        self.digits |= low_eight & low_four >> 8 & low_two >> (CARD_BYTES_MIN - 2);
        words >> (STEP_BYTES - 1) & 1 == 1
    }

    fn signs(&self) -> Signs {
        Signs {
            has_words: self.words != 0,
            has_digits: self.digits != 0,
            has_signs: self.signs != 0,
            has_percent: self.percent != 0,
            has_v: self.v != 0,
        }
    }
}

/// The words that are long enough to look at.
pub(super) fn words(bytes: &[u8], bytes_min: usize) -> impl Iterator<Item = (usize, usize)> {
    let mut from = 0;
    std::iter::from_fn(move || {
        while from < bytes.len() {
            let start = from;
            let end = position(bytes, start, |eight| !visible(eight));
            from = end + 1;
            if end - start >= bytes_min {
                return Some((start, end));
            }
        }
        None
    })
}

/// Where something may begin: at `start`, and behind whatever is no letter or
/// digit. Up to `last`.
pub(super) fn beginnings(bytes: &[u8], start: usize, last: usize) -> impl Iterator<Item = usize> {
    let mut next = start;
    std::iter::from_fn(move || {
        if next > last {
            return None;
        }
        let found = next;
        next = position(bytes, next, |eight| !alphanumeric(eight)) + 1;
        Some(found)
    })
}

/// The first byte from `from` on that is marked; the length if there is none.
#[inline]
fn position(bytes: &[u8], from: usize, mark: impl Fn(u64) -> u64) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    let mut at = from;
    for eight in rest.chunks(8) {
        let marked = mark(load(eight)) & HIGH;
        if marked != 0 {
            return (at + (marked.trailing_zeros() / 8) as usize).min(bytes.len());
        }
        at += 8;
    }
    bytes.len()
}

pub(super) const LOW: u64 = 0x0101_0101_0101_0101;
pub(super) const HIGH: u64 = 0x8080_8080_8080_8080;

/// Up to eight bytes, the first in the lowest place; zeros after the last.
#[inline]
pub(super) fn load(bytes: &[u8]) -> u64 {
    if let Some(eight) = bytes.first_chunk() {
        return u64::from_le_bytes(*eight);
    }
    if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        let (first, last) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
        return u64::from(first) | u64::from(last) << (8 * (bytes.len() - 4));
    }
    match *bytes {
        [first, second, third] => u64::from(u32::from_le_bytes([first, second, third, 0])),
        [first, second] => u64::from(u16::from_le_bytes([first, second])),
        [first] => u64::from(first),
        _ => 0,
    }
}

/// The highest bit of each byte, moved together.
#[inline]
fn gather(marked: u64) -> u64 {
    ((marked & HIGH) >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56
}

/// Marks bytes that are no spaces or controls; those beyond ASCII are visible.
#[inline]
fn visible(eight: u64) -> u64 {
    ((eight & !HIGH) + LOW * (0x7F - u64::from(b' '))) | eight
}

/// Marks spaces, digits and what stands among them in ASCII: no letters.
#[inline]
pub(super) fn low_visible(eight: u64) -> u64 {
    eight << 2 & !(eight << 1) & !eight & HIGH
}

/// Marks the bytes from `first` to `last`.
#[inline]
fn within(eight: u64, first: u8, last: u8) -> u64 {
    let low = eight & !HIGH;
    let from = low + LOW * (0x80 - u64::from(first));
    let beyond = low + LOW * (0x7F - u64::from(last));
    from & !beyond & !eight & HIGH
}

/// Marks the bytes that are `byte`.
#[inline]
fn equal(eight: u64, byte: u8) -> u64 {
    let other = eight ^ (LOW * u64::from(byte));
    !(((other & !HIGH) + !HIGH) | other) & HIGH
}

/// Marks ASCII letters and digits.
#[inline]
fn alphanumeric(eight: u64) -> u64 {
    let letters = within(eight | (LOW * 0x20), b'a', b'z');
    letters | within(eight, b'0', b'9')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(mark: impl Fn(u64) -> u64) -> Vec<u8> {
        (0..=255).filter(|byte| mark(LOW * u64::from(*byte)) & HIGH == HIGH).collect()
    }

    #[test]
    fn every_class_has_exactly_its_bytes() {
        let bytes = |is: fn(u8) -> bool| (0..=255).filter(|byte| is(*byte)).collect::<Vec<_>>();
        assert_eq!(class(visible), bytes(|byte| byte > b' '));
        assert_eq!(class(low_visible), bytes(|byte| (b' '..b'@').contains(&byte)));
        assert_eq!(class(alphanumeric), bytes(|byte| byte.is_ascii_alphanumeric()));
        assert_eq!(class(|eight| within(eight, b':', b'@')), b":;<=>?@");
        assert_eq!(class(|eight| equal(eight, b'%')), b"%");
    }

    #[test]
    fn classes_do_not_depend_on_neighbours() {
        for byte in 0..=255_u8 {
            for other in [0, b'0', b'a', b'@', 0x7F, 0x80, 0xFF] {
                let mut eight = [other; 8];
                eight[3] = byte;
                for mark in [visible, low_visible, alphanumeric] {
                    let marked = mark(u64::from_le_bytes(eight)) >> 31 & 1;
                    assert_eq!(marked, mark(LOW * u64::from(byte)) >> 31 & 1, "{byte} {other}");
                }
            }
        }
    }

    #[test]
    fn runs_are_seen_wherever_they_lie_and_shorter_ones_are_not() {
        for before in 0..150 {
            for after in [0, 1, 100] {
                let text =
                    |run: &str| format!("{}{run}{}", " a".repeat(before), " a".repeat(after));
                let of = |run: &str| Signs::of(text(run).as_bytes());
                let key = format!(" {}", "k".repeat(KEY_BYTES_MIN));
                assert!(of(&key).has_words && !of(&key).has_digits, "{before}");
                assert!(of(" kkkkkkkkkkkk").has_words && of(" 2222 3333 4444").has_digits);
                assert!(of(" kkkkkkkkkkk").is_nothing() && of("a2222 333344b").is_nothing());
                for sign in [":", "=", "@", "?"] {
                    assert!(of(sign).has_signs);
                }
                assert!(of("%").has_percent && of("V").has_v);
            }
        }
        assert!(Signs::of(b"kkkkkkkkkkkkkkkkkkk").is_nothing(), "a short word on its own");
    }

    #[test]
    fn words_and_beginnings_are_where_they_are() {
        let text = "é one two-three \t{\"four\"}";
        let words: Vec<_> = words(text.as_bytes(), 3).map(|(from, to)| &text[from..to]).collect();
        assert_eq!(words, ["one", "two-three", "{\"four\"}"]);
        let found: Vec<_> = beginnings(b"a-bc_d.", 0, 5).collect();
        assert_eq!(found, [0, 2, 5]);
        assert_eq!(beginnings(b"0123456789abcdef-x", 0, 9).count(), 1);
    }
}

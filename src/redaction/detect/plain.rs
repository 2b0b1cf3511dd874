//! The quickest look at a text: most are names and ids that are shorter than any
//! key and made of letters and digits, and are done with.
//!
//! It may take a text for more than that, never for less: what is plain, no
//! other look would find anything in.

use super::signs::{CARD_BYTES_MIN, KEY_BYTES_MIN, load, low_visible};
use super::signs::{HIGH, LOW};

/// Whether a text is too short for a key, and of bytes of which none begins or
/// separates anything.
///
/// Such a text is of one word, so that nothing can follow the name of a scheme in it.
#[inline]
pub(in crate::redaction) fn is_plain(text: &[u8]) -> bool {
    text.len() < KEY_BYTES_MIN && conspicuous(text) & HIGH == 0 && !may_be_card(text)
}

/// Marks where bytes are not plain; somewhere, if any is not.
#[inline]
fn conspicuous(text: &[u8]) -> u64 {
    let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) else {
        return conspicuous_in(padded(text));
    };
    let middle = text.get(8..).and_then(|rest| rest.first_chunk()).unwrap_or(first);
    let eights = [first, middle, last].map(|eight| u64::from_le_bytes(*eight));
    eights.into_iter().fold(0, |marked, eight| marked | conspicuous_in(eight))
}

/// Fewer than eight bytes, and plain ones after the last.
#[inline]
fn padded(text: &[u8]) -> u64 {
    load(text) | (LOW * u64::from(b'a')).checked_shl(8 * text.len() as u32).unwrap_or(0)
}

/// Marks bytes beyond ASCII, and if there are none, those that are not plain:
/// up to `%`, from `:` to `@`, `V` and `]`.
#[inline]
fn conspicuous_in(eight: u64) -> u64 {
    let from = |first: u8| eight.wrapping_add(LOW * (0x80 - u64::from(first)));
    let is_not = |byte: u8| (eight ^ (LOW * u64::from(byte))).wrapping_add(LOW * 0x7F);
    !from(b'&') | (from(b':') & !from(b'A')) | !is_not(b'V') | !is_not(b']') | eight
}

/// Whether the eight bytes that lie in each run of so many have no letter.
#[inline]
fn may_be_card(text: &[u8]) -> bool {
    let Some(start) = text.len().checked_sub(CARD_BYTES_MIN) else { return false };
    let inside = text.get(start..).and_then(|rest| rest.first_chunk());
    inside.is_none_or(|eight| low_visible(u64::from_le_bytes(*eight)) == HIGH)
}

/// The first of these runs ends before which the last one begins.
const _: () = assert!(KEY_BYTES_MIN - 1 - CARD_BYTES_MIN + 8 <= CARD_BYTES_MIN);

#[cfg(test)]
mod tests {
    use super::super::scan::findings;
    use super::super::signs::Signs;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(crate::soak::cases(20_000))]

        #[test]
        fn what_is_plain_has_no_sign_in_any_case(text in "[ -~]{0,24}|[a-z0-9_-]{0,24}|[0-9 a-]{0,24}|.{0,20}") {
            if is_plain(text.as_bytes()) {
                prop_assert!(Signs::of(text.as_bytes()).is_nothing());
                prop_assert!(Signs::of(text.to_ascii_lowercase().as_bytes()).is_nothing());
                prop_assert!(text.is_ascii() && !text.ends_with(']'));
                prop_assert_eq!(findings(&text), []);
            }
        }
    }

    #[test]
    fn each_byte_counts_wherever_it_stands() {
        for byte in 0..=255_u8 {
            let is_conspicuous = matches!(byte, 0..=b'%' | b':'..=b'@' | b'V' | b']' | 128..);
            for len in 1..KEY_BYTES_MIN {
                for at in 0..len {
                    let mut text = vec![b'x'; len];
                    text[at] = byte;
                    assert_eq!(is_plain(&text), !is_conspicuous, "{byte} at {at} of {len}");
                }
            }
        }
        assert!(is_plain(b"") && !is_plain(&[b'x'; KEY_BYTES_MIN]));
    }

    #[test]
    fn ids_are_plain_and_what_may_be_the_number_of_a_card_is_not() {
        for id in ["user-00123", "sess-00123-0000a1", "entry_0123456789ab", "STORE", "kb/7", "a.b"]
        {
            assert!(is_plain(id.as_bytes()), "{id}");
        }
        for number in
            ["30569309025904", "4111111111111111", "id_30569309025904", "4111-1111-1111-1111"]
        {
            assert!(!is_plain(number.as_bytes()), "{number}");
        }
    }
}

//! Text as JSON strings.

/// Appends a JSON string, quotes included.
#[inline]
pub(super) fn push_text(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    push_escaped(out, text);
    out.push(b'"');
}

/// Appends what stands between the quotes.
#[inline]
pub(super) fn push_escaped(out: &mut Vec<u8>, text: &str) {
    if is_plain(text.as_bytes()) {
        out.extend_from_slice(text.as_bytes());
    } else {
        push_each(out, text);
    }
}

/// Whether nothing in it has to be escaped. Eight bytes at a time.
#[inline]
fn is_plain(text: &[u8]) -> bool {
    let words = text.chunks_exact(8);
    let mut last = [b' '; 8];
    for (to, from) in last.iter_mut().zip(words.remainder()) {
        *to = *from;
    }
    let mut special = specials(u64::from_le_bytes(last));
    for word in words.filter_map(|word| word.first_chunk()) {
        special |= specials(u64::from_le_bytes(*word));
    }
    special == 0
}

/// Not zero if one of the bytes is a quote, a backslash or a control character.
#[inline]
fn specials(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let below = |word: u64, bound: u64| word.wrapping_sub(ONES * bound) & !word & HIGH;
    let is = |byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
    below(word, 0x20) | is(b'"') | is(b'\\')
}

#[cold]
fn push_each(out: &mut Vec<u8>, text: &str) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| HEX.get(usize::from(value)).copied().unwrap_or(b'0');
    for byte in text.bytes() {
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0x08 => out.extend_from_slice(b"\\b"),
            0x0c => out.extend_from_slice(b"\\f"),
            0..0x20 => {
                out.extend_from_slice(b"\\u00");
                out.extend([digit(byte >> 4), digit(byte & 15)]);
            }
            _ => out.push(byte),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_at_every_place_is_written_as_serde_does() {
        let characters =
            (0..0x300_u32).chain([0x2028, 0xfffd, 0x1_f600]).filter_map(char::from_u32);
        for character in characters {
            for place in 0..18 {
                let text = format!("{}{character}{}", "a".repeat(place), "é".repeat(3));
                let mut written = Vec::new();
                push_text(&mut written, &text);
                assert_eq!(written, serde_json::to_vec(&text).unwrap(), "{text:?}");
            }
        }
    }
}

//! Text as JSON strings.

use super::room::Room;

/// Appends a JSON string, quotes included, of bytes that are known to be UTF-8.
#[inline(always)]
pub(super) fn push_known(out: &mut Room<'_>, text: &[u8]) {
    out.put(b"\"");
    push_escaped(out, text);
    out.put(b"\"");
}

/// Whether bytes that nobody has looked at are UTF-8.
#[inline]
pub(super) fn is_text(bytes: &[u8]) -> bool {
    bytes.is_ascii() || std::str::from_utf8(bytes).is_ok()
}

/// Appends what stands between the quotes, of bytes that are known to be UTF-8.
/// Inlined, so that each place has its own guess how long a text will be.
#[inline(always)]
pub(super) fn push_escaped(out: &mut Room<'_>, text: &[u8]) {
    if is_plain(text) {
        out.put_text(text);
    } else {
        out.pass(|out| push_each(out, text));
    }
}

/// Whether nothing in it has to be escaped. Many bytes at a time; the last ones
/// are looked at together with some before them.
#[inline(always)]
fn is_plain(text: &[u8]) -> bool {
    if let Some(last) = text.last_chunk::<16>() {
        let (chunks, _) = text.as_chunks::<16>();
        !chunks.iter().any(has_special) && !has_special(last)
    } else if let (Some(first), Some(last)) = (text.first_chunk::<8>(), text.last_chunk::<8>()) {
        specials(u64::from_le_bytes(*first)) | specials(u64::from_le_bytes(*last)) == 0
    } else if let (Some([a, b, c, d]), Some([e, f, g, h])) = (text.first_chunk(), text.last_chunk())
    {
        specials(u64::from_le_bytes([*a, *b, *c, *d, *e, *f, *g, *h])) == 0
    } else {
        !text.iter().copied().any(is_special)
    }
}

/// Compiles to a few instructions on the whole chunk.
#[inline(always)]
fn has_special(chunk: &[u8; 16]) -> bool {
    chunk.iter().fold(false, |found, byte| found | is_special(*byte))
}

/// A quote, a backslash or a control character.
#[inline]
fn is_special(byte: u8) -> bool {
    (byte < 0x20) | (byte == b'"') | (byte == b'\\')
}

/// Not zero if one of the bytes is special.
#[inline(always)]
fn specials(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let below = |word: u64, bound: u64| word.wrapping_sub(ONES * bound) & !word & HIGH;
    let is = |byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
    below(word, 0x20) | is(b'"') | is(b'\\')
}

#[cold]
fn push_each<'a>(mut out: Room<'a>, text: &[u8]) -> Room<'a> {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| HEX.get(usize::from(value)).copied().unwrap_or(b'0');
    let mut rest = text;
    while let Some(at) = rest.iter().position(|byte| is_special(*byte)) {
        let (plain, special) = rest.split_at(at);
        let Some((byte, behind)) = special.split_first().filter(|_| !out.is_spent()) else { break };
        let itself = [b'\\', *byte];
        let code = [b'\\', b'u', b'0', b'0', digit(byte >> 4), digit(byte & 15)];
        out.put_text(plain);
        out.put(match byte {
            b'\n' => b"\\n",
            b'\r' => b"\\r",
            b'\t' => b"\\t",
            0x08 => b"\\b",
            0x0c => b"\\f",
            0..0x20 => &code,
            _ => &itself,
        });
        rest = behind;
    }
    out.put_text(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_at_every_place_is_written_as_serde_does() {
        let characters =
            (0..0x300_u32).chain([0x2028, 0xfffd, 0x1_f600]).filter_map(char::from_u32);
        for character in characters {
            for place in 0..36 {
                let text = format!("{}{character}{}", "a".repeat(place), "é".repeat(3));
                let mut space = [0; 600];
                let mut room = Room::new(&mut space);
                push_known(&mut room, text.as_bytes());
                let written = 600 - room.left();
                assert_eq!(space[..written], serde_json::to_vec(&text).unwrap(), "{text:?}");
            }
        }
    }
}

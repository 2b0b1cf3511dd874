//! Classes of bytes.

/// Letters, digits, `_` and `-`: what tokens are made of, and nothing else.
pub(super) const TOKEN: u8 = 1;
/// What stands in base64 and in the values of headers beside that.
pub(super) const WIDE: u8 = 2;
/// What names are made of.
pub(super) const NAME: u8 = 4;
/// What ends a value that is not in quotes.
pub(super) const VALUE_END: u8 = 8;
/// Letters and digits.
pub(super) const ALNUM: u8 = 16;
/// What runs are made of: names, and base64 without its padding.
pub(super) const RUN: u8 = 64;
/// Digits and letters from `a` to `f` in either case.
pub(super) const HEX: u8 = 32;

static CLASSES: [u8; 256] = table();

/// Whether `byte` is of one of the classes.
#[inline]
pub(super) fn is(byte: u8, classes: u8) -> bool {
    CLASSES.get(usize::from(byte)).is_some_and(|class| class & classes != 0)
}

/// The byte at `index`; zero outside.
#[inline]
pub(super) fn at(bytes: &[u8], index: usize) -> u8 {
    bytes.get(index).copied().unwrap_or(0)
}

/// The end of the run of such bytes that begins at `start`.
#[inline]
pub(super) fn run_end(bytes: &[u8], start: usize, classes: u8) -> usize {
    let run = bytes.get(start..).unwrap_or_default();
    start + run.iter().position(|byte| !is(*byte, classes)).unwrap_or(run.len())
}

/// The start of the run of such bytes that ends before `end`.
#[inline]
pub(super) fn run_start(bytes: &[u8], end: usize, classes: u8) -> usize {
    let before = bytes.get(..end).unwrap_or_default();
    before.iter().rposition(|byte| !is(*byte, classes)).map_or(0, |last| last + 1)
}

const fn table() -> [u8; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let byte = index as u8;
        let mut class = 0;
        if byte.is_ascii_alphanumeric() {
            class |= TOKEN | WIDE | NAME | ALNUM | RUN;
        }
        if byte.is_ascii_hexdigit() {
            class |= HEX;
        }
        if matches!(byte, b'_' | b'-') {
            class |= TOKEN | WIDE | NAME | RUN;
        }
        if matches!(byte, b'+' | b'/' | b'=' | b'.' | b'~' | b'%') {
            class |= WIDE;
        }
        if byte == b'.' {
            class |= NAME;
        }
        if matches!(byte, b'.' | b'+' | b'/') {
            class |= RUN;
        }
        let ends = byte.is_ascii_whitespace()
            || matches!(
                byte,
                b'&' | b';' | b',' | b')' | b'}' | b']' | b'>' | b'"' | b'\'' | b'|' | b'`' | b'<'
            );
        if ends {
            class |= VALUE_END;
        }
        #[allow(
            clippy::indexing_slicing,
            reason = "iterators are not const, and the bound is the table's"
        )]
        {
            table[index] = class;
        }
        index += 1;
    }
    table
}

//! The value that stands behind a name: `name=value`, `name: "value"`.

use super::bytes::{HEX, NAME, TOKEN, VALUE_END, at, is, run_end};
use super::placeholder::is_template;
use super::token::is_scheme;

/// A value in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Value {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) quoted: bool,
}

/// Most bytes between a name and its value.
const GAP_BYTES_MAX: usize = 4;

/// Longest place of a value in angle brackets.
const PLACE_BYTES_MAX: usize = 66;

/// The value that begins after a separator, at `from` or after some spaces.
/// Where `is_header` says so, the value of an HTTP header: a scheme and what
/// follows it, or everything up to the end of the line.
pub(super) fn value_at(text: &str, bytes: &[u8], from: usize, header: Header) -> Option<Value> {
    let start = start_at(bytes, from);
    let value = match quote_at(bytes, start) {
        Some(quote) => quoted(bytes, start + quote.len(), quote),
        None => Value { start, end: unquoted_end(text, bytes, start, header), quoted: false },
    };
    (value.start < value.end).then_some(value)
}

/// Where the value begins, spaces and what `Debug` puts around it left out.
pub(super) fn start_at(bytes: &[u8], from: usize) -> usize {
    let mut start = from;
    while start < from + GAP_BYTES_MAX && matches!(at(bytes, start), b' ' | b'\t') {
        start += 1;
    }
    skip_wrapper(bytes, start)
}

/// How far the value of a header reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Header {
    No,
    /// A scheme, a space and one word.
    Scheme,
    /// The rest of the line.
    Line,
}

/// `Some(` and the like, and a new type's name before what is in quotes, in
/// text that was made by `Debug`.
fn skip_wrapper(bytes: &[u8], start: usize) -> usize {
    let (mut from, mut known) = (start, start);
    loop {
        let word = run_end(bytes, from, TOKEN);
        if at(bytes, word) != b'(' || !at(bytes, from).is_ascii_uppercase() {
            return if quote_at(bytes, from).is_some() { from } else { known };
        }
        let is_known = bytes.get(from..word).is_some_and(|word| {
            matches!(word, b"Some" | b"Ok" | b"String" | b"Secret" | b"Str" | b"Text")
        });
        if is_known && known == from {
            known = word + 1;
        }
        from = word + 1;
    }
}

/// The quote that opens a value; its escaped form where the text is nested.
pub(super) fn quote_at(bytes: &[u8], start: usize) -> Option<&'static [u8]> {
    match (at(bytes, start), at(bytes, start + 1)) {
        (b'"', _) => Some(b"\""),
        (b'\'', _) => Some(b"'"),
        (b'`', _) => Some(b"`"),
        (b'\\', b'"') => Some(b"\\\""),
        (b'\\', b'\'') => Some(b"\\'"),
        _ => None,
    }
}

/// Up to the quote that closes it, or to the end of a text that was cut.
pub(super) fn quoted(bytes: &[u8], start: usize, quote: &[u8]) -> Value {
    let mut end = start;
    let is_nested = quote.len() > 1;
    while end < bytes.len() {
        let rest = bytes.get(end..).unwrap_or_default();
        if rest.starts_with(quote) {
            break;
        }
        // What is escaped closes nothing.
        end += match rest {
            [b'\\', b'\\', b'\\', ..] if is_nested => 4,
            [b'\\', ..] => 2,
            _ => 1,
        };
    }
    Value { start, end: end.min(bytes.len()), quoted: true }
}

fn unquoted_end(text: &str, bytes: &[u8], start: usize, header: Header) -> usize {
    let end = match header {
        Header::Line => line_end(bytes, start),
        Header::No | Header::Scheme => word_end(bytes, behind_bracket(bytes, start)),
    };
    let is_scheme = header == Header::Scheme && bytes.get(start..end).is_some_and(is_scheme);
    if is_scheme && at(bytes, end) == b' ' {
        // These are followed by several parameters.
        let is_list = bytes.get(start..end).is_some_and(|scheme| {
            [&b"digest"[..], b"hawk"].iter().any(|list| scheme.eq_ignore_ascii_case(list))
        });
        return if is_list { line_end(bytes, end) } else { word_end(bytes, end + 1) };
    }
    let value = text.get(start..end).unwrap_or_default();
    start + value.trim_end_matches(['.', ':', '!', '?']).len()
}

/// Behind a `<` that a value begins with, which the place of a value does, too.
fn behind_bracket(bytes: &[u8], start: usize) -> usize {
    if at(bytes, start) != b'<' {
        return start;
    }
    let place = bytes.get(start..bytes.len().min(start + PLACE_BYTES_MAX)).unwrap_or_default();
    let end = memchr::memchr(b'>', place).map_or(0, |end| end + 1);
    let place = place.get(..end).and_then(|place| std::str::from_utf8(place).ok());
    let is_place = place.is_some_and(is_template);
    if is_place { start } else { start + 1 }
}

fn line_end(bytes: &[u8], start: usize) -> usize {
    let line = bytes.get(start..).unwrap_or_default();
    start + line.iter().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(line.len())
}

fn word_end(bytes: &[u8], start: usize) -> usize {
    let rest = bytes.get(start..).unwrap_or_default();
    let ends = |(index, byte): (usize, &u8)| match byte {
        b'&' => begins_parameter(rest, index + 1),
        b'\\' => matches!(rest.get(index + 1), Some(b'n' | b'r' | b't' | b'"')),
        _ => is(*byte, VALUE_END),
    };
    start + rest.iter().enumerate().position(ends).unwrap_or(rest.len())
}

/// Whether a `&` separates parameters of a URL, or ends the last of them.
fn begins_parameter(bytes: &[u8], from: usize) -> bool {
    let end = run_end(bytes, from, NAME);
    end == bytes.len()
        || matches!(at(bytes, end), b'=' | b'&' | b'%')
        || (end == from && is(at(bytes, end), VALUE_END))
}

/// Whether it is of nothing but digits of a hash.
pub(super) fn is_hex(value: &str) -> bool {
    value.bytes().all(|byte| is(byte, HEX))
}

/// Whether it begins with so many digits of a hash that nobody tries them all.
pub(super) fn is_long_hex(value: &str) -> bool {
    const HEX_BYTES_MIN: usize = 32;
    let bytes = value.as_bytes();
    let end = run_end(bytes, 0, HEX);
    end >= HEX_BYTES_MIN && !is(at(bytes, end), TOKEN)
}

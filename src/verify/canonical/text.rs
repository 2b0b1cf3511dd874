//! A position in the bytes of an entry, and the parts that have one spelling:
//! literals, strings, numbers.

use std::ops::Range;

use super::Deviation;

/// A position in the bytes of an entry.
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

pub(super) type Outcome<T> = Result<T, Deviation>;

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Cursor { bytes, at: 0 }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.at == self.bytes.len()
    }

    pub(super) fn slice(&self, range: Range<usize>) -> &'a [u8] {
        self.bytes.get(range).unwrap_or_default()
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.slice(self.at..self.bytes.len())
    }

    /// Passes these bytes if they come next.
    pub(super) fn pass(&mut self, literal: &[u8]) -> bool {
        let is_next = self.rest().starts_with(literal);
        self.at += if is_next { literal.len() } else { 0 };
        is_next
    }

    /// Passes these bytes, which have to come next.
    pub(super) fn demand(&mut self, literal: &str) -> Outcome<()> {
        if self.pass(literal.as_bytes()) {
            return Ok(());
        }
        let same = self.rest().iter().zip(literal.as_bytes()).take_while(|(a, b)| a == b).count();
        Err(deviation(self.at + same, format!("the rest of {literal}")))
    }

    /// A string: only what has to be escaped is, in the shortest way. Returns
    /// what stands between the quotes.
    pub(super) fn string(&mut self) -> Outcome<Range<usize>> {
        self.demand("\"")?;
        let begin = self.at;
        loop {
            let plain = self.rest().iter().take_while(|byte| is_plain(**byte)).count();
            self.at += plain;
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => self.escape()?,
                _ => return Err(deviation(self.at, "the end of a string, or an escape")),
            }
        }
        let inside = begin..self.at;
        self.at += 1;
        match std::str::from_utf8(self.slice(inside.clone())) {
            Ok(_) => Ok(inside),
            Err(error) => Err(deviation(begin + error.valid_up_to(), "UTF-8")),
        }
    }

    fn escape(&mut self) -> Outcome<()> {
        let escape = self.rest();
        let length = match escape.get(1) {
            Some(b'"' | b'\\' | b'b' | b'f' | b'n' | b'r' | b't') => 2,
            Some(b'u') if is_unnamed_control(escape.get(2..6)) => 6,
            _ => return Err(deviation(self.at, "an escape that is needed, in its short form")),
        };
        self.at += length;
        Ok(())
    }

    /// Digits without leading zeros, below 2^64.
    pub(super) fn unsigned(&mut self) -> Outcome<u64> {
        let begin = self.at;
        let digits = self.rest().iter().take_while(|byte| byte.is_ascii_digit()).count();
        let text = self.slice(begin..begin + digits);
        self.at += digits;
        let is_canonical = text == b"0" || text.first().is_some_and(|digit| *digit != b'0');
        let number = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
        number
            .filter(|_| is_canonical)
            .ok_or_else(|| deviation(begin, "a number below 2^64 without leading zeros"))
    }

    /// A number, as the shortest text that gives it back.
    pub(super) fn number(&mut self) -> Outcome<()> {
        let begin = self.at;
        let is_part = |byte: &&u8| byte.is_ascii_digit() || b"+-.e".contains(byte);
        self.at += self.rest().iter().take_while(is_part).count();
        let text = self.slice(begin..self.at);
        if is_canonical_number(text) { Ok(()) } else { Err(deviation(begin, "a canonical number")) }
    }

    /// A number that is written as a fraction or with an exponent.
    pub(super) fn fraction(&mut self) -> Outcome<()> {
        let begin = self.at;
        self.number()?;
        let text = self.slice(begin..self.at);
        let is_fraction = text.iter().any(|byte| b".e".contains(byte));
        if is_fraction { Ok(()) } else { Err(deviation(begin, "a number with a fraction")) }
    }
}

pub(super) fn deviation(at: usize, expected: impl Into<String>) -> Deviation {
    Deviation { at, expected: expected.into() }
}

/// Whether a byte stands for itself in a string.
fn is_plain(byte: u8) -> bool {
    byte >= 0x20 && byte != b'"' && byte != b'\\'
}

/// Whether these are the digits of a control character that has no short
/// escape.
fn is_unnamed_control(digits: Option<&[u8]>) -> bool {
    let Some(&[b'0', b'0', high @ (b'0' | b'1'), low]) = digits else { return false };
    let is_lower_hex = low.is_ascii_digit() || (b'a'..=b'f').contains(&low);
    let has_short_form = high == b'0' && b"89acd".contains(&low);
    is_lower_hex && !has_short_form
}

fn is_canonical_number(text: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(text) else { return false };
    let digits = text.strip_prefix('-').unwrap_or(text);
    if !digits.contains(['.', 'e']) {
        let is_plain = digits == "0" || !digits.starts_with(['0', '+']);
        let is_in_range = text.parse::<u64>().is_ok() || text.parse::<i64>().is_ok();
        return is_plain && is_in_range && text != "-0";
    }
    // Not by `serde_json`, which reads some doubles as their neighbours.
    text.parse::<f64>().is_ok_and(|number| is_spelling_of(text, number))
}

fn is_spelling_of(text: &str, number: f64) -> bool {
    let mut canonical = [0; 40];
    let mut room = &mut canonical[..];
    if !number.is_finite() || serde_json::to_writer(&mut room, &number).is_err() {
        return false;
    }
    let left = room.len();
    let canonical = canonical.get(..canonical.len() - left).unwrap_or_default();
    // Writers differ in whether an exponent has a plus sign.
    let without_plus = |text: &str| text.replacen("e+", "e", 1);
    std::str::from_utf8(canonical)
        .is_ok_and(|canonical| canonical == text || without_plus(canonical) == without_plus(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_have_one_spelling() {
        let all: String = (0..=0x11_ffff).step_by(7).filter_map(char::from_u32).collect();
        let controls: String = (0..0x30).filter_map(char::from_u32).collect();
        for text in ["", "plain", "Zoë 東京 \\ \" / 🦀", &controls, &all] {
            let written = serde_json::to_string(text).unwrap();
            let mut cursor = Cursor::new(written.as_bytes());
            assert_eq!(cursor.string(), Ok(1..written.len() - 1));
            assert!(cursor.is_at_end());
        }
        for other in [
            r#""\/""#,
            r#""\u0041""#,
            r#""\u000a""#,
            r#""\u001F""#,
            r#""\u00e9""#,
            r#""\u0000"#,
            "\"\n\"",
            "\"",
            "",
            "x",
            r#""\x""#,
            r#""\u00"#,
        ] {
            assert!(Cursor::new(other.as_bytes()).string().is_err(), "{other}");
        }
        assert!(Cursor::new(b"\"\xff\"").string().is_err());
    }

    #[test]
    fn numbers_have_one_spelling() {
        for text in [
            "0",
            "7",
            "-7",
            "5.3000000000000005e-8",
            "-9223372036854775808",
            "1.5",
            "45.0",
            "-0.0",
            "1e-7",
            "1e+16",
            "18446744073709551615",
        ] {
            let is_double = text.contains(['.', 'e']);
            let double = serde_json::to_string(&text.parse::<f64>().unwrap()).unwrap();
            let canonical = if is_double { double } else { text.to_owned() };
            for canonical in [canonical.replace('+', ""), canonical] {
                assert_eq!(Cursor::new(canonical.as_bytes()).number(), Ok(()), "{canonical}");
            }
        }
        for other in [
            "",
            "-",
            "01",
            "1.50",
            "1E5",
            "+1",
            "1.5+",
            "+1.5",
            "1+5.0",
            "1e++16",
            "inf",
            "1.e5",
            "18446744073709551616",
            "1.",
            ".5",
            "-0",
            "1e400",
            "0x1",
            "1.0.0",
        ] {
            let mut cursor = Cursor::new(other.as_bytes());
            assert!(cursor.number().is_err() || !cursor.is_at_end(), "{other}");
        }
    }
}

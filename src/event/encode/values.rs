//! Numbers, times, ids and metadata.

use super::super::limits::FIELD_BYTES_MAX;

use super::super::packed::{PackedMetadata, ValueRef};
use super::super::row::{metadata_value, time_from_us};
use super::super::{EventId, time_text};
use super::text::push_text;

/// Largest integer that every JSON reader holds exactly (2^53).
const JSON_INTEGER_MAX: u64 = 1 << 53;

const SECOND_US: i64 = 1_000_000;
const DAY_S: i64 = 86_400;
/// 10000-01-01: years with more digits are left to others.
const TIMES_END_S: i64 = 253_402_300_800;

/// Milliseconds of fewer nanoseconds are written with an exponent.
const MS_PLAIN_NS_MIN: u64 = 10;
/// Fewer than 16 digits are exact in a double.
const MS_EXACT_NS_END: u64 = 1_000_000_000_000_000;

#[inline]
pub(super) fn push_unsigned(out: &mut Vec<u8>, mut number: u64) {
    let mut digits = [b'0'; 20];
    let mut used = 0;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
        used += 1;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(20 - used..).unwrap_or_default());
}

/// Nanoseconds as milliseconds, in the fewest digits that give the same double.
#[inline]
pub(super) fn push_ms(out: &mut Vec<u8>, ns: u64) {
    if (1..MS_PLAIN_NS_MIN).contains(&ns) || ns >= MS_EXACT_NS_END {
        return push_json(out, &super::super::duration_ms(std::time::Duration::from_nanos(ns)));
    }
    push_unsigned(out, ns / 1_000_000);
    out.push(b'.');
    let (mut fraction, mut digits) = ((ns % 1_000_000) as u32, 6);
    while digits > 1 && fraction % 10 == 0 {
        fraction /= 10;
        digits -= 1;
    }
    push_padded(out, fraction, digits);
}

/// The text of times, of which neighbours mostly are in the same second.
#[derive(Debug, Clone)]
pub(crate) struct TimeText {
    second: i64,
    /// Its text up to and with the point.
    text: [u8; 20],
}

impl Default for TimeText {
    fn default() -> Self {
        TimeText { second: i64::MIN, text: [b'0'; 20] }
    }
}

impl TimeText {
    /// RFC 3339, UTC, microseconds.
    #[inline]
    pub(super) fn push(&mut self, out: &mut Vec<u8>, us: i64) {
        let second = us.div_euclid(SECOND_US);
        if second != self.second {
            if !(0..TIMES_END_S).contains(&second) {
                return out.extend_from_slice(time_text(&time_from_us(us)).as_bytes());
            }
            (self.second, self.text) = (second, second_text(second));
        }
        let us = us.rem_euclid(SECOND_US) as u32;
        let ([a, b], [c, d], [e, f]) = (digits(us / 10_000), digits(us / 100), digits(us));
        out.extend_from_slice(&self.text);
        out.extend_from_slice(&[a, b, c, d, e, f, b'Z']);
    }
}

/// A second since the Unix epoch, up to and with the point before its parts.
fn second_text(second: i64) -> [u8; 20] {
    let (year, month, day) = date((second / DAY_S) as u32);
    let of_day = (second % DAY_S) as u32;
    let ([a, b], [c, d], [e, f], [g, h]) =
        (digits(year / 100), digits(year), digits(month), digits(day));
    let ([i, j], [k, l], [m, n]) =
        (digits(of_day / 3_600), digits(of_day / 60 % 60), digits(of_day % 60));
    [a, b, c, d, b'-', e, f, b'-', g, h, b'T', i, j, b':', k, l, b':', m, n, b'.']
}

/// The last two digits of a number.
#[inline]
fn digits(number: u32) -> [u8; 2] {
    let number = (number % 100) as u8;
    [b'0' + number / 10, b'0' + number % 10]
}

/// Year, month and day of a number of days since 1970-01-01, in years that
/// begin in March, so that the day that is not always there comes last.
#[inline]
fn date(days: u32) -> (u32, u32, u32) {
    let days = days + 719_468;
    let era = days / 146_097;
    let of_era = days % 146_097;
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (era * 400 + year_of_era + u32::from(month <= 2), month, day)
}

#[inline]
fn push_padded(out: &mut Vec<u8>, number: u32, digits: u32) {
    let mut unit = 10_u32.pow(digits - 1);
    while unit > 0 {
        out.push(b'0' + (number / unit % 10) as u8);
        unit /= 10;
    }
}

#[inline]
pub(super) fn push_event_id(out: &mut Vec<u8>, id: EventId) {
    out.extend_from_slice(&id.text());
}

/// The key `metadata` with its object; nothing if there is none.
pub(super) fn push_metadata(out: &mut Vec<u8>, metadata: PackedMetadata<'_>) {
    if may_repeat_keys(metadata) {
        push_fields(out, distinct(metadata).into_iter());
    } else {
        push_fields(out, metadata);
    }
}

#[inline]
fn push_fields<'a>(out: &mut Vec<u8>, fields: impl Iterator<Item = (&'a str, ValueRef<'a>)>) {
    let mut before = &b",\"metadata\":{"[..];
    let mut is_empty = true;
    for (key, value) in fields {
        out.extend_from_slice(before);
        push_text(out, key);
        out.push(b':');
        push_value(out, value);
        before = b",";
        is_empty = false;
    }
    if !is_empty {
        out.push(b'}');
    }
}

/// Whether two keys look alike. Seldom wrong, and never about those that are
/// the same.
#[inline]
fn may_repeat_keys(metadata: PackedMetadata<'_>) -> bool {
    let mut seen = 0_u64;
    for (key, _) in metadata {
        let (first, last) = match key.as_bytes() {
            [] => (0, 0),
            [only] => (*only, *only),
            [first, .., last] => (*first, *last),
        };
        let mixed = usize::from(first) * 31 + usize::from(last) * 7 + key.len();
        let bit = 1_u64 << (mixed % 64);
        if seen & bit != 0 {
            return true;
        }
        seen |= bit;
    }
    false
}

/// Each key once, at its first place, with its last value.
#[cold]
fn distinct(metadata: PackedMetadata<'_>) -> Vec<(&str, ValueRef<'_>)> {
    let mut fields: Vec<(&str, ValueRef<'_>)> = Vec::new();
    for (key, value) in metadata {
        match fields.iter_mut().find(|(known, _)| *known == key) {
            Some((_, old)) => *old = value,
            None => fields.push((key, value)),
        }
    }
    fields
}

#[inline]
fn push_value(out: &mut Vec<u8>, value: ValueRef<'_>) {
    match value {
        ValueRef::Bool(true) => out.extend_from_slice(b"true"),
        ValueRef::Bool(false) => out.extend_from_slice(b"false"),
        ValueRef::U64(number) if number <= JSON_INTEGER_MAX => push_unsigned(out, number),
        ValueRef::I64(number) if number.unsigned_abs() <= JSON_INTEGER_MAX => {
            if number < 0 {
                out.push(b'-');
            }
            push_unsigned(out, number.unsigned_abs());
        }
        ValueRef::F64(number) if number.is_finite() => push_json(out, &number),
        ValueRef::Str(text) if text.len() <= FIELD_BYTES_MAX => push_text(out, text),
        value => push_json(out, &metadata_value(value)),
    }
}

/// What is too rare to be written here.
#[inline(never)]
fn push_json<T: serde::Serialize>(out: &mut Vec<u8>, value: &T) {
    // A vector takes everything, and none of our values fails to be written.
    let _ = serde_json::to_writer(out, value);
}

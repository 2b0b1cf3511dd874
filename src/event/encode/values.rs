//! Numbers, ids and metadata.

use super::super::EventId;
use super::super::limits::FIELD_BYTES_MAX;
use super::super::packed::{PackedMetadata, Unread, ValueRef};
use super::super::row::metadata_value;
use super::room::Room;
use super::text::push_known;

/// Largest integer that every JSON reader holds exactly (2^53).
const JSON_INTEGER_MAX: u64 = 1 << 53;

/// The first number of nine digits.
const EIGHT_DIGITS_END: u32 = 100_000_000;
/// Makes eight digits text.
const ZEROS: u64 = 0x3030_3030_3030_3030;

/// Milliseconds of fewer nanoseconds are written with an exponent.
const MS_PLAIN_NS_MIN: u64 = 10;
/// Fewer than 16 digits are exact in a double.
const MS_EXACT_NS_END: u64 = 1_000_000_000_000_000;

#[inline(always)]
pub(super) fn push_unsigned(out: &mut Room<'_>, number: u64) {
    match u32::try_from(number) {
        Ok(number) if number < EIGHT_DIGITS_END => push_up_to_eight(out, number),
        _ => {
            out.pass(|out| push_unsigned_long(out, number / u64::from(EIGHT_DIGITS_END)));
            let rest = (number % u64::from(EIGHT_DIGITS_END)) as u32;
            out.put(&(eight_digits(rest) | ZEROS).to_le_bytes());
        }
    }
}

#[inline(never)]
fn push_unsigned_long(mut out: Room<'_>, number: u64) -> Room<'_> {
    push_unsigned(&mut out, number);
    out
}

#[inline(always)]
fn push_up_to_eight(out: &mut Room<'_>, number: u32) {
    let digits = eight_digits(number);
    // The last digit is there, whatever it is.
    let zeros = digits.trailing_zeros().min(56) / 8;
    out.put_first(8 - zeros as usize, ((digits | ZEROS) >> (8 * zeros)).to_le_bytes());
}

/// The digits of a number below 10^8, the first in the lowest byte. Nothing goes
/// by way of memory: what was just written in small pieces is slow to read again.
#[inline]
pub(super) fn eight_digits(number: u32) -> u64 {
    let (high, low) = (u64::from(number / 10_000), u64::from(number % 10_000));
    let fours = high | low << 32;
    let hundreds = ((fours * 10_486) >> 20) & 0x0000_007f_0000_007f;
    let pairs = hundreds | (fours - hundreds * 100) << 16;
    let tens = ((pairs * 103) >> 10) & 0x000f_000f_000f_000f;
    tens | (pairs - tens * 10) << 8
}

/// Nanoseconds as milliseconds, in the fewest digits that give the same double.
#[inline(always)]
pub(super) fn push_ms(out: &mut Room<'_>, ns: u64) {
    out.pass(|out| push_ms_to(out, ns));
}

#[inline(never)]
fn push_ms_to(mut room: Room<'_>, ns: u64) -> Room<'_> {
    let out = &mut room;
    if (1..MS_PLAIN_NS_MIN).contains(&ns) || ns >= MS_EXACT_NS_END {
        let ms = super::super::duration_ms(std::time::Duration::from_nanos(ns));
        return push_json(room, &ms);
    }
    let (whole, decimals) = (ns / 1_000_000, eight_digits((ns % 1_000_000) as u32 * 100));
    // Of the eight digits the last two are zeros, and the first one is there.
    let missing = (decimals.leading_zeros() / 8).min(7) as usize;
    let decimals = decimals | ZEROS;
    if whole < 10 {
        let text = decimals << 16 | u64::from(b'.') << 8 | whole | u64::from(b'0');
        out.put_first(10 - missing, text.to_le_bytes());
    } else {
        push_unsigned(out, whole);
        out.put(b".");
        out.put_first(8 - missing, decimals.to_le_bytes());
    }
    room
}

/// A finite number in the fewest digits that give the same double.
///
/// One with at most six decimals and 15 digits, as amounts and shares have them,
/// is a whole number of millionths, and no other text of so few digits gives the
/// same double.
#[inline(always)]
fn push_float(out: &mut Room<'_>, number: f64) {
    let millionths = (number.abs() * 1e6 + 0.5) as u64;
    if millionths >= MS_EXACT_NS_END || millionths as f64 / 1e6 != number.abs() {
        return out.pass(|out| push_json(out, &number));
    }
    if number.is_sign_negative() {
        out.put(b"-");
    }
    push_ms(out, millionths);
}

#[inline]
pub(super) fn push_event_id(out: &mut Room<'_>, id: EventId) {
    out.put(&id.text());
}

/// The key `metadata` with its object; nothing if there is none. Its texts were
/// looked at when they were packed.
#[inline(always)]
pub(super) fn push_metadata(out: &mut Room<'_>, mut metadata: PackedMetadata<'_>) {
    if may_repeat_keys(metadata) {
        out.pass(|out| push_distinct(out, metadata));
    } else {
        push_fields(out, std::iter::from_fn(|| metadata.next_unread()));
    }
}

#[cold]
fn push_distinct<'a>(mut out: Room<'a>, metadata: PackedMetadata<'_>) -> Room<'a> {
    push_fields(&mut out, distinct(metadata).into_iter());
    out
}

type Field<'a> = (&'a [u8], Unread<'a>);

#[inline(always)]
fn push_fields<'a>(out: &mut Room<'_>, fields: impl Iterator<Item = Field<'a>>) {
    let mut are_there = false;
    for (key, value) in fields {
        if out.is_spent() {
            return;
        }
        if are_there {
            out.put(b",");
        } else {
            out.put(b",\"metadata\":{");
        }
        are_there = true;
        push_known(out, key);
        out.put(b":");
        push_value(out, value);
    }
    if are_there {
        out.put(b"}");
    }
}

/// Whether two keys look alike. Seldom wrong, and never about those that are
/// the same.
#[inline]
fn may_repeat_keys(mut metadata: PackedMetadata<'_>) -> bool {
    let mut seen = 0_u64;
    while let Some((key, _)) = metadata.next_written() {
        let (first, last) = match key {
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
fn distinct(mut metadata: PackedMetadata<'_>) -> Vec<Field<'_>> {
    let mut fields: Vec<Field<'_>> = Vec::new();
    while let Some((key, value)) = metadata.next_unread() {
        match fields.iter_mut().find(|(known, _)| *known == key) {
            Some((_, old)) => *old = value,
            None => fields.push((key, value)),
        }
    }
    fields
}

#[inline(always)]
fn push_value(out: &mut Room<'_>, value: Unread<'_>) {
    match value {
        Unread::Fixed(value) => push_fixed(out, value),
        Unread::Str(text) if text.len() <= FIELD_BYTES_MAX => push_known(out, text),
        Unread::Str(text) => out.pass(|out| push_rare(out, ValueRef::Str(read(text)))),
        Unread::Json(text) => out.pass(|out| push_rare(out, ValueRef::Json(read(text)))),
    }
}

#[inline(always)]
fn push_fixed(out: &mut Room<'_>, value: ValueRef<'_>) {
    match value {
        ValueRef::Bool(true) => {
            out.put(b"true");
        }
        ValueRef::Bool(false) => {
            out.put(b"false");
        }
        ValueRef::U64(number) if number <= JSON_INTEGER_MAX => push_unsigned(out, number),
        ValueRef::I64(number) if number.unsigned_abs() <= JSON_INTEGER_MAX => {
            if number < 0 {
                out.put(b"-");
            }
            push_unsigned(out, number.unsigned_abs());
        }
        ValueRef::F64(number) if number.is_finite() => push_float(out, number),
        value => out.pass(|out| push_rare(out, value)),
    }
}

#[cold]
fn push_rare<'a>(out: Room<'a>, value: ValueRef<'_>) -> Room<'a> {
    push_json(out, &metadata_value(value))
}

fn read(text: &[u8]) -> &str {
    std::str::from_utf8(text).unwrap_or_default()
}

/// What is too rare to be written here.
#[inline(never)]
fn push_json<'a, T: serde::Serialize>(mut out: Room<'a>, value: &T) -> Room<'a> {
    let _ = serde_json::to_writer(&mut out, value);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Room<'_>)) -> String {
        let mut space = [0; 64];
        let mut room = Room::new(&mut space);
        write(&mut room);
        let written = 64 - room.left();
        String::from_utf8(space[..written].to_vec()).unwrap()
    }

    #[test]
    fn numbers_around_every_length_are_written_as_others_write_them() {
        let powers = (0..20).map(|digits| 10_u64.pow(digits));
        let near = powers.flat_map(|power| power.saturating_sub(150)..power.saturating_add(150));
        for number in near.chain(0..20_000).chain((0..4_000).map(|n| n * 25_013)).chain([u64::MAX])
        {
            assert_eq!(written(|out| push_unsigned(out, number)), number.to_string());
        }
    }

    #[test]
    fn every_part_of_a_millisecond_is_written_as_serde_does() {
        for ns in (0..1_000_000).step_by(7).chain((0..1_000_000).step_by(1_000)) {
            let ns = 3_000_000 + ns;
            let by_serde = serde_json::to_string(&(ns as f64 / 1e6)).unwrap();
            assert_eq!(written(|out| push_ms(out, ns)), by_serde, "{ns}");
        }
    }
}

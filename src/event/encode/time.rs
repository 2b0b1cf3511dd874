//! The text of times.

use super::values::eight_digits;

const SECOND_US: i64 = 1_000_000;
const DAY_S: i64 = 86_400;
/// 10000-01-01: years with more digits are left to others.
const TIMES_END_S: i64 = 253_402_300_800;

/// The second that a time is in, if its year has four digits.
#[inline]
pub(super) fn second_of(us: i64) -> Option<i64> {
    let second = us.div_euclid(SECOND_US);
    (0..TIMES_END_S).contains(&second).then_some(second)
}

/// The microseconds of a time.
#[inline]
pub(super) fn micros_text(us: i64) -> [u8; 6] {
    let [a, b, c, d, e, f, ..] = eight_digits(us.rem_euclid(SECOND_US) as u32 * 100).to_le_bytes();
    [a, b, c, d, e, f].map(|digit| digit | b'0')
}

/// A second since the Unix epoch, up to and with the point before its parts.
pub(super) fn second_text(second: i64) -> [u8; 20] {
    let (year, month, day) = date((second / DAY_S) as u32);
    let of_day = (second % DAY_S) as u32;
    let ([a, b], [c, d], [e, f], [g, h]) =
        (digits(year / 100), digits(year), digits(month), digits(day));
    let ([i, j], [k, l], [m, n]) =
        (digits(of_day / 3_600), digits(of_day / 60 % 60), digits(of_day % 60));
    [a, b, c, d, b'-', e, f, b'-', g, h, b'T', i, j, b':', k, l, b':', m, n, b'.']
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

/// The last two digits of a number.
fn digits(number: u32) -> [u8; 2] {
    let number = (number % 100) as u8;
    [b'0' + number / 10, b'0' + number % 10]
}

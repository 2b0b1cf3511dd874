//! Numbers of payment cards.

use super::bytes::{ALNUM, at, is};
use super::detector::Detector;
use super::scan::Scan;

/// Fewest and most digits of a number.
const DIGITS_MIN: usize = 14;
const DIGITS_MAX: usize = 19;

/// Groups of digits that are looked at together.
const GROUPS_MAX: usize = 12;

/// Digits of a number that was cut, from which on what is there is hidden.
const CUT_DIGITS_MIN: usize = 7;

/// A run of digits in the text.
type Group = (usize, usize);

/// Looks at all digits, which may be grouped by single spaces or dashes.
#[inline(never)]
pub(super) fn look(scan: &mut Scan<'_>) {
    if !scan.detectors.contains(Detector::Card) {
        return;
    }
    let mut from = 0;
    while let Some(digit) = next_digit(scan.bytes, from) {
        from = look_closely(scan, digit);
    }
}

fn next_digit(bytes: &[u8], from: usize) -> Option<usize> {
    let rest = bytes.get(from..)?;
    rest.iter().position(u8::is_ascii_digit).map(|digit| from + digit)
}

/// Looks at the groups of digits that begin at `start`; where to go on.
fn look_closely(scan: &mut Scan<'_>, start: usize) -> usize {
    let bytes = scan.bytes;
    let mut end = start;
    while joins(bytes, end) {
        end += 1;
    }
    // The separator before the next group may be the last that is there.
    let separators = usize::from(matches!(at(bytes, end), b' ' | b'-'));
    let is_cut = scan.is_cut_at(end + separators);
    if end - start < DIGITS_MIN && !is_cut || is_part_of_more(bytes, start, end) {
        return end;
    }
    if let Some((start, end)) = number_in(bytes, start, end) {
        scan.add(start, end, Detector::Card);
        return end;
    }
    if is_cut && let Some(start) = cut_number_in(bytes, start, end) {
        scan.add(start, end, Detector::Card);
    }
    end
}

/// Where the first group stands that can begin a number which was cut.
fn cut_number_in(bytes: &[u8], start: usize, end: usize) -> Option<usize> {
    let mut groups = [(0, 0); GROUPS_MAX];
    let count = split(bytes, start, end, &mut groups);
    let mut starts = groups.get(..count)?.iter().map(|group| group.0);
    starts.find(|start| is_cut_number(bytes, *start, end))
}

/// A digit, or a separator between two.
fn joins(bytes: &[u8], index: usize) -> bool {
    let byte = at(bytes, index);
    byte.is_ascii_digit()
        || (matches!(byte, b' ' | b'-')
            && index > 0
            && at(bytes, index - 1).is_ascii_digit()
            && at(bytes, index + 1).is_ascii_digit())
}

/// Digits that are a piece of a word, or of a number with a point.
fn is_part_of_more(bytes: &[u8], start: usize, end: usize) -> bool {
    let before = if start == 0 { 0 } else { at(bytes, start - 1) };
    let after = at(bytes, end);
    is(before, ALNUM)
        || is(after, ALNUM)
        || (before == b'.' && start > 1 && at(bytes, start - 2).is_ascii_digit())
        || (after == b'.' && at(bytes, end + 1).is_ascii_digit())
}

/// The first run of groups that is a card's number.
fn number_in(bytes: &[u8], start: usize, end: usize) -> Option<Group> {
    let mut groups = [(0, 0); GROUPS_MAX];
    let count = split(bytes, start, end, &mut groups);
    let groups = groups.get(..count)?;
    for (index, first) in groups.iter().enumerate() {
        let mut digits = [0; DIGITS_MAX];
        let mut filled = 0;
        for (more, group) in groups.get(index..)?.iter().enumerate() {
            let group_digits = bytes.get(group.0..group.1)?;
            let is_group = (3..=6).contains(&group_digits.len());
            let Some(place) = digits.get_mut(filled..filled + group_digits.len()) else { break };
            if more > 0 && !is_group {
                break;
            }
            place.copy_from_slice(group_digits);
            filled += group_digits.len();
            let is_whole =
                more == 0 || groups.get(index).is_some_and(|first| first.1 - first.0 <= 6);
            let is_number =
                |digits: &[u8]| is_card_number(digits) || (more > 0 && is_long_visa(digits));
            if is_whole && digits.get(..filled).is_some_and(is_number) {
                return Some((first.0, group.1));
            }
        }
    }
    None
}

fn split(bytes: &[u8], start: usize, end: usize, groups: &mut [Group; GROUPS_MAX]) -> usize {
    let (mut count, mut from) = (0, start);
    for index in start..=end {
        if index == end || !at(bytes, index).is_ascii_digit() {
            if let Some(group) = groups.get_mut(count) {
                *group = (from, index);
                count += 1;
            }
            from = index + 1;
        }
    }
    count
}

/// Whether what was cut can be the beginning of a number.
fn is_cut_number(bytes: &[u8], start: usize, end: usize) -> bool {
    let digits = bytes.get(start..end).unwrap_or_default();
    let count = digits.iter().filter(|byte| byte.is_ascii_digit()).count();
    (CUT_DIGITS_MIN..DIGITS_MAX).contains(&count) && matches!(digits.first(), Some(b'3'..=b'6'))
}

/// Whether these digits are the number of a card: a range that a network
/// issues, the length that it has there, and a valid check digit.
pub(in crate::redaction) fn is_card_number(digits: &[u8]) -> bool {
    (DIGITS_MIN..=DIGITS_MAX).contains(&digits.len())
        && is_issued(digits)
        && has_check_digit(digits)
}

/// Only where it is in groups: ids of databases have as many digits.
fn is_long_visa(digits: &[u8]) -> bool {
    digits.len() == DIGITS_MAX && digits.first() == Some(&b'4') && has_check_digit(digits)
}

fn is_issued(digits: &[u8]) -> bool {
    let leading = |count: usize| {
        let digits = digits.get(..count).unwrap_or_default();
        digits.iter().fold(0_u32, |number, digit| number * 10 + u32::from(digit & 0x0F))
    };
    let (two, three, four, six) = (leading(2), leading(3), leading(4), leading(6));
    match digits.len() {
        14 => matches!(three, 300..=305) || matches!(two, 36 | 38 | 39),
        15 => matches!(two, 34 | 37),
        16 => {
            matches!(two, 40..=49 | 51..=55 | 62 | 65)
                || matches!(four, 2221..=2720 | 3528..=3589 | 6011)
                || is_maestro(four)
                || matches!(three, 644..=649)
                || matches!(six, 508_500..=508_999 | 606_985..=607_984 | 220_000..=220_499)
        }
        17..=19 => is_maestro(four) || two == 62,
        _ => false,
    }
}

fn is_maestro(leading_four: u32) -> bool {
    matches!(leading_four, 5018 | 5020 | 5038 | 5893 | 6304 | 6759 | 6761..=6763)
}

/// The check of Luhn.
fn has_check_digit(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| match (place % 2, u32::from(digit & 0x0F)) {
            (0, digit) => digit,
            (_, digit) if digit > 4 => digit * 2 - 9,
            (_, digit) => digit * 2,
        })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::super::scan::findings;
    use super::*;

    #[test]
    fn numbers_that_networks_publish_for_tests_are_found() {
        for number in [
            "4111111111111111",
            "4111 1111 1111 1111",
            "4111-1111-1111-1111",
            "5555555555554444",
            "2223003122003222",
            "378282246310005",
            "3782 822463 10005",
            "6011111111111117",
            "3530111333300000",
            "30569309025904",
            "3056 930902 5904",
            "6200000000000005",
            "6761000000000006",
            "4000 0000 0000 0000 006",
        ] {
            for (before, after) in [
                ("", ""),
                ("card ", "."),
                ("pan=", "&x"),
                ("order 12 ", ", 7"),
                ("é", "é"),
                ("id_", ""),
            ] {
                let text = format!("{before}{number}{after}");
                assert_eq!(findings(&text), [(number, Detector::Card)], "{text}");
            }
        }
    }

    #[test]
    fn a_number_that_was_cut_is_found_from_its_first_group() {
        for (text, number) in [
            ("pay 4111 1111 1111  …[cut]", "4111 1111 1111"),
            ("pay 4111-1111- …[cut from 90 bytes]", "4111-1111"),
            ("order 12 4111 1111 11 …[cut]", "4111 1111 11"),
        ] {
            assert_eq!(findings(text), [(number, Detector::Card)], "{text}");
        }
        assert_eq!(findings("on 2025-01-15 10 …[cut]"), []);
    }

    #[test]
    fn other_numbers_are_kept() {
        for text in [
            "4111111111111112",
            "1737000000000000000",
            "1234567890123452",
            "0.4111111111111111",
            "a4111111111111111",
            "41111111111111110",
            "4000000000000000006",
            "2025-01-15 10:30:45",
            "+49 1512 3456 7890",
            "411111111111-1111",
            "99999999994111111111111111",
        ] {
            assert_eq!(findings(text), [], "{text}");
        }
    }
}

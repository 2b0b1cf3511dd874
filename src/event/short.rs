//! Copying and comparing short texts.
//!
//! What has a length that is not known beforehand is copied and compared by a
//! call, which guesses anew each time how long it will be. Most texts of events
//! are so short that this takes longer than the work itself: they are taken as
//! two pieces of a known length that overlap.

/// Appends bytes; few of them without a call.
#[inline(always)]
pub(crate) fn append(out: &mut Vec<u8>, bytes: &[u8]) {
    match bytes.len() {
        4..=7 => append_overlapping::<4>(out, bytes),
        8..=16 => append_overlapping::<8>(out, bytes),
        17..=32 => append_overlapping::<16>(out, bytes),
        _ => out.extend_from_slice(bytes),
    }
}

/// Appends from `N` to `2 N` bytes.
#[inline(always)]
fn append_overlapping<const N: usize>(out: &mut Vec<u8>, bytes: &[u8]) {
    if let (Some(first), Some(last)) = (bytes.first_chunk::<N>(), bytes.last_chunk::<N>()) {
        let end = out.len() + bytes.len();
        out.extend_from_slice(first);
        out.truncate(end - N);
        out.extend_from_slice(last);
    }
}

/// Whether both are the same bytes; of few without a call.
#[inline(always)]
pub(crate) fn is_same(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    match one.len() {
        4..=7 => are_ends_same::<4>(one, other),
        8..=16 => are_ends_same::<8>(one, other),
        17..=32 => are_ends_same::<16>(one, other),
        _ => one == other,
    }
}

#[inline(always)]
fn are_ends_same<const N: usize>(one: &[u8], other: &[u8]) -> bool {
    one.first_chunk::<N>() == other.first_chunk() && one.last_chunk::<N>() == other.last_chunk()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_found_wherever_it_is() {
        for length in 0..80 {
            let one = vec![b'a'; length];
            assert!(is_same(&one, &one.clone()));
            assert!(!is_same(&one, &vec![b'a'; length + 1]));
            for at in 0..length {
                let mut other = one.clone();
                other[at] = b'b';
                assert!(!is_same(&one, &other), "{at} of {length}");
            }
        }
    }

    #[test]
    fn bytes_of_every_length_are_appended() {
        let bytes: Vec<u8> = (1..=100).collect();
        for length in 0..=bytes.len() {
            for capacity in [0, length, 200] {
                let mut out = Vec::with_capacity(capacity);
                out.push(0);
                append(&mut out, &bytes[..length]);
                assert_eq!(out, [&[0], &bytes[..length]].concat());
            }
        }
    }
}

//! Bounds of what one event may carry. Each is a constant, because a bound
//! that changes from run to run makes two trails incomparable.
//!
//! Nothing is refused for being too large: a value is cut, and the cut is
//! marked in the value itself with the original length where it is known.

/// Longest single value (text, error message, id; a list or an object as JSON),
/// in bytes.
pub const FIELD_BYTES_MAX: usize = 8 * 1024;

/// Most bytes of metadata one event carries. Identity fields are not counted
/// against it: they are never cut away to make room.
pub const METADATA_BYTES_MAX: usize = 32 * 1024;

/// Most metadata fields of one event.
pub const METADATA_FIELDS_MAX: usize = 128;

/// Deepest nesting of a metadata value.
pub const METADATA_DEPTH_MAX: usize = 16;

/// Longest entry of an event in a journal, encoded, in bytes. Entry ids that do
/// not fit go on in further entries, up to [`PARTS_MAX`]. An event that is too
/// long without its entry ids is cut: metadata first, the last field first,
/// then the error message; what is left out is marked or counted. Identity is
/// exempt: an event with very long identity may take up to 64 KiB an entry.
pub const EVENT_BYTES_MAX: usize = 32 * 1024;

/// Longest metadata key and longest operation name, in bytes.
pub const KEY_BYTES_MAX: usize = 128;

/// Most entry ids of one event. How many more there were is said in the
/// metadata key [`ENTRY_IDS_CUT_KEY`].
pub const ENTRY_IDS_MAX: usize = 16 * 1024;

/// Most events that one event is linked to. How many more there were is said in
/// the metadata key [`LINKS_CUT_KEY`].
pub const LINKS_MAX: usize = 32;

/// Most entries that one event takes in a journal: some 2 MiB of entry ids.
/// How many more there were is said in the metadata key [`ENTRY_IDS_CUT_KEY`].
pub const PARTS_MAX: usize = 64;

/// Metadata key that says how many of the entries of an event are missing: a
/// crash came between them. What was acknowledged misses none.
pub const PARTS_MISSING_KEY: &str = "audit.parts_missing";

/// Metadata key that says how many entry ids did not fit.
pub const ENTRY_IDS_CUT_KEY: &str = "audit.entry_ids_cut";

/// Metadata key that says how many links did not fit.
pub const LINKS_CUT_KEY: &str = "audit.links_cut";

/// Metadata key that says how many metadata fields did not fit.
pub const METADATA_CUT_KEY: &str = "audit.metadata_cut";

/// Metadata key under which an outer operation counts the nested ones that
/// were collapsed into it.
pub const COLLAPSED_KEY: &str = "audit.collapsed";

/// Metadata key that counts those of the collapsed operations that failed.
pub const COLLAPSED_FAILURES_KEY: &str = "audit.collapsed_failures";

/// Metadata key under which the entry of an intent holds the operation that is
/// about to be done.
pub(crate) const INTENDED_KEY: &str = "audit.intended";

/// Metadata keys that this crate writes itself, whatever else is kept.
pub(crate) const OWN_KEYS: [&str; 6] = [
    ENTRY_IDS_CUT_KEY,
    LINKS_CUT_KEY,
    METADATA_CUT_KEY,
    COLLAPSED_KEY,
    COLLAPSED_FAILURES_KEY,
    INTENDED_KEY,
];

/// Cuts `text` to at most `bytes_max` bytes at a character boundary.
pub(crate) fn prefix(text: &str, bytes_max: usize) -> &str {
    let mut end = bytes_max.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

/// What is appended to a value that was cut; `bytes` is its original length.
pub(crate) fn cut_marker(bytes: Option<usize>) -> String {
    match bytes {
        Some(bytes) => format!(" …[cut from {bytes} bytes]"),
        None => " …[cut]".to_owned(),
    }
}

/// Longest mark of a cut, in bytes.
pub(crate) const MARK_BYTES_MAX: usize = 40;

/// Digits of the original length: fewer than a card's number has.
const DIGITS_MAX: usize = 13;

/// What stands before the mark of a cut, and the original length if the mark says
/// it; nothing if the text does not end with a mark.
#[inline]
pub(crate) fn marked(text: &str) -> Option<(&str, Option<usize>)> {
    let inside = text.strip_suffix(']')?;
    match inside.strip_suffix(" …[cut") {
        Some(kept) => Some((kept, None)),
        None => marked_with_length(inside),
    }
}

fn marked_with_length(inside: &str) -> Option<(&str, Option<usize>)> {
    let inside = inside.strip_suffix(" bytes")?;
    let digits = inside.bytes().rev().take_while(u8::is_ascii_digit).take(DIGITS_MAX + 1).count();
    let (kept, length) = inside.split_at_checked(inside.len() - digits)?;
    let kept = kept.strip_suffix(" …[cut from ").filter(|_| digits <= DIGITS_MAX)?;
    Some((kept, Some(length.parse().ok()?)))
}

/// What stands before the mark of an earlier cut, and the original length, which is
/// no less than what is there.
pub(crate) fn unmarked(text: &str) -> (&str, usize) {
    let (kept, original) = marked(text).unwrap_or((text, None));
    (kept, original.unwrap_or_default().max(text.len()))
}

/// Returns `text`, cut and marked if it is longer than a field may be.
///
/// The mark is within the limit, so that a value that was cut is not cut again
/// when it is read back.
#[inline]
pub(crate) fn bounded(text: &str) -> std::borrow::Cow<'_, str> {
    if text.len() <= FIELD_BYTES_MAX { text.into() } else { cut(text).into() }
}

#[cold]
fn cut(text: &str) -> String {
    let marker = cut_marker(Some(text.len()));
    let mut cut = prefix(text, FIELD_BYTES_MAX.saturating_sub(marker.len())).to_owned();
    cut.push_str(&marker);
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_keeps_characters_whole_and_says_the_length() {
        let long = "é".repeat(FIELD_BYTES_MAX);
        let cut = bounded(&long);
        assert!(cut.starts_with("éé"));
        assert!(cut.ends_with(&format!("[cut from {} bytes]", long.len())));
        assert!((FIELD_BYTES_MAX - 1..=FIELD_BYTES_MAX).contains(&cut.len()));
        assert_eq!(bounded(&cut), cut);
        assert_eq!(bounded("short"), "short");
        assert_eq!(prefix("aé", 2), "a");
    }
}

//! The mark at the end of a text that was cut.
//!
//! Anybody can write such a mark into a text. It counts where it ends the text, in
//! the very form that cutting gives it, and then it only makes more be hidden: what
//! stands before it is looked at, and in the mark itself there is no room for a secret.

use crate::event::limits::marked;

/// The text without marks of cuts at its end.
#[inline]
pub(super) fn without_mark(text: &str) -> &str {
    let mut rest = text;
    while let Some((kept, _)) = marked(rest) {
        rest = kept;
    }
    rest
}

/// Whether it was JSON, and was made a text when it was cut.
#[inline]
pub(in crate::redaction) fn is_cut_json(text: &str) -> bool {
    text.starts_with(['{', '[']) && marked(text).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::limits::{MARK_BYTES_MAX, cut_marker};

    #[test]
    fn only_a_whole_mark_at_the_end_is_one() {
        for mark in [cut_marker(None), cut_marker(Some(0)), cut_marker(Some(9_999_999_999_999))] {
            assert_eq!(without_mark(&format!("a{mark}")), "a", "{mark}");
            assert_eq!(without_mark(&format!("a{mark}{mark}")), "a", "{mark}");
            assert!(mark.len() <= MARK_BYTES_MAX);
        }
        for text in [
            "a …[cut, b]",
            "a …[cut] b]",
            "a …[cut from 9 bytes] ",
            "a …[cut from  bytes]",
            "a …[cut from -1 bytes]",
            "a …[cut from 4111111111111111 bytes]",
            "[\"a …[cut from 9 bytes]\",\"b\"]",
            "",
            "]",
        ] {
            assert_eq!(without_mark(text), text);
        }
        assert!(is_cut_json("{\"a\": 1 …[cut]") && !is_cut_json("[\"a …[cut]\"]"));
    }
}

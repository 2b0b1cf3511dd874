//! Makes text harmless to look at.

/// `text` with everything escaped that could hide, reorder or command:
/// controls, separators of lines, bidirectional controls, invisible letters.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            letter if deceives(letter) => out.extend(letter.escape_unicode()),
            letter => out.push(letter),
        }
    }
    out
}

/// Whether a letter could hide, reorder or command.
pub(crate) fn deceives(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{ad}'                    // soft hyphen
            | '\u{34f}'                 // grapheme joiner
            | '\u{61c}'                 // Arabic letter mark
            | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' // Hangul fillers
            | '\u{180b}'..='\u{180f}'   // Mongolian selectors and separator
            | '\u{200b}'..='\u{200f}'   // zero width, direction marks
            | '\u{2028}'..='\u{202e}'   // separators, embeddings and overrides
            | '\u{2060}'..='\u{206f}'   // joiner, invisible operators, isolates
            | '\u{feff}'                // byte order mark
            | '\u{fff9}'..='\u{fffb}'   // interlinear annotation
            | '\u{e0000}'..='\u{e0fff}' // tags and more selectors
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_deceives_is_escaped_and_the_rest_is_not() {
        assert_eq!(escaped("a\u{1b}[31mred"), "a\\u{1b}[31mred");
        assert_eq!(escaped("one\ntwo\r\t\u{85}"), "one\\ntwo\\r\\t\\u{85}");
        assert_eq!(escaped("user\u{202e}nimda\u{2066}"), "user\\u{202e}nimda\\u{2066}");
        assert_eq!(escaped("ad\u{200b}min\u{feff}\u{e0041}"), "ad\\u{200b}min\\u{feff}\\u{e0041}");
        assert_eq!(escaped("Zoë 東京 \\ 🦀"), "Zoë 東京 \\ 🦀");
    }
}

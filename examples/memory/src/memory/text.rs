//! Text taken apart: chunks of documents, names that occur in them, terms of
//! queries. Pure functions.

use std::collections::BTreeSet;

/// Chunks end at a blank line once they are this long.
pub(super) const CHUNK_BYTES: usize = 700;
/// And are cut wherever they are when they reach this.
const CHUNK_BYTES_MAX: usize = 2_000;
/// Shorter names are mostly type parameters and abbreviations.
const ENTITY_CHARS_MIN: usize = 5;

/// Splits a text at blank lines into chunks of about [`CHUNK_BYTES`].
pub(super) fn chunks(text: &str) -> Vec<String> {
    let mut chunks = Vec::new();
    let mut chunk = String::new();
    for line in text.lines() {
        let full = chunk.len() >= CHUNK_BYTES_MAX;
        if full || (line.trim().is_empty() && chunk.len() >= CHUNK_BYTES) {
            chunks.push(std::mem::take(&mut chunk));
        }
        chunk.push_str(line);
        chunk.push('\n');
    }
    chunks.push(chunk);
    chunks.retain(|chunk| !chunk.trim().is_empty());
    chunks
}

/// Names in a text: words with a capital inside (`AuditEvent`) or an
/// underscore (`entry_ids`).
pub(super) fn entities(text: &str) -> BTreeSet<&str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| is_name(word)).collect()
}

fn is_name(word: &str) -> bool {
    let inner = word.trim_matches('_').chars().skip(1);
    let letters = word.chars().any(char::is_alphabetic);
    let mut compound = inner.clone().any(|c| c == '_');
    compound |= inner.clone().any(char::is_uppercase) && inner.clone().any(char::is_lowercase);
    letters && compound && word.chars().count() >= ENTITY_CHARS_MIN
}

/// The words of a text, as search terms.
pub(super) fn terms(text: &str) -> Vec<&str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|term| !term.is_empty()).collect()
}

/// The part of `content` around the first of `terms`, on one line.
pub(super) fn snippet(content: &str, terms: &[String], chars: usize) -> String {
    let lower = content.to_lowercase();
    let found = terms.iter().filter_map(|term| lower.find(&term.to_lowercase())).min();
    // Lower-casing can move byte positions; where a text does, any part of it will do.
    let start = content.floor_boundary(found.unwrap_or(0).saturating_sub(chars / 3));
    let part = content.get(start..).unwrap_or(content);
    part.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(chars).collect()
}

trait FloorBoundary {
    fn floor_boundary(&self, index: usize) -> usize;
}

impl FloorBoundary for str {
    fn floor_boundary(&self, index: usize) -> usize {
        (0..=index.min(self.len())).rev().find(|at| self.is_char_boundary(*at)).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_keep_every_line_and_end_at_blank_ones() {
        let paragraph = format!("{}\n\n", "word ".repeat(100));
        let text = paragraph.repeat(5);
        let chunks = chunks(&text);
        assert_eq!(chunks.len(), 3);
        let words = chunks.iter().flat_map(|chunk| chunk.split_whitespace()).count();
        assert_eq!(words, 500);
        assert!(super::chunks(" \n\n").is_empty());
        let line = "x".repeat(3_000);
        assert_eq!(super::chunks(&format!("{line}\n{line}")).len(), 2);
    }

    #[test]
    fn entities_are_compound_names() {
        let found = entities("The AuditEvent has entry_ids, not __ or T or Word or HTTP.");
        assert_eq!(found.into_iter().collect::<Vec<_>>(), ["AuditEvent", "entry_ids"]);
    }

    #[test]
    fn a_snippet_shows_the_term_and_never_splits_a_character() {
        let content = format!("{} needle {}", "ä".repeat(200), "ö".repeat(200));
        let snippet = snippet(&content, &["needle".to_owned()], 80);
        assert!(snippet.contains("needle"), "{snippet}");
        assert_eq!(snippet.chars().count(), 80);
    }
}

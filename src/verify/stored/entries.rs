//! Entries one after the other.

use crate::error::Result;
use crate::event::Sequence;
use crate::journal::Entries;
use crate::report::deceives;

/// The entries of a log, in the order of their sequence.
#[derive(Debug)]
pub struct StoredEntries {
    first: u64,
    entries: Entries,
}

/// An entry of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredEntry<'e> {
    /// Its place in the log.
    pub sequence: Sequence,
    /// Its bytes: the canonical JSON of an event.
    pub bytes: &'e [u8],
}

impl StoredEntries {
    pub(super) fn new(first: u64, entries: Entries) -> Self {
        StoredEntries { first, entries }
    }

    /// The first sequence that is still there.
    pub fn first(&self) -> Sequence {
        Sequence(self.first)
    }

    /// The next entry; `None` behind the last one that is complete.
    ///
    /// # Errors
    ///
    /// When the log is damaged there, or can't be read.
    pub fn next_entry(&mut self) -> Result<Option<StoredEntry<'_>>> {
        let entry = self.entries.next_entry()?;
        Ok(entry.map(|(sequence, bytes)| StoredEntry { sequence, bytes }))
    }
}

impl StoredEntry<'_> {
    /// The entry as a line for a terminal: still the same JSON, but with
    /// everything escaped that could hide, reorder or command.
    pub fn terminal_text(&self) -> String {
        terminal_text(self.bytes)
    }
}

/// A line for a terminal: with everything escaped that could hide, reorder or
/// command, ends of lines among it, as JSON escapes it. What is no UTF-8 is
/// replaced.
pub fn terminal_text(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if deceives(letter) {
            let mut units = [0; 2];
            for unit in letter.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            out.push(letter);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_deceives_is_escaped_and_means_the_same() {
        let text = serde_json::to_string("a\u{202e}b\u{7f}\u{9b}31m\u{e0041}Zoë 🦀\n").unwrap();
        let entry = StoredEntry { sequence: Sequence(0), bytes: text.as_bytes() };
        let shown = entry.terminal_text();
        assert_eq!(shown, r#""a\u202eb\u007f\u009b31m\udb40\udc41Zoë 🦀\n""#);
        let read = |text: &str| serde_json::from_str::<String>(text).unwrap();
        assert_eq!(read(&shown), read(&text));
    }
}

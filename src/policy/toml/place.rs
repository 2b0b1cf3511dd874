//! Where in a text a mistake is.

use std::ops::Range;

use crate::error::{Error, ErrorKind};

/// The text of a policy and what it is called in messages.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) name: &'a str,
    pub(super) text: &'a str,
}

impl Source<'_> {
    /// A mistake at a place.
    pub(super) fn error(&self, place: Range<usize>, message: impl AsRef<str>) -> Error {
        let (line, column) = self.line_and_column(place.start);
        Error::new(
            ErrorKind::Format,
            format!("{}:{line}:{column}: {}", self.name, message.as_ref()),
        )
    }

    /// Both from 1; the column in characters.
    fn line_and_column(&self, byte: usize) -> (usize, usize) {
        let before = crate::event::limits::prefix(self.text, byte);
        let line = before.rsplit('\n').next().unwrap_or_default();
        (before.matches('\n').count() + 1, line.chars().count() + 1)
    }
}

//! JSON Lines: the canonical JSON of an event, one event a line. Entries of a
//! journal can be read too: those of one event become that event.

use std::borrow::Borrow;
use std::collections::VecDeque;
use std::io::{self, BufRead, Write};

use crate::error::{Error, ErrorKind, Result};
use crate::event::AuditEvent;
use crate::event::part::Joiner;

/// Writes the events and returns how many there were.
pub(super) fn write<E: Borrow<AuditEvent>>(
    events: impl IntoIterator<Item = E>,
    out: &mut dyn Write,
) -> io::Result<u64> {
    let mut total = 0;
    for event in events {
        serde_json::to_writer(&mut *out, event.borrow())?;
        out.write_all(b"\n")?;
        total += 1;
    }
    Ok(total)
}

/// Reads JSON Lines one event at a time. See [`JsonLines`].
pub fn json_lines<R: BufRead>(reader: R) -> JsonLines<R> {
    JsonLines {
        reader,
        line: Vec::new(),
        number: 0,
        ended: false,
        joiner: Joiner::default(),
        ready: VecDeque::new(),
    }
}

/// The events of a JSON Lines file, in order; made by [`json_lines`].
///
/// A line that is no event gives an error with its number, and reading goes on
/// with the next line; that the last line was torn by a crash is said as such.
/// After an error of the reader itself nothing more comes. Blank lines are
/// passed over. Lines that are parts of one event come as one event.
#[derive(Debug)]
pub struct JsonLines<R> {
    reader: R,
    line: Vec<u8>,
    number: u64,
    ended: bool,
    joiner: Joiner,
    ready: VecDeque<Result<AuditEvent>>,
}

impl<R: BufRead> Iterator for JsonLines<R> {
    type Item = Result<AuditEvent>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.ready.is_empty() && !self.ended {
            self.read_line();
            if self.ended {
                self.joiner.finish(|joined| self.ready.push_back(Ok(joined.event)));
            }
        }
        self.ready.pop_front()
    }
}

impl<R: BufRead> JsonLines<R> {
    fn read_line(&mut self) {
        self.line.clear();
        self.number += 1;
        if let Err(error) = self.reader.read_until(b'\n', &mut self.line) {
            self.ended = true;
            let message = format!("line {} could not be read", self.number);
            self.ready.push_back(Err(Error::caused(ErrorKind::Io, message, error)));
            return;
        }
        self.ended = self.line.last() != Some(&b'\n');
        if self.line.trim_ascii().is_empty() {
            return;
        }
        match self.event() {
            Ok(event) => self.joiner.push(event, |joined| self.ready.push_back(Ok(joined.event))),
            Err(error) => self.ready.push_back(Err(error)),
        }
    }

    fn event(&self) -> Result<AuditEvent> {
        serde_json::from_slice(&self.line).map_err(|error| {
            let number = self.number;
            let message = if self.ended && error.is_eof() {
                format!(
                    "line {number}, the last, ends in the middle of an event: it was torn while being written; the lines before it are whole"
                )
            } else {
                format!("line {number} is no event")
            };
            Error::caused(ErrorKind::Format, message, error)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::format::fixtures;
    use super::*;

    fn text() -> Vec<u8> {
        let mut out = Vec::new();
        assert_eq!(write(fixtures(), &mut out).unwrap(), fixtures().len() as u64);
        out
    }

    #[test]
    fn every_event_is_a_line_and_is_read_back_the_same() {
        let text = text();
        assert_eq!(text.iter().filter(|byte| **byte == b'\n').count(), fixtures().len());
        let read: Result<Vec<_>> = json_lines(text.as_slice()).collect();
        assert_eq!(read.unwrap(), fixtures());
        let without_last_newline = &text[..text.len() - 1];
        assert_eq!(json_lines(without_last_newline).count(), fixtures().len());
        assert_eq!(json_lines(&b"\n\n"[..]).count(), 0);
    }

    #[test]
    fn the_entries_of_an_event_are_read_as_that_event() {
        let mut lines = Vec::new();
        for (part, ids) in [("1/3", vec![]), ("2/3", vec!["a", "b"]), ("3/3", vec!["c"])] {
            let mut event = AuditEvent { part: part.parse().ok(), ..fixtures()[2].clone() };
            event.entry_ids = ids.into_iter().map(str::to_owned).collect();
            lines.extend(serde_json::to_vec(&event).unwrap());
            lines.push(b'\n');
        }
        let ids = |text: &[u8]| {
            let events: Result<Vec<_>> = json_lines(text).collect();
            let ids = events.unwrap().into_iter().map(|event| event.entry_ids.join(""));
            ids.collect::<Vec<_>>()
        };
        assert_eq!(ids(&lines), ["abc"]);
        let torn =
            &lines[..lines.len() - lines.rsplit(|byte| *byte == b'\n').nth(1).unwrap().len() - 1];
        assert_eq!(ids(torn), ["ab"]);
        assert_eq!(ids(&[torn, &text()].concat()).len(), fixtures().len() + 1);
    }

    #[test]
    fn a_torn_last_line_is_reported_and_the_rest_is_read() {
        let text = text();
        let mut lines = json_lines(&text[..text.len() - 10]);
        for event in &fixtures()[..fixtures().len() - 1] {
            assert_eq!(&lines.next().unwrap().unwrap(), event);
        }
        let error = lines.next().unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Format);
        let says = format!("line {}, the last, ends in the middle", fixtures().len());
        assert!(error.to_string().contains(&says), "{error}");
        assert!(lines.next().is_none());
    }

    #[test]
    fn a_bad_line_is_reported_with_its_number_and_the_next_is_read() {
        let mut bad = b"{\"event_id\": 1}\n".to_vec();
        bad.extend(text());
        let mut lines = json_lines(bad.as_slice());
        let error = lines.next().unwrap().unwrap_err();
        assert!(error.to_string().starts_with("line 1 is no event: "), "{error}");
        assert_eq!(lines.next().unwrap().unwrap(), fixtures()[0]);
        assert!(json_lines(&b"\xff\xfe\n"[..]).next().unwrap().is_err());
        // One that is whole was not torn, though no line follows it.
        let error = json_lines(&b"{\"event_id\": 1}"[..]).next().unwrap().unwrap_err();
        assert!(error.to_string().starts_with("line 1 is no event: "), "{error}");
    }
}

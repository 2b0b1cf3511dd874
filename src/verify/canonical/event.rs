//! The keys of an event, in their order.

use std::borrow::Cow;
use std::ops::Range;

use chrono::NaiveDate;

use super::Deviation;
use super::text::{Cursor, Outcome, deviation};
use crate::event::{EventId, Part, SpanId, Status, StatusSource, TraceId};

/// What a key holds.
enum Holds {
    Text,
    Texts,
    Part,
    Time,
    Id,
    Operation,
    Status,
    StatusSource,
    Fraction,
    Metadata,
    Span,
}

struct Key {
    name: &'static str,
    holds: Holds,
    is_required: bool,
}

const fn required(name: &'static str, holds: Holds) -> Key {
    Key { name, holds, is_required: true }
}

const fn optional(name: &'static str, holds: Holds) -> Key {
    Key { name, holds, is_required: false }
}

/// The keys behind `sequence` and `kind`.
const KEYS: &[Key] = &[
    required(r#""event_id":"#, Holds::Id),
    required(r#""timestamp":"#, Holds::Time),
    required(r#""recorded_at":"#, Holds::Time),
    required(r#""operation":"#, Holds::Operation),
    required(r#""actor":"#, Holds::Text),
    optional(r#""user_id":"#, Holds::Text),
    optional(r#""session_id":"#, Holds::Text),
    optional(r#""org_id":"#, Holds::Text),
    optional(r#""resource":"#, Holds::Text),
    optional(r#""source":"#, Holds::Text),
    optional(r#""entry_ids":"#, Holds::Texts),
    optional(r#""part":"#, Holds::Part),
    required(r#""status":"#, Holds::Status),
    required(r#""status_source":"#, Holds::StatusSource),
    optional(r#""error_message":"#, Holds::Text),
    optional(r#""duration_ms":"#, Holds::Fraction),
    optional(r#""busy_ms":"#, Holds::Fraction),
    optional(r#""metadata":"#, Holds::Metadata),
    optional(r#""span":"#, Holds::Span),
];

/// What the check saw on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::verify) struct Shape {
    /// Whether it is an entry about the log itself.
    pub(in crate::verify) is_about_log: bool,
    /// Whether it is one of several entries of an event.
    pub(in crate::verify) is_part: bool,
}

/// Checks the entry of `sequence`.
pub(in crate::verify) fn check(entry: &[u8], sequence: u64) -> Result<Shape, Deviation> {
    let mut cursor = Cursor::new(entry);
    cursor.demand("{\"sequence\":")?;
    let at = cursor.at();
    if cursor.unsigned()? != sequence {
        return Err(deviation(at, format!("sequence {sequence}")));
    }
    cursor.demand(",")?;
    let is_about_log = cursor.pass(br#""kind":"log","#);
    let (mut is_first, mut is_part) = (true, false);
    for key in KEYS {
        let is_there = cursor.key(key, is_first)?;
        is_first &= !is_there;
        is_part |= is_there && matches!(key.holds, Holds::Part);
    }
    cursor.demand("}")?;
    match cursor.is_at_end() {
        true => Ok(Shape { is_about_log, is_part }),
        false => Err(deviation(cursor.at(), "the end of the entry")),
    }
}

impl Cursor<'_> {
    /// Passes a key and its value; whether it was there.
    fn key(&mut self, key: &Key, is_first: bool) -> Outcome<bool> {
        let separator: &[u8] = if is_first { b"" } else { b"," };
        let named = self.rest().strip_prefix(separator);
        if !named.is_some_and(|rest| rest.starts_with(key.name.as_bytes())) {
            let missing =
                || deviation(self.at(), format!("the key {}", key.name.trim_end_matches(':')));
            return if key.is_required { Err(missing()) } else { Ok(false) };
        }
        self.pass(separator);
        self.pass(key.name.as_bytes());
        self.held(&key.holds)?;
        Ok(true)
    }

    fn held(&mut self, holds: &Holds) -> Outcome<()> {
        match holds {
            Holds::Text => self.string().map(|_| ()),
            Holds::Texts => self.texts(|cursor| cursor.string().map(|_| ())),
            Holds::Part => {
                self.text_that("a part of an event", |text| text.parse::<Part>().is_ok())
            }
            Holds::Time => self.text_that("a time in UTC with microseconds", is_time),
            Holds::Id => self.id(),
            Holds::Operation => self.text_that("an operation in upper case", is_operation),
            Holds::Status => self.text_that("a status", |text| {
                Status::ALL.iter().any(|known| known.as_str() == text)
            }),
            Holds::StatusSource => self.text_that("a source of a status", |text| {
                StatusSource::ALL.iter().any(|known| known.as_str() == text)
            }),
            Holds::Fraction => self.fraction(),
            Holds::Metadata => self.object(),
            Holds::Span => self.span(),
        }
    }

    fn id(&mut self) -> Outcome<()> {
        self.text_that("an event id", |text| text.parse::<EventId>().is_ok())
    }

    fn span(&mut self) -> Outcome<()> {
        self.demand("{\"name\":")?;
        self.string()?;
        self.demand(",\"target\":")?;
        self.string()?;
        if self.pass(b",\"parent\":") {
            self.id()?;
        }
        if self.pass(b",\"trace_id\":") {
            self.text_that("a trace id", |text| text.parse::<TraceId>().is_ok())?;
        }
        if self.pass(b",\"span_id\":") {
            self.text_that("a span id", |text| text.parse::<SpanId>().is_ok())?;
        }
        if self.pass(b",\"links\":") {
            self.texts(Cursor::id)?;
        }
        self.demand("}")
    }

    /// A list of at least one text.
    fn texts(&mut self, item: impl Fn(&mut Self) -> Outcome<()>) -> Outcome<()> {
        self.demand("[")?;
        item(self)?;
        while !self.pass(b"]") {
            self.demand(",")?;
            item(self)?;
        }
        Ok(())
    }

    fn text_that(&mut self, what: &str, is_it: impl Fn(&str) -> bool) -> Outcome<()> {
        let at = self.at();
        let inside = self.string()?;
        let text = std::str::from_utf8(self.slice(inside)).unwrap_or_default();
        if is_it(text) { Ok(()) } else { Err(deviation(at, what)) }
    }
}

/// Whether the value of a string, which is given as it is written, is the name
/// of an operation.
fn is_operation(written: &str) -> bool {
    // Escapes have small letters of their own.
    let text = match written.contains('\\') {
        true => serde_json::from_str(&format!("\"{written}\"")).unwrap_or_default(),
        false => Cow::Borrowed(written),
    };
    !text.is_empty() && text == text.trim() && !text.bytes().any(|b| b.is_ascii_lowercase())
}

/// `2025-01-15T10:30:45.123456Z`, of a day that there is. No leap seconds: entries never have one.
fn is_time(text: &str) -> bool {
    const FORM: &[u8] = b"0000-00-00T00:00:00.000000Z";
    let fits = |(byte, form): (u8, &u8)| match form {
        b'0' => byte.is_ascii_digit(),
        form => byte == *form,
    };
    let number = |digits: Range<usize>| text.get(digits)?.parse::<u32>().ok();
    let is_day = || {
        let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
        let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
        NaiveDate::from_ymd_opt(year as i32, month, day)?.and_hms_opt(hour, minute, second)
    };
    text.len() == FORM.len() && text.bytes().zip(FORM).all(fits) && is_day().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{AuditEvent, Kind, Sequence, SpanInfo};

    /// The last day of a month, which one changed digit makes a day that there is not.
    const TIME: &str = "2026-11-30T10:30:45.123456Z";

    fn full() -> AuditEvent {
        let mut event = AuditEvent::access_denied(["user:c"], ["role:\u{1}\u{1b}"])
            .timestamp(TIME.parse().unwrap())
            .user_id("c")
            .session_id("s\n")
            .org_id("o")
            .resource("kb")
            .source("10.0.0.1")
            .entry_ids(["doc", "\"quoted\""])
            .error("no")
            .duration_ms(1.5)
            .metadata("nested", serde_json::json!({"b": [1, -2.5e-9, null, {}]}))
            .build();
        event.sequence = Some(Sequence(7));
        // A time that is one whichever digit becomes 0 or 1.
        event.timestamp = "2025-12-15T22:33:45.123456Z".parse().unwrap();
        event.recorded_at = Some(event.timestamp);
        event.part = Part::new(2, 10);
        event.busy = Some(std::time::Duration::from_secs(45));
        event.span = Some(SpanInfo {
            name: "open".into(),
            target: "app".into(),
            parent: Some(EventId::from_u128(5)),
            trace_id: TraceId::from_bytes([8; 16]),
            span_id: SpanId::from_bytes([9; 8]),
            links: vec![EventId::from_u128(6), EventId::from_u128(7)],
        });
        event
    }

    fn plain() -> AuditEvent {
        let mut event = AuditEvent::builder("store").timestamp(TIME.parse().unwrap()).build();
        event.sequence = Some(Sequence(7));
        event.recorded_at = Some(event.timestamp);
        event
    }

    #[test]
    fn what_events_encode_to_is_canonical() {
        for (event, is_part) in [(full(), true), (plain(), false)] {
            let entry = serde_json::to_vec(&event).unwrap();
            assert_eq!(check(&entry, 7), Ok(Shape { is_about_log: false, is_part }));
        }
        let about_log = AuditEvent { kind: Kind::Log, ..full() };
        let entry = serde_json::to_vec(&about_log).unwrap();
        assert_eq!(check(&entry, 7), Ok(Shape { is_about_log: true, is_part: true }));
    }

    #[test]
    fn times_are_of_days_that_there_are() {
        for time in [
            "2025-01-15T10:30:45.123456Z",
            "2024-02-29T23:59:59.999999Z",
            "0000-02-29T00:00:00.000000Z",
            "9999-12-31T23:59:59.999999Z",
        ] {
            assert!(is_time(time), "{time}");
        }
        for time in [
            "2025-02-29T10:30:45.123456Z",
            "2025-11-31T10:30:45.123456Z",
            "2025-00-15T10:30:45.123456Z",
            "2025-13-15T10:30:45.123456Z",
            "2025-01-15T24:00:00.000000Z",
            "2025-01-15T10:60:45.123456Z",
            "2025-01-15T10:30:60.123456Z",
            "2025-01-15T10:30:45.12345Z",
            "2025-01-15 10:30:45.123456Z",
            "+025-01-15T10:30:45.123456Z",
        ] {
            assert!(!is_time(time), "{time}");
        }
    }

    #[test]
    fn the_sequence_is_that_of_the_frame() {
        let entry = serde_json::to_vec(&plain()).unwrap();
        assert_eq!(check(&entry, 8).unwrap_err().at, "{\"sequence\":".len());
    }

    /// What a reader takes for an event is either canonical or refused: of all
    /// single-byte changes, none gives another spelling of the same event.
    #[test]
    fn every_event_has_one_spelling() {
        let entry = serde_json::to_vec(&full()).unwrap();
        for at in 0..entry.len() {
            for byte in [b' ', b'0', b'1', b'"', b'\\', b'n', b',', b'{', 0, 0xff, b'e', b'A', b'a']
            {
                let mut changed = entry.clone();
                changed[at] = byte;
                if check(&changed, 7).is_ok() {
                    let read: AuditEvent = serde_json::from_slice(&changed).unwrap();
                    let again = serde_json::to_vec(&read).unwrap();
                    // Exponents have two spellings.
                    let again = String::from_utf8(again).unwrap().replace("e+", "e");
                    let changed = String::from_utf8(changed).unwrap().replace("e+", "e");
                    assert_eq!(again, changed, "{at}");
                }
            }
        }
    }

    #[test]
    fn escapes_in_an_operation_are_no_small_letters() {
        let text = String::from_utf8(serde_json::to_vec(&full()).unwrap()).unwrap();
        for name in ["A\\nB", "A\\\"\\\\B", "\\u0001B"] {
            let entry = text.replace("ACCESS_DENIED", name);
            assert!(check(entry.as_bytes(), 7).is_ok(), "{name}");
        }
    }

    #[test]
    fn keys_that_are_strange_misplaced_or_missing_are_refused() {
        let text = String::from_utf8(serde_json::to_vec(&full()).unwrap()).unwrap();
        for (from, to) in [
            (",\"operation\"", ",\"x\":1,\"operation\""),
            ("\"actor\":\"user:c\",", ""),
            ("\"org_id\":\"o\",\"resource\":\"kb\"", "\"resource\":\"kb\",\"org_id\":\"o\""),
            ("\"org_id\":\"o\"", "\"org_id\":null"),
            ("{\"sequence\":7,", "{\"sequence\":7,\"kind\":\"event\","),
            ("\"duration_ms\":1.5", "\"duration_ms\":2"),
            ("[\"doc\",\"\\\"quoted\\\"\"]", "[]"),
            ("ACCESS_DENIED", "access_denied"),
            ("ACCESS_DENIED", ""),
            ("ACCESS_DENIED", "\\n"),
            ("ACCESS_DENIED", "A\\n"),
            ("ACCESS_DENIED", "A\\u0001a"),
            ("\"part\":\"2/10\"", "\"part\":\"02/10\""),
            ("\"part\":\"2/10\"", "\"part\":\"2/1\""),
            ("}}", "}} "),
        ] {
            assert!(text.contains(from), "{from}");
            assert!(check(text.replace(from, to).as_bytes(), 7).is_err(), "{to}");
        }
    }
}

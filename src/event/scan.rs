//! The canonical JSON of an event, looked at without making an event of it.
//!
//! For whoever has to find a few among many: the values of the keys are found,
//! not read, and only those that are asked for are. What is not in the
//! canonical form (another order, spaces, nulls) is refused, and has to be read
//! in full.

use std::borrow::Cow;

use chrono::{DateTime, NaiveDate, Utc};

use super::audit_event::duration_ns_from_ms;
use super::{EventId, Kind, Part};

/// The keys, in their order.
#[expect(dead_code, reason = "nobody asks for some of them")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    Sequence,
    Kind,
    EventId,
    Timestamp,
    RecordedAt,
    Operation,
    Actor,
    UserId,
    SessionId,
    OrgId,
    Resource,
    Source,
    EntryIds,
    Part,
    Status,
    StatusSource,
    ErrorMessage,
    DurationMs,
    BusyMs,
    Metadata,
    Span,
}

const KEYS: [&[u8]; 21] = [
    b"sequence",
    b"kind",
    b"event_id",
    b"timestamp",
    b"recorded_at",
    b"operation",
    b"actor",
    b"user_id",
    b"session_id",
    b"org_id",
    b"resource",
    b"source",
    b"entry_ids",
    b"part",
    b"status",
    b"status_source",
    b"error_message",
    b"duration_ms",
    b"busy_ms",
    b"metadata",
    b"span",
];

/// An event in its encoded form.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ScannedEvent<'a> {
    /// The JSON of each key's value; empty where the key is absent.
    values: [&'a [u8]; KEYS.len()],
}

impl<'a> ScannedEvent<'a> {
    /// Finds the values; `None` if it is not the canonical form of an event.
    pub(crate) fn scan(entry: &'a [u8]) -> Option<Self> {
        let mut values = [&[][..]; KEYS.len()];
        let mut rest = entry.strip_prefix(b"{")?;
        let mut slots = values.iter_mut().zip(KEYS);
        loop {
            rest = rest.strip_prefix(b"\"")?;
            // Keys are in order, so that each is looked for once.
            let slot = loop {
                let (slot, key) = slots.next()?;
                if let Some(after) = rest.strip_prefix(key).and_then(|r| r.strip_prefix(b"\":")) {
                    rest = after;
                    break slot;
                }
            };
            let (value, after) = rest.split_at_checked(value_bytes(rest)?)?;
            if value.is_empty() || value == b"null" {
                return None;
            }
            *slot = value;
            match after.split_first()? {
                (b',', after) => rest = after,
                (b'}', []) => break,
                _ => return None,
            }
        }
        Some(ScannedEvent { values }).filter(ScannedEvent::is_complete)
    }

    /// Whether it has what each event has, is a part that there can be, and
    /// names the user wherever the actor does.
    fn is_complete(&self) -> bool {
        let names_nobody = self.raw(Key::UserId).is_empty();
        let is_split = names_nobody && self.raw(Key::Actor).starts_with(b"\"user:");
        let has_strange_part = !self.raw(Key::Part).is_empty() && self.part().is_none();
        !is_split && !has_strange_part && !self.raw(Key::Status).is_empty()
    }

    /// The JSON of a value; empty where the key is absent.
    pub(crate) fn raw(&self, key: Key) -> &'a [u8] {
        self.values.get(key as usize).copied().unwrap_or_default()
    }

    /// A value that is a string.
    pub(crate) fn text(&self, key: Key) -> Option<Cow<'a, str>> {
        text(self.raw(key))
    }

    /// Whether a value is this string.
    pub(crate) fn is_text(&self, key: Key, wanted: &str) -> bool {
        is_text(self.raw(key), wanted)
    }

    /// Whether it is about the program or about the trail.
    pub(crate) fn kind(&self) -> Kind {
        if self.is_text(Key::Kind, "log") { Kind::Log } else { Kind::Event }
    }

    /// Its identity.
    pub(crate) fn event_id(&self) -> Option<EventId> {
        self.text(Key::EventId)?.parse().ok()
    }

    /// When it began, in microseconds since the Unix epoch.
    pub(crate) fn timestamp_us(&self) -> Option<i64> {
        let text = self.text(Key::Timestamp)?;
        plain_time_us(text.as_bytes())
            .or_else(|| Some(text.parse::<DateTime<Utc>>().ok()?.timestamp_micros()))
    }

    /// How long it took.
    pub(crate) fn duration_ns(&self) -> Option<u64> {
        let text = std::str::from_utf8(self.raw(Key::DurationMs)).ok()?;
        duration_ns_from_ms(text.parse().ok()?)
    }

    /// The entries it was done to, each as JSON.
    pub(crate) fn entry_ids(&self) -> impl Iterator<Item = &'a [u8]> {
        let mut rest = self.raw(Key::EntryIds);
        std::iter::from_fn(move || {
            let (_, after) = rest.split_first()?;
            let (id, after) = after.split_at_checked(value_bytes(after)?)?;
            rest = after;
            (!id.is_empty()).then_some(id)
        })
    }

    /// Which part of its event it is, if it is not all of it.
    pub(crate) fn part(&self) -> Option<Part> {
        let raw = self.raw(Key::Part);
        if raw.is_empty() { None } else { text(raw)?.parse().ok() }
    }

    /// The event of the enclosing span, as JSON.
    pub(crate) fn parent(&self) -> Option<&'a [u8]> {
        let mut rest = self.raw(Key::Span);
        for before in [&b"{\"name\":"[..], b",\"target\":"] {
            let value = rest.strip_prefix(before)?;
            rest = value.get(value_bytes(value)?..)?;
        }
        let value = rest.strip_prefix(b",\"parent\":")?;
        value.get(..value_bytes(value)?)
    }
}

/// The text of a JSON string.
pub(crate) fn text(raw: &[u8]) -> Option<Cow<'_, str>> {
    let inner = raw.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    if memchr::memchr(b'\\', inner).is_some() {
        return serde_json::from_slice::<String>(raw).ok().map(Cow::Owned);
    }
    std::str::from_utf8(inner).ok().map(Cow::Borrowed)
}

/// Whether a JSON string has this text.
pub(crate) fn is_text(raw: &[u8], wanted: &str) -> bool {
    match raw.strip_prefix(b"\"").and_then(|raw| raw.strip_suffix(b"\"")) {
        Some(inner) if memchr::memchr(b'\\', inner).is_none() => inner == wanted.as_bytes(),
        Some(_) => text(raw).is_some_and(|text| text == wanted),
        None => false,
    }
}

/// Length of the value that begins here.
fn value_bytes(bytes: &[u8]) -> Option<usize> {
    match bytes.first()? {
        b'"' => string_bytes(bytes),
        b'[' | b'{' => nested_bytes(bytes),
        b' ' | b'\t' | b'\n' | b'\r' => None,
        _ => bytes.iter().position(|byte| matches!(byte, b',' | b'}' | b']')),
    }
}

/// Length of the string that begins here, quotes included.
fn string_bytes(bytes: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        at += memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
        match bytes.get(at)? {
            b'"' => return Some(at + 1),
            _ => at += 2,
        }
    }
}

/// Length of the list or object that begins here.
fn nested_bytes(bytes: &[u8]) -> Option<usize> {
    let (mut at, mut depth) = (0, 0_usize);
    loop {
        match bytes.get(at)? {
            b'"' => at += string_bytes(bytes.get(at..)?)?,
            b'[' | b'{' => (at, depth) = (at + 1, depth + 1),
            b']' | b'}' => {
                (at, depth) = (at + 1, depth - 1);
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => at += 1,
        }
    }
}

/// A time of the form that is written for the years 0 to 9999.
fn plain_time_us(text: &[u8]) -> Option<i64> {
    let text: &[u8; 27] = text.try_into().ok()?;
    let [
        a,
        b,
        c,
        d,
        b'-',
        m,
        n,
        b'-',
        e,
        f,
        b'T',
        h,
        i,
        b':',
        k,
        l,
        b':',
        s,
        t,
        b'.',
        fraction @ ..,
        b'Z',
    ] = text
    else {
        return None;
    };
    let number = |digits: &[u8]| {
        digits.iter().try_fold(0_u32, |number, digit| {
            digit.is_ascii_digit().then(|| number * 10 + u32::from(digit - b'0'))
        })
    };
    let year = number(&[*a, *b, *c, *d])? as i32;
    let date = NaiveDate::from_ymd_opt(year, number(&[*m, *n])?, number(&[*e, *f])?)?;
    let (hour, minute, second) = (number(&[*h, *i])?, number(&[*k, *l])?, number(&[*s, *t])?);
    let time = date.and_hms_micro_opt(hour, minute, second, number(fraction)?)?;
    Some(time.and_utc().timestamp_micros())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::buffer::samples::event;
    use crate::event::{AuditEvent, Sequence};

    fn encoded(event: &AuditEvent) -> Vec<u8> {
        serde_json::to_vec(event).unwrap()
    }

    proptest! {
        #[test]
        fn what_is_found_is_what_was_written(
            event in event(),
            user in proptest::option::of(".{0,8}"),
            ids in proptest::collection::vec(".{0,5}", 0..3),
            error in proptest::option::of(".{0,30}"),
            part in 0..9_usize,
        ) {
            let part = crate::event::Part::new(part, 7);
            let user_id = user.or(event.user_id).or(Some("u".into()));
            let event =
                AuditEvent { user_id, entry_ids: ids, part, error_message: error, ..event };
            let bytes = encoded(&event);
            let scanned = ScannedEvent::scan(&bytes).unwrap();
            prop_assert_eq!(scanned.kind(), event.kind);
            prop_assert_eq!(scanned.event_id(), Some(event.event_id));
            prop_assert_eq!(scanned.timestamp_us(), Some(event.timestamp.timestamp_micros()));
            let found = |key| scanned.text(key).map(Cow::into_owned);
            prop_assert_eq!(found(Key::UserId), event.user_id.clone());
            prop_assert_eq!(found(Key::ErrorMessage), event.error_message);
            let user = event.user_id.as_deref();
            prop_assert!(user.is_none_or(|user| scanned.is_text(Key::UserId, user)));
            let ids: Vec<_> = scanned.entry_ids().map(|id| text(id).unwrap().into_owned()).collect();
            prop_assert_eq!(ids, event.entry_ids);
            prop_assert_eq!(scanned.part(), event.part);
            let parent = event.span.and_then(|span| span.parent).map(|parent| parent.to_string());
            prop_assert_eq!(scanned.parent().and_then(text).map(Cow::into_owned), parent);
        }

        #[test]
        fn any_bytes_are_looked_at_without_harm(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = ScannedEvent::scan(&bytes);
        }

        #[test]
        fn damaged_events_are_looked_at_without_harm(event in event(), at in 0..400_usize, byte: u8) {
            let mut bytes = encoded(&event);
            if let Some(place) = bytes.get_mut(at) {
                *place = byte;
            }
            let scanned = ScannedEvent::scan(&bytes);
            scanned.map(|event| (event.entry_ids().count(), event.timestamp_us(), event.parent()));
        }
    }

    #[test]
    fn what_is_not_canonical_is_refused() {
        let mut event = AuditEvent::builder("store").user_id("u").build();
        event.sequence = Some(Sequence(7));
        let text = String::from_utf8(encoded(&event)).unwrap();
        assert!(ScannedEvent::scan(text.as_bytes()).is_some());
        let others = [
            text.replace(":", ": "),
            text.replace("\"u\"", "null"),
            text.replace("\"sequence\":7,", "") + " ",
            text.replace("sequence", "unknown"),
            text.replace("{\"sequence\":7,", "{").replace('}', ",\"sequence\":7}"),
            text.replace("\"status\":\"SUCCESS\",", ""),
            text.replace("\"status\"", "\"part\":\"2/1\",\"status\""),
            text[..text.len() - 1].to_owned(),
            "{}".into(),
            String::new(),
        ];
        for other in others {
            assert!(ScannedEvent::scan(other.as_bytes()).is_none(), "{other}");
        }
    }

    #[test]
    fn times_of_every_year_are_understood() {
        for time in [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC, DateTime::UNIX_EPOCH] {
            let event = AuditEvent::builder("store").timestamp(time).build();
            let bytes = encoded(&event);
            let scanned = ScannedEvent::scan(&bytes).unwrap();
            assert_eq!(scanned.timestamp_us(), Some(event.timestamp.timestamp_micros()), "{time}");
        }
    }
}

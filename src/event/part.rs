//! Events whose entry ids take more than one entry of a journal, and how such
//! entries become one event again.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::AuditEvent;
use super::limits::{PARTS_MAX, PARTS_MISSING_KEY};
use crate::error::{Error, ErrorKind};

/// Which of the entries of one event this is, written `k/n`.
///
/// The entries of an event follow each other, and have its `event_id` and
/// everything that it can be found by. Metadata and the error message are in
/// the first one, entry ids in all, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Part {
    /// From 1 on.
    pub number: u8,
    /// How many there are: 2 to [`PARTS_MAX`].
    pub count: u8,
}

/// An event that was put together from its entries.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Joined {
    pub(crate) event: AuditEvent,
    /// How many entries it took.
    pub(crate) entries: u64,
}

/// Puts events together from entries that come in order. An event of which
/// some are missing says how many under [`PARTS_MISSING_KEY`].
#[derive(Debug, Default)]
pub(crate) struct Joiner {
    open: Option<Open>,
}

/// An event that may go on.
#[derive(Debug)]
struct Open {
    joined: Joined,
    last: Part,
}

impl Part {
    /// The part `number` of `count`, if there can be one.
    pub(crate) fn new(number: usize, count: usize) -> Option<Part> {
        let is_one = (2..=PARTS_MAX).contains(&count) && (1..=count).contains(&number);
        let part = || Some(Part { number: number.try_into().ok()?, count: count.try_into().ok()? });
        if is_one { part() } else { None }
    }

    /// How many entries of the event come before this one.
    pub(crate) fn before(self) -> u64 {
        u64::from(self.number) - 1
    }

    /// Whether the event goes on behind this one.
    pub(crate) fn goes_on(self) -> bool {
        self.number < self.count
    }

    /// Whether this one comes right behind `last`.
    pub(crate) fn follows(self, last: Part) -> bool {
        self.count == last.count && self.before() == u64::from(last.number)
    }
}

impl Joiner {
    /// Takes the next entry, and hands over what is complete by that: whole
    /// events, and one that does not go on although it should.
    pub(crate) fn push(&mut self, mut event: AuditEvent, mut whole: impl FnMut(Joined)) {
        let Some(part) = event.part.take() else {
            self.finish(&mut whole);
            return whole(Joined { event, entries: 1 });
        };
        let open = match self.open.take() {
            Some(open) if open.is_continued_by(&event, part) => open.with(event, part),
            other => {
                other.into_iter().for_each(|open| whole(open.end()));
                Open { joined: Joined { event, entries: 1 }, last: part }
            }
        };
        match part.goes_on() {
            true => self.open = Some(open),
            false => whole(open.end()),
        }
    }

    /// Hands over the event that would have gone on, if there is one.
    pub(crate) fn finish(&mut self, whole: impl FnMut(Joined)) {
        self.open.take().map(Open::end).into_iter().for_each(whole);
    }
}

impl Open {
    fn is_continued_by(&self, event: &AuditEvent, part: Part) -> bool {
        let known = &self.joined.event;
        part.follows(self.last) && event.event_id == known.event_id && event.kind == known.kind
    }

    fn with(mut self, event: AuditEvent, part: Part) -> Self {
        self.joined.event.entry_ids.extend(event.entry_ids);
        self.joined.entries += 1;
        self.last = part;
        self
    }

    fn end(self) -> Joined {
        let mut joined = self.joined;
        let missing = u64::from(self.last.count).saturating_sub(joined.entries);
        if missing > 0 {
            joined.event.metadata.insert(PARTS_MISSING_KEY, missing);
        }
        joined
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.count)
    }
}

impl FromStr for Part {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let numbers = text.split_once('/');
        let part = numbers.and_then(|(k, n)| Part::new(k.parse().ok()?, n.parse().ok()?));
        // One spelling: no plus signs, no leading zeros.
        part.filter(|part| part.to_string() == text).ok_or_else(|| {
            let message = format!("{text:?} is no part of an event: k/n, with n up to {PARTS_MAX}");
            Error::new(ErrorKind::Format, message)
        })
    }
}

impl Serialize for Part {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Part {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(id: u128, text: &str, ids: &[&str]) -> AuditEvent {
        let mut event = AuditEvent::builder("import").entry_ids(ids).build();
        event.event_id = crate::event::EventId::from_u128(id);
        event.part = text.parse().ok();
        event
    }

    /// Entry ids, number of entries and parts that are missing.
    type Seen = (Vec<String>, u64, Option<u64>);

    fn joined(entries: impl IntoIterator<Item = AuditEvent>) -> Vec<Seen> {
        let (mut joiner, mut events) = (Joiner::default(), Vec::new());
        let entries = entries.into_iter();
        entries.for_each(|entry| joiner.push(entry, |joined| events.push(joined)));
        joiner.finish(|joined| events.push(joined));
        let seen = |Joined { event, entries }| {
            assert_eq!(event.part, None);
            let missing = event.metadata.get(PARTS_MISSING_KEY).and_then(|n| n.as_u64());
            (event.entry_ids, entries, missing)
        };
        events.into_iter().map(seen).collect()
    }

    fn seen(ids: &[&str], entries: u64, missing: Option<u64>) -> Seen {
        (ids.iter().map(|id| (*id).to_owned()).collect(), entries, missing)
    }

    #[test]
    fn a_part_has_one_spelling() {
        assert_eq!("2/3".parse::<Part>().unwrap(), Part { number: 2, count: 3 });
        for wrong in ["", "1", "1/1", "0/2", "3/2", "+1/2", "01/2", "1/2 ", "1/65", "1/2/3", "-1/2"]
        {
            assert!(wrong.parse::<Part>().is_err(), "{wrong}");
        }
        let last = format!("{PARTS_MAX}/{PARTS_MAX}");
        assert_eq!(last.parse::<Part>().unwrap().to_string(), last);
    }

    #[test]
    fn parts_that_follow_each_other_are_one_event() {
        let entries = [
            part(1, "", &["x"]),
            part(2, "1/3", &[]),
            part(2, "2/3", &["a", "b"]),
            part(2, "3/3", &["c"]),
            part(3, "1/2", &["d"]),
            part(3, "2/2", &["e"]),
        ];
        let expected =
            [seen(&["x"], 1, None), seen(&["a", "b", "c"], 3, None), seen(&["d", "e"], 2, None)];
        assert_eq!(joined(entries), expected);
    }

    #[test]
    fn what_is_missing_is_told_and_nothing_is_mixed_up() {
        let entries = [
            part(1, "1/3", &["a"]),
            part(1, "2/3", &["b"]),
            part(2, "", &["x"]),
            part(3, "2/2", &["c"]),
            part(4, "1/2", &["d"]),
            part(5, "2/2", &["e"]),
            part(6, "1/3", &["f"]),
            part(6, "2/4", &["g"]),
            part(6, "4/4", &["h"]),
        ];
        let expected = [
            seen(&["a", "b"], 2, Some(1)),
            seen(&["x"], 1, None),
            seen(&["c"], 1, Some(1)),
            seen(&["d"], 1, Some(1)),
            seen(&["e"], 1, Some(1)),
            seen(&["f"], 1, Some(2)),
            seen(&["g"], 1, Some(3)),
            seen(&["h"], 1, Some(3)),
        ];
        assert_eq!(joined(entries), expected);
    }
}

//! Where a page ended.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::builder::Query;
use super::order::Order;
use super::view::View;
use crate::error::{Error, Result};
use crate::event::Sequence;

/// Where a page ended, to be given to [`Query::after`](super::Query::after).
///
/// Text that can be handed out and taken back (`Display`, `FromStr`, serde). It
/// is valid for the same filters and order; the limit may change from page to
/// page. It ends with the process, unless there is a journal.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Cursor {
    query: u64,
    /// One for each log that the query went through.
    places: Vec<Place>,
}

/// Where a page ended in one log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Place {
    log: u64,
    /// Newest first: everything from here on was seen. Oldest first: everything
    /// before it was.
    position: u64,
    /// The oldest event there was when the cursor was made.
    first_sequence: u64,
}

const PREFIX: &str = "cur_";
const DIGITS: usize = 16;

impl Cursor {
    /// Views and the position in each.
    pub(super) fn new<'v>(
        query: &Query,
        positions: impl IntoIterator<Item = (&'v View, u64)>,
    ) -> Self {
        let places = positions.into_iter().map(|(view, position)| Place {
            log: view.log(),
            position,
            first_sequence: view.first_to_be_had(),
        });
        Cursor { query: fingerprint(query), places: places.collect() }
    }

    /// Refuses the cursor of another query, and one that names none of these logs.
    pub(super) fn check<'v>(
        &self,
        query: &Query,
        views: impl IntoIterator<Item = &'v View>,
    ) -> Result<()> {
        if !views.into_iter().any(|view| self.place(view).is_some()) {
            return Err(Error::invalid(
                "this cursor belongs to another audit log, or to an earlier run of the program; begin again without a cursor",
            ));
        }
        if self.query != fingerprint(query) {
            return Err(Error::invalid(
                "this cursor belongs to a query with other filters or another order; repeat that query, or begin again without a cursor",
            ));
        }
        Ok(())
    }

    /// What it leaves of a log. A log that the page did not know began later than that:
    /// newest first, it would have come before.
    pub(super) fn rest(&self, order: Order, view: &View) -> Range<u64> {
        match (order, self.place(view)) {
            (Order::NewestFirst, Some(place)) => 0..place.position,
            (Order::NewestFirst, None) => 0..0,
            (Order::OldestFirst, Some(place)) => place.position..u64::MAX,
            (Order::OldestFirst, None) => 0..u64::MAX,
        }
    }

    /// See [`Page::released_before`](super::Page::released_before).
    pub(super) fn released_before(&self, order: Order, view: &View) -> Option<Sequence> {
        let place = self.place(view)?;
        let ahead = match order {
            Order::NewestFirst => place.first_sequence,
            Order::OldestFirst => place.position,
        };
        let first = view.first_to_be_had();
        (first > ahead).then_some(Sequence(first))
    }

    /// Where a walk would have gone on in a log that is not among these any more, if
    /// there may have been something left of it.
    pub(super) fn gone(&self, order: Order, views: &[View]) -> Option<Sequence> {
        let is_there = |place: &Place| views.iter().any(|view| view.log() == place.log);
        let is_left = |place: &Place| match order {
            Order::NewestFirst => place.position > place.first_sequence,
            Order::OldestFirst => true,
        };
        let gone = self.places.iter().filter(|place| !is_there(place) && is_left(place));
        gone.map(|place| Sequence(place.position)).max()
    }

    fn place(&self, view: &View) -> Option<&Place> {
        self.places.iter().find(|place| place.log == view.log())
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{:016x}", self.query)?;
        self.places.iter().try_for_each(|place| {
            write!(f, "{:016x}{:016x}{:016x}", place.log, place.position, place.first_sequence)
        })
    }
}

impl FromStr for Cursor {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        parse(text).ok_or_else(|| {
            let shown: String = text.chars().take(100).collect();
            Error::invalid(format!(
                "{shown:?} is no cursor; pass on the text of a page's `next` unchanged"
            ))
        })
    }
}

impl Serialize for Cursor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Cursor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

fn fingerprint(query: &Query) -> u64 {
    let mut state = DefaultHasher::new();
    (&query.filter, query.order, query.every_log).hash(&mut state);
    state.finish()
}

fn parse(text: &str) -> Option<Cursor> {
    let mut digits = text.strip_prefix(PREFIX)?;
    if !digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
        return None;
    }
    let mut number = || {
        let (number, rest) = digits.split_at_checked(DIGITS)?;
        digits = rest;
        u64::from_str_radix(number, 16).ok()
    };
    let query = number()?;
    let mut places = Vec::new();
    while let Some(log) = number() {
        places.push(Place { log, position: number()?, first_sequence: number()? });
    }
    let is_one = !places.is_empty() && digits.is_empty();
    is_one.then_some(Cursor { query, places })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_survives_its_text_and_other_text_is_refused() {
        let place = |log| Place { log, position: 7, first_sequence: 0 };
        for logs in [1..2, 1..4] {
            let places: Vec<_> = logs.map(|log| place(log << 62)).collect();
            let cursor = Cursor { query: u64::MAX, places };
            let text = cursor.to_string();
            assert_eq!(text.parse::<Cursor>().unwrap(), cursor);
            let json = serde_json::to_string(&cursor).unwrap();
            assert_eq!(serde_json::from_str::<Cursor>(&json).unwrap(), cursor);
            let query_alone = &text[..PREFIX.len() + DIGITS];
            let half = &text[..text.len() - DIGITS];
            let wrong = ["", "cur_", "7", &text[1..], &text[..text.len() - 1], &format!("{text}0")];
            let upper = text.to_uppercase();
            for wrong in wrong.into_iter().chain([query_alone, half, &upper, "cur_é"]) {
                let error = wrong.parse::<Cursor>().unwrap_err();
                assert!(error.is_invalid_input() && error.to_string().contains("next"), "{error}");
            }
        }
    }

    #[test]
    fn a_long_text_that_is_no_cursor_is_not_repeated() {
        let error = "x".repeat(100_000).parse::<Cursor>().unwrap_err().to_string();
        assert!(error.len() < 300, "{} bytes", error.len());
    }
}

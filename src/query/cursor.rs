//! Where a page ended.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::filter::Filter;
use super::order::Order;
use super::view::View;
use crate::error::{Error, Result};
use crate::event::Sequence;

/// Where a page ended, to be given to [`Query::after`](super::Query::after).
///
/// Text that can be handed out and taken back (`Display`, `FromStr`, serde). It
/// is valid for the same filters and order; the limit may change from page to
/// page. It ends with the process, unless there is a journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cursor {
    /// Newest first: everything from here on was seen. Oldest first: everything
    /// before it was.
    position: u64,
    /// The oldest event there was when the cursor was made.
    first_sequence: u64,
    query: u64,
    log: u64,
}

const PREFIX: &str = "cur_";
const DIGITS: usize = 16;

impl Cursor {
    /// `first` is the oldest sequence that is to be had.
    pub(super) fn new(
        filter: &Filter,
        order: Order,
        view: &View,
        first: u64,
        last: Sequence,
    ) -> Self {
        Cursor {
            position: match order {
                Order::NewestFirst => last.0,
                Order::OldestFirst => last.0 + 1,
            },
            first_sequence: first,
            query: fingerprint(filter, order),
            log: instance(view),
        }
    }

    pub(super) fn check(&self, filter: &Filter, order: Order, view: &View) -> Result<()> {
        if self.log != instance(view) {
            return Err(Error::invalid(
                "this cursor belongs to another audit log, or to an earlier run of the program; begin again without a cursor",
            ));
        }
        if self.query != fingerprint(filter, order) {
            return Err(Error::invalid(
                "this cursor belongs to a query with other filters or another order; repeat that query, or begin again without a cursor",
            ));
        }
        Ok(())
    }

    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// See [`Page::released_before`](super::Page::released_before).
    /// `first` is the oldest sequence that is to be had.
    pub(super) fn released_before(&self, order: Order, first: u64) -> Option<Sequence> {
        let ahead = match order {
            Order::NewestFirst => self.first_sequence,
            Order::OldestFirst => self.position,
        };
        (first > ahead).then_some(Sequence(first))
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{PREFIX}{:016x}{:016x}{:016x}{:016x}",
            self.position, self.first_sequence, self.query, self.log
        )
    }
}

impl FromStr for Cursor {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        parse(text).ok_or_else(|| {
            Error::invalid(format!(
                "{text:?} is no cursor; pass on the text of a page's `next` unchanged"
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

/// Tells this log from others: on disk it keeps its identity.
fn instance(view: &View) -> u64 {
    view.stored().instance().unwrap_or(view.held().instance)
}

fn fingerprint(filter: &Filter, order: Order) -> u64 {
    let mut state = DefaultHasher::new();
    (filter, order).hash(&mut state);
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
    let cursor =
        Cursor { position: number()?, first_sequence: number()?, query: number()?, log: number()? };
    digits.is_empty().then_some(cursor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_survives_its_text_and_other_text_is_refused() {
        let cursor = Cursor { position: 7, first_sequence: 0, query: u64::MAX, log: 1 << 63 };
        let text = cursor.to_string();
        assert_eq!(text.parse::<Cursor>().unwrap(), cursor);
        let json = serde_json::to_string(&cursor).unwrap();
        assert_eq!(serde_json::from_str::<Cursor>(&json).unwrap(), cursor);
        let wrong = ["", "cur_", "7", &text[1..], &text[..text.len() - 1], &format!("{text}0")];
        for wrong in wrong.into_iter().chain([text.to_uppercase().as_str(), "cur_é"]) {
            let error = wrong.parse::<Cursor>().unwrap_err();
            assert!(error.is_invalid_input() && error.to_string().contains("next"), "{error}");
        }
    }
}

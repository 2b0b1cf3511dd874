//! Counting events by the value of a field.

use std::cmp::Reverse;
use std::ops::ControlFlow;

use hashbrown::HashMap;

use super::order::Field;
use super::walk::Walk;
use crate::buffer::Segment;

/// Under which name events without a user are counted.
const ANONYMOUS: &str = "anonymous";

/// In the column of actors, users in person are counted from here on.
const USERS: usize = 1 << 16;

/// Counts by value.
#[derive(Default)]
pub(super) struct Counts(HashMap<String, u64>);

impl Counts {
    /// Counts an event by the value it has, if it has one.
    pub(super) fn add(&mut self, field: Field, value: Option<&str>) {
        let value = match field {
            Field::User => Some(value.unwrap_or(ANONYMOUS)),
            _ => value,
        };
        let Some(value) = value else { return };
        match self.0.get_mut(value) {
            Some(count) => *count += 1,
            None => self.0.extend([(value.to_owned(), 1)]),
        }
    }

    /// Counts the events of a walk.
    pub(super) fn add_walk(&mut self, walk: &Walk<'_>, field: Field) {
        let mut groups =
            Groups { field, segment: None, counts: Vec::new(), totals: HashMap::new() };
        let _ = walk.each(|segment, index| {
            groups.add(segment, index);
            ControlFlow::Continue(())
        });
        groups.finish_segment();
        for (text, count) in groups.totals {
            *self.0.entry_ref(text).or_default() += count;
        }
    }

    /// Values and counts, the greatest count first, then by name.
    pub(super) fn sorted(self) -> Vec<(String, u64)> {
        let mut groups: Vec<(String, u64)> = self.0.into_iter().collect();
        groups.sort_unstable_by(|left, right| {
            (Reverse(left.1), &left.0).cmp(&(Reverse(right.1), &right.0))
        });
        groups
    }
}

/// Counts by symbol within a segment, and by text over all.
struct Groups<'a> {
    field: Field,
    segment: Option<&'a Segment>,
    counts: Vec<u64>,
    totals: HashMap<&'a str, u64>,
}

impl<'a> Groups<'a> {
    fn add(&mut self, segment: &'a Segment, index: usize) {
        if self.segment.is_none_or(|last| !std::ptr::eq(last, segment)) {
            self.finish_segment();
            self.segment = Some(segment);
        }
        let symbol = symbol(self.field, segment, index);
        if symbol >= self.counts.len() {
            self.counts.resize(symbol + 1, 0);
        }
        if let Some(count) = self.counts.get_mut(symbol) {
            *count += 1;
        }
    }

    fn finish_segment(&mut self) {
        let Some(segment) = self.segment.take() else { return };
        for (symbol, count) in self.counts.iter_mut().enumerate().filter(|(_, count)| **count > 0) {
            if let Some(text) = text(self.field, segment, symbol) {
                *self.totals.entry(text).or_default() += *count;
            }
            *count = 0;
        }
    }
}

/// A number for the event's value, which [`text`] understands.
fn symbol(field: Field, segment: &Segment, index: usize) -> usize {
    let columns = segment.columns();
    let flags = segment.flags(index);
    let symbol = match field {
        Field::User => columns.user.symbol(index),
        Field::Actor => match columns.actor.symbol(index) {
            0 => return USERS + usize::from(columns.user.symbol(index)),
            symbol => symbol,
        },
        Field::Session => columns.session.symbol(index),
        Field::Operation => columns.operation.symbol(index),
        Field::Org => columns.org.symbol(index),
        Field::Resource => columns.resource.symbol(index),
        Field::Source => columns.source.symbol(index),
        Field::Status => flags.map_or(0, |flags| u16::from(flags.status().code())),
        Field::StatusSource => flags.map_or(0, |flags| u16::from(flags.status_source().code())),
    };
    usize::from(symbol)
}

fn text(field: Field, segment: &Segment, symbol: usize) -> Option<&str> {
    use crate::event::{Status, StatusSource};
    let columns = segment.columns();
    let short = (symbol % USERS) as u16;
    match field {
        Field::User => Some(columns.user.symbol_text(short).unwrap_or(ANONYMOUS)),
        Field::Actor if symbol >= USERS => columns.user.prefixed_symbol_text(short),
        Field::Actor => columns.actor.symbol_text(short),
        Field::Session => columns.session.symbol_text(short),
        Field::Operation => columns.operation.symbol_text(short),
        Field::Org => columns.org.symbol_text(short),
        Field::Resource => columns.resource.symbol_text(short),
        Field::Source => columns.source.symbol_text(short),
        Field::Status => Status::from_code(short as u8).map(Status::as_str),
        Field::StatusSource => StatusSource::from_code(short as u8).map(StatusSource::as_str),
    }
}

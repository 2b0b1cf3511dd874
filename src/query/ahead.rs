//! Looking ahead: in which of the next segments the text that a query asks for
//! is at all.
//!
//! Looking a text up in one segment after another waits for memory several
//! times in each. Looked up in several together, most of that is waited for
//! once; and a segment that does not have the text needs no plan.

use super::compiled::{Compiled, Needle};
use super::order::Order;
use crate::buffer::{PerField, Segment, SymbolColumn, TOGETHER};

type Column = fn(&PerField<SymbolColumn>) -> &SymbolColumn;

/// The text that leads to the events, and where it is looked up.
struct Lead<'a> {
    column: Column,
    needle: Needle<'a>,
}

/// Looks ahead for one query.
pub(super) struct Ahead<'a> {
    /// None if the filter asks for no such text, or for one of several.
    lead: Option<Lead<'a>>,
    /// The last look. Nothing if it looked at nothing.
    symbols: [Option<u16>; TOGETHER],
}

impl<'a> Ahead<'a> {
    pub(super) fn new(filter: &Compiled<'a>) -> Self {
        let columns: [(_, Column); 4] = [
            (&filter.session, |columns| &columns.session),
            (&filter.user, |columns| &columns.user),
            (&filter.resource, |columns| &columns.resource),
            (&filter.org, |columns| &columns.org),
        ];
        let lead = columns.into_iter().find_map(|(forms, column)| match forms.as_deref()? {
            [needle] => Some(Lead { column, needle: *needle }),
            _ => None,
        });
        Ahead { lead, symbols: [None; TOGETHER] }
    }

    /// Looks at some segments, at most [`TOGETHER`], which will be gone through in
    /// this order.
    pub(super) fn look_at(&mut self, segments: &[&Segment], order: Order) {
        let Some(Lead { column, needle }) = &self.lead else { return };
        let columns = segments.iter().map(|segment| column(segment.columns()));
        self.symbols = SymbolColumn::find_in_each(columns.clone(), needle.hash, needle.text);
        let mut first = [None; TOGETHER];
        for ((first, symbol), column) in first.iter_mut().zip(self.symbols).zip(columns) {
            let list = symbol.and_then(|symbol| column.posted(symbol).list()).unwrap_or_default();
            *first = match order {
                Order::NewestFirst => list.last().copied(),
                Order::OldestFirst => list.first().copied(),
            };
        }
        for (first, segment) in first.into_iter().zip(segments) {
            // Nothing is done with it: it will be in the cache when it is asked for.
            std::hint::black_box(first.and_then(|first| segment.event_id(first.into())));
        }
    }

    /// Those of the segments it looked at that may have events.
    pub(super) fn promising<'s>(
        &self,
        segments: &[&'s Segment],
    ) -> impl Iterator<Item = &'s Segment> {
        let has_no_lead = self.lead.is_none();
        let may_have = move |symbol: Option<u16>| has_no_lead || symbol.is_some();
        let looked_at = segments.iter().zip(self.symbols);
        looked_at.filter(move |(_, symbol)| may_have(*symbol)).map(|(segment, _)| *segment)
    }
}

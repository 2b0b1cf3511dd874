//! One query on one view: memory and disk as one trail.

use std::cell::Cell;
use std::ops::{ControlFlow, Range};

use super::builder::Query;
use super::compiled::Compiled;
use super::order::Order;
use super::stored::{Search, StoredEvent};
use super::view::View;
use super::walk::Walk;
use crate::buffer::{Segment, SegmentScratch};
use crate::error::Result;
use crate::event::{AuditEvent, EventId, Sequence};

/// How far an answer may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// No file is read.
    Memory,
    /// Everything there is.
    Disk,
}

/// A query that is ready to be answered.
pub(super) struct Asked<'q> {
    query: &'q Query,
    view: &'q View,
    filter: Compiled<'q>,
    sequences: Range<u64>,
    released: Cell<Option<Sequence>>,
}

/// An event that satisfies the filter, where it is.
pub(super) enum Found<'a> {
    /// A segment of the buffer, and the place in it.
    Held(&'a Segment, usize),
    Stored(&'a StoredEvent<'a>),
}

impl<'q> Asked<'q> {
    /// Asks for events with these sequences.
    pub(super) fn new(query: &'q Query, view: &'q View, sequences: Range<u64>) -> Result<Self> {
        let filter = Compiled::new(&query.filter, view.held(), view.stored())?;
        Ok(Asked { query, view, filter, sequences, released: Cell::default() })
    }

    /// Asks for these sequences from now on, and for the same otherwise.
    pub(super) fn narrow(&mut self, sequences: Range<u64>) {
        self.sequences = sequences;
    }

    /// The part that lies in memory.
    pub(super) fn held(&self) -> Walk<'_> {
        Walk {
            snapshot: self.view.held(),
            filter: &self.filter,
            order: self.query.order,
            sequences: self.sequences.clone(),
        }
    }

    /// Hands over all events, in order, until told to stop. `None` if that
    /// would need more than the reach allows; some may have been handed over.
    pub(super) fn each(
        &self,
        reach: Reach,
        mut visit: impl FnMut(Found<'_>) -> Result<ControlFlow<()>>,
    ) -> Result<Option<ControlFlow<()>>> {
        let is_within_reach = reach == Reach::Disk || self.stored_sequences().is_empty();
        let newest_first = self.query.order == Order::NewestFirst;
        if newest_first && self.each_held(&mut visit)?.is_break() {
            return Ok(Some(ControlFlow::Break(())));
        }
        if !is_within_reach {
            return Ok(None);
        }
        if self.each_stored(|event| visit(Found::Stored(event)))?.is_break() {
            return Ok(Some(ControlFlow::Break(())));
        }
        match newest_first {
            true => Ok(Some(ControlFlow::Continue(()))),
            false => self.each_held(&mut visit).map(Some),
        }
    }

    /// Hands over those that lie on disk alone.
    pub(super) fn each_stored(
        &self,
        visit: impl FnMut(&StoredEvent<'_>) -> Result<ControlFlow<()>>,
    ) -> Result<ControlFlow<()>> {
        let sequences = self.stored_sequences();
        if sequences.is_empty() {
            return Ok(ControlFlow::Continue(()));
        }
        let filter = &self.query.filter;
        let (order, held) = (self.query.order, self.view.held().first_sequence);
        let search = Search { filter, compiled: &self.filter, order, sequences, held };
        let passed = self.view.stored().each(&search, visit)?;
        self.released.set(self.released.get().max(passed.released_before));
        Ok(passed.flow)
    }

    /// Set if events that were asked for were pruned before the answer came to
    /// them: all before this place.
    pub(super) fn released_before(&self) -> Option<Sequence> {
        self.released.get()
    }

    fn each_held(
        &self,
        visit: &mut impl FnMut(Found<'_>) -> Result<ControlFlow<()>>,
    ) -> Result<ControlFlow<()>> {
        let mut failed = None;
        let walked = self.held().each(|segment, index| {
            visit(Found::Held(segment, index)).unwrap_or_else(|error| {
                failed = Some(error);
                ControlFlow::Break(())
            })
        });
        failed.map_or(Ok(walked), Err)
    }

    /// What was asked for and lies on disk alone.
    fn stored_sequences(&self) -> Range<u64> {
        let held = self.view.held().first_sequence;
        let end = self.sequences.end.min(held);
        let first = self.view.stored().first_sequence(held);
        self.sequences.start.max(first)..end
    }
}

impl Found<'_> {
    /// Its place in the trail.
    pub(super) fn sequence(&self) -> Sequence {
        match self {
            Found::Held(segment, index) => segment.sequence(*index),
            Found::Stored(event) => event.sequence(),
        }
    }

    pub(super) fn event_id(&self) -> Option<EventId> {
        match self {
            Found::Held(segment, index) => segment.event_id(*index),
            Found::Stored(event) => event.event_id(),
        }
    }

    /// The whole event.
    pub(super) fn to_event(&self, scratch: &mut SegmentScratch) -> Result<Option<AuditEvent>> {
        match self {
            Found::Held(segment, index) => {
                Ok(segment.row(*index, scratch).map(|row| row.to_event(segment.sequence(*index))))
            }
            Found::Stored(event) => event.to_event().map(Some),
        }
    }
}

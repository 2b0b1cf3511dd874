//! Running a query.

use std::future::{Future, IntoFuture};
use std::ops::ControlFlow;
use std::pin::Pin;

use super::builder::Query;
use super::compiled::Compiled;
use super::cursor::Cursor;
use super::group::group;
use super::order::{Field, Order};
use super::page::Page;
use super::view::View;
use super::walk::Walk;
use crate::buffer::{SegmentScratch, Snapshot};
use crate::error::{Error, Result};
use crate::event::row::Row;
use crate::event::{EventId, Sequence};

impl Query {
    /// The events, after everything completed before this call was made
    /// visible.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for a limit of 0, for bounds that contradict each other
    /// and for a cursor of another query or log; `Stopped` when the worker has
    /// stopped, and `OnWorker` on its own thread.
    pub fn run(&self) -> Result<Page> {
        self.page(&self.source.fresh()?)
    }

    /// The events that are visible already. Waits for nothing.
    ///
    /// # Errors
    ///
    /// `InvalidInput`, as [`run`](Self::run).
    pub fn snapshot(&self) -> Result<Page> {
        self.page(&self.source.snapshot())
    }

    /// How many events there are, whatever limit and cursor say.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub fn count(&self) -> Result<u64> {
        self.filter.check()?;
        let view = self.source.fresh()?;
        let filter = Compiled::new(&self.filter, view.held());
        Ok(self.walk(view.held(), &filter, 0..u64::MAX).count())
    }

    /// How many events there are by the value of a field, whatever limit and
    /// cursor say. The most frequent value comes first, equally frequent ones
    /// by name.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub fn group_by(&self, field: Field) -> Result<Vec<(String, u64)>> {
        self.filter.check()?;
        let view = self.source.fresh()?;
        let filter = Compiled::new(&self.filter, view.held());
        Ok(group(&self.walk(view.held(), &filter, 0..u64::MAX), field))
    }

    /// The ids of the events, up to the limit.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub fn ids(&self) -> Result<Vec<EventId>> {
        let view = self.source.fresh()?;
        let sequences = self.sequences(view.held())?;
        let filter = Compiled::new(&self.filter, view.held());
        let limit = self.limit.unwrap_or(usize::MAX);
        let mut ids = Vec::new();
        self.walk(view.held(), &filter, sequences).each(|segment, index| {
            ids.extend(segment.event_id(index));
            if ids.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        Ok(ids)
    }

    /// Hands over the events one by one, borrowed, from the cursor on and in
    /// order, without regard to the limit, until told to stop. For aggregation:
    /// nothing is allocated per event.
    pub(crate) fn each_row(
        &self,
        view: &View,
        mut visit: impl FnMut(Sequence, &Row<'_>) -> ControlFlow<()>,
    ) -> Result<()> {
        let sequences = self.sequences(view.held())?;
        let filter = Compiled::new(&self.filter, view.held());
        let mut scratch = SegmentScratch::default();
        self.walk(view.held(), &filter, sequences).each(|segment, index| {
            match segment.row(index, &mut scratch) {
                Some(row) => visit(segment.sequence(index), &row),
                None => ControlFlow::Continue(()),
            }
        });
        Ok(())
    }

    /// The view that [`run`](Self::run) would look at.
    #[cfg(test)]
    pub(crate) fn fresh_view(&self) -> Result<View> {
        self.source.fresh()
    }

    fn page(&self, view: &View) -> Result<Page> {
        let snapshot = view.held();
        let limit = self.limit.unwrap_or(usize::MAX);
        let mut events = Vec::new();
        let mut last = None;
        let mut more = false;
        self.each_row(view, |sequence, row| {
            more = events.len() == limit;
            if more {
                return ControlFlow::Break(());
            }
            events.push(row.to_event(sequence));
            last = Some(sequence);
            ControlFlow::Continue(())
        })?;
        Ok(Page {
            events,
            next: last
                .filter(|_| more)
                .map(|last| Cursor::new(&self.filter, self.order, snapshot, last)),
            released_before: self
                .cursor
                .and_then(|cursor| cursor.released_before(self.order, snapshot)),
        })
    }

    /// The part of the trail that the cursor leaves. Refuses what makes no
    /// sense.
    fn sequences(&self, snapshot: &Snapshot) -> Result<std::ops::Range<u64>> {
        self.filter.check()?;
        if self.limit == Some(0) {
            return Err(Error::invalid(
                "a limit of 0 events finds nothing; use at least 1, or `count`",
            ));
        }
        let Some(cursor) = &self.cursor else { return Ok(0..u64::MAX) };
        cursor.check(&self.filter, self.order, snapshot)?;
        Ok(match self.order {
            Order::NewestFirst => 0..cursor.position(),
            Order::OldestFirst => cursor.position()..u64::MAX,
        })
    }

    fn walk<'a>(
        &self,
        snapshot: &'a Snapshot,
        filter: &'a Compiled<'a>,
        sequences: std::ops::Range<u64>,
    ) -> Walk<'a> {
        Walk { snapshot, filter, order: self.order, sequences }
    }
}

impl IntoFuture for Query {
    type Output = Result<Page>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<Page>> + Send>>;

    /// The async twin of [`run`](Query::run).
    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let fresh = self.source.fresh_async();
            self.page(&fresh.await?)
        })
    }
}

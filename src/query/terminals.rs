//! Running a query.

use std::future::{Future, IntoFuture};
use std::ops::ControlFlow;
use std::pin::Pin;

use super::asked::{Asked, Reach};
use super::builder::Query;
use super::cursor::Cursor;
use super::group::Counts;
use super::order::{Field, Order};
use super::page::Page;
use super::view::View;
use crate::buffer::SegmentScratch;
use crate::channel::on_own_thread;
use crate::error::{Error, Result};
use crate::event::{AuditEvent, EventId};

impl Query {
    /// The events, after everything completed before this call was made
    /// visible.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for a limit of 0, for bounds that contradict each other
    /// and for a cursor of another query or log; `Stopped` when the worker has
    /// stopped, and `OnWorker` on its own thread. With a journal, `Io` and
    /// `Damaged` when what lies on disk is needed and can't be read.
    pub fn run(&self) -> Result<Page> {
        self.whole_page(&self.source.fresh()?)
    }

    /// The events that are visible already. Waits for nothing but, with a
    /// journal, the disk.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run), whether or not there is a worker.
    pub fn snapshot(&self) -> Result<Page> {
        self.whole_page(&self.source.snapshot())
    }

    /// How many events there are, whatever limit and cursor say.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub fn count(&self) -> Result<u64> {
        self.filter.check()?;
        let view = self.source.fresh()?;
        let asked = Asked::new(self, &view, 0..u64::MAX)?;
        let mut count = asked.held().count();
        let _ = asked.each_stored(|_| {
            count += 1;
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(count)
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
        let asked = Asked::new(self, &view, 0..u64::MAX)?;
        let mut counts = Counts::default();
        counts.add_walk(&asked.held(), field);
        let _ = asked.each_stored(|event| {
            counts.add(field, event.group(field).as_deref());
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(counts.sorted())
    }

    /// Hands over the events one by one, whatever limit and cursor say, so that
    /// there can be more of them than memory holds.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub(crate) fn each(&self, mut visit: impl FnMut(AuditEvent)) -> Result<()> {
        self.filter.check()?;
        let view = self.source.fresh()?;
        let asked = Asked::new(self, &view, 0..u64::MAX)?;
        let mut scratch = SegmentScratch::default();
        let _ = asked.each(Reach::Disk, |found| {
            found.to_event(&mut scratch)?.into_iter().for_each(&mut visit);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(())
    }

    /// The ids of the events, up to the limit.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub fn ids(&self) -> Result<Vec<EventId>> {
        let view = self.source.fresh()?;
        let asked = Asked::new(self, &view, self.sequences(&view)?)?;
        let limit = self.limit.unwrap_or(usize::MAX);
        let mut ids = Vec::new();
        let _ = asked.each(Reach::Disk, |found| {
            ids.extend(found.event_id());
            Ok(if ids.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
        })?;
        Ok(ids)
    }

    fn whole_page(&self, view: &View) -> Result<Page> {
        Ok(self.page(view, Reach::Disk)?.unwrap_or_default())
    }

    /// The page, if it can be made within this reach.
    fn page(&self, view: &View, reach: Reach) -> Result<Option<Page>> {
        let asked = Asked::new(self, view, self.sequences(view)?)?;
        let limit = self.limit.unwrap_or(usize::MAX);
        let mut scratch = SegmentScratch::default();
        let mut page = Page::default();
        let mut last = None;
        let walked = asked.each(reach, |found| {
            if page.events.len() == limit {
                return Ok(ControlFlow::Break(()));
            }
            page.events.extend(found.to_event(&mut scratch)?);
            last = Some(found.sequence());
            Ok(ControlFlow::Continue(()))
        })?;
        let Some(walked) = walked else { return Ok(None) };
        let first = view.stored().first_sequence(view.held().first_sequence);
        let cursor = |last| Cursor::new(&self.filter, self.order, view, first, last);
        page.next = last.filter(|_| walked.is_break()).map(cursor);
        let came_from = self.cursor.as_ref();
        page.released_before = came_from
            .and_then(|cursor| cursor.released_before(self.order, first))
            .max(asked.released_before());
        Ok(Some(page))
    }

    /// The part of the trail that the cursor leaves. Refuses what makes no
    /// sense.
    fn sequences(&self, view: &View) -> Result<std::ops::Range<u64>> {
        self.filter.check()?;
        if self.limit == Some(0) {
            return Err(Error::invalid(
                "a limit of 0 events finds nothing; use at least 1, or `count`",
            ));
        }
        let Some(cursor) = &self.cursor else { return Ok(0..u64::MAX) };
        cursor.check(&self.filter, self.order, view)?;
        Ok(match self.order {
            Order::NewestFirst => 0..cursor.position(),
            Order::OldestFirst => cursor.position()..u64::MAX,
        })
    }
}

impl IntoFuture for Query {
    type Output = Result<Page>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<Page>> + Send>>;

    /// The async twin of [`run`](Query::run). What has to be read from disk is
    /// read on a thread of its own.
    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let fresh = self.source.fresh_async();
            let view = fresh.await?;
            match self.page(&view, Reach::Memory)? {
                Some(page) => Ok(page),
                None => on_own_thread("audit-query", move || self.whole_page(&view)).await?,
            }
        })
    }
}

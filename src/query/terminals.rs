//! Running a query.

use std::future::{Future, IntoFuture};
use std::ops::{ControlFlow, Range};
use std::pin::Pin;

use super::asked::{Asked, Reach};
use super::builder::Query;
use super::cursor::Cursor;
use super::group::Counts;
use super::merged::Merged;
use super::order::Field;
use super::page::Page;
use super::view::View;
use crate::buffer::SegmentScratch;
use crate::channel::on_own_thread;
use crate::error::{Error, Result};
use crate::event::{AuditEvent, EventId};
use crate::statistics::{Statistics, StatisticsRecorder};

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
        self.whole_page(self.source.fresh()?)
    }

    /// The events that are visible already. Waits for nothing but, with a
    /// journal, the disk.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run), whether or not there is a worker.
    pub fn snapshot(&self) -> Result<Page> {
        self.whole_page(self.source.snapshot())
    }

    /// How many events there are, whatever limit and cursor say.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub fn count(&self) -> Result<u64> {
        self.filter.check()?;
        let mut count = 0;
        for view in self.views(self.source.fresh()?)? {
            let asked = Asked::new(self, &view, 0..u64::MAX)?;
            count += asked.held().count();
            let _ = asked.each_stored(|_| {
                count += 1;
                Ok(ControlFlow::Continue(()))
            })?;
        }
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
        let mut counts = Counts::default();
        for view in self.views(self.source.fresh()?)? {
            let asked = Asked::new(self, &view, 0..u64::MAX)?;
            counts.add_walk(&asked.held(), field);
            let _ = asked.each_stored(|event| {
                counts.add(field, event.group(field).as_deref());
                Ok(ControlFlow::Continue(()))
            })?;
        }
        Ok(counts.sorted())
    }

    /// Figures over the events, whatever limit and cursor say. They are gone through one by
    /// one, so that there can be more of them than memory holds. Entries about the trail
    /// itself are not counted.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub fn statistics(&self) -> Result<Statistics> {
        let mut recorder = StatisticsRecorder::default();
        self.each(|event| recorder.add_event(&event))?;
        Ok(recorder.statistics())
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
        if self.every_log {
            let (all, views) = (self.clone().unlimited(), self.views(view)?);
            let mut merged = Merged::new(&all, views.iter().map(|view| (view, 0..u64::MAX)))?;
            while let Some(event) = merged.next()? {
                visit(event);
            }
            return Ok(());
        }
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
        if self.every_log {
            let page = self.merged_page(view)?;
            return Ok(page.events.into_iter().map(|event| event.event_id).collect());
        }
        let asked = Asked::new(self, &view, self.sequences(&view)?)?;
        let limit = self.limit.unwrap_or(usize::MAX);
        let mut ids = Vec::new();
        let _ = asked.each(Reach::Disk, |found| {
            ids.extend(found.event_id());
            Ok(if ids.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
        })?;
        Ok(ids)
    }

    fn whole_page(&self, view: View) -> Result<Page> {
        match self.every_log {
            true => self.merged_page(view),
            false => Ok(self.page(&view, Reach::Disk)?.unwrap_or_default()),
        }
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
        let position = last.filter(|_| walked.is_break()).map(|last| self.order.behind(last));
        page.next = position.map(|position| Cursor::new(self, [(view, position)]));
        let came_from = self.cursor.as_ref();
        page.released_before = came_from
            .and_then(|cursor| cursor.released_before(self.order, view))
            .max(asked.released_before());
        Ok(Some(page))
    }

    /// The page of several logs.
    fn merged_page(&self, own: View) -> Result<Page> {
        self.check()?;
        let views = self.views(own)?;
        let mut page = Page::default();
        if let Some(cursor) = &self.cursor {
            cursor.check(self, &views)?;
            let released = views.iter().filter_map(|v| cursor.released_before(self.order, v)).max();
            page.released_before = released.max(cursor.gone(self.order, &views));
        }
        let rests = views.iter().map(|view| (view, self.rest(view)));
        let mut merged = Merged::new(self, rests)?;
        let limit = self.limit.unwrap_or(usize::MAX);
        while page.events.len() < limit {
            let Some(event) = merged.next()? else { break };
            page.events.push(event);
        }
        if !merged.is_over()? {
            page.next = Some(Cursor::new(self, merged.positions()));
        }
        page.released_before = page.released_before.max(merged.released_before());
        Ok(page)
    }

    /// The logs that are asked for.
    fn views(&self, own: View) -> Result<Vec<View>> {
        match self.every_log {
            true => self.source.every_log(own),
            false => Ok(vec![own]),
        }
    }

    /// The part of the trail that the cursor leaves. Refuses what makes no
    /// sense.
    fn sequences(&self, view: &View) -> Result<Range<u64>> {
        self.check()?;
        self.cursor.as_ref().map_or(Ok(()), |cursor| cursor.check(self, [view]))?;
        Ok(self.rest(view))
    }

    fn rest(&self, view: &View) -> Range<u64> {
        self.cursor.as_ref().map_or(0..u64::MAX, |cursor| cursor.rest(self.order, view))
    }

    fn check(&self) -> Result<()> {
        self.filter.check()?;
        if self.limit == Some(0) {
            return Err(Error::invalid(
                "a limit of 0 events finds nothing; use at least 1, or `count`",
            ));
        }
        Ok(())
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
            if !self.every_log {
                if let Some(page) = self.page(&view, Reach::Memory)? {
                    return Ok(page);
                }
            }
            on_own_thread("audit-query", move || self.whole_page(view)).await?
        })
    }
}

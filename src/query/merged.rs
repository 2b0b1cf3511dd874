//! Several logs as one trail.
//!
//! Order is promised within a log alone. Between two logs, what one says to have
//! recorded before the other comes before it, as far as each log's own order
//! leaves that open: at each step the nearest event of every log is looked at. Of
//! two that were recorded in the same microsecond, the ids of their logs decide.
//!
//! Of each log a few events are held ahead, so that there can be more of them
//! than memory holds.

use std::collections::VecDeque;
use std::ops::{ControlFlow, Range};

use super::asked::{Asked, Reach};
use super::builder::Query;
use super::order::Order;
use super::view::View;
use crate::buffer::SegmentScratch;
use crate::error::Result;
use crate::event::{AuditEvent, Sequence};

/// Events of one log that are held ahead, at most.
const AHEAD_MAX: usize = 256;

/// The events of several logs that satisfy a query, in its order.
pub(super) struct Merged<'q> {
    walks: Vec<LogWalk<'q>>,
    order: Order,
    ahead_max: usize,
    scratch: SegmentScratch,
}

/// One of the logs.
struct LogWalk<'q> {
    view: &'q View,
    asked: Asked<'q>,
    /// What was not looked at yet.
    rest: Range<u64>,
    ahead: VecDeque<AuditEvent>,
    /// Where to go on behind the events that were handed over.
    position: u64,
}

impl<'q> Merged<'q> {
    /// The events of each view with sequences that its range has.
    pub(super) fn new(
        query: &'q Query,
        views: impl IntoIterator<Item = (&'q View, Range<u64>)>,
    ) -> Result<Self> {
        let order = query.order;
        let walks = views.into_iter().map(|(view, sequences)| {
            let rest = sequences.start..sequences.end.min(view.next_sequence().0);
            let asked = Asked::new(query, view, rest.clone())?;
            let position = match order {
                Order::NewestFirst => rest.end,
                Order::OldestFirst => rest.start,
            };
            Ok(LogWalk { view, asked, rest, ahead: VecDeque::new(), position })
        });
        let ahead_max = query.limit.map_or(AHEAD_MAX, |limit| AHEAD_MAX.min(limit.max(1)));
        let scratch = SegmentScratch::default();
        Ok(Merged { walks: walks.collect::<Result<_>>()?, order, ahead_max, scratch })
    }

    /// The next event.
    pub(super) fn next(&mut self) -> Result<Option<AuditEvent>> {
        let Some(nearest) = self.nearest()? else { return Ok(None) };
        let Some(walk) = self.walks.get_mut(nearest) else { return Ok(None) };
        let event = walk.ahead.pop_front();
        if let Some(sequence) = event.as_ref().and_then(|event| event.sequence) {
            walk.position = self.order.behind(sequence);
        }
        Ok(event)
    }

    /// Whether no event is left.
    pub(super) fn is_over(&mut self) -> Result<bool> {
        Ok(self.nearest()?.is_none())
    }

    /// Each log, and how far the events were handed over. Newest first, nothing comes to a log
    /// that has none left, so that it is left out.
    pub(super) fn positions(&self) -> impl Iterator<Item = (&'q View, u64)> + '_ {
        let is_left = |walk: &&LogWalk<'_>| {
            self.order == Order::OldestFirst || !walk.ahead.is_empty() || !walk.rest.is_empty()
        };
        self.walks.iter().filter(is_left).map(|walk| (walk.view, walk.position))
    }

    /// Set if events that were asked for were pruned before the answer came to
    /// them.
    pub(super) fn released_before(&self) -> Option<Sequence> {
        self.walks.iter().filter_map(|walk| walk.asked.released_before()).max()
    }

    /// The log that has the next event.
    fn nearest(&mut self) -> Result<Option<usize>> {
        let mut nearest = None;
        for (number, walk) in self.walks.iter_mut().enumerate() {
            walk.look_ahead(self.order, self.ahead_max, &mut self.scratch)?;
            let Some(event) = walk.ahead.front() else { continue };
            let place = (event.recorded_at.unwrap_or(event.timestamp), walk.view.log());
            let is_nearer = nearest.is_none_or(|(nearest, _)| match self.order {
                Order::NewestFirst => place > nearest,
                Order::OldestFirst => place < nearest,
            });
            if is_nearer {
                nearest = Some((place, number));
            }
        }
        Ok(nearest.map(|(_, number)| number))
    }
}

impl LogWalk<'_> {
    /// Makes sure that the next event is held, if there is one.
    fn look_ahead(
        &mut self,
        order: Order,
        ahead_max: usize,
        scratch: &mut SegmentScratch,
    ) -> Result<()> {
        if !self.ahead.is_empty() || self.rest.is_empty() {
            return Ok(());
        }
        let mut last = None;
        let ahead = &mut self.ahead;
        self.asked.narrow(self.rest.clone());
        let walked = self.asked.each(Reach::Disk, |found| {
            if ahead.len() == ahead_max {
                return Ok(ControlFlow::Break(()));
            }
            ahead.extend(found.to_event(scratch)?);
            last = Some(found.sequence());
            Ok(ControlFlow::Continue(()))
        })?;
        let has_more = walked.is_some_and(|walked| walked.is_break());
        self.rest = match (last.filter(|_| has_more), order) {
            (None, _) => self.rest.end..self.rest.end,
            (Some(last), Order::NewestFirst) => self.rest.start..last.0,
            (Some(last), Order::OldestFirst) => last.0 + 1..self.rest.end,
        };
        Ok(())
    }
}

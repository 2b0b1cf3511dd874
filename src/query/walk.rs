//! Going through the events that satisfy a filter, in order.

use std::ops::{ControlFlow, Range};

use super::compiled::Compiled;
use super::order::Order;
use super::plan::{Candidates, Planner};
use crate::buffer::{Segment, Snapshot};

/// Which events to go through, and how.
pub(super) struct Walk<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) filter: &'a Compiled<'a>,
    pub(super) order: Order,
    /// Only events with these sequences.
    pub(super) sequences: Range<u64>,
}

impl<'a> Walk<'a> {
    /// Hands over segment and index of each event, until told to stop.
    pub(super) fn each(
        &self,
        mut visit: impl FnMut(&'a Segment, usize) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let mut planner = Planner::new(self.filter);
        self.segments(|segment, user| self.segment(&mut planner, segment, user, &mut visit))
    }

    /// How many events there are. Lists that need no check are not opened.
    pub(super) fn count(&self) -> u64 {
        let mut planner = Planner::new(self.filter);
        let mut count = 0;
        let _ = self.segments(|segment, user| {
            count += planner.count(segment, user);
            ControlFlow::Continue(())
        });
        count
    }

    /// Goes through the segments that may have such events; where the symbol of
    /// the wanted user may be known, with that.
    fn segments(
        &self,
        mut visit: impl FnMut(&'a Segment, Option<u16>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let user = self.filter.one_user();
        self.in_order(self.snapshot.segments.neighbours(), |some| match some.users.zip(user) {
            Some((users, user)) => self.in_order(users.places(user.hash), |place| {
                let segment = some.segments.get(place.segment);
                segment
                    .map_or(ControlFlow::Continue(()), |segment| visit(segment, Some(place.symbol)))
            }),
            None => self.in_order(some.segments.iter(), |segment| visit(segment, None)),
        })
    }

    fn in_order<I: DoubleEndedIterator>(
        &self,
        mut items: I,
        visit: impl FnMut(I::Item) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        match self.order {
            Order::NewestFirst => items.rev().try_for_each(visit),
            Order::OldestFirst => items.try_for_each(visit),
        }
    }

    fn segment(
        &self,
        planner: &mut Planner<'a>,
        segment: &'a Segment,
        user: Option<u16>,
        visit: &mut impl FnMut(&'a Segment, usize) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let indices = self.indices(segment);
        if indices.is_empty() {
            return ControlFlow::Continue(());
        }
        let Ok(candidates) = planner.plan(segment, user) else { return ControlFlow::Continue(()) };
        let events = planner.candidates_of(candidates, segment).within(indices);
        self.in_order(events.indices(), |index| match planner.passes(segment, index) {
            true => visit(segment, index),
            false => ControlFlow::Continue(()),
        })
    }

    /// The indices of the segment that are in the range of sequences.
    fn indices(&self, segment: &Segment) -> Range<usize> {
        let index = |sequence: u64| {
            (sequence.clamp(segment.base(), segment.end()) - segment.base()) as usize
        };
        index(self.sequences.start)..index(self.sequences.end)
    }
}

/// Events of a segment, in order: all in a range, or those in a list.
enum Events<'a> {
    Range(Range<usize>),
    List(&'a [u16]),
}

impl Events<'_> {
    fn within(self, range: Range<usize>) -> Self {
        match self {
            Events::Range(all) => Events::Range(range.start.max(all.start)..range.end.min(all.end)),
            Events::List(list) => {
                let start = list.partition_point(|index| usize::from(*index) < range.start);
                let end = list.partition_point(|index| usize::from(*index) < range.end);
                Events::List(list.get(start..end).unwrap_or_default())
            }
        }
    }

    fn len(&self) -> usize {
        match self {
            Events::Range(range) => range.len(),
            Events::List(list) => list.len(),
        }
    }

    fn indices(&self) -> impl DoubleEndedIterator<Item = usize> + '_ {
        let (range, list) = match self {
            Events::Range(range) => (range.clone(), Default::default()),
            Events::List(list) => (0..0, *list),
        };
        range.chain(list.iter().map(|index| usize::from(*index)))
    }
}

impl<'a> Planner<'a> {
    fn candidates_of<'s>(&'s self, candidates: Candidates<'a>, segment: &Segment) -> Events<'s>
    where
        'a: 's,
    {
        match candidates {
            Candidates::All => Events::Range(0..segment.len()),
            Candidates::List(list) => Events::List(list),
            Candidates::Union => Events::List(&self.union),
        }
    }

    fn count(&mut self, segment: &'a Segment, user: Option<u16>) -> u64 {
        let Ok(candidates) = self.plan(segment, user) else { return 0 };
        let events = self.candidates_of(candidates, segment);
        let hits = match self.checks.is_empty() {
            true => events.len(),
            false => events.indices().filter(|index| self.passes(segment, *index)).count(),
        };
        hits as u64
    }

    fn passes(&self, segment: &Segment, index: usize) -> bool {
        self.checks.iter().all(|check| check.holds(segment, index, &self.pool))
    }
}

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
        let mut segment = |segment: &'a Segment| self.segment(&mut planner, segment, &mut visit);
        let mut segments = self.snapshot.segments.iter().map(|segment| &**segment);
        match self.order {
            Order::NewestFirst => segments.rev().try_for_each(&mut segment),
            Order::OldestFirst => segments.try_for_each(&mut segment),
        }
    }

    /// How many events there are. Lists that need no check are not opened.
    pub(super) fn count(&self) -> u64 {
        let mut planner = Planner::new(self.filter);
        let mut count = 0;
        for segment in self.snapshot.segments.iter() {
            let Ok(candidates) = planner.plan(segment) else { continue };
            let events = planner.candidates_of(candidates, segment);
            let hits = match planner.checks.is_empty() {
                true => events.len(),
                false => events.indices().filter(|index| planner.passes(segment, *index)).count(),
            };
            count += hits as u64;
        }
        count
    }

    fn segment(
        &self,
        planner: &mut Planner<'a>,
        segment: &'a Segment,
        visit: &mut impl FnMut(&'a Segment, usize) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let indices = self.indices(segment);
        if indices.is_empty() {
            return ControlFlow::Continue(());
        }
        let Ok(candidates) = planner.plan(segment) else { return ControlFlow::Continue(()) };
        let events = planner.candidates_of(candidates, segment).within(indices);
        let mut each = |index| match planner.passes(segment, index) {
            true => visit(segment, index),
            false => ControlFlow::Continue(()),
        };
        match self.order {
            Order::NewestFirst => events.indices().rev().try_for_each(&mut each),
            Order::OldestFirst => events.indices().try_for_each(&mut each),
        }
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

    fn passes(&self, segment: &Segment, index: usize) -> bool {
        self.checks.iter().all(|check| check.holds(segment, index, &self.pool))
    }
}

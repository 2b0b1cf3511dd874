//! Which events belong to what was done inside one operation.

use hashbrown::HashSet;

use crate::buffer::{Segment, Snapshot};
use crate::event::EventId;

/// The ids of an event and of all its descendants.
///
/// Ids begin with the time, so that those of a trail are near each other, and
/// most segments can be skipped by their range of ids.
pub(super) struct Trail {
    ids: HashSet<EventId>,
    min: EventId,
    max: EventId,
}

impl Trail {
    /// Looks for descendants until there are no more.
    ///
    /// Events are in the order of completion, so that a parent usually follows
    /// its children, and one pass from the newest to the oldest event finds
    /// them all. Children that outlived their parent need another one.
    pub(super) fn new(root: EventId, snapshot: &Snapshot) -> Self {
        let mut trail = Trail { ids: HashSet::from([root]), min: root, max: root };
        loop {
            let before = trail.ids.len();
            for segment in snapshot.segments.iter().rev() {
                trail.add_children(segment);
            }
            if trail.ids.len() == before {
                return trail;
            }
        }
    }

    pub(super) fn contains(&self, id: EventId) -> bool {
        (self.min..=self.max).contains(&id) && self.ids.contains(&id)
    }

    /// Whether some id of the trail may be in this range.
    pub(super) fn meets(&self, range: Option<(EventId, EventId)>) -> bool {
        range.is_some_and(|(min, max)| min <= self.max && max >= self.min)
    }

    fn add_children(&mut self, segment: &Segment) {
        if !self.meets(segment.parent_range()) {
            return;
        }
        for (index, parent) in segment.parents().iter().rev() {
            let child = segment.event_id(index).filter(|_| self.contains(parent));
            if let Some(child) = child {
                self.ids.insert(child);
                self.min = self.min.min(child);
                self.max = self.max.max(child);
            }
        }
    }
}

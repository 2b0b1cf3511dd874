//! Which events belong to what was done inside one operation.

use hashbrown::HashSet;

use super::stored::Stored;
use crate::buffer::{Segment, Snapshot};
use crate::error::Result;
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
    ///
    /// # Errors
    ///
    /// When what lies on disk can't be read.
    pub(super) fn new(root: EventId, snapshot: &Snapshot, stored: &Stored) -> Result<Self> {
        let mut trail = Trail { ids: HashSet::from([root]), min: root, max: root };
        let mut asked = HashSet::new();
        loop {
            let before = trail.ids.len();
            for segment in snapshot.segments.iter().rev() {
                trail.add_children(segment);
            }
            if stored.reaches_before(snapshot.first_sequence) {
                let new: Vec<_> = trail.ids.difference(&asked).copied().collect();
                let children = stored.children_of(&new, snapshot.first_sequence)?;
                children.into_iter().for_each(|child| trail.add(child));
                asked.extend(new);
            }
            if trail.ids.len() == before {
                return Ok(trail);
            }
        }
    }

    /// The least and the greatest id.
    #[cfg(feature = "journal")]
    pub(super) fn range(&self) -> (EventId, EventId) {
        (self.min, self.max)
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
            child.into_iter().for_each(|child| self.add(child));
        }
    }

    fn add(&mut self, id: EventId) {
        self.ids.insert(id);
        self.min = self.min.min(id);
        self.max = self.max.max(id);
    }
}

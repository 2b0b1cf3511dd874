//! Which events belong to what was done inside one operation.

use hashbrown::HashSet;

use crate::buffer::{Segment, Snapshot};
use crate::event::EventId;

/// The ids of `root` and of all its descendants.
///
/// Events are in the order of completion, so that a parent usually follows its
/// children, and one pass from the newest to the oldest event finds them all.
/// Children that outlived their parent need another one; passes go on until
/// one finds nothing new. Segments with no parent in the range of the ids found
/// so far are skipped.
pub(super) fn trail(root: EventId, snapshot: &Snapshot) -> HashSet<EventId> {
    let mut found = Found { ids: HashSet::from([root]), min: root, max: root };
    loop {
        let before = found.ids.len();
        for segment in snapshot.segments.iter().rev() {
            found.add_children(segment);
        }
        if found.ids.len() == before {
            return found.ids;
        }
    }
}

struct Found {
    ids: HashSet<EventId>,
    min: EventId,
    max: EventId,
}

impl Found {
    fn add_children(&mut self, segment: &Segment) {
        let disjoint = |(min, max): (EventId, EventId)| max < self.min || min > self.max;
        if segment.parent_range().is_none_or(disjoint) {
            return;
        }
        for (index, parent) in segment.parents().iter().rev() {
            if parent < self.min || parent > self.max || !self.ids.contains(&parent) {
                continue;
            }
            if let Some(child) = segment.event_id(index) {
                self.ids.insert(child);
                self.min = self.min.min(child);
                self.max = self.max.max(child);
            }
        }
    }
}

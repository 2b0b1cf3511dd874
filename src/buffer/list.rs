//! The list of the segments held, as the buffer changes it and as readers share
//! it.
//!
//! Each snapshot has a list of its own. To copy one is to count the users of
//! every segment, in memory that no cache holds after a pause. So what has not
//! changed is shared in groups, and what decides on merging lies beside it.
//! Groups of segments that never change again know which of them has which
//! user.

use std::ops::Range;
use std::sync::Arc;

use super::directory::{Directory, SEGMENTS_MAX};
use super::interner::Hasher;
use super::segment::Segment;
use super::tiers::Piece;

/// Segments that are shared together.
const GROUP: usize = SEGMENTS_MAX;

/// The segments held, oldest first. Owned by the buffer.
#[derive(Debug, Default)]
pub(super) struct SegmentList {
    segments: Vec<Arc<Segment>>,
    /// As merging sees them.
    pieces: Vec<Piece>,
    /// The first of them, as readers have them; those that are settled first.
    groups: Vec<Arc<Group>>,
    /// How many segments are in groups.
    grouped: usize,
    /// How many of the groups are settled.
    settled: usize,
    directories_bytes: usize,
}

/// Neighbours that are shared together.
#[derive(Debug)]
struct Group {
    segments: Box<[Arc<Segment>]>,
    users: Option<Directory>,
}

impl SegmentList {
    pub(super) fn as_slice(&self) -> &[Arc<Segment>] {
        &self.segments
    }

    pub(super) fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// Bytes of what is known about several segments.
    pub(super) fn directories_bytes(&self) -> usize {
        self.directories_bytes
    }

    pub(super) fn push(&mut self, segment: Arc<Segment>, piece: Piece) {
        self.segments.push(segment);
        self.pieces.push(piece);
    }

    /// Puts one segment in the place of some.
    pub(super) fn replace(&mut self, range: Range<usize>, segment: Arc<Segment>, piece: Piece) {
        while self.grouped > range.start {
            self.pop_group();
        }
        self.segments.splice(range.clone(), [segment]);
        self.pieces.splice(range, [piece]);
    }

    /// Says that none of the segments will be replaced any more.
    pub(super) fn settle(&mut self, hasher: &Hasher) {
        while self.groups.len() > self.settled {
            self.pop_group();
        }
        let rest = self.segments.get(self.grouped..).unwrap_or_default();
        for segments in rest.chunks_exact(GROUP) {
            let group = Group::settled(segments.into(), hasher);
            self.directories_bytes += group.directory_bytes();
            self.grouped += segments.len();
            self.settled += 1;
            self.groups.push(Arc::new(group));
        }
    }

    /// Takes so many of the oldest out.
    pub(super) fn take_first(&mut self, count: usize, hasher: &Hasher) -> Vec<Arc<Segment>> {
        self.leave_groups(count, hasher);
        self.pieces.drain(..count);
        self.segments.drain(..count).collect()
    }

    /// The list as it is.
    pub(super) fn share(&mut self) -> Segments {
        let rest = self.segments.get(self.grouped..).unwrap_or_default();
        let more = rest.chunks_exact(GROUP);
        let others = more.remainder().into();
        self.grouped += rest.len() - more.remainder().len();
        self.groups.extend(more.map(|segments| Arc::new(Group::unsettled(segments.into()))));
        Segments { groups: self.groups.as_slice().into(), others }
    }

    fn pop_group(&mut self) {
        let Some(group) = self.groups.pop() else { return };
        self.grouped -= group.segments.len();
        self.settled = self.settled.min(self.groups.len());
        self.directories_bytes -= group.directory_bytes();
    }

    /// Groups whose segments all leave go, one that loses some is made anew.
    fn leave_groups(&mut self, mut count: usize, hasher: &Hasher) {
        while let Some(group) = self.groups.first().filter(|_| count > 0) {
            let leaving = count.min(group.segments.len());
            let rest = group.segments.get(leaving..).unwrap_or_default();
            let is_settled = self.settled > 0;
            let rest = match is_settled {
                _ if rest.is_empty() => None,
                true => Some(Group::settled(rest.into(), hasher)),
                false => Some(Group::unsettled(rest.into())),
            };
            self.directories_bytes -= group.directory_bytes();
            self.directories_bytes += rest.as_ref().map_or(0, Group::directory_bytes);
            self.settled -= usize::from(is_settled && rest.is_none());
            self.groups.splice(..1, rest.map(Arc::new));
            self.grouped -= leaving;
            count -= leaving;
        }
    }
}

impl Group {
    fn settled(segments: Box<[Arc<Segment>]>, hasher: &Hasher) -> Self {
        let users = Directory::new(hasher, segments.iter().map(|segment| &segment.columns().user));
        Group { segments, users }
    }

    fn unsettled(segments: Box<[Arc<Segment>]>) -> Self {
        Group { segments, users: None }
    }

    fn directory_bytes(&self) -> usize {
        self.users.as_ref().map_or(0, Directory::bytes)
    }
}

/// The segments of a snapshot, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Segments {
    groups: Box<[Arc<Group>]>,
    others: Box<[Arc<Segment>]>,
}

/// Some neighbours, oldest first.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Neighbours<'a> {
    pub(crate) segments: &'a [Arc<Segment>],
    /// Which of them has which user, if somebody has written it down.
    pub(crate) users: Option<&'a Directory>,
}

impl Segments {
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &Arc<Segment>> {
        self.neighbours().flat_map(|some| some.segments)
    }

    /// All of them, group by group.
    pub(crate) fn neighbours(&self) -> impl DoubleEndedIterator<Item = Neighbours<'_>> {
        let others = Neighbours { segments: &self.others, users: None };
        self.groups
            .iter()
            .map(|group| Neighbours { segments: &group.segments, users: group.users.as_ref() })
            .chain([others])
    }

    pub(crate) fn to_vec(&self) -> Vec<Arc<Segment>> {
        self.iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::super::interner::hash_text;
    use super::super::rotation::{Keep, Rotation, RotationReason};
    use super::super::samples::{event, push};
    use super::super::{Buffer, BufferConfig, Snapshot};
    use super::*;

    /// Checks what each directory tells of its segments; how many there are.
    fn check_directories(snapshot: &Snapshot) -> usize {
        let mut directories = 0;
        for some in snapshot.segments.neighbours() {
            let Some(users) = some.users else { continue };
            directories += 1;
            for (number, segment) in some.segments.iter().enumerate() {
                let column = &segment.columns().user;
                for symbol in 1..=column.symbol_max() {
                    let hash = hash_text(&snapshot.hasher, column.symbol_text(symbol).unwrap());
                    let is_told = |place: &super::super::directory::Place| {
                        place.segment == number && place.symbol == symbol
                    };
                    assert_eq!(users.places(hash).filter(is_told).count(), 1);
                }
            }
        }
        directories
    }

    proptest! {
        #[test]
        fn directories_tell_of_all_users_whatever_is_merged_or_leaves(
            steps in vec((vec(event(), 0..60), of_events_kept(), any::<bool>()), 1..12),
            segment_events_max in 1..6_usize,
        ) {
            let config = BufferConfig { segment_events_max, ..BufferConfig::default() };
            let mut buffer = Buffer::new(config);
            for (events, keep, publish_each) in steps {
                for event in events {
                    push(&mut buffer, &event);
                    if publish_each {
                        check_directories(&buffer.publish());
                    }
                }
                if let Some(events) = keep {
                    let keep = Keep::Events(events);
                    buffer.begin_release(Rotation { reason: RotationReason::Events, keep });
                    buffer.finish_release();
                }
                let snapshot = buffer.publish();
                let directories = check_directories(&snapshot);
                let list = &buffer.segments;
                prop_assert_eq!(directories, list.settled);
                let bytes: usize = list.groups.iter().map(|group| group.directory_bytes()).sum();
                prop_assert_eq!(list.directories_bytes(), bytes);
                let grouped: usize = list.groups.iter().map(|group| group.segments.len()).sum();
                prop_assert_eq!(list.grouped, grouped);
                let shared = snapshot.segments.to_vec();
                prop_assert_eq!(shared.len(), list.segments.len());
                prop_assert!(shared.iter().zip(&list.segments).all(|(a, b)| Arc::ptr_eq(a, b)));
            }
        }
    }

    fn of_events_kept() -> impl Strategy<Value = Option<u64>> {
        prop::option::weighted(0.3, 0..100_u64)
    }

    #[test]
    fn full_segments_have_directories_soon_and_keep_them() {
        let mut buffer = Buffer::new(BufferConfig { segment_events_max: 4, ..Default::default() });
        let sample = crate::event::AuditEvent::builder("store").user_id("u").build();
        let mut filled = |events: usize| {
            (0..events).for_each(|_| push(&mut buffer, &sample));
            buffer.publish()
        };
        let first = filled(4 * GROUP);
        assert_eq!(check_directories(&first), 1);
        let second = filled(4 * GROUP + 7);
        assert_eq!(check_directories(&second), 2);
        let users = |snapshot: &Snapshot| {
            snapshot.segments.neighbours().next().and_then(|some| Some(some.users? as *const _))
        };
        assert_eq!(users(&first), users(&second), "made once");
    }
}

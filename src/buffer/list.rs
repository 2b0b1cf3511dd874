//! The list of the segments held, as the buffer changes it and as readers share
//! it.
//!
//! Each snapshot has a list of its own. To copy one is to count the users of
//! every segment, in memory that no cache holds after a pause. So what has not
//! changed is shared in groups, and what decides on merging lies beside it.

use std::ops::Range;
use std::sync::Arc;

use super::segment::Segment;
use super::tiers::Piece;

/// Segments that are shared together.
const GROUP: usize = 16;

type Group = Arc<[Arc<Segment>]>;

/// The segments held, oldest first. Owned by the buffer.
#[derive(Debug, Default)]
pub(super) struct SegmentList {
    segments: Vec<Arc<Segment>>,
    /// As merging sees them.
    pieces: Vec<Piece>,
    /// The first of them, as readers have them.
    groups: Vec<Group>,
}

impl SegmentList {
    pub(super) fn as_slice(&self) -> &[Arc<Segment>] {
        &self.segments
    }

    pub(super) fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    pub(super) fn push(&mut self, segment: Segment, piece: Piece) {
        self.segments.push(Arc::new(segment));
        self.pieces.push(piece);
    }

    /// Puts one segment in the place of some.
    pub(super) fn replace(&mut self, range: Range<usize>, segment: Segment, piece: Piece) {
        self.groups.truncate(range.start / GROUP);
        self.segments.splice(range.clone(), [Arc::new(segment)]);
        self.pieces.splice(range, [piece]);
    }

    /// Takes so many of the oldest out.
    pub(super) fn take_first(&mut self, count: usize) -> Vec<Arc<Segment>> {
        self.groups.clear();
        self.pieces.drain(..count);
        self.segments.drain(..count).collect()
    }

    /// The list as it is.
    pub(super) fn share(&mut self) -> Segments {
        let rest = self.segments.get(self.groups.len() * GROUP..).unwrap_or_default();
        let more = rest.chunks_exact(GROUP);
        let others = more.remainder().into();
        self.groups.extend(more.map(Arc::from));
        Segments { groups: self.groups.as_slice().into(), others }
    }
}

/// The segments of a snapshot, oldest first.
#[derive(Debug)]
pub(crate) struct Segments {
    groups: Box<[Group]>,
    others: Box<[Arc<Segment>]>,
}

impl Segments {
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &Arc<Segment>> {
        self.groups.iter().flat_map(|group| group.iter()).chain(&self.others)
    }

    pub(crate) fn to_vec(&self) -> Vec<Arc<Segment>> {
        self.iter().cloned().collect()
    }
}

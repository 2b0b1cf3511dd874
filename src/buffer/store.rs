//! The buffer itself, as the worker owns it.

use std::sync::Arc;

use super::head::Head;
use super::interner::Hasher;
use super::list::SegmentList;
use super::rotation::{RotationPolicy, day, duration_us};
use super::segment::Segment;
use super::snapshot::Snapshot;
use super::tiers::{Piece, PieceMax, next_merge};
use crate::event::Sequence;
use crate::event::row::Row;

/// Most events of one segment: an event's place in it has 16 bits.
pub const SEGMENT_EVENTS_MAX: usize = 65_535;

/// A head is frozen when its data reach so many bytes, unless a bound on the
/// bytes held makes it less.
const SEGMENT_BYTES_MAX: usize = 64 * 1024 * 1024;

/// No segment holds more than this share of a bound, so that releasing whole
/// segments can come close to any remainder.
const SEGMENTS_PER_EVENTS_MAX: u64 = 4;
const SEGMENTS_PER_BYTES_MAX: u64 = 16;
const PERIODS_PER_AGE_MAX: i64 = 8;

/// How events are grouped into segments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BufferConfig {
    /// At most [`SEGMENT_EVENTS_MAX`].
    pub(crate) segment_events_max: usize,
    /// Reached, not kept: one event may exceed it.
    pub(crate) segment_bytes_max: usize,
    /// No segment holds events recorded before and after this time of a day
    /// (UTC).
    pub(crate) daily_at_utc: Option<chrono::NaiveTime>,
    /// No segment holds events recorded in different periods of this length,
    /// in microseconds.
    pub(crate) period_us: Option<i64>,
}

impl Default for BufferConfig {
    fn default() -> Self {
        BufferConfig {
            segment_events_max: SEGMENT_EVENTS_MAX,
            segment_bytes_max: SEGMENT_BYTES_MAX,
            daily_at_utc: None,
            period_us: None,
        }
    }
}

impl From<&RotationPolicy> for BufferConfig {
    /// Segments small enough that whole ones can be released by this policy.
    fn from(policy: &RotationPolicy) -> Self {
        let events = policy.events_max.unwrap_or(u64::MAX) / SEGMENTS_PER_EVENTS_MAX;
        let bytes = policy.bytes_max.unwrap_or(u64::MAX) / SEGMENTS_PER_BYTES_MAX;
        BufferConfig {
            segment_events_max: events.clamp(1, SEGMENT_EVENTS_MAX as u64) as usize,
            segment_bytes_max: bytes.clamp(1, SEGMENT_BYTES_MAX as u64) as usize,
            daily_at_utc: policy.daily_at_utc,
            period_us: policy.age_max.map(|age| (duration_us(age) / PERIODS_PER_AGE_MAX).max(1)),
        }
    }
}

/// The events held. Owned by the worker; others see its [`Snapshot`]s.
#[derive(Debug)]
pub(crate) struct Buffer {
    config: BufferConfig,
    pub(super) hasher: Hasher,
    instance: u64,
    head: Head,
    /// Oldest first. The first `leaving` of them are being released.
    pub(super) segments: SegmentList,
    pub(super) leaving: usize,
    pub(super) segments_bytes: usize,
    /// Places in them that hold no event.
    pub(super) segments_taken: u64,
    next_sequence: u64,
    /// The last snapshot, unless something has changed since.
    pub(super) published: Option<Arc<Snapshot>>,
}

impl Buffer {
    pub(crate) fn new(config: BufferConfig) -> Self {
        use std::hash::BuildHasher;
        let segment_events_max = config.segment_events_max.clamp(1, SEGMENT_EVENTS_MAX);
        Buffer {
            config: BufferConfig { segment_events_max, ..config },
            hasher: Hasher::default(),
            instance: std::hash::RandomState::new().hash_one(0),
            head: Head::new(),
            segments: SegmentList::default(),
            leaving: 0,
            segments_bytes: 0,
            segments_taken: 0,
            next_sequence: 0,
            published: None,
        }
    }

    /// The same, but the first event gets this place.
    #[cfg(feature = "journal")]
    pub(crate) fn starting_at(config: BufferConfig, first_sequence: u64) -> Self {
        Buffer { next_sequence: first_sequence, ..Buffer::new(config) }
    }

    /// Appends an event that takes so many entries of a journal, and says which
    /// place it got. It takes as many places, all in one segment.
    pub(crate) fn push(&mut self, row: &Row<'_>, places: u64) -> Sequence {
        let new_period = self
            .head
            .recorded_us()
            .is_some_and(|(first, _)| self.period(first) != self.period(row.recorded_us));
        if new_period || self.head.len() as u64 + places > SEGMENT_EVENTS_MAX as u64 {
            self.freeze_and_merge();
        }
        let sequence = self.next_sequence;
        self.head.push(&self.hasher, row);
        for _ in 1..places {
            self.head.take_place(&self.hasher);
        }
        self.next_sequence += places;
        self.published = None;
        if self.head.len() >= self.config.segment_events_max
            || self.head.data_bytes() >= self.config.segment_bytes_max
        {
            self.freeze_and_merge();
        }
        Sequence(sequence)
    }

    /// Makes everything that was pushed visible. Cheap when nothing is new.
    pub(crate) fn publish(&mut self) -> Arc<Snapshot> {
        if let Some(published) = &self.published {
            return Arc::clone(published);
        }
        self.freeze_and_merge();
        let snapshot = Arc::new(Snapshot {
            segments: self.segments.share(),
            first_sequence: self.first_sequence(),
            next_sequence: self.next_sequence,
            hasher: self.hasher.clone(),
            instance: self.instance,
        });
        self.published = Some(Arc::clone(&snapshot));
        snapshot
    }

    /// The place that the next event will get.
    pub(crate) fn next_sequence(&self) -> Sequence {
        Sequence(self.next_sequence)
    }

    /// Events held, those that are leaving included.
    pub(crate) fn len(&self) -> u64 {
        let taken = self.segments_taken + self.head.taken() as u64;
        self.next_sequence - self.first_sequence() - taken
    }

    /// Bytes allocated for the events held, indices included.
    pub(crate) fn bytes(&self) -> u64 {
        (self.segments_bytes + self.segments.directories_bytes() + self.head.bytes()) as u64
    }

    /// When the oldest event held was recorded.
    #[cfg(test)]
    pub(crate) fn oldest_recorded_us(&self) -> Option<i64> {
        let oldest = self.segments.as_slice().first().and_then(|segment| segment.recorded_us());
        oldest.or(self.head.recorded_us()).map(|(first, _)| first)
    }

    /// Sequence of the oldest event held; of the next one if none is.
    pub(crate) fn first_sequence(&self) -> u64 {
        self.segments
            .as_slice()
            .first()
            .map_or(self.next_sequence - self.head.len() as u64, |segment| segment.base())
    }

    pub(super) fn head(&self) -> &Head {
        &self.head
    }

    fn freeze_and_merge(&mut self) {
        self.freeze();
        while let Some(range) = next_merge(self.pieces(), self.piece_max()) {
            self.merge(self.leaving + range.start..self.leaving + range.end);
        }
        if self.pieces().last().is_some_and(|newest| self.piece_max().is_final(newest)) {
            self.segments.settle(&self.hasher);
        }
    }

    pub(super) fn freeze(&mut self) {
        if self.head.len() == 0 {
            return;
        }
        let segment = self.head.freeze(self.next_sequence - self.head.len() as u64);
        self.head.clear();
        self.segments_bytes += segment.bytes();
        self.segments_taken += segment.taken() as u64;
        let piece = self.piece(&segment);
        self.segments.push(segment, piece);
        self.published = None;
    }

    /// Replaces neighbours by one segment. The head is empty and does the work.
    fn merge(&mut self, range: std::ops::Range<usize>) {
        let Some(pieces) = self.segments.as_slice().get(range.clone()) else { return };
        let Some(base) = pieces.first().map(|piece| piece.base()) else { return };
        for piece in pieces {
            self.segments_bytes -= piece.bytes();
            self.head.append(&self.hasher, piece);
        }
        let merged = self.head.freeze(base);
        self.head.clear();
        self.segments_bytes += merged.bytes();
        let piece = self.piece(&merged);
        self.segments.replace(range, merged, piece);
    }

    /// Those that stay.
    fn pieces(&self) -> &[Piece] {
        self.segments.pieces().get(self.leaving..).unwrap_or_default()
    }

    fn piece(&self, segment: &Segment) -> Piece {
        Piece {
            events: segment.len(),
            bytes: segment.bytes(),
            period: self.period(segment.recorded_us().map_or(0, |(first, _)| first)),
        }
    }

    fn piece_max(&self) -> PieceMax {
        PieceMax { events: self.config.segment_events_max, bytes: self.config.segment_bytes_max }
    }

    fn period(&self, recorded_us: i64) -> (i64, i64) {
        (
            self.config.daily_at_utc.map_or(0, |time| day(time, recorded_us)),
            self.config.period_us.map_or(0, |period_us| recorded_us.div_euclid(period_us)),
        )
    }
}

//! Letting go of the oldest segments, in two steps: what leaves is marked,
//! exported by the worker while it can still be queried, and then dropped.

use std::sync::Arc;

use super::rotation::{Held, Keep, Rotation, RotationPolicy, due};
use super::segment::Segment;
use super::store::Buffer;

impl Buffer {
    /// The rotation that is due. None while another one is under way.
    pub(crate) fn rotation_due(&self, now_us: i64, policy: &RotationPolicy) -> Option<Rotation> {
        if self.leaving > 0 {
            return None;
        }
        let oldest = self.segments.as_slice().first().and_then(|segment| segment.recorded_us());
        let held = Held {
            events: self.len(),
            bytes: if policy.bytes_max.is_some() { self.bytes() } else { 0 },
            oldest_segment_recorded_us: oldest.or(self.head().recorded_us()).map(|range| range.1),
        };
        due(held, now_us, policy)
    }

    /// Marks the oldest segments as leaving and hands them out, oldest first.
    /// They stay visible. Nothing, if another release is under way.
    pub(crate) fn begin_release(&mut self, rotation: Rotation) -> Vec<Arc<Segment>> {
        if self.leaving > 0 {
            return Vec::new();
        }
        let count = self.released_by(rotation.keep);
        if count > self.segments.as_slice().len() {
            self.freeze();
        }
        self.leaving = count;
        self.segments.as_slice().get(..count).unwrap_or_default().to_vec()
    }

    /// Drops what is leaving, and says how many events that were. Their memory
    /// is free as soon as no reader holds a snapshot with them.
    pub(crate) fn finish_release(&mut self) -> u64 {
        let leaving = self.segments.take_first(std::mem::take(&mut self.leaving), &self.hasher);
        let (events, taken, bytes) =
            leaving.iter().fold((0, 0, 0), |(events, taken, bytes), segment| {
                (events + segment.events(), taken + segment.taken(), bytes + segment.bytes())
            });
        self.segments_bytes -= bytes;
        self.segments_taken -= taken as u64;
        if events > 0 {
            self.published = None;
        }
        events as u64
    }

    /// How many of the oldest segments leave, the head counted as one if it is
    /// not empty.
    fn released_by(&self, keep: Keep) -> usize {
        let head = self.head();
        let pieces = self
            .segments
            .as_slice()
            .iter()
            .map(|segment| (segment.events(), segment.bytes() as u64, segment.recorded_us()))
            .chain((head.len() > 0).then(|| (head.len() - head.taken(), 0, head.recorded_us())));
        let (mut events, mut bytes) = (self.len(), self.bytes());
        pieces
            .take_while(|(piece_events, piece_bytes, recorded)| {
                let stays = match keep {
                    Keep::Nothing => false,
                    Keep::Events(max) => events <= max,
                    Keep::Bytes(max) => bytes <= max,
                    Keep::RecordedSinceUs(since) => recorded.is_some_and(|(_, at)| at >= since),
                };
                events -= *piece_events as u64;
                bytes = bytes.saturating_sub(*piece_bytes);
                !stays
            })
            .count()
    }
}

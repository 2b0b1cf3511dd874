//! Which neighbours to merge, so that the number of segments stays
//! logarithmic however small the pieces are in which events become visible.

use std::ops::Range;

/// So many segments of one tier become one of the next.
const FAN_OUT: usize = 8;

/// A segment as the decision sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) events: usize,
    pub(super) bytes: usize,
    /// Pieces of different periods are never merged.
    pub(super) period: (i64, i64),
}

/// What a segment may not exceed.
#[derive(Debug, Clone, Copy)]
pub(super) struct PieceMax {
    pub(super) events: usize,
    pub(super) bytes: usize,
}

/// The next merge, if there is one: at least two neighbours that fit together.
///
/// Two rules. Smaller pieces before the newest one join it, since no piece of
/// their own size can follow them. And eight pieces of one tier become one.
pub(super) fn next_merge(pieces: &[Piece], max: PieceMax) -> Option<Range<usize>> {
    let newest = pieces.last()?;
    let rank = max.rank(newest);
    let smaller =
        trailing(pieces, 1, |piece| piece.period == newest.period && max.rank(piece) < rank);
    let end = pieces.len();
    if smaller > 0 {
        let start = end - 1 - smaller;
        let merge =
            max.fitting(pieces, start..end).or_else(|| max.largest_fitting(pieces, start..end - 1));
        if merge.is_some() {
            return merge;
        }
    }
    if rank == FULL {
        return None;
    }
    let alike =
        trailing(pieces, 0, |piece| piece.period == newest.period && max.rank(piece) == rank);
    if alike < FAN_OUT { None } else { max.largest_fitting(pieces, end - alike..end) }
}

/// Rank of a piece that is too large for another one of its size to join.
const FULL: u32 = u32::MAX;

impl PieceMax {
    /// Whether neither this piece nor one before it will be merged, once
    /// [`next_merge`] has nothing to do with this one as the newest.
    pub(super) fn is_final(self, newest: &Piece) -> bool {
        self.rank(newest) == FULL
    }

    fn rank(self, piece: &Piece) -> u32 {
        if piece.events > self.events / 2 || piece.bytes > self.bytes / 2 {
            FULL
        } else {
            piece.events.max(1).ilog(FAN_OUT)
        }
    }

    fn fits(self, pieces: &[Piece]) -> bool {
        pieces.iter().map(|piece| piece.events).sum::<usize>() <= self.events
            && pieces.iter().map(|piece| piece.bytes).sum::<usize>() <= self.bytes
    }

    fn fitting(self, pieces: &[Piece], range: Range<usize>) -> Option<Range<usize>> {
        (range.len() > 1 && pieces.get(range.clone()).is_some_and(|some| self.fits(some)))
            .then_some(range)
    }

    /// As many from the start of the range as fit together.
    fn largest_fitting(self, pieces: &[Piece], range: Range<usize>) -> Option<Range<usize>> {
        (range.start + 2..=range.end).rev().find_map(|end| self.fitting(pieces, range.start..end))
    }
}

/// How many pieces satisfy `holds`, counted back from the end without the last
/// `skip`.
fn trailing(pieces: &[Piece], skip: usize, holds: impl Fn(&Piece) -> bool) -> usize {
    pieces.iter().rev().skip(skip).take_while(|piece| holds(piece)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX: PieceMax = PieceMax { events: 65_535, bytes: usize::MAX };

    /// Publishes pieces of these sizes; returns what is left and how many
    /// events were moved by merging.
    fn publish(sizes: impl Iterator<Item = usize>, max: PieceMax) -> (Vec<Piece>, usize) {
        let mut pieces = Vec::new();
        let mut moved = 0;
        for events in sizes {
            pieces.push(Piece { events, bytes: events * 100, period: (0, 0) });
            while let Some(range) = next_merge(&pieces, max) {
                assert!(range.len() > 1);
                let part = &pieces[range.clone()];
                let events: usize = part.iter().map(|piece| piece.events).sum();
                assert!(events <= max.events);
                moved += events;
                let merged = Piece { events, bytes: events * 100, period: (0, 0) };
                pieces.splice(range, [merged]);
            }
        }
        (pieces, moved)
    }

    #[test]
    fn the_number_of_segments_is_logarithmic_and_so_is_the_work() {
        for pattern in [vec![1], vec![1, 40_000], vec![3, 1, 4000], vec![700, 1, 1, 1, 20_000, 5]] {
            let sizes = pattern.iter().copied().cycle().take(20_000);
            let events: usize = sizes.clone().sum();
            let (pieces, moved) = publish(sizes, MAX);
            let full = 4 * events / MAX.events;
            assert!(pieces.len() <= full + 7 * 6, "{pattern:?}: {} pieces", pieces.len());
            assert!(moved <= 8 * events, "{pattern:?}: {moved} moved of {events}");
        }
    }

    #[test]
    fn nothing_grows_beyond_its_bounds() {
        let (pieces, _) = publish((0..1000).map(|at| 1 + at % 7), PieceMax { events: 10, ..MAX });
        assert!(pieces.iter().all(|piece| piece.events <= 10));
        assert!(pieces.len() < 900);
        let (pieces, _) = publish([1; 1000].into_iter(), PieceMax { bytes: 1_000, ..MAX });
        assert!(pieces.iter().all(|piece| piece.bytes <= 1_000));
        assert!(pieces.len() < 300);
        let (pieces, _) = publish([1; 5].into_iter(), PieceMax { events: 1, ..MAX });
        assert_eq!(pieces.len(), 5);
    }

    #[test]
    fn periods_stay_apart() {
        let mut pieces = vec![Piece { events: 1, bytes: 1, period: (0, 0) }; 7];
        pieces.push(Piece { period: (1, 0), ..pieces[0] });
        assert_eq!(next_merge(&pieces, MAX), None);
        pieces.push(Piece { period: (1, 0), events: 100, bytes: 1 });
        assert_eq!(next_merge(&pieces, MAX), Some(7..9));
    }
}

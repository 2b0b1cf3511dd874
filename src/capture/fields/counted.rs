//! How much was recorded, counted from the recordings themselves.

use crate::event::packed::PackedIds;

use super::super::recorded::{EntryIds, Ids, Recording, Recordings};
use super::{Counts, Fields, REPLACED_BYTES_MAX, marks, value_bytes};

impl Fields {
    /// How much was recorded.
    pub(super) fn counted(&self) -> Counts {
        if self.marks & marks::COUNTED != 0 {
            return self.counts;
        }
        let mut counts = Counts { compact_at: REPLACED_BYTES_MAX, ..Counts::default() };
        for recording in Recordings(self.recorded.as_bytes()) {
            match recording {
                Recording::Metadata(_, value) | Recording::Named(_, value) => {
                    counts.metadata_fields += 1;
                    counts.metadata_bytes += value_bytes(value) as u32;
                }
                Recording::EntryIds(EntryIds { ids, further }) => {
                    let before = if further { counts.entry_ids } else { 0 };
                    counts.entry_ids = before + count_of(ids);
                }
                Recording::DurationNs(_) => {}
            }
        }
        counts
    }
}

fn count_of(ids: Ids<'_>) -> u32 {
    match ids {
        Ids::One(_) => 1,
        Ids::Packed(ids) => PackedIds(ids).count() as u32,
    }
}

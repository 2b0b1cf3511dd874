//! Dropping values that were replaced, so that a field recorded in a loop uses
//! neither memory nor the limits up.

use std::collections::BTreeSet;

use crate::event::limits::{METADATA_BYTES_MAX, METADATA_FIELDS_MAX};

use super::super::recorded::{Recording, Recordings, text_at};
use super::{Fields, REPLACED_BYTES_MAX, value_bytes};

impl Fields {
    /// Drops what was replaced when there has come to be much of it.
    #[inline]
    pub(crate) fn collect_garbage(&mut self) {
        if !self.recorded.is_in_place() {
            self.collect_on_heap();
        }
    }

    #[cold]
    #[inline(never)]
    fn collect_on_heap(&mut self) {
        self.count();
        if self.recorded.as_bytes().len() >= self.counts.compact_at as usize {
            self.compact(|_| false);
            let len = u32::try_from(self.recorded.as_bytes().len()).unwrap_or(u32::MAX);
            self.counts.compact_at = len.saturating_mul(2).saturating_add(REPLACED_BYTES_MAX);
        }
    }

    /// Makes room for what is recorded again, where metadata nears its limits.
    #[inline]
    pub(super) fn make_room_for_metadata(&mut self, again: Again<'_>) {
        if !self.recorded.is_in_place() {
            self.make_room_on_heap(again);
        }
    }

    #[cold]
    #[inline(never)]
    fn make_room_on_heap(&mut self, again: Again<'_>) {
        self.count();
        let is_crowded = self.counts.metadata_fields as usize >= METADATA_FIELDS_MAX / 2
            || self.counts.metadata_bytes as usize >= METADATA_BYTES_MAX / 2;
        if is_crowded {
            self.compact(|recording| again.replaces(recording));
        }
    }

    /// What lies on the heap stays there.
    fn compact(&mut self, is_replaced: impl Fn(&Recording<'_>) -> bool) {
        let old = std::mem::take(&mut self.recorded);
        self.recorded.move_to_heap();
        let old = old.as_bytes();
        for place in self.places.iter_mut().filter(|place| **place != 0) {
            *place = text_at(old, *place).map_or(0, |text| self.recorded.push_text(text));
        }
        (self.counts.metadata_fields, self.counts.metadata_bytes) = (0, 0);
        for recording in last_ones(Recordings(old).collect()) {
            if is_replaced(&recording) {
                continue;
            }
            if let Recording::Metadata(_, value) | Recording::Named(_, value) = recording {
                self.counts.metadata_fields += 1;
                self.counts.metadata_bytes += value_bytes(value) as u32;
            }
            self.recorded.push(recording);
        }
    }
}

/// A metadata field that is about to be recorded again.
#[derive(Debug, Clone, Copy)]
pub(super) enum Again<'a> {
    Index(u16),
    Name(&'a str),
}

impl Again<'_> {
    fn replaces(self, recording: &Recording<'_>) -> bool {
        match (self, recording) {
            (Again::Index(index), Recording::Metadata(known, _)) => *known == index,
            (Again::Name(name), Recording::Named(known, _)) => *known == name,
            _ => false,
        }
    }
}

/// Those that count, in order.
fn last_ones(mut recordings: Vec<Recording<'_>>) -> Vec<Recording<'_>> {
    let (mut indices, mut names) = (BTreeSet::new(), BTreeSet::new());
    let (mut has_duration, mut has_ids) = (false, false);
    recordings.reverse();
    recordings.retain(|recording| match *recording {
        Recording::Metadata(index, _) => indices.insert(index),
        Recording::Named(name, _) => names.insert(name),
        Recording::DurationNs(_) => !std::mem::replace(&mut has_duration, true),
        Recording::EntryIds(ids) => {
            let counts = !has_ids;
            has_ids |= !ids.further;
            counts
        }
    });
    recordings.reverse();
    recordings
}

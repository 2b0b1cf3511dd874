//! An event that is too long for one entry, as several.
//!
//! The entries of an event have its id and everything that it can be found by,
//! so that each of them says whose it is. The first has metadata and error
//! message, and of the entry ids what fits; the others have the rest of the
//! entry ids, in order.

use super::super::limits::{ENTRY_IDS_CUT_KEY, EVENT_BYTES_MAX, PARTS_MAX};
use super::super::packed::{PackedIds, PackedMetadata};
use super::super::row::{Row, RowSpan};
use super::super::within::count;
use super::super::{AuditEvent, Part};
use super::encode;
use super::fit::{SPARE_BYTES, cut_to, encoded, fit};
use crate::event::Sequence;
use crate::event::row::RowScratch;

/// `,"part":"64/64"`
const PART_BYTES: usize = 15;

/// Where everything else is cut, so many bytes are left for entry ids.
const IDS_BYTES_MIN: usize = 4 * 1024;

/// An event within the limits of a journal.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Split {
    /// The whole event.
    pub(crate) event: AuditEvent,
    /// How many of its entry ids are in each of its entries: one or more.
    counts: Vec<usize>,
}

impl Split {
    /// Brings an event within the limits. What was left out is marked or
    /// counted.
    pub(crate) fn new(mut event: AuditEvent) -> Self {
        let ids_bytes: usize = event.entry_ids.iter().map(|id| encoded(id) + 1).sum();
        let mut scratch = RowScratch::default();
        if bytes_without_ids(&scratch.row(&event, 0)) + SPARE_BYTES > EVENT_BYTES_MAX {
            fit(&mut event, EVENT_BYTES_MAX - SPARE_BYTES - ids_bytes.min(IDS_BYTES_MIN));
        }
        let row = scratch.row(&event, 0);
        let (first, other) = (bytes_without_ids(&row), bytes_without_ids(&continued(row)));
        let first_room = EVENT_BYTES_MAX.saturating_sub(first + SPARE_BYTES);
        let other_room = EVENT_BYTES_MAX.saturating_sub(other + SPARE_BYTES).max(IDS_BYTES_MIN);
        let counts = counts(&mut event, first_room, other_room);
        Split { event, counts }
    }

    /// So many entry ids in each entry, whether they would fit in fewer or not.
    #[cfg(test)]
    pub(crate) fn at_will(event: AuditEvent, counts: Vec<usize>) -> Self {
        Split { event, counts }
    }

    /// The rows of its entries, in order; `row` is that of the whole event.
    pub(crate) fn rows<'r>(&self, row: Row<'r>) -> impl Iterator<Item = Row<'r>> {
        let mut ids = row.entry_ids;
        let total = self.counts.len();
        (1..).zip(&self.counts).map(move |(number, count)| {
            let entry = if number == 1 { row } else { continued(row) };
            Row { entry_ids: first_ids(&mut ids, *count), part: Part::new(number, total), ..entry }
        })
    }
}

/// How many ids go into each entry. What is beyond the last is dropped and
/// counted, what no entry could hold is cut and marked.
fn counts(event: &mut AuditEvent, first_room: usize, other_room: usize) -> Vec<usize> {
    let mut counts = vec![0];
    let mut room = first_room;
    let mut kept = 0;
    for id in &mut event.entry_ids {
        if encoded(id) + 1 > other_room {
            *id = cut_to(id, other_room.saturating_sub(1));
        }
        let bytes = encoded(id) + 1;
        if bytes > room {
            if counts.len() == PARTS_MAX {
                break;
            }
            counts.push(0);
            room = other_room;
        }
        room = room.saturating_sub(bytes);
        kept += 1;
        if let Some(count) = counts.last_mut() {
            *count += 1;
        }
    }
    let dropped = event.entry_ids.len() - kept;
    event.entry_ids.truncate(kept);
    count(&mut event.metadata, ENTRY_IDS_CUT_KEY, dropped as u64);
    counts
}

/// What a further entry of the event has of it, beside entry ids.
fn continued(row: Row<'_>) -> Row<'_> {
    Row {
        error_message: None,
        metadata: PackedMetadata::default(),
        span: row.span.map(|span| RowSpan { links: &[], ..span }),
        ..row
    }
}

/// Length of the entry at any place, but for entry ids.
fn bytes_without_ids(row: &Row<'_>) -> usize {
    let mut bytes = Vec::new();
    encode(&Row { entry_ids: PackedIds::default(), ..*row }, Sequence(u64::MAX), &mut bytes);
    bytes.len() + PART_BYTES + ",\"entry_ids\":[]".len()
}

/// Takes so many ids off the front of a packed list.
fn first_ids<'a>(ids: &mut PackedIds<'a>, count: usize) -> PackedIds<'a> {
    let all = ids.0;
    ids.by_ref().take(count).for_each(drop);
    PackedIds(all.get(..all.len() - ids.0.len()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::buffer::samples::event;
    use crate::event::limits::{FIELD_BYTES_MAX, METADATA_CUT_KEY};
    use crate::event::part::{Joined, Joiner};

    const FRAME_BYTES_MAX: usize = 65_535;

    /// The entries of an event, at the last places of a log.
    fn entries(split: &Split) -> Vec<Vec<u8>> {
        let mut scratch = RowScratch::default();
        let row = scratch.row(&split.event, 0);
        let places = u64::MAX - 99..;
        let encoded = split.rows(row).zip(places).map(|(row, place)| {
            let mut bytes = Vec::new();
            encode(&row, Sequence(place), &mut bytes);
            bytes
        });
        encoded.collect()
    }

    fn joined(entries: &[Vec<u8>]) -> AuditEvent {
        let (mut joiner, mut whole) = (Joiner::default(), Vec::new());
        for entry in entries {
            joiner.push(serde_json::from_slice(entry).unwrap(), |joined| whole.push(joined));
        }
        joiner.finish(|_| panic!("an end"));
        let [Joined { event, entries: count }] = &whole[..] else { panic!("{}", whole.len()) };
        assert_eq!(*count, entries.len() as u64);
        event.clone()
    }

    proptest! {
        #![proptest_config(crate::soak::cases(48))]

        #[test]
        fn the_entries_of_an_event_are_the_event(
            event in event(),
            ids in prop::collection::vec(prop_oneof![9 => "[a-z]{0,60}", 1 => "\\PC{0,99}"], 0..3_000),
            sizes in prop::collection::vec(0..9_000_usize, 0..6),
        ) {
            let mut event = AuditEvent { entry_ids: ids, ..event };
            event.user_id = event.user_id.or(Some("u".into()));
            event.recorded_at = Some(event.timestamp);
            for (index, size) in sizes.into_iter().enumerate() {
                event.metadata.insert(format!("m{index}"), "x".repeat(size));
            }
            // As an entry gives it back.
            let event: AuditEvent = serde_json::from_slice(&serde_json::to_vec(&event).unwrap()).unwrap();
            let split = Split::new(event.clone());
            prop_assert_eq!(&split.event.entry_ids, &event.entry_ids);
            let entries = entries(&split);
            prop_assert!(entries.iter().all(|entry| entry.len() <= EVENT_BYTES_MAX));
            let mut joined = joined(&entries);
            prop_assert_eq!(joined.sequence, Some(Sequence(u64::MAX - 99)));
            joined.sequence = None;
            prop_assert_eq!(joined, split.event);
        }
    }

    #[test]
    fn an_event_that_fits_is_one_entry_and_stays_as_it_is() {
        let event = AuditEvent::builder("store").entry_ids(["a", "b"]).metadata("k", 1).build();
        let split = Split::new(event.clone());
        assert_eq!((split.counts.len(), &split.event), (1, &event));
        let entry = &entries(&split)[0];
        assert!(!String::from_utf8_lossy(entry).contains("part"));
    }

    #[test]
    fn metadata_stay_where_entry_ids_can_go_on() {
        let ids = (0..3_000).map(|id| format!("{id:020}"));
        let event = AuditEvent::builder("store").entry_ids(ids).metadata("kept", "x".repeat(8_000));
        let event = event.error("because").build();
        let split = Split::new(event.clone());
        assert_eq!(split.event, event);
        assert_eq!(split.counts.len(), 3);
        for (at, entry) in entries(&split).iter().enumerate() {
            let entry: AuditEvent = serde_json::from_slice(entry).unwrap();
            assert_eq!(entry.part, Part::new(at + 1, 3));
            assert_eq!(entry.metadata.is_empty(), at > 0);
            assert_eq!(entry.error_message.is_some(), at == 0);
            assert!(!entry.entry_ids.is_empty());
        }
    }

    #[test]
    fn where_metadata_are_cut_few_ids_stay_beside_them() {
        let mut event = AuditEvent::builder("store").entry_ids(["a", "b"]);
        for key in ["1", "2", "3", "4", "5"] {
            event = event.metadata(key, "x".repeat(8_000));
        }
        let split = Split::new(event.build());
        assert_eq!((split.counts.len(), split.event.entry_ids.len()), (1, 2));
    }

    #[test]
    fn what_no_number_of_entries_holds_is_counted() {
        let ids = (0..16_000).map(|id| format!("{id:0200}"));
        let split = Split::new(AuditEvent::builder("store").entry_ids(ids).build());
        assert_eq!(split.counts.len(), PARTS_MAX);
        let dropped = split.event.metadata.get(ENTRY_IDS_CUT_KEY).unwrap().as_u64().unwrap();
        assert!(dropped > 0);
        assert_eq!(split.event.entry_ids.len() as u64 + dropped, 16_000);
        let entries = entries(&split);
        assert!(entries.iter().all(|entry| entry.len() <= EVENT_BYTES_MAX));
        assert_eq!(joined(&entries).entry_ids, split.event.entry_ids);
    }

    #[test]
    fn identity_leaves_room_for_ids_in_every_entry() {
        let long = "\u{1}".repeat(FIELD_BYTES_MAX);
        let mut event = AuditEvent::builder("store").actor("system").user_id(&long);
        event = event.session_id(&long).org_id(&long).resource(&long).source(&long);
        event = event.entry_ids([&*long, "short", &*long]).metadata("secret", &*long);
        let mut event = event.build();
        event.actor = long.as_str().into();
        let split = Split::new(event);
        let entries = entries(&split);
        assert!(entries.iter().all(|entry| entry.len() < FRAME_BYTES_MAX), "{}", entries[0].len());
        let joined = joined(&entries);
        assert_eq!(joined.entry_ids.len(), 3);
        assert!(joined.entry_ids[0].ends_with("[cut from 8192 bytes]"));
        assert_eq!(joined.entry_ids[1], "short");
        assert_eq!(joined.metadata.get(METADATA_CUT_KEY), Some(&json!(1)));
    }
}

//! What was recorded of one span or event, in order, as bytes.
//!
//! Appended on callers' threads and read by the worker: what travels is what
//! was written, without another packing. Nothing is replaced in here; a later
//! recording of a field counts for more than an earlier one, which is for the
//! reader to see.
//!
//! A recording is a head of eight bytes and a payload. The head is one number
//! (little-endian), so that it is written at once: from its lowest bits a kind
//! (8), the tag of a value (8), the index of a field (16), the length of the
//! payload (32).
//!
//! | kind | payload |
//! |---|---|
//! | text | UTF-8; found by its place |
//! | metadata | a value with this tag, of the field with this index |
//! | named | key and value as `event::packed` writes them |
//! | entry id, further entry id | the id |
//! | entry ids, further entry ids | packed ids |
//! | duration | nanoseconds (u64), or nothing |

use crate::event::packed::{Encoded, PackedMetadata, ValueRef, write_field, write_unread_id};

use super::bytes::Bytes;
pub(super) use super::bytes::{HEAD_BYTES, LAST_START, fits_at};

const TEXT: u8 = 0;
const METADATA: u8 = 1;
const NAMED: u8 = 2;
const ENTRY_ID: u8 = 3;
const ENTRY_IDS: u8 = 4;
/// Added to the kinds of entry ids: further ones.
const FURTHER: u8 = 2;
const DURATION: u8 = 7;

/// A head, but for the length of the payload.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head(u32);

impl Head {
    pub(super) const TEXT: Head = Head(TEXT as u32);
    pub(super) const ENTRY_ID: Head = Head(ENTRY_ID as u32);

    /// Of a text that is metadata.
    pub(super) fn metadata_text(index: u16) -> Head {
        let (tag, _) = ValueRef::Str("").encoded().tagged();
        Head(u32::from(METADATA) | u32::from(tag) << 8 | u32::from(index) << 16)
    }
}

/// Where the payload of a text begins; zero: nowhere.
pub(super) type Place = u32;

/// The recordings of one span or event.
#[derive(Debug, Clone, Default)]
pub(super) struct Recorded(Bytes);

impl Recorded {
    /// Empties what lies in place, without looking at it.
    #[inline]
    pub(super) fn restart(&mut self) {
        self.0.restart();
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    pub(super) fn is_in_place(&self) -> bool {
        self.0.is_in_place()
    }

    #[inline]
    pub(super) fn as_bytes(&self) -> &[u8] {
        self.0.as_slice()
    }

    /// Whether a payload of so many bytes lies in place when it is appended.
    #[inline(always)]
    pub(super) fn fits(&self, payload_bytes: usize) -> bool {
        self.0.fits(payload_bytes)
    }

    pub(super) fn move_to_heap(&mut self) {
        self.0.move_to_heap(0);
    }

    /// Where the next recording goes, if it [lies in place](fits_at).
    #[inline(always)]
    pub(super) fn end_in_place(&self) -> usize {
        self.0.end_in_place()
    }

    /// Records there what a field of this head was given, known to fit.
    #[inline(always)]
    pub(super) fn append_plain(&mut self, start: usize, head: Head, text: &[u8]) {
        self.0.append_in_place(start, head.0, text);
    }

    /// The room for the payload of the next recording, if it lies in place.
    #[inline(always)]
    pub(super) fn room_in_place(&mut self) -> &mut [u8] {
        self.0.room_in_place()
    }

    /// Records at the end in place what a field of this head was given, of so many
    /// bytes that lie in the room already.
    #[inline(always)]
    pub(super) fn keep_plain(&mut self, start: usize, head: Head, len: usize) {
        self.0.keep_in_place(start, u64::from(head.0) | (len as u64) << 32, len);
    }

    /// Appends a metadata value of this tag.
    #[inline(always)]
    pub(super) fn push_fixed(&mut self, index: u16, tag: u8, payload: [u8; 8]) {
        self.append(METADATA, tag, index, &payload);
    }

    /// Appends a text; an empty one has no place.
    #[inline]
    pub(super) fn push_text(&mut self, text: &[u8]) -> Place {
        if text.is_empty() {
            return 0;
        }
        let place = self.place_of_next();
        self.append_text(text);
        place
    }

    /// The place of the text that is appended next.
    #[inline]
    pub(super) fn place_of_next(&self) -> Place {
        (self.0.len() + HEAD_BYTES) as Place
    }

    /// Appends a text that is not empty.
    #[inline(always)]
    pub(super) fn append_text(&mut self, text: &[u8]) {
        self.append(TEXT, 0, 0, text);
    }

    #[inline(always)]
    pub(super) fn push_metadata(&mut self, index: u16, value: ValueRef<'_>) {
        match value.encoded() {
            Encoded::Tag(tag) => self.append(METADATA, tag, index, &[]),
            Encoded::Fixed(tag, payload) => self.append(METADATA, tag, index, &payload),
            Encoded::Text(tag, text) => self.append(METADATA, tag, index, text.as_bytes()),
        }
    }

    pub(super) fn push_named(&mut self, key: &str, value: ValueRef<'_>) {
        let mut field = Vec::new();
        write_field(&mut field, key, value);
        self.append(NAMED, 0, 0, &field);
    }

    /// Appends one entry id, in place of those before.
    #[inline(always)]
    pub(super) fn push_entry_id(&mut self, id: &[u8]) {
        self.append(ENTRY_ID, 0, 0, id);
    }

    pub(super) fn push_entry_ids(&mut self, ids: EntryIds<'_>) {
        let further = if ids.further { FURTHER } else { 0 };
        match ids.ids {
            Ids::One(id) => self.append(ENTRY_ID + further, 0, 0, id),
            Ids::Packed(ids) => self.append(ENTRY_IDS + further, 0, 0, ids),
        }
    }

    pub(super) fn push_duration(&mut self, duration_ns: Option<u64>) {
        match duration_ns {
            Some(ns) => self.append(DURATION, 0, 0, &ns.to_le_bytes()),
            None => self.append(DURATION, 0, 0, &[]),
        }
    }

    /// Appends what was recorded elsewhere.
    pub(super) fn push(&mut self, recording: Recording<'_>) {
        match recording {
            Recording::Metadata(index, value) => self.push_metadata(index, value),
            Recording::Named(key, value) => self.push_named(key, value),
            Recording::EntryIds(ids) => self.push_entry_ids(ids),
            Recording::DurationNs(duration_ns) => self.push_duration(duration_ns),
        }
    }

    #[inline(always)]
    fn append(&mut self, kind: u8, tag: u8, index: u16, payload: &[u8]) {
        let head = u64::from(kind)
            | u64::from(tag) << 8
            | u64::from(index) << 16
            | (payload.len() as u64) << 32;
        self.0.append(head, payload);
    }
}

/// The text at a place, which is UTF-8.
#[inline]
pub(super) fn text_at(recorded: &[u8], place: Place) -> Option<&[u8]> {
    let (before, text) = recorded.split_at_checked(place as usize)?;
    let len = u32::from_le_bytes(*before.last_chunk()?) as usize;
    text.get(..len)
}

/// One recording; texts are found by their places instead.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Recording<'a> {
    /// Of the field with this index.
    Metadata(u16, ValueRef<'a>),
    /// Under a name that no callsite declared.
    Named(&'a str, ValueRef<'a>),
    EntryIds(EntryIds<'a>),
    DurationNs(Option<u64>),
}

/// Entry ids that were recorded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct EntryIds<'a> {
    pub(super) ids: Ids<'a>,
    /// Besides what was recorded before, not in its place.
    pub(super) further: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Ids<'a> {
    One(&'a [u8]),
    Packed(&'a [u8]),
}

impl EntryIds<'_> {
    /// Makes `packed` the ids that count.
    #[inline]
    pub(crate) fn apply_to(self, packed: &mut Vec<u8>) {
        if !self.further {
            packed.clear();
        }
        match self.ids {
            Ids::One(id) => write_unread_id(packed, id),
            Ids::Packed(ids) => packed.extend_from_slice(ids),
        }
    }
}

/// The recordings in some bytes, texts left out, in order.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Recordings<'a>(pub(super) &'a [u8]);

impl<'a> Recordings<'a> {
    /// The last value that was recorded of the field with this index, or under
    /// this name. What is passed over is not looked at.
    #[cfg(feature = "policy")]
    pub(super) fn last_value(mut self, wanted: Option<u16>, name: &str) -> Option<ValueRef<'a>> {
        let mut found = None;
        while let Some((head, rest)) = self.0.split_first_chunk::<HEAD_BYTES>() {
            let head = u64::from_le_bytes(*head);
            let Some((payload, rest)) = rest.split_at_checked((head >> 32) as usize) else { break };
            self.0 = rest;
            match head as u8 {
                METADATA if Some((head >> 16) as u16) == wanted => found = Some((head, payload)),
                NAMED if is_named(payload, name) => found = Some((head, payload)),
                _ => {}
            }
        }
        match found.and_then(|(head, payload)| read(head, payload))? {
            Recording::Metadata(_, value) | Recording::Named(_, value) => Some(value),
            Recording::EntryIds(_) | Recording::DurationNs(_) => None,
        }
    }
}

#[cfg(feature = "policy")]
fn is_named(payload: &[u8], name: &str) -> bool {
    PackedMetadata(payload).next().is_some_and(|(known, _)| known == name)
}

impl<'a> Iterator for Recordings<'a> {
    type Item = Recording<'a>;

    #[inline]
    fn next(&mut self) -> Option<Recording<'a>> {
        loop {
            let (head, rest) = self.0.split_first_chunk::<HEAD_BYTES>()?;
            let head = u64::from_le_bytes(*head);
            let (payload, rest) = rest.split_at_checked((head >> 32) as usize)?;
            self.0 = rest;
            if head as u8 != TEXT {
                return read(head, payload);
            }
        }
    }
}

#[inline]
fn read(head: u64, payload: &[u8]) -> Option<Recording<'_>> {
    let ids = |ids, further| Recording::EntryIds(EntryIds { ids, further });
    const FURTHER_ID: u8 = ENTRY_ID + FURTHER;
    const FURTHER_IDS: u8 = ENTRY_IDS + FURTHER;
    Some(match head as u8 {
        METADATA => {
            let value = ValueRef::decoded((head >> 8) as u8, payload)?;
            Recording::Metadata((head >> 16) as u16, value)
        }
        NAMED => {
            let (key, value) = PackedMetadata(payload).next()?;
            Recording::Named(key, value)
        }
        ENTRY_ID => ids(Ids::One(payload), false),
        FURTHER_ID => ids(Ids::One(payload), true),
        ENTRY_IDS => ids(Ids::Packed(payload), false),
        FURTHER_IDS => ids(Ids::Packed(payload), true),
        DURATION => Recording::DurationNs(payload.try_into().ok().map(u64::from_le_bytes)),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recordings_come_back_in_their_order_and_texts_by_their_place() {
        let mut recorded = Recorded::default();
        let place = recorded.push_text(b"a text");
        let ids = |ids, further| Recording::EntryIds(EntryIds { ids, further });
        let all = [
            Recording::Metadata(300, ValueRef::Str("text")),
            Recording::Metadata(1, ValueRef::F64(0.5)),
            ids(Ids::Packed(b"\x03\0one"), false),
            Recording::Metadata(2, ValueRef::Bool(true)),
            Recording::Named("key", ValueRef::Json("[1]")),
            ids(Ids::One(b"two"), true),
            Recording::DurationNs(Some(5)),
            Recording::DurationNs(None),
            ids(Ids::Packed(b"\x05\0three"), true),
            ids(Ids::One(b"four"), false),
        ];
        all.into_iter().for_each(|recording| recorded.push(recording));
        let last = recorded.push_text(b"another");
        let empty = recorded.push_text(b"");
        let bytes = recorded.as_bytes();
        assert!(Recordings(bytes).eq(all));
        assert_eq!(text_at(bytes, place), Some(&b"a text"[..]));
        assert_eq!(text_at(bytes, last), Some(&b"another"[..]));
        assert_eq!(text_at(bytes, empty), None);
        for cut in 0..bytes.len() {
            assert!(Recordings(&bytes[..cut]).count() <= all.len());
        }
    }

    #[test]
    fn entry_ids_replace_and_add() {
        let mut packed = Vec::new();
        let mut apply = |ids, further| EntryIds { ids, further }.apply_to(&mut packed);
        apply(Ids::One(b"gone"), false);
        apply(Ids::Packed(b"\x01\0a"), false);
        apply(Ids::One(b"b"), true);
        assert_eq!(packed, b"\x01\0a\x01\0b");
    }
}

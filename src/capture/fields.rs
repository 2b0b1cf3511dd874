//! The recorded values of one span or event, as bytes.
//!
//! Filled on a caller's thread, read by the worker. Every buffer is reused.

use crate::event::limits::{
    ENTRY_IDS_MAX, FIELD_BYTES_MAX, KEY_BYTES_MAX, METADATA_BYTES_MAX, METADATA_FIELDS_MAX,
    bounded, prefix,
};
use crate::event::packed::{PackedIds, PackedMetadata, ValueRef, write_field, write_id};

use super::callsite::IdField;

/// A piece of [`Fields::text`]; empty means absent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Piece {
    start: u32,
    len: u32,
}

/// The most text of values that were replaced before the text is rebuilt.
const GARBAGE_BYTES_MAX: usize = 4 * FIELD_BYTES_MAX;

/// What was recorded.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fields {
    pub(crate) marks: Marks,
    text: String,
    entry_ids: Vec<u8>,
    /// Items of a slot number (u16 LE) and a value as `event::packed` writes it.
    metadata: Vec<u8>,
    /// Fields that no callsite declared, as `event::packed` writes them.
    named: Vec<u8>,
}

/// All of [`Fields`] but its buffers.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Marks {
    operation: Piece,
    error: Piece,
    identity: [Piece; IdField::ALL.len()],
    /// Bits by [`IdField`]: recorded on this span itself, not inherited.
    own: u8,
    /// Bits: recorded under an `audit.*` name, which a name of another
    /// convention must not replace. Bits above the identity fields stand for
    /// the operation and the entry ids.
    strong: u8,
    metadata_fields: u16,
    entry_ids_count: u32,
    pub(crate) entry_ids_cut: u32,
    pub(crate) metadata_cut: u32,
    /// A field was recorded again after the span was opened.
    pub(crate) re_recorded: bool,
    pub(crate) duration_ns: Option<u64>,
}

/// The lengths of the four buffers of [`Fields`].
pub(super) type BufferLengths = [u16; 4];

const STRONG_OPERATION: u8 = 1 << 6;
const STRONG_ENTRY_IDS: u8 = 1 << 7;

impl Fields {
    pub(crate) fn clear(&mut self) {
        self.marks = Marks::default();
        self.text.clear();
        self.entry_ids.clear();
        self.metadata.clear();
        self.named.clear();
    }

    /// Copies the buffers into `block`, one after the other; their lengths, or
    /// nothing if they do not fit.
    pub(super) fn pack(&self, block: &mut [u8]) -> Option<BufferLengths> {
        let buffers = [self.text.as_bytes(), &self.entry_ids, &self.metadata, &self.named];
        let mut rest = block;
        for buffer in buffers {
            let (place, after) = rest.split_at_mut_checked(buffer.len())?;
            place.copy_from_slice(buffer);
            rest = after;
        }
        Some(buffers.map(|buffer| buffer.len() as u16))
    }

    /// Becomes what was packed; it is empty before.
    pub(super) fn unpack(&mut self, marks: Marks, lengths: BufferLengths, block: &[u8]) {
        self.marks = marks;
        let [text, entry_ids, metadata, named] = lengths.map(usize::from);
        let mut rest = block;
        let mut next = |length| {
            let (buffer, after) = rest.split_at_checked(length).unwrap_or_default();
            rest = after;
            buffer
        };
        self.text.push_str(std::str::from_utf8(next(text)).unwrap_or_default());
        self.entry_ids.extend_from_slice(next(entry_ids));
        self.metadata.extend_from_slice(next(metadata));
        self.named.extend_from_slice(next(named));
    }

    /// Bytes that the buffers hold on to.
    pub(crate) fn capacity(&self) -> usize {
        self.text.capacity()
            + self.entry_ids.capacity()
            + self.metadata.capacity()
            + self.named.capacity()
    }

    pub(crate) fn operation(&self) -> Option<&str> {
        self.piece(self.marks.operation)
    }

    pub(crate) fn error(&self) -> Option<&str> {
        self.piece(self.marks.error)
    }

    pub(crate) fn identity(&self, field: IdField) -> Option<&str> {
        self.piece(self.marks.identity.get(field as usize).copied().unwrap_or_default())
    }

    pub(crate) fn entry_ids(&self) -> PackedIds<'_> {
        PackedIds(&self.entry_ids)
    }

    /// Slot numbers and values, in the order in which they were recorded.
    pub(crate) fn metadata(&self) -> MetadataItems<'_> {
        MetadataItems(&self.metadata)
    }

    /// Fields that no callsite declared.
    pub(crate) fn named(&self) -> PackedMetadata<'_> {
        PackedMetadata(&self.named)
    }

    pub(super) fn set_operation(&mut self, text: &str, strong: bool) {
        if self.gives_way(STRONG_OPERATION, strong) {
            self.marks.operation = self.push(text);
        }
    }

    pub(super) fn set_error(&mut self, text: &str) {
        self.marks.error = self.push(text);
    }

    /// Sets an identity field of this span itself, unless a stronger name has
    /// set it; whether it did. An empty text is nobody.
    pub(super) fn set_identity(&mut self, field: IdField, text: &str, strong: bool) -> bool {
        let is_set = !text.is_empty() && self.gives_way(field.bit(), strong);
        if is_set {
            self.marks.own |= field.bit();
            self.put_identity(field, text);
        }
        is_set
    }

    /// Sets an identity field from an enclosing span.
    pub(super) fn inherit_identity(&mut self, field: IdField, text: &str) {
        self.put_identity(field, text);
    }

    pub(super) fn owns(&self, field: IdField) -> bool {
        self.marks.own & field.bit() != 0
    }

    /// Starts the entry ids anew: recording a field again replaces it.
    pub(super) fn replace_entry_ids(&mut self, strong: bool) -> bool {
        let given = self.gives_way(STRONG_ENTRY_IDS, strong);
        if given {
            self.entry_ids.clear();
            self.marks.entry_ids_count = 0;
            self.marks.entry_ids_cut = 0;
        }
        given
    }

    pub(super) fn add_entry_id(&mut self, id: &str) {
        if (self.marks.entry_ids_count as usize) < ENTRY_IDS_MAX {
            self.marks.entry_ids_count += 1;
            write_id(&mut self.entry_ids, &bounded(id));
        } else {
            self.marks.entry_ids_cut += 1;
        }
    }

    /// Adds a metadata value; what goes beyond the limits is counted.
    #[inline]
    pub(super) fn add_metadata(&mut self, slot: usize, value: ValueRef<'_>) {
        if self.has_room(value) {
            self.metadata.extend_from_slice(&(slot as u16).to_le_bytes());
            write_bounded(value, |value| value.write(&mut self.metadata));
        }
    }

    /// Sets a metadata value that no callsite declared.
    pub(super) fn add_named(&mut self, key: &str, value: ValueRef<'_>) {
        self.drop_named(prefix(key, KEY_BYTES_MAX));
        if self.has_room(value) {
            self.marks.re_recorded = true;
            write_bounded(value, |value| write_field(&mut self.named, key, value));
        }
    }

    #[inline]
    fn has_room(&mut self, value: ValueRef<'_>) -> bool {
        let bytes = match value {
            ValueRef::Str(text) | ValueRef::Json(text) => text.len().min(FIELD_BYTES_MAX),
            _ => 0,
        };
        let fits = usize::from(self.marks.metadata_fields) < METADATA_FIELDS_MAX
            && self.metadata.len() + self.named.len() + bytes <= METADATA_BYTES_MAX;
        if fits {
            self.marks.metadata_fields += 1;
        } else {
            self.marks.metadata_cut += 1;
        }
        fits
    }

    /// Adds the entry ids of an operation that is collapsed into this one.
    pub(super) fn absorb_entry_ids(&mut self, nested: &Fields) {
        for id in nested.entry_ids() {
            self.add_entry_id(id);
        }
        self.marks.entry_ids_cut += nested.marks.entry_ids_cut;
    }

    /// Notes that a metadata field is about to be recorded again. Values that
    /// were replaced are dropped in time, so that a field recorded in a loop
    /// does not use the limits up.
    pub(super) fn make_room_for_again(&mut self, slot: usize) {
        self.marks.re_recorded = true;
        let is_crowded = usize::from(self.marks.metadata_fields) >= METADATA_FIELDS_MAX / 2
            || self.metadata.len() + self.named.len() >= METADATA_BYTES_MAX / 2;
        if is_crowded {
            self.drop_replaced(slot);
        }
    }

    fn drop_replaced(&mut self, by: usize) {
        let old = std::mem::take(&mut self.metadata);
        let mut last = std::collections::BTreeMap::new();
        for (slot, value) in MetadataItems(&old) {
            last.insert(usize::from(slot), value);
        }
        last.remove(&by);
        self.marks.metadata_fields = self.named().count() as u16;
        for (slot, value) in last {
            self.add_metadata(slot, value);
        }
    }

    fn drop_named(&mut self, key: &str) {
        if self.named().all(|(known, _)| known != key) {
            return;
        }
        let old = std::mem::take(&mut self.named);
        for (known, value) in PackedMetadata(&old).filter(|(known, _)| *known != key) {
            write_field(&mut self.named, known, value);
        }
        self.marks.metadata_fields = self.marks.metadata_fields.saturating_sub(1);
    }

    fn gives_way(&mut self, bit: u8, strong: bool) -> bool {
        if strong {
            self.marks.strong |= bit;
        }
        strong || self.marks.strong & bit == 0
    }

    fn put_identity(&mut self, field: IdField, text: &str) {
        let piece = self.push(text);
        if let Some(known) = self.marks.identity.get_mut(field as usize) {
            *known = piece;
        }
    }

    fn push(&mut self, text: &str) -> Piece {
        let start = self.text.len() as u32;
        self.text.push_str(&bounded(text));
        Piece { start, len: self.text.len() as u32 - start }
    }

    fn piece(&self, piece: Piece) -> Option<&str> {
        let start = piece.start as usize;
        let text = self.text.get(start..start + piece.len as usize)?;
        (!text.is_empty()).then_some(text)
    }

    /// Rebuilds the text when replaced values have come to outweigh it.
    pub(super) fn collect_garbage(&mut self) {
        if self.text.len() < GARBAGE_BYTES_MAX {
            return;
        }
        let live = |piece: &Piece| piece.len as usize;
        let used = live(&self.marks.operation)
            + live(&self.marks.error)
            + self.marks.identity.iter().map(live).sum::<usize>();
        if self.text.len() < used + GARBAGE_BYTES_MAX {
            return;
        }
        let old = self.clone();
        self.text.clear();
        self.marks.operation = self.push(old.operation().unwrap_or_default());
        self.marks.error = self.push(old.error().unwrap_or_default());
        for field in IdField::ALL {
            self.put_identity(field, old.identity(field).unwrap_or_default());
        }
    }
}

/// Hands `value` on, cut if it is longer than a field may be. Cut JSON is no
/// JSON any more.
#[inline]
fn write_bounded(value: ValueRef<'_>, write: impl FnOnce(ValueRef<'_>)) {
    match value {
        ValueRef::Str(text) => write(ValueRef::Str(&bounded(text))),
        ValueRef::Json(text) if text.len() > FIELD_BYTES_MAX => {
            write(ValueRef::Str(&bounded(text)))
        }
        value => write(value),
    }
}

/// Iterator over recorded metadata.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MetadataItems<'a>(&'a [u8]);

impl<'a> Iterator for MetadataItems<'a> {
    type Item = (u16, ValueRef<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let (slot, mut rest) = self.0.split_first_chunk()?;
        let value = ValueRef::read(&mut rest)?;
        self.0 = rest;
        Some((u16::from_le_bytes(*slot), value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_values_replace_and_audit_names_win() {
        let mut fields = Fields::default();
        fields.set_identity(IdField::Session, "other", false);
        fields.set_identity(IdField::Session, "audit", true);
        assert!(!fields.set_identity(IdField::Session, "other again", false));
        assert_eq!(fields.identity(IdField::Session), Some("audit"));
        assert!(fields.set_identity(IdField::Session, "later", true));
        assert_eq!(fields.identity(IdField::Session), Some("later"));
        assert!(!fields.set_identity(IdField::User, "", true));
        assert_eq!(fields.identity(IdField::User), None);
    }

    #[test]
    fn a_field_recorded_in_a_loop_stays_bounded_and_keeps_its_last_value() {
        let mut fields = Fields::default();
        for round in 0..10_000_u64 {
            fields.set_identity(IdField::User, &format!("user-{round}"), true);
            fields.make_room_for_again(1);
            fields.add_metadata(1, ValueRef::U64(round));
            fields.collect_garbage();
        }
        assert_eq!(fields.identity(IdField::User), Some("user-9999"));
        assert_eq!(fields.metadata().last(), Some((1, ValueRef::U64(9_999))));
        assert_eq!(fields.marks.metadata_cut, 0);
        assert!(fields.capacity() < 4 * GARBAGE_BYTES_MAX, "{}", fields.capacity());
    }

    #[test]
    fn metadata_beyond_the_limits_is_counted_and_identity_is_not_touched() {
        let mut fields = Fields::default();
        let long = "x".repeat(FIELD_BYTES_MAX);
        for slot in 0..10 {
            fields.add_metadata(slot, ValueRef::Str(&long));
        }
        fields.set_identity(IdField::User, "alice", true);
        assert_eq!(fields.marks.metadata_cut, 7);
        assert_eq!(fields.metadata().count(), 3);
        assert_eq!(fields.identity(IdField::User), Some("alice"));
    }
}

//! The recorded values of one span or event.
//!
//! Filled on a caller's thread, read by the worker. Callers need to know at once
//! who acts, because spans inside inherit it, and how much there is, because it
//! is bounded; what else was recorded is only written down.

use crate::event::limits::{
    ENTRY_IDS_MAX, FIELD_BYTES_MAX, METADATA_BYTES_MAX, METADATA_FIELDS_MAX, bounded,
};
use crate::event::packed::{PackedIds, ValueRef};

use super::callsite::IdField;
use super::meaning::Meaning;
use super::recorded::{EntryIds, HEAD_BYTES, Ids, Place, Recorded, text_at};

/// What was recorded. First what its reader needs, then what callers need alone.
#[derive(Debug, Clone)]
#[repr(C)]
pub(crate) struct Fields {
    /// Absent as a rule.
    cuts: Option<Box<Cuts>>,
    /// Of the identity fields, the operation and the error.
    places: [Place; PLACES],
    marks: Marks,
    recorded: Recorded,
    /// Of what does not lie in place any more; what does is far from every limit.
    counts: Counts,
}

/// What is known of what was recorded: bits of [`marks`].
type Marks = u16;

mod marks {
    use super::Marks;

    /// From here on, bits as of [`Mark`](super::Mark): recorded under an `audit.*`
    /// name, which a name of another convention must not replace.
    pub(super) const STRONG: Marks = 1;
    /// From here on, bits by [`IdField`](super::IdField): recorded on this span
    /// itself, under another name, not inherited.
    pub(super) const OWN: Marks = 1 << 8;
    /// A metadata field may have been recorded more than once.
    pub(super) const REPEATS: Marks = 1 << 14;
    /// The counts are kept.
    pub(super) const COUNTED: Marks = 1 << 15;
}

/// Who acts, the operation or the entry ids, as a bit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark(u8);

impl Mark {
    pub(super) const NONE: Mark = Mark(0);
    pub(super) const OPERATION: Mark = Mark(1 << 6);
    pub(super) const ENTRY_IDS: Mark = Mark(1 << 7);

    pub(super) const fn identity(field: IdField) -> Mark {
        Mark(field.bit())
    }
}

/// How much was recorded.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    metadata_fields: u32,
    metadata_bytes: u32,
    entry_ids: u32,
    /// Values that were replaced are dropped when this size is reached.
    compact_at: u32,
}

/// How much did not fit.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cuts {
    pub(crate) entry_ids: u32,
    pub(crate) metadata: u32,
}

pub(super) const PLACES: usize = IdField::ALL.len() + 2;
pub(super) const OPERATION: usize = IdField::ALL.len();
const ERROR: usize = OPERATION + 1;

/// Longest list that is kept for a rule.
const KEPT_LIST_BYTES_MAX: usize = 16 * FIELD_BYTES_MAX;

/// Replaced values may take so much before they are dropped, and as much again
/// as what counts.
const REPLACED_BYTES_MAX: u32 = 4 * FIELD_BYTES_MAX as u32;

impl Fields {
    /// Empties fields that [are plain](Self::is_plain), without looking at them.
    #[inline]
    pub(super) fn restart(&mut self) {
        self.recorded.restart();
        self.places = [0; PLACES];
        self.marks = 0;
    }

    /// Where the next recording goes, if it lies in place.
    #[inline(always)]
    pub(super) fn end_in_place(&self) -> usize {
        self.recorded.end_in_place()
    }

    /// Records a text with which a span opens, at the end in place, where that [is
    /// plain](Meaning::is_plain_from). Ends with the copying.
    #[inline(always)]
    pub(super) fn put_plain(&mut self, start: usize, meaning: &Meaning, text: &str) {
        self.note_plain(start, meaning);
        self.recorded.append_plain(start, meaning.head, text.as_bytes());
    }

    /// Where the next recording goes, and the room for its payload, if it lies in place.
    #[inline(always)]
    pub(super) fn room_in_place(&mut self) -> (usize, &mut [u8]) {
        (self.recorded.end_in_place(), self.recorded.room_in_place())
    }

    /// Records a text as [`put_plain`](Self::put_plain) does, of so many bytes that lie
    /// [in the room](Self::room_in_place) already.
    #[inline(always)]
    pub(super) fn keep_plain(&mut self, start: usize, meaning: &Meaning, len: usize) {
        self.note_plain(start, meaning);
        self.recorded.keep_plain(start, meaning.head, len);
    }

    #[inline(always)]
    fn note_plain(&mut self, start: usize, meaning: &Meaning) {
        if let Some(place) = self.places.get_mut(usize::from(meaning.place)) {
            *place = (start + HEAD_BYTES) as Place;
        }
        self.marks |= Marks::from(meaning.mark.0) * marks::STRONG;
    }

    /// Records a metadata value of fixed length with which a span opens; whether it
    /// lies in place and was recorded.
    #[inline(always)]
    pub(super) fn put_fixed(&mut self, index: usize, tag: u8, payload: [u8; 8]) -> bool {
        let fits = self.recorded.fits(payload.len());
        if fits {
            self.recorded.push_fixed(index as u16, tag, payload);
        }
        fits
    }

    /// Whether there is no memory besides.
    pub(super) fn is_plain(&self) -> bool {
        self.recorded.is_in_place() && self.cuts.is_none()
    }

    pub(super) fn make_plain(&mut self) {
        self.counts = Counts::default();
        self.recorded.clear();
        self.cuts = None;
    }

    pub(crate) fn operation(&self) -> Option<&str> {
        self.values().operation()
    }

    pub(crate) fn identity(&self, field: IdField) -> Option<&str> {
        self.values().identity(field)
    }

    #[inline]
    pub(super) fn has_identity(&self, field: IdField) -> bool {
        self.places.get(field as usize).is_some_and(|place| *place != 0)
    }

    /// Whether the identity field was recorded on this span itself.
    pub(super) fn owns(&self, field: IdField) -> bool {
        self.marks & ((marks::STRONG | marks::OWN) * Marks::from(field.bit())) != 0
    }

    /// What a reader needs.
    #[inline]
    pub(super) fn values(&self) -> Values<'_> {
        Values {
            places: self.places,
            repeats_metadata: self.marks & marks::REPEATS != 0,
            has_strong_ids: self.marks & (Marks::from(Mark::ENTRY_IDS.0) * marks::STRONG) != 0,
            recorded: self.recorded.as_bytes(),
            cuts: self.cuts.as_deref().copied().unwrap_or_default(),
        }
    }

    #[inline]
    pub(super) fn set_operation(&mut self, text: &str, strong: bool) {
        if self.gives_way(Mark::OPERATION, strong) {
            self.put(OPERATION, text);
        }
    }

    pub(super) fn set_error(&mut self, text: &str) {
        self.put(ERROR, text);
    }

    pub(super) fn clear_error(&mut self) {
        self.set_place(ERROR, 0);
    }

    /// Sets an identity field of this span itself, unless a stronger name has
    /// set it; whether it did. An empty text is nobody.
    #[inline]
    pub(super) fn set_identity(&mut self, field: IdField, text: &str, strong: bool) -> bool {
        let is_set = self.takes_identity(field, text, strong);
        if is_set {
            self.put_identity(field, text);
        }
        is_set
    }

    /// Whether an identity field can be set; if so, it is to be.
    #[inline]
    pub(super) fn takes_identity(&mut self, field: IdField, text: &str, strong: bool) -> bool {
        !text.is_empty() && self.gives_way(Mark::identity(field), strong)
    }

    /// Sets an identity field that [can be set](Self::takes_identity).
    #[inline]
    pub(super) fn put_identity(&mut self, field: IdField, text: &str) {
        self.marks |= marks::OWN * Marks::from(field.bit());
        self.put(field as usize, text);
    }

    /// Sets an identity field from what an enclosing span says of it.
    #[inline]
    pub(super) fn inherit_identity(&mut self, field: IdField, from: &Fields) {
        let place = from.places.get(field as usize).copied().unwrap_or_default();
        if let Some(text) = text_at(from.recorded.as_bytes(), place) {
            let place = self.recorded.push_text(text);
            self.set_place(field as usize, place);
        }
    }

    /// Sets an identity field from an enclosing span.
    pub(super) fn inherit_text(&mut self, field: IdField, text: &str) {
        self.put(field as usize, text);
    }

    /// Records one entry id, in place of those before. An empty text is none.
    pub(super) fn set_entry_id(&mut self, id: &str, strong: bool) {
        if !id.is_empty() && self.replaces_entry_ids(strong) {
            self.counts.entry_ids = 1;
            self.recorded.push_entry_id(bounded(id).as_bytes());
        }
    }

    /// Records packed entry ids, in place of those before; `more` did not fit.
    pub(super) fn set_entry_ids(&mut self, ids: &[u8], more: u32, strong: bool) {
        if self.replaces_entry_ids(strong) {
            self.counts.entry_ids = PackedIds(ids).count() as u32;
            self.recorded.push_entry_ids(EntryIds { ids: Ids::Packed(ids), further: false });
            if more > 0 {
                self.cuts_mut().entry_ids = more;
            }
        }
    }

    /// Records an entry id besides those before; one that the code itself adds
    /// keeps weaker names from replacing them. An empty text is none.
    pub(super) fn add_entry_id(&mut self, id: &str, strong: bool) {
        if id.is_empty() {
            return;
        }
        self.gives_way(Mark::ENTRY_IDS, strong);
        self.count();
        if (self.counts.entry_ids as usize) < ENTRY_IDS_MAX {
            self.counts.entry_ids += 1;
            let id = bounded(id);
            self.recorded.push_entry_ids(EntryIds { ids: Ids::One(id.as_bytes()), further: true });
        } else {
            self.cuts_mut().entry_ids += 1;
        }
    }

    /// Adds the entry ids of an operation that is collapsed into this one.
    pub(super) fn absorb_entry_ids(&mut self, nested: &Fields) {
        let mut ids = Vec::new();
        nested.values().write_entry_ids(&mut ids);
        PackedIds(&ids).for_each(|id| self.add_entry_id(id, true));
        let nested_cut = nested.values().cuts.entry_ids;
        if nested_cut > 0 {
            self.cuts_mut().entry_ids += nested_cut;
        }
    }

    pub(super) fn set_duration(&mut self, duration_ns: Option<u64>) {
        self.recorded.push_duration(duration_ns);
    }

    /// Adds a metadata value; what goes beyond the limits is counted.
    #[inline]
    pub(super) fn add_metadata(&mut self, index: usize, value: ValueRef<'_>) {
        if !self.has_room(value) {
            return self.note_cut_metadata();
        }
        if value.text_bytes() > FIELD_BYTES_MAX {
            return self.push_long_metadata(index, value);
        }
        // A callsite has far fewer fields than 2^16.
        self.recorded.push_metadata(index as u16, value);
    }

    #[cold]
    #[inline(never)]
    fn push_long_metadata(&mut self, index: usize, value: ValueRef<'_>) {
        with_bounded(value, |value| self.recorded.push_metadata(index as u16, value));
    }

    /// Keeps a value that a rule looks at, whatever the limits of metadata say.
    pub(super) fn keep(&mut self, index: usize, value: ValueRef<'_>) {
        self.marks |= marks::REPEATS;
        // A list is cut only where it would be cut as entry ids.
        match value {
            ValueRef::Json(text) if text.len() <= KEPT_LIST_BYTES_MAX => {
                self.recorded.push_metadata(index as u16, value);
            }
            value => with_bounded(value, |value| self.recorded.push_metadata(index as u16, value)),
        }
    }

    /// Whether any entry ids were recorded.
    #[cfg(feature = "policy")]
    pub(super) fn has_entry_ids(&self) -> bool {
        self.counted().entry_ids > 0
    }

    /// Records a metadata value on an open span.
    pub(super) fn record_metadata(&mut self, index: usize, value: ValueRef<'_>) {
        self.marks |= marks::REPEATS;
        self.make_room_for_metadata(Again::Index(index as u16));
        self.add_metadata(index, value);
    }

    /// Sets a metadata value that no callsite declared.
    pub(super) fn set_named(&mut self, key: &str, value: ValueRef<'_>) {
        self.marks |= marks::REPEATS;
        self.make_room_for_metadata(Again::Name(key));
        if !self.has_room(value) {
            return self.note_cut_metadata();
        }
        with_bounded(value, |value| self.recorded.push_named(key, value));
    }

    /// Whether a value is within the limits of metadata; if so, it is counted.
    #[inline]
    fn has_room(&mut self, value: ValueRef<'_>) -> bool {
        self.recorded.fits(value.encoded().tagged().1) || self.has_room_on_heap(value)
    }

    #[inline(never)]
    fn has_room_on_heap(&mut self, value: ValueRef<'_>) -> bool {
        self.recorded.move_to_heap();
        self.count();
        let (bytes, counts) = (value_bytes(value), &mut self.counts);
        let fits = (counts.metadata_fields as usize) < METADATA_FIELDS_MAX
            && counts.metadata_bytes as usize + bytes <= METADATA_BYTES_MAX;
        if fits {
            counts.metadata_fields += 1;
            counts.metadata_bytes += bytes as u32;
        }
        fits
    }

    /// Makes the counts those of what was recorded, and from then on kept, if
    /// that does not lie in place.
    fn count(&mut self) {
        if self.marks & marks::COUNTED == 0 {
            self.counts = self.counted();
            if !self.recorded.is_in_place() {
                self.marks |= marks::COUNTED;
            }
        }
    }

    /// Whether entry ids under a name of this strength count; if so, those
    /// before do not.
    fn replaces_entry_ids(&mut self, strong: bool) -> bool {
        self.count();
        let replaces = self.gives_way(Mark::ENTRY_IDS, strong);
        if let Some(cuts) = self.cuts.as_deref_mut().filter(|_| replaces) {
            cuts.entry_ids = 0;
        }
        replaces
    }

    #[inline]
    fn gives_way(&mut self, mark: Mark, strong: bool) -> bool {
        let bit = Marks::from(mark.0) * marks::STRONG;
        if strong {
            self.marks |= bit;
        }
        strong || self.marks & bit == 0
    }

    #[inline]
    fn put(&mut self, number: usize, text: &str) {
        if text.is_empty() || text.len() > FIELD_BYTES_MAX {
            return self.put_unusual(number, text);
        }
        self.set_place(number, self.recorded.place_of_next());
        self.recorded.append_text(text.as_bytes());
    }

    /// An empty text, or one that is too long.
    #[cold]
    #[inline(never)]
    fn put_unusual(&mut self, number: usize, text: &str) {
        let place = self.recorded.push_text(bounded(text).as_bytes());
        self.set_place(number, place);
    }

    #[inline]
    fn set_place(&mut self, number: usize, place: Place) {
        if let Some(known) = self.places.get_mut(number) {
            *known = place;
        }
    }

    #[cold]
    #[inline(never)]
    fn note_cut_metadata(&mut self) {
        self.cuts_mut().metadata += 1;
    }

    #[cold]
    #[inline(never)]
    fn cuts_mut(&mut self) -> &mut Cuts {
        // What lies in place is recorded without a look at the cuts.
        self.recorded.move_to_heap();
        self.count();
        self.cuts.get_or_insert_default()
    }
}

impl Default for Fields {
    fn default() -> Self {
        Fields {
            cuts: None,
            places: [0; PLACES],
            marks: 0,
            counts: Counts::default(),
            recorded: Recorded::default(),
        }
    }
}

/// What a value counts for, what is written around it included.
#[inline]
fn value_bytes(value: ValueRef<'_>) -> usize {
    value.text_bytes().min(FIELD_BYTES_MAX) + 8
}

/// Hands `value` on, cut if it is longer than a field may be. Cut JSON is no
/// JSON any more.
fn with_bounded(value: ValueRef<'_>, write: impl FnOnce(ValueRef<'_>)) {
    match value {
        ValueRef::Str(text) | ValueRef::Json(text) if text.len() > FIELD_BYTES_MAX => {
            write(ValueRef::Str(&bounded(text)))
        }
        value => write(value),
    }
}

mod compact;
mod counted;
mod values;

use compact::Again;
pub(crate) use values::Values;

#[cfg(test)]
mod tests;
